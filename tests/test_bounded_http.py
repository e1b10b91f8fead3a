"""Answers that drip, that are too large or that never end, over loopback, with and without TLS."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
import requests

import bounded_http
from bounded_http import AnswerTooLarge, BoundedAdapter
from tests.support.certificate import make_certificate
from tests.support.wire import HEAD, Send, Start, bomb, drip, start

__all__ = ["start"]


@pytest.fixture
def session(tmp_path: Path) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(make_certificate(tmp_path)[0])
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter(pool_maxsize=1))
    return session


DRIPS = {
    "status line": drip(b"x", b"HTTP/1.1 200 "),
    "one header": drip(b"x", HEAD + b"X-Slow: "),
    "headers": drip(b"A: b\r\n", HEAD),
    "interim answers": drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body of a known length": drip(b" ", HEAD + b"Content-Length: 1000000\r\n\r\n"),
    "body until the end": drip(b" ", HEAD + b"Connection: close\r\n\r\n"),
    "chunks": drip(b"1\r\n \r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "compressed": drip(gzip.compress(b"")[:10], HEAD + b"Content-Encoding: gzip\r\n\r\n"),
    "nothing": lambda connection: threading.Event().wait(20),
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("name", DRIPS)
def test_a_deadline_counts_from_the_connection_to_the_last_byte(
    start: Start, session: requests.Session, name: str, tls: bool
) -> None:
    url = start(DRIPS[name], tls=tls)
    began = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        session.get(url, timeout=(5, 0.3))
    assert time.monotonic() - began < 3


def test_a_handshake_that_drips_ends_with_the_time_to_connect(start: Start, session: requests.Session) -> None:
    url = start(drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"x" * 5000), tls=True, before_tls=True)
    began = time.monotonic()
    with pytest.raises(requests.RequestException):
        session.get(url, timeout=(0.3, 5))
    assert time.monotonic() - began < 3


def test_a_proxy_that_drips_ends_with_the_time_to_connect(start: Start, session: requests.Session) -> None:
    proxy = start(drip(b"x", b"HTTP/1.1 200 "))
    began = time.monotonic()
    with pytest.raises(requests.RequestException):
        session.get("https://localhost:9/", proxies={"https": proxy}, timeout=(0.3, 5))
    assert time.monotonic() - began < 3


ZEROS = gzip.compress(bytes(200 * 2**20), 9)


@pytest.mark.parametrize(
    "send",
    [
        bomb(ZEROS),
        bomb(ZEROS, chunked=True),
        bomb(gzip.compress(ZEROS), encoding="gzip, gzip"),
        bomb(ZEROS, encoding=", ".join(["gzip"] * 9)),
        drip(bytes(2**16), HEAD + b"\r\n" + bytes(200 * 2**20)),
    ],
    ids=["length", "chunked", "twice", "nine times", "not compressed"],
)
def test_an_answer_is_decoded_up_to_the_cap(
    start: Start, session: requests.Session, monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    """200 MiB of zeros are 0.2 MB on the wire."""
    monkeypatch.setattr(bounded_http, "ANSWER_BYTES", 8 * 2**20)
    url = start(send)
    tracemalloc.start()
    try:
        with pytest.raises((AnswerTooLarge, requests.exceptions.ContentDecodingError)):
            session.get(url, timeout=(5, 60))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * 2**20, f"{peak / 2**20:.0f} MiB"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_good_answer_comes_whole_and_the_connection_is_used_again(
    start: Start, session: requests.Session, tls: bool
) -> None:
    body = b"x" * (3 * 2**20)
    ports: list[int] = []

    def send(connection: socket.socket) -> None:
        ports.append(connection.getpeername()[1])
        bomb(gzip.compress(body), chunked=len(ports) % 2 == 0)(connection)

    url = start(send, tls=tls)
    for _ in range(3):
        assert session.get(url, timeout=(5, 5)).content == body
    assert len(ports) == 3 and len(set(ports)) == 1


def test_an_answer_that_breaks_off_is_no_answer(start: Start, session: requests.Session) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\nhalf")
        connection.close()

    with pytest.raises(requests.ConnectionError):
        session.get(start(send), timeout=(5, 5))


def test_a_long_wait_says_what_it_is_for(
    start: Start, session: requests.Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line, whatever the number of exchanges; none about an address that is a secret."""
    monkeypatch.setattr(bounded_http, "SPOKEN_SECONDS", 0.2)
    monkeypatch.setattr(bounded_http, "_waits", bounded_http._Waits())
    caplog.set_level("INFO", "progress.waits")
    url = start(DRIPS["nothing"])
    with pytest.raises(requests.ReadTimeout):
        session.get(url, timeout=(5, 0.5))
    assert caplog.messages == []

    def ask() -> None:
        with pytest.raises(requests.ReadTimeout), requests.Session() as own:
            own.mount("http://", BoundedAdapter(service="Stripe"))
            own.get(f"{url}v1/invoices?limit=1", timeout=(5, 1))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (line,) = caplog.messages
    assert line == "waiting for Stripe to answer GET /v1/invoices for 0 s, 1 s at most, and 2 more"
