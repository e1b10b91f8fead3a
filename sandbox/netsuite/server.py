"""The stand-in on a loopback port.

Example:

    server = start(Books("state/netsuite.sqlite"), credentials=credentials.ensure("state"), latency=0.3)
    ... server.url ...
    server.stop()
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.netsuite import credentials as made_up
from sandbox.netsuite.books import Books
from sandbox.netsuite.credentials import Credentials
from sandbox.netsuite.service import Answer, Logged, Options, Request, Service

LARGEST_BODY = 104_000_000  # bytes


class Server:
    """A running service with its `url`, the `credentials` that it accepts, and the `log` of its requests."""

    def __init__(self, service: Service, credentials: Credentials, port: int) -> None:
        self.service, self.credentials = service, credentials
        handler = type("Handler", (_Handler,), {"service": service})
        self._http = _Http(("127.0.0.1", port), handler)
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def log(self) -> Sequence[Logged]:
        """The finished requests, oldest first."""
        return list(self.service.log)

    def stop(self) -> None:
        """Close the port. Requests in progress end by themselves."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def start(books: Books, port: int = 0, credentials: Credentials | None = None, **options: Any) -> Server:
    """Serve `books` on loopback (`port` 0: a free one). `options` are the fields of `service.Options`."""
    known = credentials or made_up.make()
    return Server(Service(books, known, Options(**options)), known, port)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet an answer
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.send_error(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(int(length)))
        answer = self.service.handle(request)
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)  # "Connection: close" also closes it here
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "No-Cache")
        self.end_headers()
        self.wfile.write(answer.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The service's own time, which can differ from the client's."""
        options = self.service.options
        return formatdate(options.clock() + options.date_offset if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a request line can hold an external id, and `Server.log` has what a test needs."""
