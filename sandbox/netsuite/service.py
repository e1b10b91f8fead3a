"""The REST service without a network: a request in, an answer out. `server` puts it on a socket.

Addresses, headers and status codes: facts, NetSuite sections 1, 4 and 6. `Options.faults` are the faults that a client
must survive: an answer lost before or after the write, a write that takes effect after the client gave up, overload,
expired tokens, and incomplete answers.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from sandbox.netsuite import catalog, errors
from sandbox.netsuite.auth import Gate, NotAllowed
from sandbox.netsuite.books import Books
from sandbox.netsuite.credentials import Credentials
from sandbox.netsuite.fields import parse_json
from sandbox.netsuite.german import german
from sandbox.netsuite.schema import BODY
from sandbox.netsuite.suiteql import PAGE, REACH, SuiteQL

TOKEN = "/services/rest/auth/oauth2/v1/token"
SUITEQL = "/services/rest/query/v1/suiteql"
RECORD = "/services/rest/record/v1"
CATALOG = "metadata-catalog"
_ERROR_TYPE = "application/vnd.oracle.resource+json; type=error; charset=UTF-8"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Request(NamedTuple):
    """One request. `target` is path and query as sent, header names are in lower case, `number` counts from 1."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    number: int = 0

    @property
    def path(self) -> str:
        """The decoded path."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The decoded query parameters."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def url(self) -> str:
        """The URL as the client signs it."""
        return f"http://{self.headers.get('host', '127.0.0.1')}{self.target}"

    @property
    def is_write(self) -> bool:
        """Whether the request creates or updates a record."""
        return self.method in ("POST", "PATCH") and self.path.startswith(RECORD)

    def json(self) -> dict[str, Any]:
        """The body, for a fault hook that looks for an external id. Raises `Refused`."""
        return parse_json(self.body)


class Answer(NamedTuple):
    """One answer."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Fault:
    """The fault of one request.

    `effect` says when the request takes effect: `now`, `never`, or `later` (`after` seconds later, while the client
    gets its answer at once). `answer` is the request's own answer (an empty 204 if it has no effect yet), or another
    one: `drop` closes the connection, `other_location` names the record before this one. `delay` holds the answer
    back, in seconds.
    """

    answer: Literal["own", "drop", "500", "502", "429", "401", "no_location", "other_location"] = "own"
    effect: Literal["now", "never", "later"] = "now"
    after: float = 0.0
    delay: float = 0.0


DROP_BEFORE = Fault("drop", "never")
DROP_AFTER = Fault("drop")
ERROR_BEFORE = Fault("500", "never")
ERROR_AFTER = Fault("500")
GATEWAY_BEFORE = Fault("502", "never")
GATEWAY_AFTER = Fault("502")
OVERLOAD = Fault("429", "never")
EXPIRED = Fault("401", "never")
NO_LOCATION = Fault("no_location")
OTHER_LOCATION = Fault("other_location")


@dataclass(frozen=True)
class Options:
    """The behaviour of the service. Times are in seconds. A simulation sets `sleep`, `clock` and `later`.

    `faults` is asked for the fault of each request; it can also raise a `Refused`, which is then the answer.
    """

    concurrency: int = 5  # requests at once, over all; the Standard tier's limit
    latency: float = 0.0  # of each write
    query_latency: float = 0.0  # of each read
    token_lifetime: float = 3600.0
    suiteql_lag: float = 0.0  # until SuiteQL shows a write, by the clock of the books
    row_limit: int = REACH  # rows at most of one SuiteQL query
    refuses_long_queries: bool = False  # a query over the row limit is answered by 400, not cut
    date_offset: float = 0.0  # of the `Date` header from the clock: a server with another time than the client
    faults: Callable[[Request], Fault | None] | None = None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    later: Callable[[float, Callable[[], Any]], Any] = field(default=lambda delay, act: _start_timer(delay, act))


class Logged(NamedTuple):
    """One finished request. `in_flight` counts it and the requests in progress on its arrival. Status 0: dropped."""

    number: int
    method: str
    path: str
    status: int
    in_flight: int


