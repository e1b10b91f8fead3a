"""Trouble in NetSuite: records of other people, of the Stripe Connector, and records that are found twice.

`FOREIGN` names every kind. A customer has at most one; `reproduce` prints its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing
from tests.property.histories.dice import Dice
from tests.property.oracle.amounts import decimals

Obj = dict[str, Any]


def major(amount: int, currency: str) -> str:
    """A minor amount as a decimal string."""
    places = decimals(currency)
    digits = f"{abs(amount):0{places + 1}d}"
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return ("-" if amount < 0 else "") + text


@dataclass
class Place:
    """One customer's place in both systems.

    customer: the NetSuite customer's row; empty where NetSuite lacks it.
    invoices: Stripe invoice -> NetSuite row.
    """

    dice: Dice
    billing: Billing
    rows: dict[str, list[Obj]]
    currency_ids: dict[str, str]
    has_id_fields: bool
    number: int
    stripe_customer: str
    customer: Obj
    invoices: dict[str, Obj]

    @property
    def notes(self) -> list[Obj]:
        return [note for id in self.invoices for note in self.billing.owned(id, "credit_notes")]

    def record(self, kind: str, amount: int, currency: str, external_id: str | None, /, **fields: Any) -> str:
        """The one record of somebody else; the result is its internal id."""
        id = str(4_000_000 + self.number)
        row = {
            "id": id,
            "externalid": external_id,
            "type": kind,
            "entity": self.customer.get("id", "1"),
            "trandate": "2025-12-01",
            "currency": self.currency_ids.get(currency, "1"),
            "foreigntotal": major(-amount, currency),
            "status": "A",
            "voided": "F",
            "posting": "T",
            "postingperiod": "1",
            "subsidiary": self.customer.get("subsidiary", "1"),
            "account": "10",
        }
        self.rows["transactions"].append(row | fields)
        return id

    def name(self, kind: str, obj: Obj, key: str, value: str) -> None:
        """Write an internal id into the metadata of a Stripe object."""
        self.billing.update(kind, obj["id"], metadata=(obj["metadata"] or {}) | {key: value})

    def difference(self) -> Obj:
        """Mostly none; else what does not agree with the document (P5)."""
        return self.dice.pick(
            ({}, {}, {}, {"entity": "1"}, {"currency": "99"}, {"type": "CustDep"}, {"foreigntotal": "-1"})
        )


def add_foreign_record(place: Place) -> str | None:
    """One kind of trouble that can happen to the customer; the result is its name, None if none can."""
    by_weight = [name for name, (_, weight) in FOREIGN.items() for _ in range(weight)]
    first = place.dice.integer(0, len(by_weight) - 1)
    names = dict.fromkeys([*by_weight[first:], *by_weight[:first]])
    return next((name for name in names if FOREIGN[name][0](place)), None)


def memo_amount(note: Obj) -> int:
    """C1."""
    refunded = sum(entry["amount_refunded"] for entry in note["refunds"])
    return int(note["pre_payment_amount"] + refunded + (note["out_of_band_amount"] or 0))


# -------------------------------------------------------------------- memos


def _connector_memo(place: Place) -> bool:
    """K1 to K4: by name or by metadata, of the note or of its only refund; in NetSuite or not."""
    if not place.notes:
        return False
    dice, note = place.dice, place.dice.pick(place.notes)
    refunds = [place.billing.get("refunds", entry["refund"]) for entry in note["refunds"] if entry["refund"]]
    kind, obj = ("refunds", refunds[0]) if refunds and dice.chance(50) else ("credit_notes", note)
    is_named = dice.chance(50)
    external_id = dice.pick((None, f"ns_memo:{obj['id']}")) if is_named else f"ns_memo:{obj['id']}"
    id = place.record("CustCred", memo_amount(note), note["currency"], external_id, **place.difference())
    if is_named:
        place.name(kind, obj, "netsuite_credit_memo_id", id if dice.chance(60) else "77777777")
    _apply_memo(place, note, id)
    return True


def _apply_memo(place: Place, note: Obj, memo: str) -> None:
    """K2: the connector or a person applied the memo, or not: to the invoice, or elsewhere, in whole or in part.

    NetSuite applies no more of a memo than it has.
    """
    dice, currency = place.dice, note["currency"]
    on_invoice, total = note["pre_payment_amount"], memo_amount(note)
    to_invoice = dice.pick((0, on_invoice))
    elsewhere = min(dice.pick((0, 0, total, total - on_invoice, step(currency))), total - to_invoice)
    applied = [(place.invoices[note["invoice"]]["id"], to_invoice), ("99999", elsewhere)]
    for document, amount in applied:
        if amount > 0:
            row = {"previousdoc": document, "previoustype": "CustInvc", "nextdoc": memo, "nexttype": "CustCred"}
            place.rows["applications"].append(row | {"linktype": "Payment", "foreignamount": major(amount, currency)})


def _connector_memo_of_use(place: Place) -> bool:
    """K1: under the invoice's name."""
    for id in place.invoices:
        rows = place.billing.owned(id, "customer_balance_transactions")
        used = sum(row["amount"] for row in rows if row["type"] == "applied_to_invoice")
        if used > 0:
            currency = place.billing.get("invoices", id)["currency"]
            place.record("CustCred", used, currency, f"ns_memo:{id}", **place.difference())
            return True
    return False


