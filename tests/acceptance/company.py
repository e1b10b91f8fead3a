"""NetSuite's strict books with the records that a world's rows ask for."""

from __future__ import annotations

import contextlib
import random
from decimal import ROUND_CEILING, Decimal
from typing import Any

from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused

Obj = dict[str, Any]
Rows = dict[str, list[Obj]]

CUSTOM_FIELDS = {
    "custbody_stripe_id": "text",
    "custentity_stripe_id": "text",
    "custbody_out_of_band": "boolean",
    "custbody_note_number": "text",
    "custbody_invoice_number": "text",
    "custbody_created": "date",
    "custbody_source": "text",
    "custbody_total": "number",
    "custbody_reason": "text",
    "custcol_line_id": "text",
    "custcol_invoice_line": "text",
    "custcol_kind": "text",
}
ACCOUNT_TYPES = {"10": "AcctRec", "11": "AcctRec", "12": "Bank", "13": "Bank", "14": "Income", "15": "Income"}


def is_closed(period: Obj) -> bool:
    return "T" in (period["closed"], period["arlocked"])


def fill_books(books: Books, rows: Rows, *, tax_strategy: str | None) -> dict[str, str]:
    """Records for rows of raw_netsuite; the result is invoice id in the rows -> internal id in the books."""
    books.configure(custom_fields=CUSTOM_FIELDS | {"custbody_fact": "text"})
    _add_lists(books, rows)
    periods = _periods(rows)
    for period in periods:
        books.add("accountingperiod", **(period | {"closed": "F", "arlocked": "F"}))
    _add_customers(books, rows, untaxed={"taxable": "F"} if tax_strategy == "none" else {})
    for row in rows["transactions"]:
        if row["type"] == "CustInvc":
            add_invoice(books, row)
        else:
            _add_memo(books, row)
    for period in filter(is_closed, periods):
        books.set_period(period["id"], closed=period["closed"] == "T", arlocked=period["arlocked"] == "T")
    return {t.extra.get("custbody_fact"): str(t.id) for t in books.transactions()}


def _add_lists(books: Books, rows: Rows) -> None:
    """Subsidiaries, currencies, accounts, items, tax codes and tax types."""
    for row in rows["subsidiaries"]:
        books.add("subsidiary", id=row["id"], name=f"S{row['id']}", currency="1")
    for row in rows["currencies"]:
        symbol, precision = row["symbol"], row["currencyprecision"]
        books.add("currency", id=row["id"], name=symbol, symbol=symbol, currencyPrecision=precision)
    for row in rows["accounts"]:
        books.add("account", id=row["id"], type=ACCOUNT_TYPES.get(row["id"], "Bank"))
    for row in rows["items"]:
        name, external_id = row["itemid"], row.get("externalid")
        kind = {"itemtype": row["itemtype"], "isinactive": row["isinactive"]}
        books.add("item", id=row["id"], itemId=name, externalId=external_id, subsidiary=[], incomeAccount="15", **kind)
    chance = random.Random(0)
    books.add("taxcode", id=5, itemId="Untaxed", rate=0)
    for id in range(50, 60):
        books.add("taxcode", id=id, itemId=f"Code {id}", rate=chance.choice((0, 20, 7)))
        books.add("taxtype", id=id + 10, name=f"Type {id}")


def _periods(rows: Rows) -> list[Obj]:
    """The rows' periods, and open ones until the end of 2027: the stand-ins use the machine's clock."""
    flags = ("isyear", "isquarter", "isadjust", "isinactive", "closed", "arlocked", "alllocked")
    months = [
        dict.fromkeys(flags, "F")
        | {
            "id": str(300 + month),
            "periodname": f"M{month} 2026",
            "startdate": f"2026-{month:02d}-01",
            "enddate": f"2026-{month:02d}-{last}",
        }
        for month, last in ((10, 31), (11, 30), (12, 31))
    ]
    year = months[-1] | {"id": "313", "startdate": "2027-01-01", "enddate": "2027-12-31"}
    return [*rows["accounting_periods"], *months, year]


def _add_customers(books: Books, rows: Rows, untaxed: Obj) -> None:
    currencies = [row["id"] for row in rows["currencies"]]
    common = {"currency": "1", "currencies": currencies, "receivablesaccount": "10", **untaxed}
    books.add("customer", id=1, entityid="Nobody", **common)
    for row in rows["customers"]:
        own = {"externalid": row.get("externalid"), "subsidiary": row["subsidiary"], **common}
        if row.get("stripe_id"):
            own["custentity_stripe_id"] = row["stripe_id"]
        with contextlib.suppress(Refused):
            books.add("customer", id=row["id"], entityid=f"C{row['id']}", **own)


def add_invoice(books: Books, row: Obj) -> None:
    """An invoice with the row's open amount: a customer payment settles the rest."""
    entity = row["entity"] if books.row("customer", row["entity"]) else "1"
    customer = books.row("customer", entity)
    precision = Decimal(1).scaleb(-int(books.row("currency", row["currency"])["currencyprecision"]))
    open_amount = max(Decimal(0), Decimal(row["foreignamountunpaid"])).quantize(precision, ROUND_CEILING)
    total = max(open_amount, Decimal(row["foreigntotal"]).quantize(precision, ROUND_CEILING))
    body = {
        "entity": {"id": entity},
        "currency": {"id": row["currency"]},
        "subsidiary": {"id": customer["subsidiary"] or "1"},
        "account": {"id": row["account"]},
        "tranDate": "2025-12-01",
        "externalId": row.get("externalid"),
        "custbody_fact": row["id"],
        "item": {"items": [{"item": {"id": "101"}, "quantity": 1, "amount": total, "isTaxable": False}]},
    }
    if row.get("stripe_id"):
        body["custbody_stripe_id"] = row["stripe_id"]
    id = books.create("invoice", body)
    if total > open_amount:
        pay_invoice(books, id, total - open_amount)


def _add_memo(books: Books, row: Obj) -> None:
    """A credit memo of the Stripe Connector or of a person, not applied to anything. Whatever type the row has, it
    is a memo here. Books refuse a name that is taken, and a total of zero stands for nothing.
    """
    customer = books.row("customer", row["entity"]) or books.row("customer", "1")
    currency = row["currency"] if books.row("currency", row["currency"]) else "1"
    amount = abs(Decimal(row["foreigntotal"]))
    body = {
        "entity": {"id": customer["id"]},
        "currency": {"id": currency},
        "subsidiary": {"id": customer["subsidiary"] or "1"},
        "account": {"id": row["account"]},
        "tranDate": "2025-12-01",
        "autoApply": False,
        "custbody_fact": row["id"],
        "item": {"items": [{"item": {"id": "101"}, "quantity": 1, "amount": amount, "isTaxable": False}]},
    }
    if row["externalid"]:
        body["externalId"] = row["externalid"]
    if amount:
        with contextlib.suppress(Refused):
            books.create("creditMemo", body)


def pay_invoice(books: Books, invoice: str, amount: Decimal) -> None:
    """A customer payment on an invoice."""
    t = books.transaction(invoice)
    is_open = books.row("accountingperiod", t.period)["closed"] == "F"
    books.create(
        "customerPayment",
        {
            "customer": {"id": t.entity},
            "subsidiary": {"id": t.subsidiary},
            "currency": {"id": t.currency},
            "arAcct": {"id": t.receivable},
            "account": {"id": "12"},
            "tranDate": str(t.tran_date) if is_open else "2026-11-02",
            "payment": amount,
            "autoApply": False,
            "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": amount}]},
        },
    )
