"""Request bodies for NetSuite from rows of the marts (docs/architecture.md, "What the loader reads").

A row is a dict by column name; null columns are left out of the body. Money stays Decimal with exactly the decimals
that NetSuite keeps for the currency. A value that does not fit raises CannotBuild, which blocks that row alone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

Row = dict[str, Any]
Body = dict[str, Any]

RATE_DECIMALS = Decimal("0.00000001")


class CannotBuild(Exception):
    """A value of the marts cannot be sent; the message names it and says how to fix it."""


def credit_memo(memo: Row, lines: Sequence[Row], tax_details: Sequence[Row], fields: Sequence[Row] = ()) -> Body:
    """A creditMemo without its applications. lines, tax_details, fields: this memo's rows, lines in order.

    Raises CannotBuild, as the other builders do.
    """
    precision = memo["netsuite_currency_precision"]
    own, of_lines = _fields(fields)
    taxed_lines = {row["line_number"] for row in tax_details}
    body = _header(memo) | {"autoApply": False, "toBeEmailed": False}
    body["item"] = _items(
        _memo_line(line, precision, line["line_number"] in taxed_lines)
        | _no_clash(of_lines[line["line_number"]], _LINE_FIELDS)
        for line in lines
    )
    if memo["tax_details_override"]:
        body["taxDetailsOverride"] = True
    if tax_details:
        body["taxDetails"] = _items(_tax_detail(row, precision) for row in tax_details)
    return body | _no_clash(own, {*body, "apply"})


def zero_invoice(invoice: Row, lines: Sequence[Row], fields: Sequence[Row] = ()) -> Body:
    """An invoice with amount zero on every line (N1). A form's default must not mail it to the customer (M3)."""
    own, of_lines = _fields(fields)
    body = _header(invoice) | {"toBeEmailed": False}
    body["item"] = _items(
        _without_null(
            item=_item(line),
            quantity=_plain(line["quantity"]),
            rate=Decimal(0),
            amount=Decimal(0),
            description=line["description"],
            isTaxable=line["is_taxable"],
            taxCode=_reference(line["netsuite_tax_code_id"]),
        )
        | _no_clash(of_lines[line["line_number"]], _LINE_FIELDS)
        for line in lines
    )
    if invoice["tax_details_override"]:
        body["taxDetailsOverride"] = True
    return body | _no_clash(own, body.keys())


def customer_refund(refund: Row, fields: Sequence[Row] = ()) -> Body:
    """A customerRefund without its applications. It books what Stripe has paid. An account whose form demands a payment
    method gets it by field_map: `customer_refund,paymentOption,reference` (R1)."""
    own, _ = _fields(fields)
    body = _without_null(
        customer=_reference(refund["netsuite_customer_id"]),
        account=_reference(refund["netsuite_account_id"]),
        arAcct=_reference(refund["netsuite_receivables_account_id"]),
        subsidiary=_reference(refund["netsuite_subsidiary_id"]),
        **_common(refund),
    )
    return body | _no_clash(own, {*body, "apply"})


def journal_entry(entry: Row, fields: Sequence[Row] = ()) -> Body:
    """A journalEntry of two lines: debit (line number 1) and credit (2)."""
    own, of_lines = _fields(fields)
    amount = money(entry["amount"], entry["netsuite_currency_precision"], "the journal")
    memo = {"memo": entry["memo_text"]} if entry["memo_text"] else {}
    lines = [
        {"account": _reference(entry["debit_netsuite_account_id"]), "debit": amount, **memo},
        {"account": _reference(entry["credit_netsuite_account_id"]), "credit": amount, **memo},
    ]
    lines = [line | _no_clash(of_lines[number], line) for number, line in enumerate(lines, start=1)]
    body = _without_null(subsidiary=_reference(entry["netsuite_subsidiary_id"]), **_common(entry))
    return body | {"line": _items(lines)} | _no_clash(own, {*body, "line"})


def service_sale_item(item: Row, fields: Sequence[Row] = ()) -> Body:
    """A serviceSaleItem for a price without an item. fields: constants of field_map (M2)."""
    own, _ = _fields(fields)
    body = _without_null(
        externalId=item["external_id"],
        itemId=item["item_name"],
        incomeAccount=_reference(item["netsuite_income_account_id"]),
    )
    if item["netsuite_subsidiary_ids"]:
        body["subsidiary"] = _items({"id": id} for id in item["netsuite_subsidiary_ids"].split(","))
    return body | _no_clash(own, body)


def apply(applications: Iterable[tuple[str, Decimal]]) -> Body:
    """The apply sublist from (internal id, amount): doc, apply and amount only. NetSuite refuses display fields (facts
    1.6)."""
    return _items({"doc": {"id": doc}, "apply": True, "amount": _plain(amount)} for doc, amount in applications)


def money(amount: Decimal, precision: int | None, subject: str) -> Decimal:
    """The amount with NetSuite's decimals for the currency (precision None: unchanged). Raises CannotBuild, which names
    the `subject`."""
    if precision is None:
        return amount
    with localcontext() as context:
        context.prec = 40
        exact = amount.quantize(Decimal(1).scaleb(-precision))
    if exact != amount:
        raise CannotBuild(
            f"the amount {amount} of {subject} has more than NetSuite's {precision} decimals for this currency"
        )
    return exact


# ------------------------------------------------------------ parts