def _own_memo(place: Place) -> bool:
    """P5, X2: a record under our own external id, or under one that differs in case."""
    if not place.notes:
        return False
    note = place.dice.pick(place.notes)
    external_id = note["id"] if place.dice.chance(75) else note["id"].upper()
    place.record("CustCred", memo_amount(note), note["currency"], external_id, **place.difference())
    return True


# -------------------------------------------------------------------- customer refunds


def _refund(place: Place) -> Obj | None:
    refunds = [entry["refund"] for note in place.notes for entry in note["refunds"] if entry["refund"]]
    return place.billing.get("refunds", place.dice.pick(refunds)) if refunds else None


def _foreign_refund(place: Place) -> bool:
    """R3: a customer refund under the refund's id, with room for our applications or without."""
    refund = _refund(place)
    if refund is None:
        return False
    amount = place.dice.pick((0, 0, step(refund["currency"]), refund["amount"]))
    difference = place.dice.pick(({}, {}, {"entity": "1"}, {"currency": "99"}, {"type": "CustCred"}))
    place.record("CustRfnd", amount, refund["currency"], refund["id"], **difference)
    return True


def _connector_refund(place: Place) -> bool:
    """K1, K3, K4: a customer refund that the refund's metadata names."""
    refund = _refund(place)
    if refund is None:
        return False
    id = place.record("CustRfnd", place.dice.pick((0, refund["amount"])), refund["currency"], None)
    place.name("refunds", refund, "netsuite_customer_refund_id", id if place.dice.chance(60) else "77777777")
    return True


# -------------------------------------------------------------------- customers and invoices


def _customer_comes_twice(place: Place) -> bool:
    """X1: two ids in metadata, or two rows in the custom field; one of them perhaps inactive."""
    if not place.customer:
        return False
    dice, customer = place.dice, place.billing.customer(place.stripe_customer)
    if not place.has_id_fields:
        separator = dice.pick((",", "; ", "|", " "))
        place.name("customers", customer, "netsuite_customer_id", f"{place.customer['id']}{separator}1")
        return True
    other = place.customer | {"id": str(5_000_000 + place.number), "externalid": None, "stripe_id": customer["id"]}
    place.rows["customers"].append(other | {"isinactive": dice.pick(("T", "F"))})
    if dice.chance(50):
        place.customer["isinactive"] = "T"
    return True


def _invoice_comes_twice(place: Place) -> bool:
    """X1: as for customers; of two invoices the one that is not voided counts."""
    if not place.invoices:
        return False
    dice, id = place.dice, place.dice.pick(tuple(place.invoices))
    invoice, row = place.billing.get("invoices", id), place.invoices[id]
    if not place.has_id_fields:
        place.name("invoices", invoice, "netsuite_invoice_id", f"{row['id']}{dice.pick((',', ';', '|', ' '))}2")
        return True
    other = row | {"id": f"6{row['id']}", "externalid": None, "stripe_id": id, "voided": dice.pick(("T", "F"))}
    place.rows["transactions"].append(other)
    return True


def _invoice_does_not_stand(place: Place) -> bool:
    """C4: voided by hand, rejected, or waiting for approval."""
    ids = [id for id in place.invoices if place.billing.get("invoices", id)["total"] >= 0]
    if not ids:
        return False
    change = place.dice.pick(
        ({"voided": "T"}, {"approvalstatus": "3"}, {"approvalstatus": "1"}, {"approvalstatus": "2"})
    )
    place.invoices[place.dice.pick(ids)].update(change)
    return True


# Name -> (what adds it, weight).
FOREIGN: dict[str, tuple[Callable[[Place], bool], int]] = {
    "connector_memo": (_connector_memo, 12),
    "connector_memo_of_use": (_connector_memo_of_use, 2),
    "connector_refund": (_connector_refund, 3),
    "foreign_refund": (_foreign_refund, 4),
    "own_memo": (_own_memo, 2),
    "invoice_does_not_stand": (_invoice_does_not_stand, 1),
    "invoice_twice": (_invoice_comes_twice, 1),
    "customer_twice": (_customer_comes_twice, 1),
}
