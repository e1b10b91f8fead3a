"""The demo company's NetSuite: master data, and the invoices and payments that another integration copied from Stripe.

`mirror` leaves the amount open on each invoice that credit memos settle. The tables `ABSENT` and following say where
NetSuite differs, for some scenarios. Internal ids of master data are fixed, because the mapping files in
dbt_project/seeds name them.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sandbox.netsuite.books import Books
from sandbox.stripe.billing import Billing
from sandbox.stripe.shapes import Obj

FIRST_YEAR, LAST_YEAR = 2025, 2028
CLOSED_MONTHS = ("2026-01",)

SUBSIDIARY = "1"
CURRENCIES = {
    "usd": ("1", 2),
    "eur": ("2", 2),
    "gbp": ("3", 2),
    "jpy": ("4", 0),
    "kwd": ("5", 2),
    "huf": ("6", 0),
}
MINOR_DIGITS = {"jpy": 0, "kwd": 3}  # of Stripe's minor unit; other currencies have 2
RECEIVABLES, RECEIVABLES_EURO, BANK, BANK_EURO, INCOME, OLD_INCOME = "11", "12", "21", "22", "41", "42"
ACCOUNTS = {
    RECEIVABLES: ("1200 Receivables", "AcctRec"),
    RECEIVABLES_EURO: ("1210 Receivables Europe", "AcctRec"),
    BANK: ("1000 Stripe clearing", "Bank"),
    BANK_EURO: ("1010 Stripe clearing Europe", "Bank"),
    INCOME: ("4000 Subscriptions", "Income"),
    OLD_INCOME: ("4900 Credits on invoices before go-live", "Income"),
}
ITEMS = {  # internal id -> name, type, external id
    "101": ("Team plan", "Service", None),
    "102": ("Seat", "Service", None),
    "103": ("Storage", "Service", "price_StorageUsd"),
    "201": ("Stripe Unallocated Invoice Item", "Service", None),
    "202": ("Stripe Custom Credit Note Line Item", "Service", None),
    "203": ("Stripe Credit Note", "Service", None),
    "204": ("Stripe Customer Balance", "Service", None),
    "205": ("Stripe Discount (posting)", "Discount", None),
    "206": ("Stripe Discount", "Discount", None),
    "207": ("Stripe Billing Credit", "Service", None),
    "208": ("Stripe Shipping", "Service", None),
    "301": ("VAT 20 %", "OthCharge", None),
    "302": ("City tax", "OthCharge", None),
    "303": ("VAT inside", "OthCharge", None),
    "401": ("Welcome discount", "Discount", None),
}
ITEM_OF_PRODUCT = {"prod_Team": "101", "prod_Seat": "102", "prod_Storage": "103"}
CUSTOM_FIELDS = {
    "custbody_stripe_note_number": "text",
    "custbody_stripe_source": "text",
    "custbody_stripe_out_of_band": "boolean",
    "custbody_stripe_refund_reason": "text",
    "custcol_stripe_line": "text",
}

# Differences between NetSuite and Stripe, for some scenarios.
ABSENT = frozenset({"cus_Newcomer", "in_NoInvoice"})
WITHOUT_EXTERNAL_ID = {
    "cus_Oriole": "9001",
    "cus_Pipit": "9002",
    "in_MappedBySeed": "1",
}  # -> their internal ids
MOVED_TO = {"in_OtherCustomer": "cus_Birch"}
IN_CURRENCY = {"in_OtherCurrency": "usd"}
PAID_BY_HAND = frozenset({"in_TooLow"})  # a payment of the whole amount
MEMOS_BY_HAND = {"cn_AlreadyThere": Decimal(10), "cn_Differs": Decimal(9)}
ZERO_INVOICES_BY_HAND = {"in_NegativeThere": Decimal(0), "in_NegativeDiffers": Decimal(5)}


def set_up(books: Books) -> None:
    """Create the company: all master data except customers."""
    for name, (id, precision) in CURRENCIES.items():
        books.add(
            "currency",
            id=id,
            name=name.upper(),
            symbol=name.upper(),
            currencyprecision=str(precision),
            isbasecurrency=name == "usd",
        )
    books.add("subsidiary", id=SUBSIDIARY, name="Demo Company", currency=CURRENCIES["usd"][0])
    for id, (name, kind) in ACCOUNTS.items():
        books.add("account", id=id, acctnumber=name.split()[0], accountsearchdisplayname=name, accttype=kind)
    for id, (name, kind, external_id) in ITEMS.items():
        books.add("item", id=id, itemid=name, itemtype=kind, externalid=external_id, incomeaccount=INCOME)
    books.add("department", id="10", name="Customer Success")
    books.add("taxcode", id="5", itemid="VAT 20", rate="20")
    books.add("taxtype", id="3", name="VAT")
    books.configure(custom_fields=CUSTOM_FIELDS)
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        days = {"startdate": f"{year}-01-01", "enddate": f"{year}-12-31"}
        books.add("accountingperiod", periodname=f"FY {year}", isyear=True, **days)
        for month in range(1, 13):
            first = date(year, month, 1)
            last = first.replace(day=monthrange(year, month)[1])
            books.add("accountingperiod", periodname=first.strftime("%b %Y"), startdate=first, enddate=last)


def close_old_months(books: Books) -> None:
    """Close `CLOSED_MONTHS`. This follows the mirror, which could not date anything in a closed month."""
    for period in books.rows("accountingperiod"):
        if period["isyear"] == "F" and period["startdate"][:7] in CLOSED_MONTHS:
            books.set_period(period["id"], closed=True)


def mirror(billing: Billing, books: Books) -> None:
    """Copy customers, finalized invoices and payments that NetSuite does not have yet. It can run again at any time."""
    for customer in billing.objects("customers").values():
        _copy_customer(customer, books)
    existing = _existing_ids(books)
    # The invoice without an external id comes first, so that it has the internal id in the mapping file.
    for invoice in sorted(billing.objects("invoices").values(), key=lambda row: row["id"] not in WITHOUT_EXTERNAL_ID):
        if invoice["status"] not in ("open", "paid", "uncollectible") or ABSENT & {invoice["id"], invoice["customer"]}:
            continue
        if invoice["total"] >= 0:
            _copy_invoice(invoice, billing, books, existing)
        elif invoice["id"] in ZERO_INVOICES_BY_HAND and invoice["id"] not in existing:
            _create_by_hand("invoice", invoice, "102", ZERO_INVOICES_BY_HAND[invoice["id"]], books)
    for note in billing.objects("credit_notes").values():
        if note["id"] in MEMOS_BY_HAND and note["id"] not in existing:
            _create_by_hand("creditMemo", note, "203", MEMOS_BY_HAND[note["id"]], books)


def customer_ids(books: Books) -> dict[str, str]:
    """Stripe customer id -> NetSuite internal id."""
    ids = {row["externalid"]: row["id"] for row in books.rows("customer") if row["externalid"]}
    return ids | {stripe: id for stripe, id in WITHOUT_EXTERNAL_ID.items() if books.row("customer", id)}


def major_unit(amount: int, currency: str) -> Decimal:
    """An amount of Stripe's minor unit in the major unit, without the third digit that Stripe keeps at zero."""
    digits = MINOR_DIGITS.get(currency, 2)
    value = Decimal(amount).scaleb(-digits)
    return value.quantize(Decimal("0.01")) if digits == 3 else value


