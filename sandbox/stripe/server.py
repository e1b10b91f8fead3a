"""Read-only HTTP stand-in for api.stripe.com on loopback, over an account in memory or in its file.

    server = start(billing)  # or start(Path("stripe.json")): loaded again when the file changes
    requests.get(server.url + "/v1/credit_notes", headers={"Authorization": f"Bearer {server.api_key}"})
    server.stop()

Keys, versions and limits follow facts/stripe.md section 3.4. Switches for tests are off at first and can change at any
time: `server.faults`; `server.lacking`, the endpoints that no key may read (`checkout/sessions`); `server.date_offset`,
the seconds that the `Date` header is off. A live key (`rk_live_...`) shows `livemode` true on every object.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.stripe.account import Account
from sandbox.stripe.api import Api
from sandbox.stripe.errors import ApiError
from sandbox.stripe.shapes import API_VERSION

DEMO_KEY = "rk_test_sandbox"


@dataclass
class Fault:
    """A fault on requests whose path matches `path` (a regular expression), `times` times (None: always)."""

    path: str
    status: int = 500  # 200 with `cut`: the body ends half way; 0: the connection drops
    times: int | None = 1
    skip: int = 0  # matching requests that pass first
    cut: bool = False
    latency: float = 0.0  # seconds, before anything else

    def hits(self, path: str) -> bool:
        """Whether this request gets the fault. Each call counts as one request."""
        if self.times == 0 or not re.search(self.path, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times = None if self.times is None else self.times - 1
        return True


class Bucket:
    """A token bucket of `rate` requests a second, with bursts of one second's requests. None = no limit."""

    def __init__(self, rate: float | None) -> None:
        self.rate, self.left, self.at = rate, rate or 0.0, time.monotonic()

    def take(self) -> bool:
        """Whether the bucket admits one request now."""
        if self.rate is None:
            return True
        now = time.monotonic()
        self.left, self.at = min(self.rate, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class StripeServer:
    """A running server. A test that changes the account in memory holds `lock` against requests."""

    def __init__(
        self,
        source: Account | Path,
        port: int,
        api_key: str,
        endpoint_rate: float | None,
        total_rate: float | None,
        event_days: int | None,
        latency: float,
        faults: list[Fault] | None,
        other_keys: Mapping[str, Account] | None,
        lacking: Iterable[str],
        date_offset: float,
    ) -> None:
        self.api_key = api_key
        self.faults = faults or []
        self.latency = latency
        self.lacking = set(lacking)
        self.date_offset = date_offset
        sources = {api_key: source, **(other_keys or {})}
        self.accounts = {key: Api(account, event_days) for key, account in sources.items()}
        self.requests: dict[str, int] = {}  # endpoint -> requests answered or refused
        self.lock = threading.RLock()
        self._endpoint_rate = endpoint_rate
        self._buckets: dict[str, Bucket] = {"": Bucket(total_rate)}
        self._http = _Http(("127.0.0.1", port), type("Handler", (_Handler,), {"stripe": self}))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, target: str, headers: Any) -> bytes:
        """The body of the 200 answer to a GET. Raises `ApiError` for every other answer."""
        url = urlsplit(target)
        key = self._admit(_endpoint(url.path), headers)
        parameters: dict[str, list[str]] = {}
        for name, value in parse_qsl(url.query, keep_blank_values=True):
            parameters.setdefault(re.sub(r"\[\d+\]$", "[]", name), []).append(value)
        with self.lock:
            body = self.accounts[key].get(url.path, parameters)
        # Exact: inside a text the quotes are escaped, so only the field itself has this form.
        return body.replace(b'"livemode":false', b'"livemode":true') if "_live_" in key else body

    def _admit(self, endpoint: str, headers: Any) -> str:
        """Check key, version, rate limits and permission, before any look-up (facts 3.4). Returns the key."""
        scheme, _, key = (headers.get("Authorization") or "").partition(" ")
        if scheme != "Bearer" or not key:
            raise ApiError(
                401, "You did not provide an API key. Set the Authorization header: 'Bearer YOUR_SECRET_KEY'."
            )
        if key not in self.accounts:
            raise ApiError(401, f"Invalid API Key provided: {key[:8]}{'*' * 8}")
        version = headers.get("Stripe-Version") or API_VERSION
        if version != API_VERSION:  # a real account also answers older versions, in other shapes
            raise ApiError(400, f"Invalid Stripe API version: {version}")
        with self.lock:
            self.requests[endpoint] = self.requests.get(endpoint, 0) + 1
            bucket = self._buckets.setdefault(endpoint or "?", Bucket(self._endpoint_rate))
            reason = None if self._buckets[""].take() else "global-rate"
            reason = reason or (None if bucket.take() else "endpoint-rate")
        if reason:
            raise ApiError(429, "Request rate limit exceeded.", reason=reason, code="rate_limit")
        if endpoint in self.lacking:
            raise _faulty(403)
        return str(key)


