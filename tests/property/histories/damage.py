"""What Stripe would never send: damage to the landed copy only, so that rules about contradictions find something."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing
from tests.property.histories.dice import Dice

Obj = dict[str, Any]

KINDS = ("missing_row", "missing_row", "parts", "lines", "second_note", "split_tax", "split_tax")


def choose_damage(
    dice: Dice, billing: Billing, customer: str, invoices: Sequence[str], has_used_checkout: bool
) -> list[Obj]:
    """At most one damage: its kind, and the id of the ledger row or credit note."""
    notes = [note for invoice in invoices for note in billing.owned(invoice, "credit_notes")]
    rows = billing.owned(customer, "customer_balance_transactions")
    kind = dice.pick(KINDS)
    if kind == "missing_row" and rows and not has_used_checkout:
        return [{"kind": kind, "id": dice.pick(rows)["id"]}]
    if kind != "missing_row" and notes:
        return [{"kind": kind, "id": dice.pick(notes)["id"]}]
    return []


def apply_damage(stripe: dict[str, dict[str, Obj]], damage: Obj) -> None:
    """Change the landed objects."""
    id, kind = damage["id"], damage["kind"]
    if kind == "missing_row":
        del stripe["customer_balance_transactions"][id]
        return
    note = stripe["credit_notes"][id] = copy.deepcopy(stripe["credit_notes"][id])
    out_of_band, lines = note["out_of_band_amount"] or 0, note["lines"]["data"]
    if kind == "parts":
        note["out_of_band_amount"] = out_of_band + 10 * step(note["currency"])
    elif kind == "lines" and lines:
        lines[0]["amount"] += 100
    elif kind == "second_note" and note["pre_payment_amount"] + out_of_band == note["total"]:
        twin = copy.deepcopy(note) | {"id": f"{id}b", "number": f"{note['number']}b"}
        for line in twin["lines"]["data"]:
            line["id"] += "b"
        stripe["credit_notes"][twin["id"]] = twin
    elif kind == "split_tax":
        for line in lines:
            _split_first_tax(line)


def _split_first_tax(line: Obj) -> None:
    """L8: the same rate twice on a line."""
    for tax in [tax for tax in line["taxes"][:1] if tax["amount"] >= 3]:
        first = tax | {"amount": tax["amount"] // 3, "taxable_amount": tax["taxable_amount"] // 3}
        second = tax | {key: tax[key] - first[key] for key in ("amount", "taxable_amount")}
        line["taxes"] = [first, *line["taxes"][1:], second]
