"""How much of an invoice can still be credited or refunded (facts 4.1). Amounts are in minor units."""

from __future__ import annotations

from sandbox.stripe.account import Account, Refused
from sandbox.stripe.payments import charges_of
from sandbox.stripe.shapes import Obj

NEW_REFUND = ("succeeded", "pending", "requires_action")
DEAD_REFUND = ("failed", "canceled")


def check_headroom(account: Account, invoice: Obj, *, note_total: int = 0, linked: int = 0, refund: int = 0) -> None:
    """Refuse a credit note or a refund that would exceed the invoice's total.

    `note_total` is the total of a new credit note, of which `linked` claims existing refunds; `refund` is a new
    refund without a credit note. Credit notes and the refunds outside them stay within the total together.
    """
    notes = account.owned(invoice["id"], "credit_notes")
    credited = sum(note["total"] for note in notes if note["status"] == "issued")
    refunded = sum(
        row["amount"] - linked_amount(account, row["id"])
        for charge in charges_of(account, invoice["id"])
        for row in account.owned(charge["id"], "refunds")
        if row["status"] not in DEAD_REFUND
    )
    room = invoice["total"] + invoice["amount_overpaid"] - credited - refunded + linked
    room = min(room, invoice["total"] - credited) if note_total else room
    if note_total + refund > room:
        raise Refused(f"{invoice['id']} has {room} left to credit or refund, not {note_total + refund}")


def linked_amount(account: Account, refund: str) -> int:
    """The part of a refund that credit notes claim."""
    notes = {note["id"]: note for note in account.owned(refund, "credit_notes")}
    return sum(
        part["amount_refunded"] for note in notes.values() for part in note["refunds"] if part["refund"] == refund
    )
