"""What earlier runs left: attempts without a result, lost warehouses, records that are gone, clocks that were wrong."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from load_netsuite.errors import RecordsGone
from load_netsuite.journal import Entry, Journal
from load_netsuite.push import Push, push
from load_netsuite.tables import ensure_tables
from netsuite.api import NetSuite
from netsuite.concurrency import Clock
from netsuite.errors import ClockOff
from sandbox.netsuite import service
from sandbox.netsuite.service import Fault, Request
from tests.support.company import Company

RESULTS = ("created", "applied", "rejected", "adopted")


@pytest.fixture
def lose(company: Company, monkeypatch: pytest.MonkeyPatch) -> Callable[[Fault], None]:
    """A push whose writes get no answer, and that ends before it can ask for them, as by a kill."""

    def lose(fault: Fault) -> None:
        with monkeypatch.context() as patched:
            patched.setattr("load_netsuite.push.RESOLVE_PAUSES", ())
            company.fault = lambda request: fault if request.is_write else None
            assert push(company.settings()).unresolved == 1
        company.fault = lambda request: None

    return lose


def change(company: Company, sql: str) -> None:
    with company.warehouse() as warehouse:
        warehouse.execute(sql)


def hide_from_suiteql(company: Company, *names: str) -> None:
    """SuiteQL lacks these records from now on; without names it shows all."""
    service = company.server.service
    really = type(service.suiteql).query

    def query(*arguments: Any, **options: Any) -> dict[str, Any]:
        page = really(service.suiteql, *arguments, **options)
        page["items"] = [row for row in page["items"] if row.get("externalid") not in names]
        return page

    service.suiteql.query = query  # type: ignore[method-assign]


def results(company: Company) -> list[list[str]]:
    """The statuses of the results of each attempt, in order (P2)."""
    rows = company.log("attempt_id, status")
    attempts = [id for id, status in rows if status == "attempted"]
    return [[status for other, status in rows if other == id and status in RESULTS] for id in attempts]


FATES = {
    "skipped": "update wanted.memos set until_round = 1",
    "waiting": "update wanted.memos set from_round = 9",
    "not derived any more": "delete from wanted.memos",
}


@pytest.mark.parametrize("fate", FATES)
def test_an_attempt_is_settled_whatever_its_document_is_by_now(
    company: Company, lose: Callable[[Fault], None], fate: str
) -> None:
    company.want_memo("cn_1", "10.00", company.invoice)
    lose(service.DROP_AFTER)
    change(company, FATES[fate])
    report = push(company.settings())
    id = str(company.ours()["cn_1"].id)
    (attempt,) = [row[0] for row in company.log("attempt_id, status") if row[1] == "attempted"]
    assert (attempt, "create", "created", id) in company.log("attempt_id, operation, status, internal_id")
    assert results(company) == [["created"]] and not report.refused and company.writes() == 1


def test_an_attempt_to_apply_is_settled_after_its_document_was_skipped(
    company: Company, lose: Callable[[Fault], None]
) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    company.want_application("cn_1", "invoice", "in_1", "10.00", company.invoice)
    lose(service.DROP_AFTER)
    change(company, "delete from wanted.applications")
    push(company.settings())
    assert results(company) == [["created"], ["applied"]]


def test_an_attempt_without_effect_is_no_refusal_and_its_late_effect_is_created(
    company: Company, lose: Callable[[Fault], None]
) -> None:
    company.want_memo("cn_1", "10.00", company.invoice)
    lose(service.DROP_BEFORE)
    change(company, FATES["skipped"])
    report = push(company.settings())
    assert company.log("status, error_code")[-1] == ("rejected", "NO_EFFECT_SEEN")
    assert not report.refused and not report.is_refused and results(company) == [["rejected"]]
    body = next(json.loads(text, parse_float=Decimal) for status, text in company.log("status, payload"))
    company.books.create("creditMemo", body)
    push(company.settings())
    made = [row for row in company.log("operation, status, attempt_id") if row[1] == "created"]
    attempt = company.log("attempt_id")[0][0]
    assert len(made) == 1 and made[0][0] == "look_up" and made[0][2] != attempt
    assert results(company) == [["rejected"]], "the late effect has an attempt id of its own"
    rows = company.log()
    push(company.settings())
    assert company.log() == rows, "asked for no more"


def test_an_attempt_without_effect_ends_before_the_write_is_sent_again(
    company: Company, lose: Callable[[Fault], None]
) -> None:
    company.want_memo("cn_1", "10.00")
    lose(service.DROP_BEFORE)
    push(company.settings())
    assert [row[0] for row in company.log("status")] == [
        "attempted", "unknown", "rejected", "attempted", "created", "verified",
    ]  # fmt: skip
    assert results(company) == [["rejected"], ["created"]]


def test_somebody_elses_record_does_not_become_ours_by_a_lost_attempt(
    company: Company, lose: Callable[[Fault], None]
) -> None:
    company.want_memo("cn_1", "10.00")
    lose(service.DROP_BEFORE)
    other = company.books.add("customer", companyname="Two", subsidiary=company.subsidiary, currency=company.currency)
    company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False, entity={"id": other}))
    report = push(company.settings())
    assert results(company) == [["rejected"]] and "belongs to customer" in report.refused[0][2]
    assert not report.is_refused, "a record of somebody else in the way is no refusal (interfaces, section 1)"


@pytest.mark.parametrize("total", ["10.00", "11.00"])
@pytest.mark.parametrize("shows", ["at once", "a push later", "after the run gave up"])
def test_a_refused_name_is_settled_by_the_body_sent_after_its_document_was_skipped(
    company: Company, monkeypatch: pytest.MonkeyPatch, total: str, shows: str
) -> None:
    """As when the network doubles a request and only the second answer arrives: the name is taken."""
    company.want_memo("cn_1", "10.00", company.invoice)
    hide_from_suiteql(company, "cn_1")
    really = company.server.service._act  # type: ignore[attr-defined]

    def doubled(request: Request) -> service.Answer:
        if request.is_write:
            invoice = {"items": [{"doc": {"id": company.invoice}, "apply": True, "amount": 10}]}
            company.books.create("creditMemo", company.sale("cn_1", total, autoApply=False, apply=invoice))
        return really(request)

    with monkeypatch.context() as patched:
        if shows != "after the run gave up":
            patched.setattr("load_netsuite.push.Push._resolve_lost", lambda self: None)  # killed before it can ask
        patched.setattr(company.server.service, "_act", doubled)
        push(company.settings())
    assert ("unknown", 400) in company.log("status, http_status")[-2:]
    change(company, FATES["skipped"])
    if shows == "a push later":
        push(company.settings())
        assert company.log("status, error_code")[-1] == ("rejected", "NO_EFFECT_SEEN")
    hide_from_suiteql(company)
    push(company.settings())
    found = [row for row in company.log("status, internal_id, attempt_id") if row[0] == "adopted"]
    id, attempt = str(company.ours()["cn_1"].id), company.log("attempt_id")[0][0]
    if total == "11.00":
        assert not found and results(company) == [["rejected"]]
        return
    is_late = shows != "at once"
    assert [(row[1], row[2] == attempt) for row in found] == [(id, not is_late)]
    assert results(company) == [["rejected" if is_late else "adopted"]] and company.writes() == 1
    assert company.log("status")[-1] == ("verified",), "with its application"
    rows = company.log()
    push(company.settings())
    assert company.log() == rows, "asked for no more"


def test_the_journal_of_an_earlier_version_is_numbered_once_and_settled(company: Company) -> None:
    """It had no positions, and the row that found a lost record had an attempt id of its own."""
    company.want_memo("cn_1", "10.00")
    id = company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))
    with company.warehouse() as warehouse:
        warehouse.execute("alter table load_netsuite.load_log drop column position")
        row = "insert into load_netsuite.load_log by name select 'r' as run_id, '{}' as attempt_id, {} as \"at\", "
        row += (
            "'creditMemo' as record_type, 'cn_1' as external_id, '{}' as operation, '{}' as status, {} as internal_id"
        )
        sent = f", '{json.dumps({'entity': {'id': company.customer}})}' as payload"
        # In the order of insertion; the clock was set back between the rows.
        warehouse.execute(row.format("a1", "timestamptz '2027-01-01'", "create", "attempted", "null") + sent)
        warehouse.execute(row.format("a1", "timestamptz '2026-01-03'", "create", "unknown", "null"))
        warehouse.execute(row.format("a2", "timestamptz '2026-01-02'", "look_up", "adopted", f"'{id}'"))
        ensure_tables(warehouse)
        numbered = warehouse.execute("select status, position from load_netsuite.load_log order by position").fetchall()
        assert numbered == [("attempted", 1), ("unknown", 2), ("adopted", 3)]
        ensure_tables(warehouse)
        assert warehouse.execute("select max(position) from load_netsuite.load_log").fetchone() == (3,)
    push(company.settings())
    assert ("a1", "created", id) in company.log("attempt_id, status, internal_id") and results(company) == [["created"]]


def test_a_duplicate_in_another_language_is_found_by_its_external_id(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    company.want_memo("cn_2", "10.00")
    really = company.server.service._act  # type: ignore[attr-defined]
    words = {"cn_1": "Este registro ya existe.", "cn_2": "Este cliente no es valido."}

    def act(request: Request) -> service.Answer:
        if not request.is_write:
            return really(request)
        name = request.json()["externalId"]
        if name == "cn_1" and name not in company.ours():
            company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))
        error = {"o:errorDetails": [{"detail": words[name], "o:errorCode": "USER_ERROR"}]}
        return service.Answer(400, [("Content-Type", "application/json")], json.dumps(error).encode())

    company.server.service._act = act  # type: ignore[attr-defined]
    report = push(company.settings())
    assert [(name, text) for _, name, text in report.refused] == [("cn_2", "Este cliente no es valido. (unforeseen)")]
    assert results(company) in ([["adopted"], ["rejected"]], [["rejected"], ["adopted"]])


# ------------------------------------------------------------ lost warehouses


@pytest.mark.parametrize(
    "fate", ["update wanted.memos set from_round = 9", "update wanted.applications set from_round = 9"]
)
def test_a_record_of_a_lost_warehouse_is_adopted_although_its_document_waits(company: Company, fate: str) -> None:
    """As the memo and the refund of a note whose refund failed since: `posted` wins, with both ids."""
    company.want_memo("cn_1", "12.30")
    company.want_application("cn_1", "invoice", "in_1", "2.30", company.invoice)
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    company.want_refund("re_1", "10.00")
    push(company.settings())
    writes = company.writes()
    change(company, "delete from load_netsuite.load_log")
    change(company, fate)
    push(company.settings())
    found = {row[0]: row[2] for row in company.log("external_id, status, internal_id") if row[1] == "adopted"}
    assert found == {"cn_1": str(company.ours()["cn_1"].id), "re_1": str(company.ours("CustRfnd")["re_1"].id)}
    assert company.writes() == writes


def test_a_held_document_does_not_take_what_is_not_as_expected(company: Company) -> None:
    company.want_memo("cn_1", "10.00", from_round=9)
    company.books.create("creditMemo", company.sale("cn_1", "11.00", autoApply=False))
    report = push(company.settings())
    assert company.log() == [] and not report.refused


def test_what_is_in_netsuite_needs_no_open_period_and_a_row_without_one_blocks_itself_alone(company: Company) -> None:
    for name in ("cn_1", "cn_2", "cn_3"):
        company.want_memo(name, "10.00", **({} if name == "cn_3" else {"netsuite_posting_period_id": None}))
    id = company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))
    report = push(company.settings())
    assert ("cn_1", "adopted", id) in company.log("external_id, status, internal_id")
    ((_, name, words),) = report.refused
    assert name == "cn_2" and "no open posting period in NetSuite holds its date 2026-03-05" in words
    assert set(company.ours()) == {"cn_1", "cn_3"}


# ------------------------------------------------------------ records that are gone (I4)


def post_and_delete(company: Company, posted: int, deleted: int) -> None:
    for number in range(posted):
        company.want_memo(f"cn_{number}", "1.00")
    push(company.settings())
    for number in range(deleted):
        company.books.delete(company.ours()[f"cn_{number}"].id)


def test_none_of_the_posted_records_in_netsuite_stops_the_push(company: Company) -> None:
    post_and_delete(company, 5, 5)
    company.want_memo("cn_new", "1.00")
    rows, writes = company.log(), company.writes()
    sentence = (
        "none of 5 records that were posted is in NetSuite: is this another account, or was it refreshed from "
        "production?"
    )
    with pytest.raises(RecordsGone, match=re.escape(sentence)):
        push(company.settings())
    assert (company.log(), company.writes()) == (rows, writes)


@pytest.mark.parametrize(("posted", "deleted"), [(4, 4), (6, 5)])
def test_single_records_that_are_gone_differ_and_are_not_posted_anew(
    company: Company, posted: int, deleted: int
) -> None:
    post_and_delete(company, posted, deleted)
    for is_first in (True, False):
        report = push(company.settings())
        assert report.is_refused and company.writes() == posted
        assert len(report.refused) == (deleted if is_first else 0), "logged once"
    gone = [row[0] for row in company.log("external_id, status") if row[1] == "differs"]
    assert sorted(gone) == [f"cn_{number}" for number in range(deleted)]
    with company.warehouse() as warehouse:
        states = warehouse.execute("select state, count(*) from marts.credit_memos group by all").fetchall()
    assert dict(states).get("blocked") == deleted


# ------------------------------------------------------------ order is not the clock (P9)


def test_the_log_is_ordered_by_position_when_the_clock_was_ahead(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    change(company, 'update load_netsuite.load_log set "at" = "at" + interval 200 day where status <> \'verified\'')
    rows = company.log()
    push(company.settings())
    assert company.log() == rows, "verified after it was created, whatever the clock said"


def test_positions_rise_and_times_are_those_of_the_clock() -> None:
    warehouse = duckdb.connect(":memory:")
    ensure_tables(warehouse)
    for now in (2_000_000_000.0, 1_000_000_000.0):
        Journal(warehouse, Clock(now=lambda now=now: now)).write(Entry("creditMemo", "cn_1", "read_back", "verified"))  # type: ignore[misc]
    rows = warehouse.execute("select position, epoch(load_log.at) from load_netsuite.load_log order by 1").fetchall()
    assert rows == [(1, 2_000_000_000.0), (2, 1_000_000_000.0)]


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
@pytest.mark.parametrize("days", [200, -2])
def test_a_clock_that_is_off_stops_the_push_before_anything_is_written(company: Company, auth: str, days: int) -> None:
    company.want_memo("cn_1", "10.00")
    clock = Clock(now=lambda: time.time() + days * 86400)
    settings = company.settings(netsuite_auth=auth)
    words = re.escape("more than a day apart. Nothing was written. Set the clock right")
    with (
        company.warehouse() as warehouse,
        NetSuite(settings, clock=clock) as client,
        pytest.raises(ClockOff, match=words),
    ):
        Push(warehouse, client).run()
    assert company.log() == [] and company.writes() == 0


# ------------------------------------------------------------ SuiteQL behind the records


def let_suiteql_lag(company: Company, seconds: float) -> None:
    really = company.server.service.suiteql.query

    def query(*arguments: Any, **options: Any) -> dict[str, Any]:
        page = really(*arguments, **options)
        new = {str(t.id) for t in company.books.transactions() if t.created.timestamp() > time.time() - seconds}
        page["items"] = [row for row in page["items"] if row.get("id") not in new]
        return page

    company.server.service.suiteql.query = query  # type: ignore[method-assign]


def test_what_was_just_written_is_waited_for(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("load_netsuite.readback.LAG_PAUSES", (0.1, 0.2, 0.5, 1.0))
    let_suiteql_lag(company, 0.8)
    company.want_memo("cn_1", "10.00")
    report = push(company.settings())
    assert [row[2] for row in company.log()] == ["attempted", "created", "verified"] and not report.unresolved


def test_what_suiteql_does_not_show_in_time_is_unknown_and_not_different(company: Company) -> None:
    hide_from_suiteql(company, "cn_1")
    company.want_memo("cn_1", "10.00")
    company.want_refund("re_1", "10.00")
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    report = push(company.settings())
    assert report.unresolved == 1 and not report.is_refused and not company.ours("CustRfnd")
    ((_, _, status, words),) = [row for row in company.log("external_id, operation, status, error_detail")][-1:]
    assert status == "unknown" and words.endswith("does not show all of it yet; the next run asks again")
    hide_from_suiteql(company)
    assert not push(company.settings()).is_refused
    assert company.ours("CustRfnd")["re_1"].total == 10, "the refund waited for its memo"
