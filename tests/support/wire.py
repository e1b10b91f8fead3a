"""A server that answers with the bytes of a test: slowly, broken, compressed, too many."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.certificate import make_certificate

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Send = Callable[[socket.socket], None]
Start = Callable[..., str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(send)` answers each request on one port with `send`, and returns the address; `tls=True` wraps it."""
    servers: list[socket.socket] = []

    def run(send: Send, *, tls: bool = False, before_tls: bool = False) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if tls:
            context.load_cert_chain(*make_certificate(tmp_path))

        def answer(raw: socket.socket) -> None:
            with suppress(OSError), closing(raw):
                if before_tls:
                    send(raw)
                with closing(context.wrap_socket(raw, server_side=True) if tls else raw) as connection:
                    while connection.recv(65536):
                        send(connection)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return f"http{'s' if tls else ''}://localhost:{server.getsockname()[1]}/"

    yield run
    for server in servers:
        server.close()


def drip(text: bytes, after: bytes = b"") -> Send:
    """Sends `after` at once, then `text` for ever, a byte at a time, each long before any time-out."""

    def send(connection: socket.socket) -> None:
        connection.sendall(after)
        while True:
            for byte in text:
                connection.sendall(bytes([byte]))
                time.sleep(0.02)

    return send


def bomb(body: bytes, *, chunked: bool = False, encoding: str = "gzip") -> Send:
    def send(connection: socket.socket) -> None:
        head = HEAD + f"Content-Encoding: {encoding}\r\n".encode()
        if chunked:
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
        else:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    return send
