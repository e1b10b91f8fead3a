"""NetSuite's rows for an account at Stripe: mostly as they should be, some missing, decoys, or with too little open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing
from tests.property.histories.catalogue import CURRENCIES, PRECISIONS
from tests.property.histories.dice import Dice
from tests.property.histories.foreign_records import Place, add_foreign_record, major

Obj = dict[str, Any]

NOT_A_USE = ("invoice_too_small", "invoice_too_large", "invoice_overpaid")


class NetSuiteRows:
    """Rows of raw_netsuite, and the mapping rows that belong to single customers and documents.

    has_id_fields: NetSuite has custom fields for Stripe's ids (X1).
    """

    def __init__(
        self, *, unknown_currency: str | None = None, closed_until: date | None = None, has_id_fields: bool = False
    ) -> None:
        self.has_id_fields = has_id_fields
        self.troubles: dict[str, str] = {}  # by Stripe customer
        self.currency_ids = {c: str(i + 1) for i, c in enumerate(CURRENCIES) if c != unknown_currency}
        item = {"itemtype": "Service", "isinactive": "F", "subsidiary": "1"}
        self.rows: dict[str, list[Obj]] = {
            "customers": [],
            "transactions": [],
            "applications": [],
            "items": [item | {"id": str(i), "itemid": f"Item {i}"} for i in range(100, 140)],
            "currencies": [
                {"id": i, "symbol": c.upper(), "currencyprecision": str(PRECISIONS[c]), "isinactive": "F"}
                for c, i in self.currency_ids.items()
            ],
            "accounting_periods": list(_periods(closed_until)),
            "accounts": [{"id": str(i), "isinactive": "F"} for i in range(10, 30)],
            "subsidiaries": [{"id": "1"}, {"id": "2"}],
        }
        self.mappings: dict[str, list[Obj]] = {"customer_map": [], "invoice_map": [], "manual_decisions": []}

    def add(self, dice: Dice, billing: Billing, customer: str, number: int) -> None:
        """The customer, its invoices, and decisions about its credit notes. `number` makes the ids."""
        row = self._add_customer(dice, billing, customer, number)
        before = len(self.rows["transactions"])
        for index, invoice in enumerate(billing.owned(customer, "invoices")):
            if invoice["status"] != "draft":
                id = f"{2_000_000 + number}{index:02d}"
                self._add_invoice(dice, billing, invoice, id, str(1_000_000 + number), row)
        for invoice in billing.owned(customer, "invoices"):
            for note in billing.owned(invoice["id"], "credit_notes"):
                self._decide_on_note(dice, billing, note)
        if dice.chance(25):
            found = {row["stripe_invoice"]: row for row in self.rows["transactions"][before:]}
            shared = (dice, billing, self.rows, self.currency_ids, self.has_id_fields)
            place = Place(*shared, number, customer, row, found)
            if trouble := add_foreign_record(place):
                self.troubles[customer] = trouble

    # ---------------------------------------------------------------- customers

    def _add_customer(self, dice: Dice, billing: Billing, customer: str, number: int) -> Obj:
        """Mostly with the Stripe id as external id; the result is empty where NetSuite lacks the customer."""
        own_id = str(1_000_000 + number)
        kind = dice.integer(1, 100)
        subsidiary = dice.pick(("1", "1", "2"))
        row = {"id": own_id, "isinactive": "F", "subsidiary": subsidiary, "currency": "1", "receivablesaccount": "10"}
        if kind <= 4:
            self.mappings["customer_map"].append({"stripe_customer_id": customer, "netsuite_customer_id": own_id})
            if dice.chance(50):  # a decoy under the external id: the mapping row wins
                self.rows["customers"].append(row | {"id": str(3_000_000 + number), "externalid": customer})
        elif kind <= 8:
            named = own_id if dice.chance(80) else "99999999"
            billing.update("customers", customer, metadata={"netsuite_customer_id": named})
            row["externalid"] = customer if dice.chance(50) else None
        elif kind <= 12 and self.has_id_fields:
            row["stripe_id"] = customer
        elif kind <= 14:
            row["externalid"] = customer.upper()  # exact case only (X1)
        elif kind <= 16:
            return {}
        else:
            row["externalid"] = customer
        self.rows["customers"].append(row)
        return row

    # ---------------------------------------------------------------- decisions by hand

    def _decide_on_note(self, dice: Dice, billing: Billing, note: Obj) -> None:
        """X5, R4: some notes are skipped, some failed refunds are settled out of band."""
        decided = dice.chance(2)
        if decided:
            self._decide(note["id"], "skip")
        if has_dead_refund(billing, note) and dice.chance(50) and not decided:
            self._decide(note["id"], "out_of_band")

    def _decide(self, document: str, decision: str) -> None:
        self.mappings["manual_decisions"].append({"document_id": document, "decision": decision, "note": "by hand"})

    # ---------------------------------------------------------------- invoices

    def _add_invoice(self, dice: Dice, billing: Billing, invoice: Obj, own_id: str, customer: str, owner: Obj) -> None:
        """Mostly with the Stripe id as external id and enough open for all documents.

        own_id: internal id of the invoice. customer: internal id of its customer. owner: that customer's row.
        """
        id, currency, total = invoice["id"], invoice["currency"], invoice["total"]
        if total < 0 and not dice.chance(20):
            return
        if dice.chance(2):
            self._decide(id if total < 0 else f"{id}_balance", "skip")
        parts = _parts(billing, id)
        trouble = dice.integer(1, 100)
        if trouble <= 3:
            return
        entity = "1" if trouble == 4 else customer
        symbol = dice.pick([c for c in self.currency_ids if c != currency]) if trouble == 5 else currency
        open_amount = _open_amount(dice, parts, step(currency), is_too_little=trouble <= 15)
        row = {
            "id": own_id,
            "stripe_invoice": id,
            "type": "CustInvc",
            "entity": entity,
            "trandate": "2025-12-01",
            "currency": self.currency_ids.get(symbol, "1"),
            "foreigntotal": major(max(0, total), currency),
            "status": "A",
            "foreignamountunpaid": major(open_amount, currency),
            "voided": "F",
            "posting": "T",
            "postingperiod": "1",
            "subsidiary": owner.get("subsidiary", "1"),
            "account": dice.pick(("10", "10", "11")),
        }
        if total < 0:
            row |= {"foreigntotal": "0.00" if dice.chance(60) else "12.00", "foreignamountunpaid": "0"}
        self._identify_invoice(dice, billing, invoice, row)
        self.rows["transactions"].append(row)

    def _identify_invoice(self, dice: Dice, billing: Billing, invoice: Obj, row: Obj) -> None:
        """X1: by mapping file, metadata, custom field or external id."""
        id, way = invoice["id"], dice.integer(1, 100)
        if way <= 4:
            self.mappings["invoice_map"].append({"stripe_invoice_id": id, "netsuite_invoice_id": row["id"]})
        elif way <= 8:
            named = row["id"] if dice.chance(80) else "88888888"
            billing.update("invoices", id, metadata=invoice["metadata"] | {"netsuite_invoice_id": named})
        elif way <= 12 and self.has_id_fields:
            row["stripe_id"] = id
        else:
            row["externalid"] = id


def has_dead_refund(billing: Billing, note: Obj) -> bool:
    """R2: a refund of the note failed or was canceled."""
    refunds = [billing.get("refunds", entry["refund"]) for entry in note["refunds"] if entry["refund"]]
    return any(refund["status"] in ("failed", "canceled") for refund in refunds)


def _parts(billing: Billing, invoice: str) -> list[int]:
    """What documents apply to the invoice: pre-payment credit notes and the use of balance."""
    notes = billing.owned(invoice, "credit_notes")
    parts = [n["pre_payment_amount"] for n in notes if n["status"] == "issued" and n["pre_payment_amount"]]
    rows = billing.owned(invoice, "customer_balance_transactions")
    use = sum(row["amount"] for row in rows if row["type"] not in NOT_A_USE)
    return [*parts, use] if use > 0 else parts


def _open_amount(dice: Dice, parts: list[int], size: int, *, is_too_little: bool) -> int:
    """Enough for all parts; or too little for all of them, perhaps enough for one."""
    wanted = sum(parts)
    if not is_too_little or not parts:
        return wanted + dice.pick((0, 0, 1000)) * size
    return dice.pick((wanted - size, wanted // 2 // size * size, dice.pick(parts)))


def _periods(closed_until: date | None) -> Iterator[Obj]:
    """Months from October 2025 to September 2026 without March; quarters and an adjustment period, which are never
    posted to.
    """
    first = date(2025, 10, 1)
    for number in range(1, 13):
        following = (first + timedelta(days=32)).replace(day=1)
        is_closed = closed_until is not None and following <= closed_until
        row = {
            "id": str(number),
            "periodname": f"{first:%b %Y}",
            "startdate": str(first),
            "enddate": str(following - timedelta(days=1)),
            "isyear": "F",
            "isquarter": "F",
            "isadjust": "F",
            "isinactive": "F",
            "closed": "T" if is_closed and first.month != 11 else "F",
            "arlocked": "T" if is_closed and first.month == 11 else "F",
            "alllocked": "F",
        }
        if first.month != 3:
            yield row
        if first.month % 3 == 1:
            open_row = row | {"closed": "F", "arlocked": "F"}
            end = (first + timedelta(days=100)).replace(day=1) - timedelta(days=1)
            quarter = {"id": str(100 + number), "periodname": "Q", "enddate": str(end), "isquarter": "T"}
            yield open_row | quarter
            yield open_row | {"id": str(200 + number), "periodname": "Adj", "isadjust": "T"}
        first = following
