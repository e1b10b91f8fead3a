"""A push against the stand-in over loopback."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import pickle
import random
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from load_netsuite.errors import JournalError
from load_netsuite.journal import RESULTS
from load_netsuite.push import push
from netsuite.errors import LoginRefused
from sandbox.netsuite import service
from sandbox.netsuite.service import Fault, Request
from tests.support.company import Company
from warehouse.connection import WarehouseLocked


def only_writes(fault: Fault, first: int = 1000):
    """The fault for the `first` writes."""
    left = [first]

    def decide(request: Request) -> Fault | None:
        if not request.is_write or not left[0]:
            return None
        left[0] -= 1
        return fault

    return decide


def assert_every_attempt_has_one_result(company: Company) -> None:
    """P2: exactly one result row with the attempt's id; `unknown` is none."""
    rows = company.log("attempt_id, status")
    results = Counter(id for id, status in rows if status in RESULTS)
    assert [results[id] for id, status in rows if status == "attempted"] == [1] * len(
        [status for _, status in rows if status == "attempted"]
    )


def test_a_memo_is_created_applied_logged_and_verified(company: Company) -> None:
    company.want_memo("cn_1", "12.30", company.invoice)
    report = push(company.settings())
    memo = company.ours()["cn_1"]
    assert (memo.total, memo.applications) == (Decimal("12.30"), {int(company.invoice): Decimal("12.30")})
    assert company.log("status, internal_id") == [
        ("attempted", None),
        ("created", str(memo.id)),
        ("verified", str(memo.id)),
    ]
    ((_, attempt), (operations, _), (_, seen)) = company.log("netsuite_operation_id, payload")
    assert json.loads(attempt)["apply"]["items"] == [{"doc": {"id": company.invoice}, "apply": True, "amount": 12.3}]
    assert json.loads(seen)["apply"]["items"][0]["doc"] == {"id": company.invoice}
    assert len(operations.split()) == 2, "NetSuite's operation and job id"
    assert report.posted == 1 and not report.refused


def test_a_second_push_posts_nothing(company: Company) -> None:
    company.want_memo("cn_1", "12.30", company.invoice)
    push(company.settings())
    rows, writes = company.log(), company.writes()
    report = push(company.settings())
    assert (company.log(), company.writes(), report.posted) == (rows, writes, 0)


def test_a_refund_and_a_late_part_of_it(company: Company) -> None:
    for name in ("cn_1", "cn_2"):
        company.want_memo(name, "10.00")
    company.want_refund("re_1", "15.00")
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    company.want_application("cn_2", "customer_refund", "re_1", "5.00", from_round=2)
    push(company.settings())
    assert company.ours("CustRfnd")["re_1"].total == 10
    company.next_round()
    push(company.settings())
    assert sorted(company.ours("CustRfnd")["re_1"].applications.values()) == [5, 10]
    assert [row for row in company.log() if row[2] == "applied"] == [("re_1", "apply", "applied")]
    assert company.log()[-1] == ("re_1", "read_back", "verified")


def test_warnings_and_the_raw_body_of_an_error_are_in_the_log(company: Company) -> None:
    company.want_memo("cn_bad", "10.00", netsuite_customer_id="999")
    company.want_memo("cn_odd", "10.00")
    really = company.server.service._act  # type: ignore[attr-defined]

    def act(request: Request) -> service.Answer:
        answer = really(request)
        return answer._replace(headers=[*answer.headers, ("X-NetSuite-Warning", "Is this correct?")])

    company.server.service._act = act  # type: ignore[attr-defined]
    push(company.settings())
    log = {
        row[0]: row[1:]
        for row in company.log(
            "external_id, status, http_status, error_code, error_detail, payload, duration_ms, netsuite_operation_id"
        )
        if row[1] in ("created", "rejected")
    }
    status, http, code, words, body, took, _ = log["cn_bad"]
    assert (status, http, code) == ("rejected", 400, "USER_ERROR") and took >= 0
    assert "Invalid Field Value 999" in words and "o:errorDetails" in json.loads(body)
    status, http, _, words, _, _, job = log["cn_odd"]
    assert (status, http, words) == ("created", 204, "Is this correct?") and len(job.split()) == 2


