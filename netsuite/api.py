"""The one NetSuite client: signs, sends, reads SuiteQL, and never guesses about a write.

Reads (`suiteql`, `get`) are repeated until they succeed or patience ends. A write is sent once: what its
answer means and whether it may be sent again is for the caller (push), who keeps the journal. Only a 401 is
answered here, by one try with a new signature, because a refused login provably wrote nothing.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from netsuite.auth import OAuth2, TokenBased
from netsuite.concurrency import Clock, Slots
from netsuite.errors import (
    Action,
    LoginRefused,
    NetSuiteError,
    NoAnswer,
    NotSent,
    Refused,
    Rule,
    judge,
    read_error,
)
from settings import SettingsError

log = logging.getLogger("load_netsuite")

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
WRITE_SECONDS = 300.0  # a write of 30 to 60 seconds is normal (facts 1.9, 9.5)
READ_TRIES = 8
PAGE = 1000
MOST_ROWS = 100_000  # of one SuiteQL query (facts 4); NetSuite would cut the rest off without a word

_encode = msgspec.json.Encoder(decimal_format="number").encode


def to_json(body: Any) -> bytes:
    """A request body as JSON. Decimals become number literals digit by digit; floats are a programming
    error."""
    _refuse_floats(body)
    return _encode(body)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"money and quantities are Decimal, never float: {value!r}")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        _refuse_floats(part)


@dataclass(frozen=True)
class Answer:
    """What NetSuite answered to one write. `body` is kept for errors only, cut short."""

    status: int
    internal_id: str | None
    """Last segment of `Location`; None when there is none or when it names another kind of record."""
    has_location: bool
    code: str
    detail: str
    body: str
    warnings: str
    operation_id: str | None
    job_id: str | None
    seconds: float
    retry_after: float | None

    @property
    def rule(self) -> Rule:
        return judge(self.status, self.code, f"{self.detail} {self.body}", self.seconds)


class NetSuite:
    """A signed-in client with one connection pool; safe to share between threads.

    settings: the attributes `netsuite_*` of settings.py · session: a requests session to use instead of an
    own one (a simulation mounts its transport there) · write_seconds: how long to wait for the answer to a
    write. Raises SettingsError for settings that cannot work.
    """

    def __init__(
        self,
        settings: Any,
        *,
        session: requests.Session | None = None,
        clock: Clock | None = None,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self.base_url = _checked_base_url(str(settings.netsuite_base_url))
        self.clock = clock or Clock()
        self.slots = Slots(settings.netsuite_concurrency)
        self.requests_sent = 0
        self._counting = threading.Lock()
        self._write_seconds = write_seconds
        self._session = session or _new_session(self.base_url, self.slots.most)
        self._auth: OAuth2 | TokenBased = (
            TokenBased(settings)
            if settings.netsuite_auth == "tba"
            else OAuth2(settings, self.base_url, self._send_token_request, self.clock)
        )

    def __enter__(self) -> NetSuite:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    # ------------------------------------------------------------ reading

    def suiteql(self, sql: str) -> list[dict[str, str]]:
        """All rows of a query: keys in lower case, every value text, null columns left out (facts 4).

        Give the query an ORDER BY on a unique key if it can return more than 1,000 rows. Raises
        NetSuiteError.
        """
        return list(self.suiteql_rows(sql))

    def suiteql_rows(self, sql: str) -> Iterator[dict[str, str]]:
        """As `suiteql`, page by page."""
        offset = 0
        while True:
            url = f"{self.base_url}/services/rest/query/v1/suiteql?limit={PAGE}&offset={offset}"
            page = self._read("POST", url, {"q": sql}, {"Prefer": "transient"})
            items = page.get("items") or []
            yield from map(_row, items)
            if not page.get("hasMore"):
                return
            offset += len(items)
            if not items or offset >= MOST_ROWS:
                raise NetSuiteError(f"a SuiteQL query returns more than {MOST_ROWS} rows; ask for less: {sql[:200]}")

    def get(self, record_type: str, internal_id: str, expand: bool = True) -> dict[str, Any]:
        """One record, numbers as Decimal; a zero amount may be missing (facts 1.5). Raises Refused if it is
        not there."""
        answer: dict[str, Any] = self._read(
            "GET", self._record_url(record_type, internal_id) + ("?expandSubResources=true" if expand else "")
        )
        return answer

    def _read(self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        for attempt in range(READ_TRIES):
            error: NetSuiteError
            wait = self.clock.back_off(attempt)
            try:
                response, seconds = self._send(method, url, body, headers or {}, READ_SECONDS)
            except (NotSent, NoAnswer) as lost:
                error = lost
            else:
                if response.status_code == 200:
                    try:
                        return json.loads(response.content, parse_float=Decimal)
                    except ValueError:
                        error = NetSuiteError("NetSuite's answer is not JSON", status=200)
                else:
                    code, detail, raw = read_error(response.content)
                    rule = judge(response.status_code, code, f"{detail} {raw}", seconds)
                    text = f"HTTP {response.status_code} {code}: {detail} ({rule.meaning})"
                    kind = LoginRefused if rule.action is Action.STOP else Refused
                    error = kind(text, status=response.status_code, code=code, body=raw)
                    # A read changes nothing, so a server fault can simply be asked again.
                    if rule.action is not Action.BACK_OFF and response.status_code < 500:
                        raise error
                    wait = max(wait, _retry_after(response) or 0.0)
            if attempt + 1 < READ_TRIES:
                self.clock.sleep(wait)
        raise error

    # ------------------------------------------------------------ writing

    def create(self, record_type: str, body: dict[str, Any]) -> Answer:
        """POST a new record, once. Raises NotSent (safe to repeat), NoAnswer (effect unknown),
        LoginRefused."""
        return self._write("POST", record_type, f"{self.base_url}/services/rest/record/v1/{quote(record_type)}", body)

    def update(self, record_type: str, internal_id: str, body: dict[str, Any]) -> Answer:
        """PATCH a record, once: fields that are not sent stay, keyed sublist rows merge (facts 1.6). Raises
        as `create`."""
        return self._write("PATCH", record_type, self._record_url(record_type, internal_id), body)

    def _write(self, method: str, record_type: str, url: str, body: dict[str, Any]) -> Answer:
        headers = {"X-NetSuite-PropertyNameValidation": "Error"}  # a misspelt field must fail, not vanish (facts 1.8)
        response, seconds = self._send(method, url, body, headers, self._write_seconds)
        code, detail, raw = ("", "", "") if response.ok else read_error(response.content)
        return Answer(
            status=response.status_code,
            internal_id=_id_from_location(response.headers.get("Location"), record_type),
            has_location="Location" in response.headers,
            code=code,
            detail=detail,
            body=raw,
            warnings=" ".join(
                response.headers[name]
                for name in ("X-NetSuite-Warning", "X-NetSuite-PropertyValidation")
                if name in response.headers
            ),
            operation_id=response.headers.get("X-N-OperationId"),
            job_id=response.headers.get("X-NetSuite-JobId"),
            seconds=seconds,
            retry_after=_retry_after(response),
        )

    def _record_url(self, record_type: str, internal_id: str) -> str:
        return f"{self.base_url}/services/rest/record/v1/{quote(record_type)}/{quote(internal_id, safe='')}"

    # ------------------------------------------------------------ sending

    def _send(
        self, method: str, url: str, body: Any, headers: dict[str, str], read_seconds: float
    ) -> tuple[requests.Response, float]:
        """One request in one slot, and how long it took; a 401 gets one more try with a new signature,
        unless it is NetSuite's other way to say that it is overloaded."""
        data = None if body is None else to_json(body)
        headers = headers | {"Accept": "application/json"} | ({"Content-Type": "application/json"} if data else {})
        with self.slots.one() as generation:
            for another_try in (True, False):
                signature = self._sign()
                request = requests.Request(method, url, headers=headers, data=data, auth=signature)
                started = self.clock.monotonic()
                response = self._exchange(request, read_seconds)
                seconds = self.clock.monotonic() - started
                is_overload = _is_overload(response, seconds)
                is_refused = response.status_code == 401 and not is_overload
                if not is_refused or not another_try or not self._auth.refused(signature):
                    break
            if is_overload:
                self.slots.overloaded(generation)
            elif response.ok:
                self.slots.succeeded()
        return response, seconds

    def _sign(self) -> AuthBase:
        """A signature; when there is none to be had, the request it was for has not been sent."""
        try:
            return self._auth.sign()
        except LoginRefused:
            raise
        except NetSuiteError as error:
            raise NotSent(error.detail, status=error.status, code=error.code, body=error.body) from error

    def _send_token_request(self, request: requests.Request) -> requests.Response:
        for attempt in range(READ_TRIES):
            try:
                response = self._exchange(request, READ_SECONDS)
                if response.status_code != 429 and response.status_code < 500:
                    return response
            except (NotSent, NoAnswer):
                if attempt + 1 == READ_TRIES:
                    raise
            self.clock.sleep(self.clock.back_off(attempt))
        return response

    def _exchange(self, request: requests.Request, read_seconds: float) -> requests.Response:
        # Settings from the environment (proxy, CA bundle) are merged by hand because a prepared request
        # skips them;
        # `verify` starts from True and nothing of ours can make it False.
        with self._counting:
            self.requests_sent += 1
        prepared = self._session.prepare_request(request)
        settings = self._session.merge_environment_settings(prepared.url or "", {}, None, True, None)
        try:
            return self._session.send(
                prepared, timeout=(CONNECT_SECONDS, read_seconds), allow_redirects=False, **settings
            )
        except requests.ConnectTimeout:
            raise NotSent("NetSuite could not be reached in time; check the network and NETSUITE_BASE_URL") from None
        except requests.ConnectionError as error:
            if _never_connected(error):
                raise NotSent(
                    f"no connection to NetSuite ({type(error).__name__}); check the network and NETSUITE_BASE_URL"
                ) from None
            raise NoAnswer(f"the connection broke before an answer came ({type(error).__name__})") from None
        except requests.Timeout:
            raise NoAnswer(f"no answer within {read_seconds:.0f} s") from None
        except requests.RequestException as error:
            raise NoAnswer(f"no usable answer ({type(error).__name__})") from None