def _existing_ids(books: Books) -> dict[str, str]:
    """External id, or Stripe id of an invoice without one -> internal id."""
    ids = {record.external_id: str(record.id) for record in books.transactions() if record.external_id}
    mapped = {stripe: id for stripe, id in WITHOUT_EXTERNAL_ID.items() if stripe.startswith("in_")}
    return ids | {stripe: id for stripe, id in mapped.items() if books.transaction(id)}


def _copy_customer(customer: Obj, books: Books) -> None:
    id = customer["id"]
    if customer.get("deleted") or id in ABSENT or id in customer_ids(books):
        return
    currency = CURRENCIES.get(customer["currency"], CURRENCIES["usd"])[0]
    number = WITHOUT_EXTERNAL_ID.get(id) or str(1001 + len(books.rows("customer")))
    books.add(
        "customer",
        id=number,
        entityid=f"C{number}",
        companyname=customer["name"],
        subsidiary=SUBSIDIARY,
        currency=currency,
        externalid=None if id in WITHOUT_EXTERNAL_ID else id,
        currencylist=[currency, CURRENCIES["usd"][0]],
        receivablesaccount=RECEIVABLES_EURO if customer["currency"] == "eur" else RECEIVABLES,
    )


def _copy_invoice(invoice: Obj, billing: Billing, books: Books, existing: dict[str, str]) -> None:
    """Create the invoice and its payments, if NetSuite does not have them."""
    id = existing.get(invoice["id"])
    if id is None:
        external_id = None if invoice["id"] in WITHOUT_EXTERNAL_ID else invoice["id"]
        body = _head(invoice, books) | {"externalId": external_id, "item": {"items": _lines(invoice)}}
        id = books.create("invoice", body)
    for payment in billing.owned(invoice["id"], "invoice_payments"):
        if payment["status"] == "paid":
            source = payment["payment"]
            intent = source.get("payment_intent")
            payment_id = billing.get("payment_intents", intent)["latest_charge"] if intent else source["payment_record"]
            if payment_id not in existing:
                _create_payment(payment, payment_id, invoice, id, books)


