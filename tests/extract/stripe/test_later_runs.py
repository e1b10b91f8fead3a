"""Later runs: few requests when nothing changed, and nothing that changed is missed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from extract.stripe.list_plan import REQUESTS
from extract.stripe.report import StripeReport
from tests.extract.fake_stripe import (
    T0,
    FakeStripe,
    credit_note,
    customer,
    invoice,
    ledger_row,
    payout,
    refund,
)

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]
NOW = int(time.time())
OLD = NOW - 200 * 86_400


@pytest.fixture
def account(stripe: FakeStripe) -> FakeStripe:
    """An account with an event feed, too large for a full comparison within `REQUESTS`."""
    stripe.add("invoices", *(invoice(f"in_{n}", OLD + n * 3600, customer=f"cus_{n}") for n in range(900)))
    stripe.add("customers", *(customer(f"cus_{n}", OLD + n) for n in range(900)))
    stripe.add(
        "credit_notes",
        *(
            credit_note(f"cn_{n}", OLD + n * 3600, lines=12 if n > 390 else 1, invoice=f"in_{n}", customer=f"cus_{n}")
            for n in range(400)
        ),
    )
    stripe.add("refunds", *(refund(f"re_{n}", OLD + n * 3600) for n in range(400)))
    stripe.add("payouts", *(payout(f"po_{n}", OLD + n * 86_400) for n in range(3)))
    stripe.event(stripe.lists["invoices"]["in_899"], "invoice.created", NOW - 5000)
    return stripe


def status(query: Query, table: str, identifier: str, field: str = "status") -> str:
    return query(f"select arg_max(payload->>'{field}', fetched_at) from raw_stripe.{table} where id = ?", identifier)[
        0
    ][0]


def test_nothing_changed(account: FakeStripe, first_read: Read, read: Read, query: Query) -> None:
    first_read()
    for _ in range(2):
        account.requests.clear()
        report = read()
        assert report.mode == "later"
        assert len(account.requests) == report.requests <= REQUESTS
        assert report.landed == {}
    assert query("select count(*) from raw_stripe.invoices") == [(900,)]


def test_small_account_without_events(stripe: FakeStripe, first_read: Read, read: Read) -> None:
    stripe.add("invoices", invoice("in_1"))
    stripe.add("customers", customer("cus_1"))
    first_read()
    stripe.requests.clear()
    report = read()
    assert report.mode == "full" and "feed is empty" in str(report.why)
    assert len(stripe.requests) <= REQUESTS


def test_an_object_that_an_event_names_is_read_again(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    changed = {**account.lists["invoices"]["in_5"], "metadata": {"netsuite_invoice_id": "9"}}
    account.add("invoices", changed)
    account.event(changed, "invoice.updated", NOW)
    read()
    assert "9" in status(query, "invoices", "in_5", "metadata")
    assert query("select count(*) from raw_stripe.invoices where id = 'in_5'") == [(2,)]


def test_an_event_that_appears_late_is_read(account: FakeStripe, first_read: Read, read: Read, query: Query) -> None:
    account.event(account.lists["customers"]["cus_1"], "customer.updated", NOW)
    first_read()
    account.add("customers", {**account.lists["customers"]["cus_2"], "balance": -7})
    account.event(account.lists["customers"]["cus_2"], "customer.updated", NOW - 100)
    read()
    assert status(query, "customers", "cus_2", "balance") == "-7"


@pytest.mark.parametrize("announced", [True, False])
def test_unannounced_changes_that_move_money(
    account: FakeStripe, first_read: Read, read: Read, query: Query, announced: bool
) -> None:
    """An open invoice with a credit note is paid, the note of another voided, a pending refund fails."""
    account.add("invoices", *(invoice(f"in_open{n}", OLD + n, status="open", customer="cus_1") for n in range(2)))
    account.add("credit_notes", *(credit_note(f"cn_open{n}", OLD + n, invoice=f"in_open{n}") for n in range(2)))
    account.add("refunds", refund("re_pending", OLD, status="pending"), refund("re_young", NOW - 30 * 86_400))
    first_read()

    def change(table: str, identifier: str, **fields: str) -> None:
        account.add(table, {**account.lists[table][identifier], **fields})
        if announced:
            account.event(account.lists[table][identifier], "some.event", NOW)

    change("invoices", "in_open0", status="paid")
    change("credit_notes", "cn_open1", status="void")
    change("refunds", "re_pending", status="failed")
    change("refunds", "re_young", status="failed")
    read()
    assert status(query, "invoices", "in_open0") == "paid"
    assert status(query, "credit_notes", "cn_open1") == "void"
    assert status(query, "refunds", "re_pending") == "failed"
    assert status(query, "refunds", "re_young") == "failed"


def test_a_new_credit_note_brings_its_invoice_customer_and_ledger(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    account.add(
        "credit_notes",
        credit_note("cn_new", NOW, invoice="in_3", customer="cus_3", customer_balance_transaction={"id": "cbtxn_1"}),
    )
    account.add("invoices", {**account.lists["invoices"]["in_3"], "post_payment_credit_notes_amount": 500})
    account.add("customers", {**account.lists["customers"]["cus_3"], "balance": -500})
    account.add("customers/cus_3/balance_transactions", ledger_row("cbtxn_1", -500, NOW))
    account.event(account.lists["credit_notes"]["cn_new"], "credit_note.created", NOW)
    read()
    assert status(query, "invoices", "in_3", "post_payment_credit_notes_amount") == "500"
    assert status(query, "customers", "cus_3", "balance") == "-500"
    assert query("select id, parent_id from raw_stripe.customer_balance_transactions") == [("cbtxn_1", "cus_3")]


def test_a_feed_that_misses_a_new_object_is_not_trusted(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    account.add("invoices", invoice("in_new", NOW, customer="cus_1"))
    account.add("customers", {**account.lists["customers"]["cus_9"], "metadata": {"netsuite_customer_id": "4"}})
    report = read()
    assert report.mode == "full" and "does not name in_new" in str(report.why)
    assert "4" in status(query, "customers", "cus_9", "metadata")
    assert "lately" in str(read().why)


def test_a_long_pause_ends_in_a_full_comparison(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    query("update raw_stripe.extract_runs set started_at = started_at - interval 30 day")
    account.add("customers", {**account.lists["customers"]["cus_9"], "balance": -1})
    report = read()
    assert report.mode == "full" and "29 days" in str(report.why)
    assert status(query, "customers", "cus_9", "balance") == "-1"


def test_deleted_objects_keep_their_content(account: FakeStripe, first_read: Read, read: Read, query: Query) -> None:
    account.add("customers", customer("cus_x", OLD, metadata={"netsuite_customer_id": "5"}))
    first_read()
    account.event(account.lists["customers"]["cus_x"], "customer.deleted", NOW)
    account.lists["customers"]["cus_x"] = {"id": "cus_x", "object": "customer", "deleted": True}
    read()
    assert status(query, "customers", "cus_x", "deleted") == "true"
    assert "5" in status(query, "customers", "cus_x", "metadata")
    assert read().landed == {}


def test_only_new_versions_are_landed(account: FakeStripe, first_read: Read, read: Read, query: Query) -> None:
    first_read()
    original = account.lists["refunds"]["re_399"]
    for amount in (1, 2, 2, original["amount"]):
        account.add("refunds", {**original, "amount": amount})
        account.event(original, "refund.updated", NOW)
        read()
    assert query("""select list((payload->>'amount') order by fetched_at) from raw_stripe.refunds
        where id = 're_399'""") == [(["500", "1", "2", "500"],)]


def test_a_file_of_the_other_target_is_refused(stripe: FakeStripe, read: Read) -> None:
    read()
    with pytest.raises(Exception, match="holds data of TARGET=sandbox"):
        read(target="production")


def test_fetched_at_never_goes_back(stripe: FakeStripe, read: Read, query: Query) -> None:
    """A wrong clock must not make an old version the current one."""
    stripe.add("refunds", refund("re_1", T0, status="pending"))
    read()
    query("update raw_stripe.refunds set fetched_at = '2090-01-01'")
    query("update raw_stripe.extract_runs set read_up_to = '2090-01-01 00:00:01'")
    stripe.add("refunds", refund("re_1", T0, status="succeeded"))
    read()
    assert status(query, "refunds", "re_1") == "succeeded"
    assert query("select max(fetched_at) from raw_stripe.refunds")[0][0] > datetime(2090, 1, 1, tzinfo=UTC)


def test_a_status_that_is_absent_or_unknown_may_still_change(account: FakeStripe, read: Read, query: Query) -> None:
    """No event names the objects, and no window reaches them (rules R2, O5)."""
    # So many refunds that their list is not read whole, and one so late that the window is newer.
    account.add("refunds", *(refund(f"re_more{n}", OLD + n) for n in range(600)), refund("re_late", OLD + 60 * 86_400))
    odd = {
        "refunds": (refund("odd", OLD), "failed"),
        "credit_notes": (credit_note("odd", OLD, invoice="in_1"), "void"),
        "invoices": (invoice("odd", OLD, starting_balance=-5), "paid"),
    }
    for table, (item, _) in odd.items():
        for unknown in (None, "on_hold"):
            account.add(table, {**item, "id": f"odd_{unknown}", "status": unknown})
    read()
    assert read().mode == "later"
    for table, (item, known) in odd.items():
        for unknown in (None, "on_hold"):
            account.add(table, {**item, "id": f"odd_{unknown}", "status": known})
    read()
    for table, (_, known) in odd.items():
        for unknown in (None, "on_hold"):
            assert status(query, table, f"odd_{unknown}") == known, (table, unknown)