def test_a_push_costs_a_request_a_record_and_a_few_for_all_together(company: Company) -> None:
    """Look-ups and read-back are bulk queries, also for lost answers (at most 1.05 requests a record)."""
    for number in range(100):
        company.want_memo(f"cn_{number}", "1.00", company.invoice)
    company.fault = lambda request: service.DROP_AFTER if request.is_write and request.number % 5 == 0 else None
    report = push(company.settings())
    assert report.count("verified") == 100 and company.writes() == 100
    asked = [entry.path.partition("?")[0].rpartition("/")[2] for entry in company.server.log]
    assert asked.count("suiteql") <= 9 and report.requests == len(asked) <= 110


def test_one_refused_row_stops_no_other_and_is_tried_again_next_round(company: Company) -> None:
    company.want_memo("cn_bad", "10.00", netsuite_customer_id="999")
    company.want_memo("cn_good", "10.00")
    report = push(company.settings())
    assert set(company.ours()) == {"cn_good"}
    ((_, name, words),) = report.refused
    assert name == "cn_bad" and "Invalid Field Value 999" in words
    assert not push(company.settings()).refused, "once per round"
    company.next_round()
    assert push(company.settings()).count("rejected") == 1


def test_a_value_that_cannot_be_sent_blocks_its_row_only(company: Company) -> None:
    company.want_memo("cn_bad", "10.00")
    company.want_memo("cn_good", "10.00")
    company.insert(
        "marts.netsuite_field_values",
        record_type="creditMemo",
        external_id="cn_bad",
        netsuite_field="custbody_n",
        value_type="number",
        value="twelve",
    )
    report = push(company.settings())
    assert set(company.ours()) == {"cn_good"}
    assert "custbody_n" in report.refused[0][2] and "twelve" in report.refused[0][2]


@pytest.mark.parametrize(
    "fault",
    [
        service.DROP_AFTER,
        service.ERROR_AFTER,
        service.GATEWAY_AFTER,
        service.NO_LOCATION,
        Fault("drop", "later", after=0.1),
    ],
    ids=lambda fault: f"{fault.answer} {fault.effect}",
)
def test_a_lost_answer_is_resolved_by_asking(company: Company, fault: Fault) -> None:
    company.want_memo("cn_1", "10.00", company.invoice)
    company.fault = only_writes(fault)
    push(company.settings())
    assert company.writes() == 1
    assert [status for _, _, status in company.log()] == ["attempted", "unknown", "created", "verified"]
    assert_every_attempt_has_one_result(company)


@pytest.mark.parametrize(
    "fault", [service.DROP_BEFORE, service.ERROR_BEFORE, service.GATEWAY_BEFORE], ids=lambda f: f.answer
)
def test_a_write_that_never_arrived_stays_unknown_and_is_sent_by_the_next_run(company: Company, fault: Fault) -> None:
    company.want_memo("cn_1", "10.00", company.invoice)
    company.fault = only_writes(fault, 1)
    assert push(company.settings()).unresolved == 1
    assert company.log()[-1] == ("cn_1", "create", "unknown") and company.writes() == 1
    assert push(company.settings()).unresolved == 0
    assert company.writes() == 2 and set(company.ours()) == {"cn_1"}


def test_a_lost_patch_is_resolved_by_reading_the_applications(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    company.want_application("cn_1", "invoice", "in_1", "10.00", company.invoice)
    company.fault = only_writes(service.DROP_AFTER)
    push(company.settings())
    assert [row[2] for row in company.log() if row[1] != "create"] == [
        "verified",
        "attempted",
        "unknown",
        "applied",
        "verified",
    ]
    assert_every_attempt_has_one_result(company)
    assert company.writes() == 2


def test_a_duplicate_refusal_leads_to_adoption(company: Company) -> None:
    """The look-up does not see the record yet, then NetSuite refuses the second one."""
    company.want_memo("cn_1", "10.00")
    seen = []

    def commit_meanwhile(request: Request) -> None:
        if request.is_write and not seen:
            seen.append(request)
            company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))

    company.fault = commit_meanwhile
    push(company.settings())
    assert [row[2] for row in company.log()] == ["attempted", "unknown", "adopted", "verified"]
    assert_every_attempt_has_one_result(company)
    assert len(company.ours()) == 1


