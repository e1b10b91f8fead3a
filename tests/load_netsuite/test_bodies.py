"""Bodies from rows of the marts: exact numbers, no null, no field that NetSuite would misread."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest

from load_netsuite import bodies
from load_netsuite.bodies import CannotBuild
from load_netsuite.records import record_of
from netsuite.encoding import to_json

MEMO: dict[str, Any] = {
    "external_id": "cn_1",
    "netsuite_customer_id": "7",
    "netsuite_subsidiary_id": "1",
    "netsuite_currency_id": "2",
    "netsuite_account_id": "11",
    "netsuite_posting_period_id": "100",
    "tran_date": dt.date(2026, 3, 5),
    "memo_text": "Stripe: cn_1.",
    "netsuite_currency_precision": 2,
    "tax_details_override": False,
    "amount": Decimal("10.000"),
}
LINE: dict[str, Any] = {
    "line_number": 1,
    "netsuite_item_id": "50",
    "item_external_id": None,
    "description": "Service",
    "quantity": Decimal("3"),
    "amount": Decimal("10.000"),
    "is_gross": False,
    "is_taxable": False,
    "netsuite_tax_code_id": None,
    "period_start": None,
    "period_end": None,
    "revenue_start_field": None,
    "revenue_end_field": None,
}


def line(**changes: Any) -> dict[str, Any]:
    return dict(bodies.credit_memo(MEMO, [LINE | changes], [])["item"]["items"][0])


def test_a_memo() -> None:
    assert to_json(bodies.credit_memo(MEMO, [LINE | {"quantity": Decimal(4)}], [])).decode() == (
        '{"entity":{"id":"7"},"subsidiary":{"id":"1"},"account":{"id":"11"},"externalId":"cn_1","currency":{"id":"2"},'
        '"tranDate":"2026-03-05","postingPeriod":{"id":"100"},"memo":"Stripe: '
        'cn_1.","autoApply":false,"toBeEmailed":false,'
        '"item":{"items":[{"item":{"id":"50"},"quantity":4,"rate":2.5,"description":"Service","isTaxable":false,"amount":10.00}]}}'
    )


def test_a_rate_is_sent_only_when_it_is_exact() -> None:
    assert "rate" not in line(), "10 / 3"
    assert line(quantity=Decimal(8))["rate"] == Decimal("1.25")
    assert line(quantity=None).keys().isdisjoint({"rate", "quantity"})
    assert "rate" not in line(quantity=Decimal(0))


def test_gross_lines_send_the_gross_amount_and_no_other() -> None:
    sent = line(is_gross=True, is_taxable=None, netsuite_tax_code_id="5")
    assert sent["grossAmt"] == 10 and sent["taxCode"] == {"id": "5"}
    assert sent.keys().isdisjoint({"amount", "rate", "isTaxable"})


def test_an_item_made_in_this_run_is_named_by_its_external_id() -> None:
    assert line(netsuite_item_id=None, item_external_id="price_1")["item"] == {"externalId": "price_1"}
    with pytest.raises(CannotBuild, match="line 1 has no item"):
        line(netsuite_item_id=None)


def test_revenue_dates_go_to_the_named_fields() -> None:
    sent = line(
        revenue_start_field="custcol_from",
        revenue_end_field="custcol_to",
        period_start=dt.date(2026, 1, 1),
        period_end=dt.date(2026, 1, 31),
    )
    assert (sent["custcol_from"], sent["custcol_to"]) == ("2026-01-01", "2026-01-31")


def test_tax_details_are_tied_to_their_line() -> None:
    tax = {
        "line_number": 1,
        "netsuite_tax_code_id": "7",
        "netsuite_tax_type_id": "2",
        "amount": Decimal("1.150"),
        "tax_basis": Decimal("10.000"),
        "tax_rate_percent": Decimal("11.5000000000"),
    }
    body = bodies.credit_memo(MEMO | {"tax_details_override": True}, [LINE], [tax])
    assert body["taxDetailsOverride"] is True
    assert body["item"]["items"][0]["taxDetailsReference"] == "LINE_1"
    assert to_json(body["taxDetails"]["items"][0]).decode() == (
        '{"taxDetailsReference":{"id":"LINE_1"},"taxType":"2","taxCode":{"id":"7"},"taxBasis":10.00,"taxRate":11.5,"taxAmount":1.15}'
    )


@pytest.mark.parametrize(("amount", "precision"), [("10.005", 2), ("10.500", 0)])
def test_an_amount_that_does_not_fit_is_refused_not_rounded(amount: str, precision: int) -> None:
    with pytest.raises(CannotBuild, match="more than NetSuite's"):
        bodies.credit_memo(MEMO | {"netsuite_currency_precision": precision}, [LINE | {"amount": Decimal(amount)}], [])


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("text", " as it is ", " as it is "),
        ("number", "12.50", Decimal("12.5")),
        ("number", "1e3", Decimal("1000")),
        ("date", "2026-03-05T00:00:00Z", "2026-03-05"),
        ("reference", "17", {"id": "17"}),
        ("boolean", "True", True),
        ("boolean", "F", False),
    ],
)
def test_custom_fields(kind: str, value: str, sent: Any) -> None:
    row = {"line_number": None, "netsuite_field": "custbody_x", "value_type": kind, "value": value}
    assert bodies.credit_memo(MEMO, [LINE], [], [row])["custbody_x"] == sent


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "twelve"),
        ("number", "NaN"),
        ("date", "05.03.2026"),
        ("boolean", "maybe"),
        ("reference", " "),
    ],
)
def test_a_custom_field_that_cannot_be_read_is_refused(kind: str, value: str) -> None:
    row = {"line_number": 1, "netsuite_field": "custcol_x", "value_type": kind, "value": value}
    with pytest.raises(CannotBuild, match="custcol_x as"):
        bodies.credit_memo(MEMO, [LINE], [], [row])


@pytest.mark.parametrize(("line_number", "name"), [(None, "externalid"), (None, "apply"), (1, "Amount")])
def test_a_custom_field_cannot_take_the_place_of_ours(line_number: int | None, name: str) -> None:
    row = {"line_number": line_number, "netsuite_field": name, "value_type": "text", "value": "x"}
    with pytest.raises(CannotBuild, match="sets itself"):
        bodies.credit_memo(MEMO, [LINE], [], [row])


def test_a_refund_is_only_booked() -> None:
    refund = MEMO | {"external_id": "re_1", "netsuite_receivables_account_id": "12"}
    body = bodies.customer_refund(refund)
    assert body["customer"] == {"id": "7"} and body["account"] == {"id": "11"} and body["arAcct"] == {"id": "12"}
    assert "paymentMethod" not in body and "entity" not in body


def test_apply_rows_carry_nothing_else() -> None:
    assert bodies.apply([("9", Decimal("4.500"))]) == {
        "items": [{"doc": {"id": "9"}, "apply": True, "amount": Decimal("4.5")}]
    }


def test_a_journal_balances() -> None:
    entry = MEMO | {"debit_netsuite_account_id": "1", "credit_netsuite_account_id": "2"}
    lines = bodies.journal_entry(entry)["line"]["items"]
    assert lines == [
        {"account": {"id": "1"}, "debit": Decimal("10.00"), "memo": "Stripe: cn_1."},
        {"account": {"id": "2"}, "credit": Decimal("10.00"), "memo": "Stripe: cn_1."},
    ]


def test_an_item() -> None:
    row = {
        "external_id": "price_1",
        "item_name": "Gold",
        "netsuite_income_account_id": "4",
        "netsuite_subsidiary_ids": "1,3",
    }
    assert bodies.service_sale_item(row) == {
        "externalId": "price_1",
        "itemId": "Gold",
        "incomeAccount": {"id": "4"},
        "subsidiary": {"items": [{"id": "1"}, {"id": "3"}]},
    }


def test_quantities_are_exact_decimals() -> None:
    """Stripe's quantity_decimal; the rate is what the amount gives (L1)."""
    three_halves = line(quantity=Decimal("1.500000000000"), amount=Decimal("30.000"))
    assert to_json(three_halves).decode().startswith('{"item":{"id":"50"},"quantity":1.5,"rate":20,')
    a_quarter = line(quantity=Decimal("0.250000000000"), amount=Decimal("5.000"))
    assert (a_quarter["quantity"], a_quarter["rate"]) == (Decimal("0.25"), Decimal(20))
    smallest = line(quantity=Decimal("0.000000000001"))
    assert json.loads(to_json(smallest), parse_float=Decimal)["quantity"] == Decimal("0.000000000001")
    assert "quantity" not in line(quantity=None) and "rate" not in line(quantity=None)
    with pytest.raises(TypeError, match="never float"):
        to_json({"quantity": 1.5})


