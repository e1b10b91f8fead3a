"""The client against the stand-in over loopback: SuiteQL, writes, failures, and what is never sent."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from netsuite.answers import Action
from netsuite.api import NetSuite
from netsuite.concurrency import Clock
from netsuite.errors import NetSuiteError, NoAnswer, NotSent
from netsuite.transport import READ_TRIES
from sandbox.netsuite import service
from settings import SettingsError
from tests.support.company import Company
from tests.support.wire import HEAD, Start, bomb, drip

COUNT = "SELECT id FROM customer ORDER BY id"


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
@pytest.mark.parametrize("fault", [service.OVERLOAD, service.Fault("401", "never", delay=0.1)])
def test_overload_in_either_form_halves_the_requests_at_once(
    company: Company, monkeypatch: pytest.MonkeyPatch, auth: str, fault: service.Fault
) -> None:
    """429, or a login error after a long wait: a new signature would not help."""
    monkeypatch.setattr("netsuite.answers.SLOW_LOGIN_SECONDS", 0.1)
    with NetSuite(company.settings(netsuite_auth=auth)) as client:
        client.suiteql(COUNT)
        company.fault = lambda request: fault if request.is_write else None
        answer = client.create("creditMemo", company.sale("cn_1", "1.00"))
        assert answer.rule.action is Action.BACK_OFF and client.slots.limit == 2
        assert company.writes() == 1
        company.fault = lambda request: None
        assert client.create("creditMemo", company.sale("cn_1", "1.00", autoApply=False)).internal_id
        assert client.slots.limit == 2.5


def test_suiteql_pages_lowers_keys_and_keeps_text(company: Company) -> None:
    for number in range(1005):
        company.books.add("item", itemid=f"Item {number}", itemtype="Service")
    with NetSuite(company.settings()) as client:
        rows = client.suiteql("SELECT id AS ID, itemid, externalid FROM item ORDER BY id")
    assert len({row["id"] for row in rows}) == 1006
    assert rows[1].keys() == {"id", "itemid"}, "null columns and links are left out"


def test_reads_are_repeated_writes_are_not(company: Company) -> None:
    left = [service.ERROR_BEFORE, service.OVERLOAD, service.DROP_BEFORE]
    company.fault = lambda request: left.pop() if left and request.path.endswith(("suiteql", "creditMemo")) else None
    with NetSuite(company.settings()) as client:
        assert client.suiteql(COUNT)
        left[:] = [service.DROP_AFTER]
        with pytest.raises(NoAnswer):
            client.create("creditMemo", company.sale("cn_1", "1.00"))
    assert company.writes() == 1


def test_a_query_that_is_wrong_is_refused_at_once(company: Company) -> None:
    with NetSuite(company.settings()) as client, pytest.raises(NetSuiteError, match="400"):
        client.suiteql("SELECT nothing FROM nowhere")


def test_a_refused_connection_was_never_sent(company: Company) -> None:
    settings = company.settings(netsuite_auth="tba")
    company.server.stop()
    with NetSuite(settings) as client, pytest.raises(NotSent):
        client.create("creditMemo", {})


def test_a_timeout_leaves_the_effect_unknown(company: Company) -> None:
    company.fault = lambda request: service.Fault(delay=1.0) if request.is_write else None
    with NetSuite(company.settings(), write_seconds=0.2) as client, pytest.raises(NoAnswer, match=r"0 s"):
        client.create("creditMemo", company.sale("cn_1", "1.00"))


def test_an_answer_tells_id_operation_and_warnings(company: Company) -> None:
    body = company.sale("cn_1", "10.00", autoApply=False)
    body["item"]["items"][0]["rate"] = Decimal("3")
    with NetSuite(company.settings()) as client:
        answer = client.create("creditMemo", body)
        assert answer.internal_id == str(company.ours()["cn_1"].id)
        assert answer.operation_id and answer.job_id and "line total amount" in answer.warnings
        record = client.get("creditMemo", answer.internal_id or "")
    assert record["total"] == Decimal(10) and not isinstance(record["total"], float)


def test_an_unknown_field_name_fails(company: Company) -> None:
    with NetSuite(company.settings()) as client:
        answer = client.create("creditMemo", company.sale("cn_1", "1.00", custbody_nope="x"))
    assert answer.status == 400 and "custbody_nope" in answer.detail


@pytest.mark.parametrize("url", ["http://1234567.suitetalk.api.netsuite.com", "ftp://127.0.0.1", "nonsense"])
def test_another_host_needs_https(company: Company, url: str) -> None:
    with pytest.raises(SettingsError, match="NETSUITE_BASE_URL"):
        NetSuite(company.settings(netsuite_base_url=url))


def test_tls_verification_cannot_be_switched_off(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the session's own switch gets through to a host that is not this
    machine."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    verified = []

    def send(self: requests.Session, request: Any, **settings: Any) -> Any:
        verified.append(settings["verify"])
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "send", send)
    client = NetSuite(
        company.settings(netsuite_auth="tba", netsuite_base_url="https://1234567.suitetalk.api.netsuite.com")
    )
    client._transport.session.verify = False
    with pytest.raises(NotSent):
        client.create("creditMemo", {})
    assert verified == [True]


def answer_pages(company: Company, answer: Callable[[int], service.Answer]) -> list[int]:
    """Answers SuiteQL by offset. Returns the offsets asked for."""
    offsets: list[int] = []

    def query(request: service.Request) -> service.Answer:
        offsets.append(int(request.query["offset"]))
        return answer(offsets[-1])

    company.server.service._query = query  # type: ignore[method-assign]
    return offsets


def page(rows: int, has_more: bool, offset: int = 0) -> service.Answer:
    return json_answer({"items": [{"id": str(offset + row)} for row in range(rows)], "hasMore": has_more})


def json_answer(body: object) -> service.Answer:
    return service.Answer(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def test_offsets_advance_by_the_page_size_also_after_a_short_page(company: Company) -> None:
    offsets = answer_pages(company, lambda offset: page(900, True, offset) if offset < 2000 else page(10, False))
    with NetSuite(company.settings()) as client:
        assert len(client.suiteql(COUNT)) == 1810
    assert offsets == [0, 1000, 2000]


@pytest.mark.parametrize(("fails_at", "words"), [(0, "Mas de 100.000 filas."), (1000, "Se ha superado el limite.")])
def test_a_query_over_the_limit_that_is_refused_counts_as_the_limit(
    company: Company, fails_at: int, words: str
) -> None:
    error = {"o:errorDetails": [{"detail": words, "o:errorCode": "INVALID_PARAMETER"}]}
    refused = service.Answer(400, [("Content-Type", "application/json")], json.dumps(error).encode())
    answer_pages(company, lambda offset: refused if offset == fails_at else page(1000, True, offset))
    with NetSuite(company.settings()) as client, pytest.raises(NetSuiteError, match="returns more than 100000 rows"):
        client.suiteql(COUNT)


def test_a_refusal_tells_which_part_of_the_body_it_is_about(company: Company) -> None:
    with NetSuite(company.settings()) as client:
        answer = client.create("creditMemo", company.sale("cn_1", "1.00", entity={"id": "999"}))
    assert answer.path == "entity"


def test_a_write_whose_answer_drips_may_have_had_its_effect(company: Company, start: Start) -> None:
    url = start(drip(b"A: b\r\n", HEAD))
    with NetSuite(company.settings(netsuite_auth="tba", netsuite_base_url=url), write_seconds=0.3) as client:
        with pytest.raises(NoAnswer, match="no answer within"):
            client.create("creditMemo", {})
        assert client.requests_sent == 1


def test_an_answer_that_is_too_large_is_not_asked_for_again(
    company: Company, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bounded_http.ANSWER_BYTES", 2**20)
    url = start(bomb(gzip.compress(bytes(2 * 2**20))))
    with NetSuite(company.settings(netsuite_auth="tba", netsuite_base_url=url)) as client:
        with pytest.raises(
            NetSuiteError, match="POST /services/rest/query/v1/suiteql: the answer is larger than 1 MiB"
        ):
            client.suiteql(COUNT)
        assert client.requests_sent == 1


def test_a_wait_that_netsuite_asks_for_is_said(
    company: Company, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    busy = b"HTTP/1.1 429 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    slept: list[float] = []
    settings = company.settings(
        netsuite_auth="tba", netsuite_base_url=start(lambda connection: connection.sendall(busy))
    )
    with NetSuite(settings, clock=Clock(sleep=slept.append)) as client, pytest.raises(NetSuiteError):
        client.suiteql(COUNT)
    assert slept and set(slept) == {7.0}
    line = "waiting 7 s: NetSuite is asked again (HTTP 429 : (no words) (too many requests at once))"
    assert {each.getMessage() for each in caplog.records if each.name == "netsuite.concurrency"} == {line}


ROW = {"id": "1"}
WRONG_PAGES = {
    "no list": ({"items": {}, "hasMore": False}, "no list `items`"),
    "no items": ({"hasMore": False, "count": 0}, "no list `items`"),
    "another object": ([ROW], "no list `items`"),
    "no hasMore": ({"items": [ROW]}, "does not say whether it has more"),
    "rows are no objects": ({"items": ["1"], "hasMore": False}, "a row of `items` is not an object of values"),
    "values are objects": ({"items": [{"id": {"value": 1}}], "hasMore": False}, "a row of `items` is not an object"),
    "more without rows": ({"items": [], "hasMore": True}, "the page is empty although `hasMore` is true"),
}


@pytest.mark.parametrize(("body", "words"), WRONG_PAGES.values(), ids=WRONG_PAGES)
def test_a_page_of_the_wrong_shape_never_passes_for_an_empty_one(company: Company, body: object, words: str) -> None:
    offsets = answer_pages(company, lambda offset: json_answer(body))
    with NetSuite(company.settings()) as client, pytest.raises(NetSuiteError, match=words):
        client.suiteql(COUNT)
    assert len(offsets) == READ_TRIES, "it is asked for again, because something in between may have answered"


@pytest.mark.parametrize("content", [b"<html>Down for maintenance</html>", b"", b"[" * 100_000])
def test_an_answer_that_is_not_json_says_what_it_is(company: Company, content: bytes) -> None:
    answer_pages(company, lambda offset: service.Answer(200, [("Content-Type", "text/html; charset=utf-8")], content))
    words = "POST /services/rest/query/v1/suiteql was answered with 200, but the answer is not JSON but text/html"
    with NetSuite(company.settings()) as client, pytest.raises(NetSuiteError, match=words):
        client.suiteql(COUNT)


def test_a_server_that_ignores_the_offset_is_found_out(company: Company) -> None:
    offsets = answer_pages(company, lambda offset: page(1000, True))
    with NetSuite(company.settings()) as client, pytest.raises(NetSuiteError, match="shows the same page"):
        client.suiteql(COUNT)
    assert offsets == [0, 1000]


def test_half_of_a_character_is_replaced(company: Company) -> None:
    """JSON can hold it, neither a file nor DuckDB can."""
    answer_pages(company, lambda offset: json_answer({"items": [{"itemid": "a\ud800 \U0001f600"}], "hasMore": False}))
    with NetSuite(company.settings()) as client:
        assert client.suiteql(COUNT) == [{"itemid": "a\ufffd \U0001f600"}]
