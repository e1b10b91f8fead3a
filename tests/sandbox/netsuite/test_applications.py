"""Applications: apply rows of memos, payments and refunds, and changes by hand."""

from decimal import Decimal

import pytest

from sandbox.netsuite.errors import Refused
from tests.sandbox.netsuite.company import (
    applied,
    apply,
    company,
    credit,
    line,
    open_amount,
    refund,
    sale,
    total,
)

STATIC = "static sublist"
TOO_MUCH_OF_TARGET = "Links sum to more than original transaction amount"
TOO_MUCH = "Links sum to more than applied transaction amount"


def test_a_memo_settles_part_of_an_invoice():
    books = company()
    invoice = books.create("invoice", sale())
    memo = books.create("creditMemo", credit(line(30), **applied(apply(invoice, Decimal("12.34")))))
    assert (open_amount(books, invoice), open_amount(books, memo)) == (Decimal("87.66"), Decimal("17.66"))
    shown = books.get("creditMemo", memo)
    assert (shown["applied"], shown["unapplied"]) == (Decimal("12.34"), Decimal("17.66"))
    assert shown["status"] == {"id": "A", "refName": "Open"}
    assert books.get("invoice", invoice)["amountRemaining"] == Decimal("87.66")


@pytest.mark.parametrize(
    ("invoice", "row", "text"),
    [
        ({"entity": "2"}, {}, STATIC),
        ({"currency": "2"}, {}, STATIC),
        ({"account": "11"}, {}, STATIC),
        ({"approvalStatus": {"id": "1"}}, {}, STATIC),
        ({"item": {"items": [line(0)]}}, {}, STATIC),
        ({}, {"doc": {"id": "99"}}, STATIC),
        ({}, {"doc": {"id": "x"}}, STATIC),
        ({}, {"doc": None}, STATIC),
        ({}, {"line": 2}, STATIC),
        ({}, {"refNum": "INV1"}, STATIC),
        ({}, {"total": 100}, STATIC),
        ({}, {"due": 100}, STATIC),
        ({}, {"amount": Decimal("100.01")}, TOO_MUCH_OF_TARGET),
        ({}, {"amount": Decimal("0.001")}, "round amounts"),
        ({}, {"amount": -1}, "Invalid Field Value"),
        ({"item": {"items": [line(500)]}}, {"amount": 201}, TOO_MUCH),
    ],
)
def test_refused_apply_rows(invoice, row, text):
    books = company()
    id = books.create("invoice", sale() | invoice)
    with pytest.raises(Refused) as refused:
        books.create("creditMemo", credit(line(200), **applied(apply(id, 10) | row)))
    assert text in refused.value.detail
    assert (refused.value.path or "").startswith("apply")
    assert open_amount(books, id) == total(books, id)


def test_a_paid_invoice_is_no_candidate():
    books = company()
    invoice = books.create("invoice", sale())
    books.create("customerPayment", {"customer": "1", "tranDate": "2026-01-15", **applied(apply(invoice, 100))})
    with pytest.raises(Refused, match=STATIC):
        books.create("creditMemo", credit(**applied(apply(invoice, 1))))


def test_auto_apply_is_the_default_and_takes_the_oldest_open_invoice():
    books = company()
    newer = books.create("invoice", sale(tranDate="2026-01-20"))
    older = books.create("invoice", sale(tranDate="2026-01-02"))
    body = credit(line(150))
    del body["autoApply"]
    memo = books.create("creditMemo", body)
    assert books.transaction(memo).applications == {int(older): 100, int(newer): 50}


@pytest.mark.parametrize(
    ("row", "expected"), [({}, 100), ({"amount": 40}, 40), ({"apply": False}, 0), ({"amount": 0}, 0)]
)
def test_a_row_without_amount_applies_as_much_as_possible(row, expected):
    books = company()
    invoice = books.create("invoice", sale())
    memo = books.create("creditMemo", credit(line(150), **applied(apply(invoice) | row)))
    assert 150 - open_amount(books, memo) == expected


def test_an_update_is_keyed_by_doc_and_can_be_repeated():
    books = company()
    first, second = books.create("invoice", sale()), books.create("invoice", sale())
    memo = books.create("creditMemo", credit(line(150), **applied(apply(first, 10))))
    for _ in range(2):
        books.update("creditMemo", memo, applied(apply(second, 60)))
    assert books.transaction(memo).applications == {int(first): 10, int(second): 60}
    books.update("creditMemo", memo, applied(apply(first, 90)))
    assert open_amount(books, memo) == 0
    with pytest.raises(Refused, match=TOO_MUCH):
        books.update("creditMemo", memo, applied(apply(first, 91)))
    books.update("creditMemo", memo, applied({"doc": first, "apply": False}))
    assert books.transaction(memo).applications == {int(second): 60}


def test_an_update_does_not_auto_apply():
    books = company()
    books.create("invoice", sale())
    memo = books.create("creditMemo", credit())
    books.update("creditMemo", memo, {"memo": "text"})
    assert books.transaction(memo).applications == {}