def _header(row: Row) -> Body:
    return _without_null(
        entity=_reference(row["netsuite_customer_id"]),
        subsidiary=_reference(row["netsuite_subsidiary_id"]),
        account=_reference(row["netsuite_account_id"]),
        **_common(row),
    )


def _common(row: Row) -> Body:
    if not row["netsuite_posting_period_id"]:
        # Without a period NetSuite takes one by itself. A record that is there already needs none: it is adopted.
        raise CannotBuild(
            f"no open posting period in NetSuite holds its date {_day(row['tran_date'])}; open one, then run again"
        )
    return {
        "externalId": row["external_id"],
        "currency": _reference(row["netsuite_currency_id"]),
        "tranDate": _day(row["tran_date"]),
        "postingPeriod": _reference(row["netsuite_posting_period_id"]),
        "memo": row["memo_text"],
    }


_LINE_FIELDS = frozenset(
    (
        *("item", "quantity", "rate", "amount", "grossAmt", "description"),
        *("isTaxable", "taxCode", "taxDetailsReference", "line"),
    )
)


def _memo_line(line: Row, precision: int | None, has_tax_details: bool) -> Body:
    amount = money(line["amount"], precision, f"line {line['line_number']}")
    quantity = _plain(line["quantity"])
    body = _without_null(
        item=_item(line),
        quantity=quantity,
        rate=None if line["is_gross"] else _rate(amount, quantity),
        description=line["description"],
        isTaxable=line["is_taxable"],
        taxCode=_reference(line["netsuite_tax_code_id"]),
        taxDetailsReference=_tax_reference(line["line_number"]) if has_tax_details else None,
    )
    # Never both: from 2026.1 a gross amount recomputes the net one (facts 2.2).
    body["grossAmt" if line["is_gross"] else "amount"] = amount
    for name, day in (("revenue_start_field", "period_start"), ("revenue_end_field", "period_end")):
        if line[name] and line[day]:
            body[line[name]] = _day(line[day])
    return body


def _item(line: Row) -> Body:
    if line["netsuite_item_id"]:
        return {"id": line["netsuite_item_id"]}
    if line["item_external_id"]:
        return {"externalId": line["item_external_id"]}
    raise CannotBuild(f"line {line['line_number']} has no item; map one in item_map.csv or default_items.csv")


def _rate(amount: Decimal, quantity: Decimal | None) -> Decimal | None:
    """amount / quantity where that is exact. NetSuite warns, or worse, of a rate that disagrees with the amount."""
    if not quantity:
        return None
    with localcontext() as context:
        context.prec = 40
        rate = (amount / quantity).quantize(RATE_DECIMALS)
        return _plain(rate) if rate * quantity == amount else None


def _tax_detail(row: Row, precision: int | None) -> Body:
    """All six fields are mandatory. The reference is ours and ties the row to its line; the rate is in percent (facts
    3)."""
    return {
        "taxDetailsReference": {"id": _tax_reference(row["line_number"])},
        "taxType": row["netsuite_tax_type_id"],  # a bare id, as in the recorded request (facts 3)
        "taxCode": _reference(row["netsuite_tax_code_id"]),
        "taxBasis": money(row["tax_basis"], precision, f"the tax basis of line {row['line_number']}"),
        "taxRate": _plain(row["tax_rate_percent"]),
        "taxAmount": money(row["amount"], precision, f"the tax of line {row['line_number']}"),
    }


def _tax_reference(line_number: int) -> str:
    return f"LINE_{line_number}"


# ------------------------------------------------------------ values


def _fields(rows: Iterable[Row]) -> tuple[Body, dict[int, Body]]:
    """Rows of netsuite_field_values as body fields and fields by line number."""
    own: Body = {}
    of_lines: defaultdict[int, Body] = defaultdict(dict)
    for row in rows:
        target = own if row["line_number"] is None else of_lines[row["line_number"]]
        target[row["netsuite_field"]] = _converted(row["netsuite_field"], row["value_type"], row["value"])
    return own, of_lines


def _converted(field: str, kind: str, value: str) -> Any:
    text = value.strip()
    try:
        if kind == "text":
            return value
        if kind == "reference" and text:
            return {"id": text}
        if kind == "number" and Decimal(text).is_finite():
            return _plain(Decimal(text))
        if kind == "date":
            return dt.date.fromisoformat(text[:10]).isoformat()
        if kind == "boolean" and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
    except (ValueError, InvalidOperation):
        pass
    raise CannotBuild(
        f"field_map.csv wants {field} as {kind}, but the value is {value[:80]!r}; fix it in Stripe or change the row"
    )


_BOOLEANS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}


def _no_clash(fields: Body, taken: Iterable[str]) -> Body:
    ours = {name.lower() for name in taken}
    for name in fields:
        if name.lower() in ours:
            raise CannotBuild(f"field_map.csv sets {name}, which this pipeline sets itself; take the row out")
    return fields


def _plain(value: Any) -> Decimal | None:
    """The number without trailing zeros and without an exponent."""
    if value is None:
        return None
    number = Decimal(value)
    return Decimal(re.sub(r"\.?0+$", "", f"{number:f}") if "." in f"{number:f}" else f"{number:f}")


def _reference(internal_id: str | None) -> Body | None:
    return {"id": internal_id} if internal_id else None


def _day(value: dt.date | None) -> str | None:
    return value.isoformat()[:10] if value else None


def _items(rows: Iterable[Body]) -> Body:
    return {"items": list(rows)}


def _without_null(**fields: Any) -> Body:
    return {name: value for name, value in fields.items() if value is not None}
