"""Accounting periods: allowed dates, and the changes that a closed month allows."""

import pytest

from sandbox.netsuite.errors import Refused
from tests.sandbox.netsuite.company import applied, apply, company, credit, refund, sale


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"tranDate": "2025-12-31"}, "is closed"),
        ({"tranDate": "2025-12-31", "postingPeriod": "101"}, "is closed"),
        ({"tranDate": "2026-01-31", "postingPeriod": "103"}, "not within the date range"),
        ({"tranDate": "2027-01-01"}, "no open accounting period"),
        ({"postingPeriod": "999"}, "Invalid Field Value 999"),
    ],
)
def test_a_date_without_an_open_period_is_refused(body, text):
    with pytest.raises(Refused) as refused:
        company().create("creditMemo", credit() | body)
    assert text in refused.value.detail


def test_the_period_follows_from_the_date():
    books = company()
    assert books.transaction(books.create("creditMemo", credit(tranDate="2026-02-01"))).period == "103"
    body = credit()
    del body["tranDate"]
    assert books.transaction(books.create("creditMemo", body)).tran_date.isoformat() == "2026-01-20"  # today


@pytest.mark.parametrize("lock", ["arlocked", "alllocked", "closed"])
@pytest.mark.parametrize("record_type", ["creditMemo", "invoice", "journalEntry"])
def test_locks(lock, record_type):
    books = company()
    books.set_period(102, **{lock: True})
    journal = {
        "subsidiary": "1",
        "tranDate": "2026-01-15",
        "line": {"items": [{"account": "20", "debit": 0}]},
    }
    body = {"creditMemo": credit(), "invoice": sale(), "journalEntry": journal}[record_type]
    if (lock, record_type) == ("arlocked", "journalEntry"):
        assert books.create(record_type, body)
        return
    with pytest.raises(Refused, match=r"locked|closed"):
        books.create(record_type, body)


@pytest.mark.parametrize("allowed", [True, False])
def test_an_application_in_a_closed_period_needs_non_ledger_changes_to_be_allowed(allowed):
    books = company()
    invoice, memo = books.create("invoice", sale()), books.create("creditMemo", credit())
    books.set_period(102, closed=True, allownonglchanges=allowed)
    if allowed:
        books.update("creditMemo", memo, applied(apply(invoice, 10)))
    else:
        with pytest.raises(Refused, match="closed"):
            books.update("creditMemo", memo, applied(apply(invoice, 10)))
    for change in (
        lambda: books.edit_amount(memo, 120),
        lambda: books.delete(books.create("creditMemo", credit())),
    ):
        with pytest.raises(Refused, match="closed"):
            change()


def test_a_refund_grows_only_while_its_own_period_is_open():
    books = company()
    memo = books.create("creditMemo", credit())
    books.set_period(103, closed=False)
    later = books.create("customerRefund", refund(apply(memo, 10), tranDate="2026-02-01"))
    books.set_period(102, closed=True, allownonglchanges=True)
    books.update("customerRefund", later, applied(apply(memo, 20)))  # the memo's month does not matter
    books.set_period(103, closed=True, allownonglchanges=True)
    with pytest.raises(Refused, match="closed"):
        books.update("customerRefund", later, applied(apply(memo, 30)))