# ---------------------------------------------------------------- refunds, payments


def test_a_refund_is_the_sum_of_its_applications():
    books = company()
    one, two = books.create("creditMemo", credit()), books.create("creditMemo", credit())
    id = books.create("customerRefund", refund(apply(one, 30)))
    assert total(books, id) == 30
    for _ in range(2):
        books.update("customerRefund", id, applied(apply(two, 25)))
    assert total(books, id) == 55
    assert (open_amount(books, one), open_amount(books, two)) == (70, 75)
    books.update("customerRefund", id, applied(apply(one, 100)))
    assert total(books, id) == 125


@pytest.mark.parametrize(
    ("memo", "body", "text"),
    [
        ({}, {"apply": {"items": []}}, "at least one line"),
        ({}, applied(apply("1", 101)), TOO_MUCH_OF_TARGET),
        ({}, {"total": 31}, "do not add up"),
        ({}, {"customer": "2"}, STATIC),
        ({}, {"currency": "2"}, STATIC),
        ({}, {"arAcct": "11"}, STATIC),
        ({"entity": "2"}, {}, STATIC),
    ],
)
def test_refused_refunds(memo, body, text):
    books = company()
    assert books.create("creditMemo", credit() | memo) == "1"
    with pytest.raises(Refused) as refused:
        books.create("customerRefund", refund(apply("1", 30)) | body)
    assert text in refused.value.detail


def test_a_refund_never_pays_an_invoice_and_a_memo_never_settles_a_memo():
    books = company()
    invoice, memo = books.create("invoice", sale()), books.create("creditMemo", credit())
    for act in (
        lambda: books.create("customerRefund", refund(apply(invoice, 1))),
        lambda: books.create("creditMemo", credit(**applied(apply(memo, 1)))),
    ):
        with pytest.raises(Refused, match=STATIC):
            act()


def test_a_memo_is_used_once_by_invoices_and_refunds_together():
    books = company()
    invoice = books.create("invoice", sale())
    memo = books.create("creditMemo", credit(**applied(apply(invoice, 60))))
    books.create("customerRefund", refund(apply(memo, 40)))
    with pytest.raises(Refused):
        books.update("creditMemo", memo, applied(apply(invoice, 61)))
    with pytest.raises(Refused, match=STATIC):
        books.create("customerRefund", refund(apply(memo, 1)))


def test_a_payment_keeps_its_unapplied_amount():
    books = company()
    invoice = books.create("invoice", sale())
    body = {"customer": "1", "tranDate": "2026-01-15", "payment": 150, **applied(apply(invoice, 5))}
    id = books.create("customerPayment", body | {"autoApply": False})
    assert (total(books, id), open_amount(books, id)) == (150, 145)
    small = books.create("customerPayment", {"customer": "1", **applied(apply(invoice, 5))})
    books.update("customerPayment", small, applied(apply(invoice, Decimal("4.5"))))
    assert total(books, small) == Decimal("4.5")


# ---------------------------------------------------------------- by hand


def test_changes_by_hand():
    books = company()
    invoice = books.create("invoice", sale())
    memo = books.create("creditMemo", credit(**applied(apply(invoice, 60))))
    with pytest.raises(Refused, match="dependent records"):
        books.delete(memo)
    books.unapply(memo)
    assert open_amount(books, invoice) == 100
    books.apply_by_hand(memo, invoice, "70")
    with pytest.raises(Refused):
        books.edit_amount(memo, 69)
    books.edit_amount(memo, "80")
    assert open_amount(books, memo) == 10
    with pytest.raises(Refused, match="dependent records"):
        books.delete(invoice)
    books.unapply(memo, invoice)
    books.delete(memo)
    assert books.transaction(memo) is None


def test_unapplying_a_refund_makes_it_smaller():
    books = company()
    memo, other = books.create("creditMemo", credit()), books.create("creditMemo", credit())
    id = books.create("customerRefund", refund(apply(memo, 30), apply(other, 5)))
    books.unapply(id, memo)
    assert total(books, id) == 5


@pytest.mark.parametrize(("field", "value"), [("entity", "2"), ("currency", "2"), ("account", "11")])
def test_fields_that_cannot_change(field, value):
    books = company()
    invoice = books.create("invoice", sale())
    memo = books.create("creditMemo", credit(**applied(apply(invoice, 60))))
    with pytest.raises(Refused):
        books.update("creditMemo", memo, {field: value})


def test_get_shows_candidates_that_are_not_applied():
    books = company()
    one, two = books.create("invoice", sale()), books.create("invoice", sale())
    memo = books.create("creditMemo", credit(**applied(apply(one, 60))))
    rows = books.get("creditMemo", memo)["apply"]["items"]
    assert [(row["doc"]["id"], row["apply"], row.get("amount")) for row in rows] == [
        (one, True, 60),
        (two, False, None),
    ]