def test_a_duplicate_of_a_record_that_the_role_cannot_see_is_rejected(company: Company) -> None:
    """A record this role cannot see holds the external id: no look-up will ever find it."""
    company.want_memo("cn_1", "10.00")
    id = company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))
    company.server.service.suiteql.query = lambda *a, **k: {"items": [], "hasMore": False}  # type: ignore[method-assign]
    report = push(company.settings())
    assert company.log()[-1] == ("cn_1", "create", "rejected") and report.unresolved == 0
    assert "permission" in report.refused[0][2] and id


def test_a_push_waits_while_netsuite_is_overloaded(company: Company) -> None:
    for number in range(6):
        company.want_memo(f"cn_{number}", "1.00")
    company.fault = only_writes(service.OVERLOAD, 5)
    assert push(company.settings()).count("created") == 6
    assert [row[2] for row in company.log()].count("attempted") == 6, "a refusal for being too much is no new attempt"


@pytest.mark.parametrize("is_late", [False, True])
def test_writes_to_one_invoice_are_made_one_after_the_other_in_order(company: Company, is_late: bool) -> None:
    """Earlier documents are applied first (C5, C6). Writes to other invoices run meanwhile."""
    other = company.add_invoice("in_2")
    names = [f"cn_{number}" for number in range(6)]
    for number, name in enumerate(names):
        company.want_memo(name, "20.00", created_at=dt.datetime(2026, 3, 5, 9 - number, tzinfo=dt.UTC))
        company.want_application(name, "invoice", "in_1", "20.00", company.invoice, from_round=2 if is_late else 1)
    company.want_memo("cn_other", "20.00", other)
    if is_late:
        push(company.settings())
        company.next_round()
    arrived: list[str] = []

    def watch(request: Request) -> Fault | None:
        if not request.is_write:
            return None
        body = json.loads(request.body)
        targets = {row["doc"]["id"] for row in body.get("apply", {}).get("items", [])}
        if company.invoice in targets:
            arrived.append(body.get("externalId") or request.path.rpartition("/")[2])
        return Fault(delay=0.05)

    company.fault = watch
    before = len(company.server.log)
    report = push(company.settings())
    assert report.count("rejected") == 1, "five times 20.00 is all that is open"
    if not is_late:
        assert arrived == names[::-1] and "cn_0" not in company.ours()
    writes = [entry for entry in company.server.log[before:] if "/record/v1/" in entry.path]
    assert max(entry.in_flight for entry in writes) <= (1 if is_late else 2)