def _create_payment(payment: Obj, external_id: str, invoice: Obj, target: str, books: Books) -> None:
    document = books.transaction(target)
    assert document is not None
    open_amount = books.open_amount(document)
    amount = open_amount if invoice["id"] in PAID_BY_HAND else major_unit(payment["amount_paid"], invoice["currency"])
    applied = min(amount, open_amount)
    rows = [{"doc": {"id": target}, "apply": True, "amount": applied}] if applied else []
    books.create(
        "customerPayment",
        {
            "customer": {"id": document.entity},
            "currency": {"id": document.currency},
            "arAcct": {"id": document.receivable},
            "account": {"id": BANK_EURO if document.receivable == RECEIVABLES_EURO else BANK},
            "payment": amount,
            "externalId": external_id,
            "autoApply": False,
            "tranDate": _day(payment["status_transitions"]["paid_at"]),
            "apply": {"items": rows},
        },
    )


def _create_by_hand(record_type: str, document: Obj, item: str, amount: Decimal, books: Books) -> None:
    """Create the record that an accountant entered under a Stripe document's id."""
    body = _head(document, books) | {
        "externalId": document["id"],
        "item": {"items": [_line(item, amount, "Made by hand")]},
    }
    books.create(record_type, body | ({"autoApply": False} if record_type == "creditMemo" else {}))


def _head(document: Obj, books: Books) -> dict[str, Any]:
    """The body fields of NetSuite's copy of a Stripe invoice or credit note."""
    owner: str = MOVED_TO.get(document["id"]) or document["customer"]
    currency: str = IN_CURRENCY.get(document["id"]) or document["currency"]
    moment = document.get("status_transitions", {}).get("finalized_at") or document["created"]
    return {
        "entity": {"id": customer_ids(books)[owner]},
        "currency": {"id": CURRENCIES[currency][0]},
        "tranDate": _day(moment),
        "subsidiary": {"id": SUBSIDIARY},
        "memo": f"Stripe: {document['id']}.",
    }


def _lines(invoice: Obj) -> list[dict[str, Any]]:
    """The lines, then the rest of the total: discounts and billing credits, taxes, shipping."""
    currency, lines = invoice["currency"], []
    for line in invoice["lines"]["data"]:
        product = line["pricing"] and line["pricing"]["price_details"]["product"]
        amount = major_unit(line["amount"], currency)
        item = ITEM_OF_PRODUCT.get(product, "201")
        lines.append(_line(item, amount, line["description"]) | {"quantity": line["quantity"]})
    off = sum(entry["amount"] for entry in invoice["total_pretax_credit_amounts"])
    tax = sum(tax["amount"] for tax in invoice["total_taxes"] if tax["tax_behavior"] == "exclusive")
    shipping = invoice["shipping_cost"]["amount_total"] if invoice["shipping_cost"] else 0
    for item, rest in (("206", -off), ("301", tax), ("208", shipping)):
        if rest:
            lines.append(_line(item, major_unit(rest, currency), ITEMS[item][0]))
    return lines


def _line(item: str, amount: Decimal, description: str | None) -> dict[str, Any]:
    return {
        "item": {"id": item},
        "amount": amount,
        "description": (description or "")[:4000],
        "isTaxable": False,
    }


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
