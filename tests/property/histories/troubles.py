"""Trouble in the landed copy of Stripe's objects: what Stripe seldom sends, or contradicts itself in.

`TROUBLES` names every one. A history has at most one, so that a rule about it decides alone.
`reproduce` prints its name.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing
from tests.property.histories.dice import Dice

Obj = dict[str, Any]
Landed = dict[str, dict[str, Obj]]  # kind -> id -> object

UNKNOWN_STATUSES = ("deferred", None)
REFUND_STATUSES: tuple[Obj, ...] = (
    {"status": None, "balance_transaction": None},
    {"status": None, "balance_transaction": "txn_old"},
    {"status": "halted"},
    {"status": "succeeded", "reason": "expired_uncaptured_charge"},
)
QUANTITIES: tuple[Obj, ...] = (
    {"quantity": 1, "quantity_decimal": "1.5"},
    {"quantity": 0, "quantity_decimal": "0.25"},
    {"quantity": 0, "quantity_decimal": "0"},
    {"quantity": 3, "quantity_decimal": "3.000000000001"},
)


@dataclass(frozen=True)
class Trouble:
    """One kind of trouble: the kind of object it happens to, and what it does to the landed copy.

    apply: takes the landed objects, the id of the object, and a number that picks a variant.
    """

    target: str
    apply: Callable[[Landed, str, int], None]
    weight: int = 1


def choose_trouble(dice: Dice, billing: Billing, customer: str, invoices: Sequence[str]) -> list[Obj]:
    """One trouble that can happen to the customer: its name (`kind`), the id of its object, the number of a variant."""
    notes = [note for invoice in invoices for note in billing.owned(invoice, "credit_notes")]
    refunds = [entry["refund"] for note in notes for entry in note["refunds"] if entry["refund"]]
    candidates: dict[str, list[str]] = {
        "credit_notes": [note["id"] for note in notes],
        "refunds": refunds,
        "invoices": [id for id in invoices if billing.get("invoices", id)["status"] != "draft"],
        "customer_balance_transactions": [
            row["id"] for row in billing.owned(customer, "customer_balance_transactions")
        ],
        "customers": [customer],
        "checkout_invoices": [id for id in invoices if _has_session(billing, id)],
    }
    names = [name for name, trouble in TROUBLES.items() for _ in range(trouble.weight) if candidates[trouble.target]]
    name = dice.pick(names)
    return [{"kind": name, "id": dice.pick(candidates[TROUBLES[name].target]), "variant": dice.integer(0, 11)}]


def _has_session(billing: Billing, invoice: str) -> bool:
    return any(row["checkout_session"] for row in billing.owned(invoice, "customer_balance_transactions"))


def apply_trouble(stripe: Landed, trouble: Obj) -> None:
    """Change the landed objects. Each of them is replaced, never changed in place: the account keeps its own."""
    TROUBLES[trouble["kind"]].apply(stripe, trouble["id"], trouble["variant"])


def _change(stripe: Landed, kind: str, id: str, **fields: Any) -> None:
    if id in stripe[kind]:
        stripe[kind][id] = stripe[kind][id] | fields


def _copy_of_note(stripe: Landed, id: str) -> Obj:
    note = stripe["credit_notes"][id] = copy.deepcopy(stripe["credit_notes"][id])
    return note


# -------------------------------------------------------------------- the balance ledger


def _row_is_missing(stripe: Landed, id: str, _: int) -> None:
    """B6, B8."""
    stripe["customer_balance_transactions"].pop(id, None)


def _ledger_is_unread(stripe: Landed, customer: str, _: int) -> None:
    """B6, B8: Stripe answers 404, and nothing was landed before."""
    for id, row in list(stripe["customer_balance_transactions"].items()):
        if row["customer"] == customer:
            del stripe["customer_balance_transactions"][id]


def _customer_is_deleted(stripe: Landed, customer: str, variant: int) -> None:
    """B6: some rows were landed before; those expanded on credit notes count."""
    _change(stripe, "customers", customer, deleted=True)
    if variant % 2:
        _ledger_is_unread(stripe, customer, variant)


def _customer_is_an_account(stripe: Landed, customer: str, _: int) -> None:
    """X1: accounts of version 2 name a `customer_account`."""
    for kind in ("invoices", "credit_notes", "customer_balance_transactions"):
        for id, obj in list(stripe[kind].items()):
            if obj["customer"] == customer:
                _change(stripe, kind, id, customer=None, customer_account=customer)


def _invoice_has_no_customer(stripe: Landed, id: str, _: int) -> None:
    """B8: an invoice whose ledger nobody can read."""
    _change(stripe, "invoices", id, customer=None)
    for row_id, row in list(stripe["customer_balance_transactions"].items()):
        if row["invoice"] == id:
            del stripe["customer_balance_transactions"][row_id]


def _sessions_are_unread(stripe: Landed, customer: str, _: int) -> None:
    """B9: no session names its invoice, so rows and invoices are paired."""
    for id, session in list(stripe["checkout_sessions"].items()):
        if session["customer"] == customer:
            del stripe["checkout_sessions"][id]


def _invoice_is_not_landed(stripe: Landed, id: str, variant: int) -> None:
    """B6, B9, O5: a use or a session names it all the same, or a session is left over."""
    stripe["invoices"].pop(id)
    if variant % 2:
        sessions = stripe["checkout_sessions"]
        stripe["checkout_sessions"] = {key: found for key, found in sessions.items() if found["invoice"] != id}


# -------------------------------------------------------------------- credit notes and invoices


def _parts_do_not_add_up(stripe: Landed, id: str, variant: int) -> None:
    """C1: one part is wrong, or all are missing."""
    note = _copy_of_note(stripe, id)
    if variant % 3:
        note["out_of_band_amount"] = (note["out_of_band_amount"] or 0) + 10 * step(note["currency"])
    else:
        note |= {"out_of_band_amount": 0, "pre_payment_amount": 0, "refunds": []}


def _lines_do_not_add_up(stripe: Landed, id: str, _: int) -> None:
    """L10."""
    note = _copy_of_note(stripe, id)
    if note["lines"]["data"]:
        note["lines"]["data"][0]["amount"] += 100


def _note_comes_twice(stripe: Landed, id: str, _: int) -> None:
    """C5."""
    note = _copy_of_note(stripe, id)
    if note["pre_payment_amount"] + (note["out_of_band_amount"] or 0) == note["total"]:
        twin = copy.deepcopy(note) | {"id": f"{id}b", "number": f"{note['number']}b"}
        for line in twin["lines"]["data"]:
            line["id"] += "b"
        stripe["credit_notes"][twin["id"]] = twin


def _rate_comes_twice(stripe: Landed, id: str, _: int) -> None:
    """L8."""
    for line in _copy_of_note(stripe, id)["lines"]["data"]:
        for tax in [tax for tax in line["taxes"][:1] if tax["amount"] >= 3]:
            first = tax | {"amount": tax["amount"] // 3, "taxable_amount": tax["taxable_amount"] // 3}
            second = tax | {key: tax[key] - first[key] for key in ("amount", "taxable_amount")}
            line["taxes"] = [first, *line["taxes"][1:], second]


def _note_status_is_unknown(stripe: Landed, id: str, variant: int) -> None:
    """O5: its part before payment counts only if the invoice holds it."""
    note = stripe["credit_notes"][id]
    _change(stripe, "credit_notes", id, status=UNKNOWN_STATUSES[variant % 2])
    if variant % 3 == 0 and note["invoice"] in stripe["invoices"]:
        held = stripe["invoices"][note["invoice"]]["pre_payment_credit_notes_amount"] - note["pre_payment_amount"]
        _change(stripe, "invoices", note["invoice"], pre_payment_credit_notes_amount=held)


def _invoice_status_is_unknown(stripe: Landed, id: str, variant: int) -> None:
    """O5."""
    _change(stripe, "invoices", id, status=UNKNOWN_STATUSES[variant % 2])


def _quantity_is_decimal(stripe: Landed, id: str, variant: int) -> None:
    """L1, N1: on all lines of the invoice and of its notes."""
    quantity = QUANTITIES[variant % len(QUANTITIES)]
    notes = [note for note in stripe["credit_notes"].values() if note["invoice"] == id]
    for kind, obj in (("invoices", stripe["invoices"][id]), *(("credit_notes", note) for note in notes)):
        lines = [line | quantity for line in obj["lines"]["data"]]
        _change(stripe, kind, obj["id"], lines=obj["lines"] | {"data": lines})


# -------------------------------------------------------------------- refunds


def _refund_status_is_odd(stripe: Landed, id: str, variant: int) -> None:
    """R2: no status, a new one, or one that moved no money."""
    _change(stripe, "refunds", id, **REFUND_STATUSES[variant % len(REFUND_STATUSES)])


def _refund_is_not_landed(stripe: Landed, id: str, _: int) -> None:
    """R2, G3."""
    stripe["refunds"].pop(id, None)


def _links_exceed_the_refund(stripe: Landed, id: str, variant: int) -> None:
    """R6, G3: a refund of 10.00 linked with 24.00."""
    refund = stripe["refunds"][id]
    unit = step(refund["currency"])
    _change(stripe, "refunds", id, amount=refund["amount"] * (1 + variant % 3) // 4 // unit * unit)


def _refund_has_another_currency(stripe: Landed, id: str, _: int) -> None:
    """R6."""
    _change(stripe, "refunds", id, currency="eur" if stripe["refunds"][id]["currency"] != "eur" else "usd")


def _refund_is_linked_by_two_notes(stripe: Landed, id: str, variant: int) -> None:
    """R3, R6, C4: another note of the customer links it too, in place of its part out of band."""
    refund = stripe["refunds"][id]
    for note_id, note in list(stripe["credit_notes"].items()):
        amount = note["out_of_band_amount"] or 0
        is_linked = any(entry["refund"] == id for entry in note["refunds"])
        if amount and not is_linked and note["customer"] == refund["customer"]:
            template = next(
                entry
                for other in stripe["credit_notes"].values()
                for entry in other["refunds"]
                if entry["refund"] == id
            )
            entries = [*note["refunds"], template | {"amount_refunded": amount}]
            _change(stripe, "credit_notes", note_id, out_of_band_amount=0, refunds=entries)
            if variant % 2:  # enough of the refund for both
                _change(stripe, "refunds", id, amount=refund["amount"] + amount)
            return


def _is_gone(kind: str) -> Callable[[Landed, str, int], None]:
    """I3: Stripe answers 404 for an object that it never deletes."""
    return lambda stripe, id, _: _change(stripe, kind, id, deleted=True)


TROUBLES = {
    "missing_row": Trouble("customer_balance_transactions", _row_is_missing, 6),
    "unread_ledger": Trouble("customers", _ledger_is_unread, 3),
    "deleted_customer": Trouble("customers", _customer_is_deleted, 2),
    "customer_account": Trouble("customers", _customer_is_an_account, 3),
    "no_customer": Trouble("invoices", _invoice_has_no_customer, 2),
    "unread_sessions": Trouble("customers", _sessions_are_unread, 8),
    "unlanded_invoice": Trouble("invoices", _invoice_is_not_landed, 2),
    "lost_session": Trouble("checkout_invoices", _invoice_is_not_landed, 6),
    "parts": Trouble("credit_notes", _parts_do_not_add_up, 3),
    "lines": Trouble("credit_notes", _lines_do_not_add_up, 3),
    "second_note": Trouble("credit_notes", _note_comes_twice, 8),
    "split_tax": Trouble("credit_notes", _rate_comes_twice, 5),
    "note_status": Trouble("credit_notes", _note_status_is_unknown, 3),
    "invoice_status": Trouble("invoices", _invoice_status_is_unknown, 3),
    "quantity": Trouble("invoices", _quantity_is_decimal, 5),
    "refund_status": Trouble("refunds", _refund_status_is_odd, 8),
    "unlanded_refund": Trouble("refunds", _refund_is_not_landed, 2),
    "refund_amount": Trouble("refunds", _links_exceed_the_refund, 6),
    "refund_currency": Trouble("refunds", _refund_has_another_currency, 4),
    "two_notes": Trouble("refunds", _refund_is_linked_by_two_notes, 8),
    "gone_note": Trouble("credit_notes", _is_gone("credit_notes"), 2),
    "gone_invoice": Trouble("invoices", _is_gone("invoices"), 2),
    "gone_refund": Trouble("refunds", _is_gone("refunds"), 2),
}