def _new_session(base_url: str, connections: int) -> requests.Session:
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # threads share the session: keep no state
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)  # never resend by itself
    session.mount(base_url, adapter)
    session.trust_env = not _is_loopback(base_url)  # a proxy has no business on loopback
    return session


def _checked_base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(["NETSUITE_BASE_URL must be an address like https://1234567.suitetalk.api.netsuite.com"])
    if parts.scheme == "http" and not _is_loopback(url):
        raise SettingsError(["NETSUITE_BASE_URL must start with https:// for any host but this machine"])
    return url.rstrip("/")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _never_connected(error: requests.ConnectionError) -> bool:
    """True only if the connection itself was refused, not found or not trusted: then no byte of the request
    has left."""
    cause: Any = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    return isinstance(cause, NewConnectionError) or "CERTIFICATE_VERIFY_FAILED" in str(error)


def _is_overload(response: requests.Response, seconds: float) -> bool:
    if response.ok:
        return False
    code, detail, _ = read_error(response.content)
    rule = judge(response.status_code, code, detail, seconds)
    return (rule.action is Action.BACK_OFF and "overload" in rule.meaning) or "too many" in rule.meaning


def _retry_after(response: requests.Response) -> float | None:
    """Seconds NetSuite asks to wait; undocumented there, honoured if it appears (facts 6), five minutes at
    most."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), 300.0) if re.fullmatch(r"\d+(\.\d+)?", value) else None


def _id_from_location(location: str | None, record_type: str) -> str | None:
    """`…/record/v1/creditmemo/123` → '123'. The record type comes back in lower case (facts 1.9)."""
    found = re.search(r"/([A-Za-z]+)/(\d+)/?$", urlsplit(location or "").path)
    return found[2] if found and found[1].lower() == record_type.lower() else None


def _row(item: dict[str, Any]) -> dict[str, str]:
    return {key.lower(): _text(value) for key, value in item.items() if value is not None and key != "links"}


def _text(value: Any) -> str:
    return ("T" if value else "F") if isinstance(value, bool) else str(value)


def wait_of(answer: Answer, clock: Clock, attempt: int) -> float:
    """Seconds to wait before the same write is sent again."""
    return max(clock.back_off(attempt), answer.retry_after or 0.0)
