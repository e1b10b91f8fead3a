"""The one NetSuite client: reads SuiteQL and records, and never guesses about a write.

Reads (`suiteql`, `get`) are repeated until they succeed or the tries end. A write is sent once: the caller judges its
answer, decides whether to send it again, and keeps the journal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from netsuite.answers import Action, Rule, judge, read_error, read_path
from netsuite.concurrency import Clock
from netsuite.encoding import storable
from netsuite.errors import LoginRefused, NetSuiteError, NoAnswer, NotSent, Refused, TooLarge
from netsuite.transport import READ_SECONDS, READ_TRIES, Transport
from settings import Settings

WRITE_SECONDS = 300.0  # a write of 30 to 60 seconds is normal (facts 1.9, 9.5)
PAGE = 1000
ROW_LIMIT = 100_000  # of one SuiteQL query (facts 4)


@dataclass(frozen=True)
class Answer:
    """NetSuite's answer to one write. `body` is set for errors only, cut short."""

    status: int
    internal_id: str | None
    """Last segment of `Location`; None when there is none or when it names another kind of record."""
    has_location: bool
    code: str
    detail: str
    path: str
    """`o:errorPath` of the first error that has one: the part of the body that was refused."""
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

    settings: the attributes `netsuite_*` are read · session: a requests session to use instead of an own one ·
    write_seconds: how long to wait for the answer to a write. Raises SettingsError for settings that cannot work.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        session: requests.Session | None = None,
        clock: Clock | None = None,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self.clock = clock or Clock()
        self._transport = Transport(settings, session, self.clock)
        self.slots = self._transport.slots
        self._base_url = self._transport.base_url
        self._write_seconds = write_seconds

    def __enter__(self) -> NetSuite:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.session.close()

    @property
    def requests_sent(self) -> int:
        """HTTP requests so far, those for tokens and repeated ones included."""
        return self._transport.requests_sent

    @property
    def seconds_ahead(self) -> float | None:
        """This machine's clock less NetSuite's; None before the first answer."""
        return self._transport.seconds_ahead

    # ------------------------------------------------------------ reading

    def suiteql(self, sql: str) -> list[dict[str, str]]:
        """All rows of a query: keys in lower case, every value text, null columns left out (facts 4).

        A query that can return more than 1,000 rows needs an ORDER BY on a unique key. Raises NetSuiteError.
        """
        return list(self.suiteql_rows(sql))

    def suiteql_rows(self, sql: str) -> Iterator[dict[str, str]]:
        """As `suiteql`, page by page."""
        offset = 0
        first: Any = None
        while True:
            url = f"{self._base_url}/services/rest/query/v1/suiteql?limit={PAGE}&offset={offset}"
            try:
                page = self._read("POST", url, {"q": sql}, {"Prefer": "transient"}, _wrong_page)
            except Refused as refused:
                # Past the limit some accounts answer 400 (facts 11, D15): a query whose pages came is right in itself.
                if refused.status == 400 and (offset or re.search(r"\b100[,. ]?000\b", refused.detail)):
                    raise _too_many_rows(sql, refused.detail) from None
                raise
            items = page["items"]
            if items and items[0] == first:
                raise NetSuiteError(f"NetSuite shows the same page of a SuiteQL query twice: {sql[:200]}", status=200)
            first = items[0] if items else None
            yield from map(_row, items)
            if not page["hasMore"]:
                return
            offset += PAGE  # NetSuite wants a multiple of the page size, also after a short page (facts 11, D7)
            if offset >= ROW_LIMIT:
                raise _too_many_rows(sql)

    def get(self, record_type: str, internal_id: str, expand: bool = True) -> dict[str, Any]:
        """One record, numbers as Decimal; a zero amount may be missing (facts 1.5). Raises Refused if NetSuite does not
        have it."""
        url = self._record_url(record_type, internal_id) + ("?expandSubResources=true" if expand else "")
        answer: dict[str, Any] = self._read("GET", url, wrong=_wrong_object)
        return answer

    def metadata(self, record_type: str) -> dict[str, Any]:
        """The OpenAPI document of one record type in this account, custom fields included (facts 1.1).

        Raises NetSuiteError.
        """
        url = f"{self._base_url}/services/rest/record/v1/metadata-catalog?select={quote(record_type, safe='')}"
        document: dict[str, Any] = self._read(
            "GET", url, headers={"Accept": "application/swagger+json"}, wrong=_wrong_object
        )
        return document

    def _read(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        wrong: Callable[[Any], str] = lambda answer: "",
    ) -> Any:
        """The JSON of an answer. `wrong` tells what is wrong with its shape; an answer of the wrong shape comes from
        something in between, such as a page for maintenance, and is asked for again."""
        for attempt in range(READ_TRIES):
            error: NetSuiteError
            wait = self.clock.back_off(attempt)
            try:
                response, seconds = self._transport.send(method, url, body, headers or {}, READ_SECONDS)
            except TooLarge:
                raise
            except (NotSent, NoAnswer) as lost:
                error = lost
            else:
                if response.status_code == 200:
                    answer, words = _json_of(response)
                    words = words or wrong(answer)
                    if not words:
                        return answer
                    error = NetSuiteError(
                        f"{method} {urlsplit(url).path} was answered with 200, but {words}; check NETSUITE_BASE_URL "
                        "and what stands between this machine and NetSuite, then run again",
                        status=200,
                    )
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
                self.clock.wait(wait, f"NetSuite is asked again ({error.detail})")
        raise error

    # ------------------------------------------------------------ writing

    def create(self, record_type: str, body: dict[str, Any]) -> Answer:
        """POSTs a new record, once. Raises NotSent (safe to repeat), NoAnswer (effect unknown), LoginRefused."""
        return self._write("POST", record_type, f"{self._base_url}/services/rest/record/v1/{quote(record_type)}", body)

    def update(self, record_type: str, internal_id: str, body: dict[str, Any]) -> Answer:
        """PATCHes a record, once: fields that are not sent stay, keyed sublist rows merge (facts 1.6). Raises as
        `create`."""
        return self._write("PATCH", record_type, self._record_url(record_type, internal_id), body)

    def _write(self, method: str, record_type: str, url: str, body: dict[str, Any]) -> Answer:
        headers = {"X-NetSuite-PropertyNameValidation": "Error"}  # a misspelt field must fail, not vanish (facts 1.8)
        response, seconds = self._transport.send(method, url, body, headers, self._write_seconds)
        code, detail, raw = ("", "", "") if response.ok else read_error(response.content)
        path = "" if response.ok else read_path(response.content)
        return Answer(
            status=response.status_code,
            internal_id=_id_from_location(response.headers.get("Location"), record_type),
            has_location="Location" in response.headers,
            code=code,
            detail=detail,
            path=path,
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
        return f"{self._base_url}/services/rest/record/v1/{quote(record_type)}/{quote(internal_id, safe='')}"


def _json_of(response: requests.Response) -> tuple[Any, str]:
    """The JSON of an answer, or what is wrong with it."""
    try:
        return json.loads(response.content, parse_float=Decimal), ""
    except (ValueError, RecursionError):
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        return None, f"the answer is not JSON{f' but {kind}' if kind and 'json' not in kind else ''}"


def _wrong_object(answer: Any) -> str:
    return "" if isinstance(answer, dict) else "the answer is not an object"


def _wrong_page(page: Any) -> str:
    """What is wrong with a page of SuiteQL. A page that is read as empty would pass for records that are not there."""
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        return "the answer has no list `items`"
    if not isinstance(page.get("hasMore"), bool):
        return "the answer does not say whether it has more (`hasMore`)"
    for row in page["items"]:
        if not isinstance(row, dict) or any(isinstance(row[key], dict | list) and key != "links" for key in row):
            return "a row of `items` is not an object of values"
    if page["hasMore"] and not page["items"]:
        return "the page is empty although `hasMore` is true"
    return ""


def _too_many_rows(sql: str, words: str = "") -> NetSuiteError:
    said = f" (NetSuite: {words})" if words else ""
    return NetSuiteError(f"a SuiteQL query returns more than {ROW_LIMIT} rows; ask for less: {sql[:200]}{said}")


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that NetSuite asks to wait, up to five minutes. The header is undocumented, but honoured (facts 6)."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), 300.0) if re.fullmatch(r"\d+(\.\d+)?", value) else None


def _id_from_location(location: str | None, record_type: str) -> str | None:
    """`…/record/v1/creditmemo/123` → '123'. The record type comes back in lower case (facts 1.9)."""
    found = re.search(r"/([A-Za-z]+)/(\d+)/?$", urlsplit(location or "").path)
    return found[2] if found and found[1].lower() == record_type.lower() else None


def _row(item: dict[str, Any]) -> dict[str, str]:
    return {key.lower(): _text(value) for key, value in item.items() if value is not None and key != "links"}


def _text(value: Any) -> str:
    return ("T" if value else "F") if isinstance(value, bool) else storable(str(value))


def wait_of(answer: Answer, clock: Clock, attempt: int) -> float:
    """Seconds to wait before the same write is sent again."""
    return max(clock.back_off(attempt), answer.retry_after or 0.0)
