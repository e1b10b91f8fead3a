"""HTTP answers within bounds, for every client of a service: a total deadline, and a cap on the size.

    session.mount("https://", BoundedAdapter(pool_maxsize=1))
    session.get(url, timeout=(10, 80))         # 10 s to connect, 80 s in all, however slowly the bytes come

An exchange that takes long says so (`_Waits`), so that a quiet run is never a riddle.

`requests` alone starts its read time-out anew with each byte, so a server that sends one byte a second, in the headers
or in the body, holds a client for ever. It also decodes a compressed body whole, whatever size that becomes.
"""

from __future__ import annotations

import http.client
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

ANSWER_BYTES = 64 * 2**20
"""The largest answer that is read, decoded. Stripe's largest page is 100 invoices with ten lines each. With metadata at
its limits in every object (50 keys of 40 and 500 characters) it has 33 MB; a real one has less than 2 MB. A SuiteQL
page of 1,000 rows has about 1 MB."""
CHUNK = 2**20  # bytes that are decoded at once
SPOKEN_SECONDS, FURTHER_SECONDS = 3.0, 60.0
"""A wait of the first length is said. Until the second has passed, no other wait is."""

log = logging.getLogger("progress.waits")


class AnswerTooLarge(requests.RequestException):
    """An answer has more than `ANSWER_BYTES`. Asking again would change nothing."""


class BoundedAdapter(HTTPAdapter):
    """Sends as `HTTPAdapter`, and reads the whole answer before it returns. The second number of `timeout` bounds the
    exchange from the connection to the last byte of the body.

    service: whose answers these are, for the line about a long wait; empty = none is said.
    Raises AnswerTooLarge, and as `HTTPAdapter`: ReadTimeout when the deadline passes, ConnectionError when the
    connection breaks.
    """

    def __init__(self, *args: Any, service: str = "", **options: Any) -> None:
        self._service = service
        super().__init__(*args, **options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        if isinstance(manager, urllib3.ProxyManager):  # one for SOCKS has connections of its own
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        connect, total = timeout
        what = f"{self._service} to answer {request.method} {urlsplit(request.url or '').path}" if self._service else ""
        with _waits.one(what, total):
            return self._exchange(request, urllib3.Timeout(connect=connect, total=total), verify, cert, proxies)

    def _exchange(
        self, request: requests.PreparedRequest, bounds: urllib3.Timeout, verify: Any, cert: Any, proxies: Any
    ) -> requests.Response:
        response = super().send(request, True, bounds, verify, cert, proxies)  # type: ignore[arg-type]
        try:
            response._content = _body(response)
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from None
        except urllib3.exceptions.DecodeError as error:
            raise requests.exceptions.ContentDecodingError(error, request=request) from None
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error, request=request) from None
        finally:
            response.close()  # a connection that was read to the end is back in its pool by now
        return response


class _Waits:
    """The exchanges under way. A thread of its own says of the longest what it is for, at most one line a minute."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[float, str, float]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._silent_until = 0.0

    @contextmanager
    def one(self, what: str, total: float) -> Iterator[None]:
        """An exchange. what: empty = nothing is said of it · total: its deadline in seconds."""
        if not what:
            yield
            return
        key = threading.get_ident()
        with self._changed:
            self._open[key] = time.monotonic(), what, total
            if self._thread is None or not self._thread.is_alive():  # a fork has none
                self._thread = threading.Thread(target=self._watch, name="waits", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._open[key]

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._open:
                    self._changed.wait()
                began, what, total = min(self._open.values())
                others = len(self._open) - 1
            now = time.monotonic()
            due = max(began + SPOKEN_SECONDS, self._silent_until)
            if now >= due:
                more = f", and {others} more" if others else ""
                log.info("waiting for %s for %.0f s, %.0f s at most%s", what, now - began, total, more)
                self._silent_until = now + FURTHER_SECONDS
            else:
                time.sleep(min(due - now, SPOKEN_SECONDS / 3))


_waits = _Waits()


def _body(response: requests.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.raw.stream(CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > ANSWER_BYTES:
            raise AnswerTooLarge(
                f"the answer is larger than {ANSWER_BYTES // 2**20} MiB, more than any of this service's; none of it "
                "was used. Look for a proxy or a wrong address in between, else report this"
            )
    return b"".join(chunks)  # of one chunk: without a copy


class _Reading(io.RawIOBase):
    """What comes from a socket until a moment of the monotonic clock: each read waits for the rest of the time only."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._socket, self._until = sock, until
        self._file = sock.makefile("rb", buffering=0)  # keeps the socket open, as long as the answer needs it

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._socket.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _SocketUntil:
    """As much of a socket as `http.client.HTTPResponse` uses."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._socket, self._until = sock, until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self._socket, self._until))


def _response_until(until: float, sock: socket.socket, **options: Any) -> http.client.HTTPResponse:
    return http.client.HTTPResponse(_SocketUntil(sock, until), **options)  # type: ignore[arg-type]


class _Bounded:
    """A connection whose time-out, when it begins to read an answer, is all the time that is left for it."""

    timeout: float
    response_class: Any

    def getresponse(self) -> Any:
        self._bound()
        return super().getresponse()  # type: ignore[misc]

    def _tunnel(self) -> None:
        self._bound()  # a proxy answers first
        super()._tunnel()  # type: ignore[misc]

    def _bound(self) -> None:
        self.response_class = partial(_response_until, time.monotonic() + self.timeout)


class _Connection(_Bounded, HTTPConnection):  # type: ignore[misc]
    pass


class _TlsConnection(_Bounded, HTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection  # type: ignore[assignment]


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection  # type: ignore[assignment]


_POOLS = {"http": _Pool, "https": _TlsPool}
