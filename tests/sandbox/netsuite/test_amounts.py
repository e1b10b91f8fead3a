"""Lines, totals, tax and precision."""

from decimal import Decimal

import pytest

from sandbox.netsuite.errors import Refused
from sandbox.netsuite.lines import WARN_AMOUNT
from tests.sandbox.netsuite.company import company, credit, line, total


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(100)], "100"),
        ([line("99.95")], "99.95"),
        ([line(None, rate=Decimal("33.333"), quantity=3)], "100.00"),
        ([line(None, rate=7)], "7"),
        ([line(100), line(-30, item="51")], "70"),
        ([line(0)], "0"),
        ([{"item": "50", "amount": 100}], "110"),  # isTaxable left out: the company's 10 % is added
        ([line(100, isTaxable=True)], "110"),
        ([line(100, isTaxable=True, taxCode="70")], "120"),
        ([{"item": "50", "amount": 100, "taxCode": "-7"}], "100"),
        ([line(100, taxCode="70")], "100"),
        ([line(None, grossAmt=120, taxCode="70", isTaxable=True)], "120"),
        ([line(999, grossAmt=120, taxCode="70", isTaxable=True)], "120"),
        ([line(None, grossAmt=Decimal("9.99"), taxCode="70", isTaxable=True)], "9.99"),
    ],
)
def test_total(lines, expected):
    books = company()
    assert total(books, books.create("creditMemo", credit(*lines))) == Decimal(expected)


def test_a_gross_amount_recomputes_the_amount_by_the_tax_code():
    books = company()
    id = books.create("creditMemo", credit(line(None, grossAmt=Decimal("9.99"), taxCode="70", isTaxable=True)))
    shown = books.get("creditMemo", id)
    assert shown["item"]["items"][0]["amount"] == Decimal("8.33")  # 9.99 / 1.2 = 8.325
    assert (shown["subtotal"], shown["taxTotal"]) == (Decimal("8.33"), Decimal("1.66"))


@pytest.mark.parametrize(
    ("customer", "expected"), [({"taxable": False}, 100), ({"taxItem": "70"}, 120), ({"taxItem": "-7"}, 100)]
)
def test_the_customers_tax_setting_decides_for_a_line_without_one(customer, expected):
    books = company()
    books.change("customer", 1, **customer)
    assert total(books, books.create("creditMemo", credit({"item": "50", "amount": 100}))) == expected


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"item": None}, "You must enter at least one line item for this transaction."),
        ({"item": {"items": []}}, "You must enter at least one line item for this transaction."),
        ({"item": {"items": [line(10), line(-11)]}}, "The total cannot be negative"),
        ({"item": {"items": [line(Decimal("1.005"))]}}, "round amounts to 2 decimal places"),
        ({"item": {"items": [line(Decimal("1.5"))]}, "currency": "3"}, "round amounts to 0 decimal places"),
        ({"item": {"items": [line(None, grossAmt=Decimal("1.005"))]}}, "round amounts to 2"),
        ({"item": [line()]}, "not a sublist"),
    ],
)
def test_refused_lines(body, text):
    with pytest.raises(Refused) as refused:
        company().create("creditMemo", credit() | body)
    assert text in refused.value.detail


@pytest.mark.parametrize(
    ("row", "warned"),
    [
        (line(100, rate=50, quantity=2), False),
        (line(100, rate=100), False),
        (line(100, rate=50, quantity=1), True),
        (line(100), False),
    ],
)
def test_an_amount_that_is_not_rate_times_quantity_is_kept_with_a_warning(row, warned):
    books = company()
    written = books.write("creditMemo", credit(row))
    assert (WARN_AMOUNT in written.warnings) == warned
    assert total(books, written.id) == 100


# ---------------------------------------------------------------- tax details

ROW = {
    "taxDetailsReference": {"id": "L1"},
    "taxType": "71",
    "taxCode": {"id": "70"},
    "taxBasis": 100,
    "taxRate": 20,
    "taxAmount": 19,
}


def overridden(*rows, **more):
    first = line(100, taxDetailsReference="L1", isTaxable=True)
    return credit(first, taxDetailsOverride=True, taxDetails={"items": list(rows)}, **more)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (overridden(ROW), 119),  # the tax sent, not the code's
        (overridden(ROW, ROW | {"taxAmount": -4}), 115),
        (overridden(), 100),
        (overridden(ROW) | {"taxDetailsOverride": False}, 110),  # rows without the override have no effect
    ],
)
def test_tax_details_override_the_accounts_own_tax(body, expected):
    books = company()
    assert total(books, books.create("creditMemo", body)) == expected


def test_tax_details_are_shown():
    books = company()
    shown = books.get("creditMemo", books.create("creditMemo", overridden(ROW)))
    assert shown["taxTotal"] == 19
    assert shown["taxDetails"]["items"][0]["taxDetailsReference"] == {"id": "L1"}


@pytest.mark.parametrize("name", ROW)
def test_every_column_of_a_tax_detail_is_mandatory(name):
    with pytest.raises(Refused, match="Please enter value"):
        company().create("creditMemo", overridden({key: value for key, value in ROW.items() if key != name}))


@pytest.mark.parametrize(
    "change",
    [
        {"taxDetailsReference": {"id": "L2"}},
        {"taxCode": "99"},
        {"taxType": "99"},
        {"taxAmount": Decimal("0.001")},
    ],
)
def test_wrong_tax_details_are_refused(change):
    with pytest.raises(Refused) as refused:
        company().create("creditMemo", overridden(ROW | change))
    assert refused.value.path == f"taxDetails.items[0].{next(iter(change))}"


# ---------------------------------------------------------------- journal entries


def journal(*rows):
    return {"subsidiary": "1", "tranDate": "2026-01-15", "externalId": "re_1", "line": {"items": list(rows)}}


def test_a_journal_balances():
    books = company()
    id = books.create("journalEntry", journal({"account": "30", "debit": 5}, {"account": {"id": "20"}, "credit": 5}))
    shown = books.get("journalEntry", id)
    assert [row.get("debit") for row in shown["line"]["items"]] == [5, None]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([{"account": "30", "debit": 5}, {"account": "20", "credit": 4}], "must balance"),
        ([], "at least one line"),
        ([{"debit": 5}], "Please enter value(s) for: Account"),
        ([{"account": "31", "debit": 5}], "Invalid Field Value 31"),
        ([{"account": "30", "debit": Decimal("0.001")}], "round amounts"),
    ],
)
def test_refused_journals(rows, text):
    with pytest.raises(Refused) as refused:
        company().create("journalEntry", journal(*rows))
    assert text in refused.value.detail


# ---------------------------------------------------------------- updates


def test_item_rows_without_a_line_number_are_added():
    books = company()
    id = books.create("creditMemo", credit(line(10)))
    books.update("creditMemo", id, {"item": {"items": [line(5)]}})
    assert total(books, id) == 15
    books.update("creditMemo", id, {"item": {"items": [{"line": 1, "amount": 1}]}})
    assert total(books, id) == 6
    with pytest.raises(Refused):
        books.update("creditMemo", id, {"item": {"items": [{"line": 9, "amount": 1}]}})


def test_zero_fields_are_absent():
    books = company()
    shown = books.get("creditMemo", books.create("creditMemo", credit(line(0))))
    assert not {"total", "subtotal", "taxTotal", "applied", "unapplied"} & shown.keys()
    assert shown["status"]["refName"] == "Fully Applied"
