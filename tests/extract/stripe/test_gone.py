"""Known objects that answer 404 although Stripe never deletes them (rule I3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from extract.errors import TooManyGone
from extract.stripe.report import StripeReport
from tests.extract.fake_stripe import FakeStripe, coupon, credit_note, customer, invoice, refund

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]
GONE = "select id, object from raw_stripe.extract_gone order by id"
DELETED = "select id from raw_stripe.{}_current where (payload->>'deleted') = 'true'"


@pytest.fixture
def account(stripe: FakeStripe) -> FakeStripe:
    """No events, so every run compares all lists. 400 of each kind: 1 % is 4."""
    stripe.add("customers", customer("cus_1"))
    stripe.add("coupons", coupon("five_off"))
    stripe.add("invoices", *(invoice(f"in_{n}") for n in range(400)), invoice("in_draft", status="draft"))
    stripe.add("credit_notes", *(credit_note(f"cn_{n}", invoice=f"in_{n}") for n in range(400)))
    stripe.add("refunds", *(refund(f"re_{n}") for n in range(400)))
    return stripe


def lose(stripe: FakeStripe, table: str, *ids: str) -> None:
    for identifier in ids:
        del stripe.lists[table][identifier]


def test_single_ones_are_recorded_and_keep_their_content(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    lose(account, "credit_notes", "cn_1", "cn_2")
    lose(account, "refunds", "re_1")
    lose(account, "invoices", "in_9", "in_draft")
    lose(account, "coupons", "five_off")
    lose(account, "customers", "cus_1")
    report = read()
    assert query(GONE) == [("cn_1", "credit_note"), ("cn_2", "credit_note"), ("in_9", "invoice"), ("re_1", "refund")]
    for table in ("credit_notes", "refunds"):
        assert query(DELETED.format(table)) == []
    assert query(DELETED.format("invoices")) == [("in_draft",)]
    assert query(DELETED.format("coupons")) == [("five_off",)]
    assert query(DELETED.format("customers")) == [("cus_1",)]
    assert query("select (payload->>'total') from raw_stripe.credit_notes_current where id = 'cn_1'") == [("500",)]
    assert any("gone_from_stripe" in line and "credit_note cn_1" in line for line in report.lines())


def test_they_are_not_asked_for_again_and_come_back_when_they_are_seen(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    gone = account.lists["credit_notes"]["cn_1"]
    lose(account, "credit_notes", "cn_1")
    read()
    account.requests.clear()
    assert read().gone == ["credit_note cn_1"]
    assert "/v1/credit_notes/cn_1" not in {path for path, _ in account.requests}
    account.add("credit_notes", gone)
    assert read().gone == []
    assert query(GONE) == []


@pytest.mark.parametrize(
    ("table", "lost", "words"),
    [
        ("credit_notes", 5, "this key does not see 5 of 400 known credit notes: is it another account's?"),
        ("refunds", 5, "this key does not see 5 of 400 known refunds: is it another account's?"),
        ("invoices", 5, "this key does not see 5 of 400 known finalized invoices: is it another account's?"),
        ("credit_notes", 400, "this key does not see 400 of 400 known credit notes: is it another account's?"),
    ],
)
def test_many_stop_the_extract_and_none_is_landed(
    account: FakeStripe, first_read: Read, read: Read, query: Query, table: str, lost: int, words: str
) -> None:
    first_read()
    before = query("select count(*) from raw_stripe.extract_runs where finished_at is not null")
    kind = {"credit_notes": "cn", "refunds": "re", "invoices": "in"}[table]
    lose(account, table, *(f"{kind}_{n}" for n in range(lost)))
    if table != "refunds":
        lose(account, "refunds", "re_399")
    with pytest.raises(TooManyGone) as caught:
        read()
    assert words in str(caught.value)
    assert query(GONE) == []
    assert query(DELETED.format(table)) == []
    assert query("select count(*) from raw_stripe.extract_runs where finished_at is not null") == before


@pytest.mark.parametrize(
    ("known", "lost", "stops"), [(100, 2, False), (100, 3, True), (3000, 20, False), (3000, 21, True)]
)
def test_the_limits(
    stripe: FakeStripe, first_read: Read, read: Read, query: Query, known: int, lost: int, stops: bool
) -> None:
    stripe.add("refunds", *(refund(f"re_{n}") for n in range(known)))
    first_read()
    lose(stripe, "refunds", *(f"re_{n}" for n in range(lost)))
    if stops:
        with pytest.raises(TooManyGone, match=f"does not see {lost} of {known} known refunds"):
            read()
    else:
        assert len(read().gone) == lost


def test_what_was_recorded_before_does_not_count_again(account: FakeStripe, first_read: Read, read: Read) -> None:
    first_read()
    for n in range(0, 12, 4):
        lose(account, "refunds", *(f"re_{n + each}" for each in range(4)))
        assert len(read().gone) == n + 4


def test_one_that_an_event_names_is_noticed_without_a_comparison(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    account.add("invoices", *(invoice(f"in_more{n}") for n in range(900)))
    account.event(account.lists["invoices"]["in_1"], "invoice.updated", int(time.time()) - 5000)
    first_read()
    account.event(account.lists["credit_notes"]["cn_7"], "credit_note.updated", int(time.time()))
    lose(account, "credit_notes", "cn_7")
    report = read()
    assert report.mode == "later" and query(GONE) == [("cn_7", "credit_note")]


def test_an_event_that_names_a_recorded_one_records_it_no_second_time(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    gone = account.lists["refunds"]["re_1"]
    lose(account, "refunds", "re_1")
    read()
    account.event(gone, "refund.updated", int(time.time()))
    assert read().gone == ["refund re_1"]
    assert query(GONE) == [("re_1", "refund")]


def test_what_an_earlier_version_marked_deleted_is_asked_for_again(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    lose(account, "credit_notes", "cn_1")
    query("""
        insert into raw_stripe.credit_notes by name
        select * replace (
            fetched_at + interval 1 second as fetched_at, content_hash || 'x' as content_hash,
            json_merge_patch(payload, '{"deleted": true}') as payload)
        from raw_stripe.credit_notes where id = 'cn_1'""")
    assert query(DELETED.format("credit_notes")) == [("cn_1",)]
    assert read().gone == ["credit_note cn_1"]


def test_an_object_whose_lines_answer_404_is_not_left_out_quietly(stripe: FakeStripe, read: Read) -> None:
    stripe.add("credit_notes", credit_note("cn_1", lines=12))
    stripe.hook = lambda path, params: (
        (404, {}, {"error": {"code": "resource_missing", "message": "No such credit note"}})
        if path.endswith("/lines")
        else None
    )
    with pytest.raises(Exception, match="cn_1 is there, and its lines are not"):
        read()