def test_an_expired_token_is_renewed_once(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    company.fault = only_writes(service.EXPIRED, 1)
    assert push(company.settings()).count("created") == 1


def test_a_refused_login_ends_the_run_with_a_clear_error(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    company.fault = only_writes(service.EXPIRED)
    with pytest.raises(LoginRefused, match="check the credentials"):
        push(company.settings())
    assert company.log()[-1][2] == "rejected"


def test_a_locked_warehouse_is_a_clear_error_and_nothing_is_posted(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    company.release()
    path = str(company.warehouse_path)
    code = f"import duckdb; c = duckdb.connect({path!r}); print('held', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    try:
        with pytest.raises(WarehouseLocked, match="open in another program"):
            push(company.settings())
    finally:
        holder.communicate(b"\n")
    assert company.writes() == 0


def test_a_full_disk_stops_the_sending(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        company.want_memo(f"cn_{number:02}", "1.00")
    from load_netsuite.journal import Journal

    really, commits = Journal._insert, []

    def insert(self: Journal, entries: object) -> None:
        commits.append(entries)
        if len(commits) > 4:
            raise duckdb.IOException("No space left on device")
        really(self, entries)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "_insert", insert)
    with pytest.raises(JournalError, match="nothing more was sent"):
        push(company.settings(netsuite_concurrency=1))
    assert company.writes() == 2, "four commits: two attempts, two answers"
    monkeypatch.undo()
    push(company.settings())
    assert len(company.ours()) == 20 and company.writes() == 20


PUSH = """
import pickle, sys
from load_netsuite.push import push
push(pickle.loads(bytes.fromhex(sys.argv[1])))
"""


@pytest.mark.parametrize("seed", range(int(os.environ.get("REAL_KILLS", "2"))))
def test_kill_9_of_a_push_and_a_new_run_end_as_if_nothing_had_happened(company: Company, seed: int) -> None:
    """A real process is killed at a random moment, maybe before it writes at all; `make soak` does so 300 times."""
    chance = random.Random(seed)
    for number in range(12):
        company.want_memo(f"cn_{number:02}", "2.00")
        company.want_application(f"cn_{number:02}", "invoice", "in_1", "1.00", company.invoice)
    for number in range(4):
        company.want_refund(f"re_{number}", "1.00")
        company.want_application(f"cn_{number:02}", "customer_refund", f"re_{number}", "1.00")
    company.fault = lambda request: Fault(delay=0.05) if request.is_write else None
    arguments = [sys.executable, "-c", PUSH, pickle.dumps(company.settings()).hex()]
    writes, late = chance.randint(0, 15), chance.uniform(0, 0.06)
    company.release()
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as running:
        while company.writes() < writes:
            time.sleep(0.002)
        time.sleep(late)
        running.kill()
    time.sleep(0.2)  # what was under way arrives
    company.hold()
    report = push(company.settings())
    assert len(company.ours()) == 12 and report.unresolved == 0
    assert all(memo.applications == {int(company.invoice): 1} for memo in company.ours().values())
    assert [refund.total for refund in company.ours("CustRfnd").values()] == [1] * 4
    statuses = company.log("attempt_id, status")
    attempts = [id for id, status in statuses if status == "attempted"]
    results = [id for id, status in statuses if status in RESULTS]
    assert sorted(attempts) == sorted(set(attempts) & set(results)) and len(results) == len(set(results))
    rows = company.log()
    push(company.settings())
    assert company.log() == rows, "nothing is left to do"


def test_nothing_a_run_leaves_behind_holds_a_secret(
    company: Company, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    company.want_memo("cn_1", "10.00")
    company.want_memo("cn_2", "10.00", netsuite_customer_id="999")
    push(company.settings())
    push(company.settings(netsuite_auth="tba"))
    company.fault = only_writes(service.EXPIRED)
    company.next_round()
    with pytest.raises(LoginRefused) as refused:
        push(company.settings())
    company.release()
    known = company.credentials
    secrets = [known[name] for name in ("client_id", "consumer_key", "consumer_secret", "token_id", "token_secret")]  # type: ignore[literal-required]
    secrets += known["private_key"].splitlines()[1:-1]
    secrets += list(company.server.service.gate._expiry)  # bearer tokens
    left = [caplog.text, str(refused.value), repr(refused.value)]
    left += [path.read_bytes().decode("latin-1") for path in tmp_path.glob("warehouse*")]
    for secret in secrets:
        assert not any(secret in text for text in left)


def test_a_watcher_is_told_of_each_record_once(company: Company) -> None:
    class Watcher:
        total = done = 0

        def expect(self, total: int) -> None:
            self.total = total

        def __call__(self, advance: int) -> None:
            self.done += advance

    company.want_memo("cn_1", "12.30", company.invoice)
    company.want_memo("cn_2", "5.00")
    watcher = Watcher()
    report = push(company.settings(), watcher=watcher)
    assert report.posted >= 2
    assert (watcher.done, watcher.total) == (2, 2)