def _endpoint(path: str) -> str:
    """The endpoint of a path, without version and ids: `customers/balance_transactions`, `checkout/sessions`."""
    parts = path.split("/")[2:]
    return "/".join(parts[:2] if parts[:1] == ["checkout"] else parts[::2])


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report every error except a client that hangs up."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write per answer
    disable_nagle_algorithm = True
    stripe: StripeServer
    count = 0

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        fault = next((fault for fault in self.stripe.faults if fault.hits(path)), None)
        time.sleep(self.stripe.latency + (fault.latency if fault else 0))
        try:
            if fault and fault.status == 0:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if fault and fault.status != 200:
                raise _faulty(fault.status)
            self._send(200, self.stripe.answer(self.path, self.headers), {}, cut=bool(fault and fault.cut))
        except ApiError as error:
            self._send(error.status, error.body, error.headers)

    def do_POST(self) -> None:
        self.close_connection = True  # its body is not read
        error = ApiError(404, f"Unrecognized request URL ({self.command}: {self.path}). The stand-in is read-only.")
        self._send(error.status, error.body, {})

    do_PUT = do_PATCH = do_DELETE = do_POST

    def _send(self, status: int, body: bytes, headers: dict[str, str], cut: bool = False) -> None:
        type(self).count += 1
        self.send_response(status)
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Request-Id": f"req_{self.count:014d}",
            "Stripe-Version": self.headers.get("Stripe-Version") or API_VERSION,
        } | headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time of the server's clock, which can differ from the client's."""
        return super().date_time_string(time.time() + self.stripe.date_offset if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no access log into a test's output."""


def _faulty(status: int) -> ApiError:
    match status:
        case 403:
            return ApiError(
                403,
                "The provided key does not have the required permissions for this endpoint.",
                code="permission_error",
            )
        case 404:
            return ApiError(404, "No such object", code="resource_missing", param="id")
        case 429:
            return ApiError(429, "Request rate limit exceeded.", reason="resource-specific", code="rate_limit")
        case _:
            return ApiError(status, "An unknown error occurred.", type="api_error")


def start(source: Account | Path, port: int = 0, *, api_key: str = DEMO_KEY, endpoint_rate: float | None = 25,
          total_rate: float | None = 100, event_days: int | None = 30, latency: float = 0.0,
          faults: list[Fault] | None = None, other_keys: Mapping[str, Account] | None = None,
          lacking: Iterable[str] = (), date_offset: float = 0.0) -> StripeServer:  # fmt: skip
    """Serve on 127.0.0.1 (`port` 0: a free one). Rates are requests a second, None = no limit (facts 3.4).

    `event_days`: older events, by the account's clock, are not listed; None lists all. `latency` and `date_offset` are
    in seconds. `other_keys` are further keys with the account that each sees: another account's, or a live one.
    """
    return StripeServer(source, port, api_key, endpoint_rate, total_rate, event_days, latency, faults, other_keys,
                        lacking, date_offset)  # fmt: skip