class Service:
    """The account's REST service. Thread-safe. `log` has the last 200,000 requests, without headers or bodies."""

    def __init__(self, books: Books, credentials: Credentials, options: Options | None = None) -> None:
        self.books, self.options = books, options or Options()
        given = self.options
        self.suiteql = SuiteQL(books, given.suiteql_lag, given.row_limit, given.refuses_long_queries)
        self.gate = Gate(credentials, self.options.token_lifetime, self.options.clock)
        self.log: deque[Logged] = deque(maxlen=200_000)
        self._count = 0
        self._in_flight = 0
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Answer | None:
        """The answer to a request; None means that the connection breaks."""
        with self._lock:
            self._count += 1
            request = request._replace(number=self._count)
            in_flight = self._in_flight + 1
            # A request for a token takes no slot (guessed).
            is_admitted = in_flight <= self.options.concurrency or request.path == TOKEN
            self._in_flight += is_admitted
        answer: Answer | None = self._refusal(errors.concurrency_limit())
        if is_admitted:
            try:
                answer = self._serve(request)
            finally:
                with self._lock:
                    self._in_flight -= 1
        status = answer.status if answer else 0
        self.log.append(Logged(request.number, request.method, request.path, status, in_flight))
        return answer

    def _serve(self, request: Request) -> Answer | None:
        try:
            fault = (self.options.faults and self.options.faults(request)) or Fault()
        except errors.Refused as refused:  # the hook's own refusal, without effect
            return self._refusal(refused)
        answer = self._carry_out(request, fault)
        if fault.delay:
            self.options.sleep(fault.delay)
        return self._instead(fault.answer, answer)

    def _carry_out(self, request: Request, fault: Fault) -> Answer:
        if fault.effect == "never":
            return Answer(204)
        refusal = self._refusal_of_login(request)
        if refusal:
            return refusal
        if fault.effect == "later":
            self.options.later(fault.after, lambda: self._act(request))
            return Answer(204)
        return self._act(request)

    def _refusal_of_login(self, request: Request) -> Answer | None:
        if request.path == TOKEN:
            return None
        try:
            self.gate.check(request.method, request.url, request.headers)
        except NotAllowed as refused:
            answer = self._refusal(errors.invalid_login())
            described = f'error="{refused.error}", error_description="{refused.description}"'
            challenge = f'Bearer realm="{self.gate.realm}", {described}'
            return answer._replace(headers=[*answer.headers, ("WWW-Authenticate", challenge)])
        return None

    def _act(self, request: Request) -> Answer:
        """Carry out the request once. Returns its answer, which can be a refusal."""
        latency = self.options.latency if request.is_write else self.options.query_latency
        if latency and request.path != TOKEN:
            self.options.sleep(latency)
        try:
            if request.path == TOKEN:
                return self._token(request)
            if request.path == SUITEQL:
                return self._query(request)
            return self._record(request)
        except errors.Refused as refused:
            return self._refusal(refused)
        except Exception:
            traceback.print_exc(file=sys.stderr)  # a bug of the stand-in
            return self._refusal(errors.unexpected(uuid.uuid4().hex))

    # ------------------------------------------------------------ token

    def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            raise errors.Refused("Method not allowed.", "METHOD_NOT_ALLOWED", 405)
        try:
            token = self.gate.issue(request.body.decode("latin-1"), request.url)
        except NotAllowed as refused:
            error = {"error": refused.error, "error_description": refused.description}
            return _json(400, error, "application/json;charset=UTF-8")
        shown = {
            "access_token": token.access_token,
            "expires_in": str(token.expires_in),  # as text: guessed
            "token_type": "Bearer",
        }
        return _json(200, shown, "application/json;charset=UTF-8")

    # ------------------------------------------------------------ SuiteQL

    def _query(self, request: Request) -> Answer:
        if request.method != "POST":
            raise errors.Refused("Method not allowed.", "METHOD_NOT_ALLOWED", 405)
        if request.headers.get("prefer", "").lower() != "transient":
            raise errors.missing_transient()
        body = parse_json(request.body)
        q = body.get("q")
        if not isinstance(q, str) or not q.strip():
            raise errors.malformed_body("q is missing")
        paging = {"limit": PAGE, "offset": 0}
        for name, value in request.query.items():
            if name not in paging or not value.isdigit():
                raise errors.bad_parameter(name, value)
            paging[name] = int(value)
        page = self.suiteql.query(q, body.get("params") or (), **paging)
        page["links"] = _page_links(request, paging["limit"], paging["offset"], bool(page["hasMore"]))
        answer = _json(200, page, "application/vnd.oracle.resource+json; type=collection; charset=UTF-8")
        return answer._replace(headers=[*answer.headers, ("Preference-Applied", "transient")], body=answer.body + b"\n")

    # ------------------------------------------------------------ records

    def _record(self, request: Request) -> Answer:
        prefix, _, rest = request.path.partition(RECORD + "/")
        record_type, _, id = rest.partition("/")
        if prefix or not record_type or "/" in id:
            raise errors.unknown_record_type(request.path)
        if "respond-async" in request.headers.get("prefer", ""):
            raise errors.bad_parameter("Prefer", "respond-async")  # the stand-in has no asynchronous jobs
        self._check_language(request)
        if record_type == CATALOG and request.method == "GET":
            return self._catalog(request)
        name = self.books.record_type(record_type)
        if request.method == "POST" and not id:
            return self._write(request, name, None)
        if request.method == "PATCH" and id:
            return self._write(request, name, self.books.locate(name, id))
        if request.method == "GET" and id:
            return self._get(request, name, id)
        raise errors.Refused("Method not allowed.", "METHOD_NOT_ALLOWED", 405)

    def _write(self, request: Request, name: str, id: str | None) -> Answer:
        if request.query:  # `replace` and similar parameters would delete lines
            raise errors.bad_parameter(*next(iter(request.query.items())))
        strict = request.headers.get("x-netsuite-propertynamevalidation", "").lower() == "error"
        done = self.books.write(name, parse_json(request.body), id, strict)
        host = f"http://{request.headers.get('host')}"
        quiet = request.headers.get("x-netsuite-propertynamevalidation", "").lower() == "ignore"
        texts = [] if quiet else [self._words(errors.unknown_field_text(name)) for name in done.dropped]
        return Answer(204, [
            ("Location", f"{host}{RECORD}/{name.lower()}/{done.id}"),
            ("X-N-OperationId", str(uuid.uuid4())),
            ("X-NetSuite-JobId", str(uuid.uuid4())),
            *(("X-NetSuite-PropertyValidation", text) for text in texts),
            *(("X-NetSuite-Warning", text) for text in done.warnings),
        ])  # fmt: skip

    def _catalog(self, request: Request) -> Answer:
        """The metadata catalog of the record types in `select`, of all without it."""
        if catalog.MEDIA_TYPE not in request.headers.get("accept", ""):
            raise errors.wrong_accept(catalog.MEDIA_TYPE)  # the stand-in has no application/schema+json
        wanted = [self.books.record_type(name) for name in request.query.get("select", ",".join(BODY)).split(",")]
        if unknown := set(wanted) - BODY.keys():
            raise errors.unknown_record_type(min(unknown))
        return _json(200, catalog.catalog(self.books, wanted), catalog.MEDIA_TYPE)

    def _check_language(self, request: Request) -> None:
        """Refuse a request for records that does not name the company's language, if the account wants that (seen)."""
        company = self.books.company()
        if not company["wantslanguage"]:
            return
        for header in ("Content-Language", "Accept-Language")[not request.is_write :]:
            given = request.headers.get(header.lower(), "").partition(",")[0].partition(";")[0].strip()
            if given.replace("-", "_").lower() != company["language"].replace("-", "_").lower():
                raise errors.wrong_language(header, company["language"])

    # ------------------------------------------------------------ refusals

    @property
    def _is_english(self) -> bool:
        return bool(self.books.company()["language"].lower().startswith("en"))

    def _words(self, text: str) -> str:
        return text if self._is_english else german(text)

    def _refusal(self, refused: errors.Refused) -> Answer:
        """NetSuite closes the connection after an error (seen)."""
        return Answer(
            refused.status,
            [("Content-Type", _ERROR_TYPE), ("Connection", "close")],
            json.dumps(refused.body(self._is_english)).encode(),
        )

    def _instead(self, kind: str, own: Answer) -> Answer | None:
        """The answer of a fault in place of the request's own answer."""
        if kind == "own":
            return own
        if kind == "drop":
            return None
        if kind == "no_location":
            return own._replace(headers=[header for header in own.headers if header[0] != "Location"])
        if kind == "other_location":
            return own._replace(headers=[_previous_location(*header) for header in own.headers])
        if kind == "502":
            page = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
            return Answer(502, [("Content-Type", "text/html"), ("Connection", "close")], page)
        if kind == "401":
            answer = self._refusal(errors.invalid_login())
            return answer._replace(headers=[*answer.headers, ("WWW-Authenticate", 'Bearer error="invalid_token"')])
        return self._refusal(errors.concurrency_limit() if kind == "429" else errors.unexpected(uuid.uuid4().hex))

    def _get(self, request: Request, name: str, id: str) -> Answer:
        query = request.query
        shown = self.books.get(name, id, expand=query.get("expandSubResources", "false").lower() == "true")
        link = {
            "rel": "self",
            "href": f"http://{request.headers.get('host')}{RECORD}/{name.lower()}/{shown['id']}",
        }
        if "fields" in query:
            wanted = {part.strip().lower() for part in query["fields"].split(",")}
            shown = {key: value for key, value in shown.items() if key.lower() in wanted}
        return _json(
            200,
            {"links": [link]} | shown,
            "application/vnd.oracle.resource+json; type=singular; charset=UTF-8",
        )


# ---------------------------------------------------------------- answers


def _json(status: int, content: object, media_type: str) -> Answer:
    return Answer(status, [("Content-Type", media_type)], _encode(content))


def _page_links(request: Request, limit: int, offset: int, has_more: bool) -> list[dict[str, str]]:
    """The links of a page of SuiteQL: itself, and the page after it if there is one (seen)."""
    offsets = {"self": offset} | ({"next": offset + limit} if has_more else {})
    url = request.url.partition("?")[0]
    return [{"rel": rel, "href": f"{url}?limit={limit}&offset={at}"} for rel, at in offsets.items()]


def _previous_location(name: str, value: str) -> tuple[str, str]:
    if name != "Location":
        return name, value
    url, _, id = value.rpartition("/")
    return name, f"{url}/{int(id) - 1}"


def _start_timer(delay: float, act: Callable[[], Any]) -> None:
    timer = threading.Timer(delay, act)
    timer.daemon = True
    timer.start()