INVOICE = {name: value for name, value in MEMO.items() if name != "amount"}
ENTRY = MEMO | {"debit_netsuite_account_id": "1", "credit_netsuite_account_id": "2"}


def field(number: int | None, name: str, value: str) -> dict[str, Any]:
    return {"line_number": number, "netsuite_field": name, "value_type": "reference", "value": value}


def test_a_zero_invoice_is_not_mailed_to_the_customer() -> None:
    assert bodies.zero_invoice(INVOICE, [LINE])["toBeEmailed"] is False


def test_mapped_fields_reach_every_record_and_row() -> None:
    """Accounts that demand department, class or location on each row (M2)."""
    fields = [field(None, "department", "7"), field(1, "class", "8"), field(2, "class", "9")]
    entry = bodies.journal_entry(ENTRY, fields)
    assert entry["department"] == {"id": "7"}
    assert [row["class"] for row in entry["line"]["items"]] == [{"id": "8"}, {"id": "9"}]
    invoice = bodies.zero_invoice(INVOICE, [LINE], fields[:2])
    assert (invoice["department"], invoice["item"]["items"][0]["class"]) == ({"id": "7"}, {"id": "8"})
    item = {"external_id": "p", "item_name": "p", "netsuite_income_account_id": "1", "netsuite_subsidiary_ids": None}
    assert bodies.service_sale_item(item, [field(None, "taxSchedule", "3")])["taxSchedule"] == {"id": "3"}
    with pytest.raises(CannotBuild, match="sets debit, which this pipeline sets itself"):
        bodies.journal_entry(ENTRY, [field(1, "debit", "7")])


def test_a_row_without_an_open_period_cannot_be_sent() -> None:
    for build in (
        lambda row: bodies.credit_memo(MEMO | row, [LINE], []),
        lambda row: bodies.zero_invoice(INVOICE | row, [LINE]),
        lambda row: bodies.journal_entry(ENTRY | row),
        lambda row: bodies.customer_refund(MEMO | row | {"netsuite_receivables_account_id": "1"}),
    ):
        with pytest.raises(CannotBuild, match="no open posting period in NetSuite holds its date 2026-03-05"):
            build({"netsuite_posting_period_id": None})


@pytest.mark.parametrize("error", [InvalidOperation("1E+99"), TypeError("no date"), ValueError("no number")])
def test_a_row_that_cannot_be_read_is_a_problem_of_that_row(error: Exception) -> None:
    def body() -> Any:
        raise error

    problem = record_of("creditMemo", {"external_id": "cn_1"}, body).problem
    assert problem and problem.startswith(f"its row cannot be read ({type(error).__name__}: ")
