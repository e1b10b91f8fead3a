"""A random credit note: what it credits, and how the money goes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing, CreditLine, RefundPart
from tests.property.histories.catalogue import Catalogue
from tests.property.histories.dice import Dice
from tests.property.histories.draws import amount, metadata, tax_rates

Obj = dict[str, Any]

DAY = 86_400
MEMOS = (None, None, "Sorry", "", "Rücknahme, wie besprochen", "m" * 1200)


def create_credit_note(dice: Dice, billing: Billing, catalogue: Catalogue, invoice: Obj) -> list[str]:
    """Credit a finalized invoice above zero; the result is the refunds of the note.

    Raises:
        Refused: Stripe does not allow this credit note.
    """
    credited = _credited(dice, catalogue, invoice)
    total, _, post = billing.preview_credit_note(invoice["id"], **credited)
    if invoice["currency"] == "huf" and total % 100 and dice.chance(70) and credited["amount"] is None:
        rounding = CreditLine(unit_amount=100 - total % 100, description="Rounding")
        credited["lines"] = [*credited["lines"], rounding]
        total, _, post = billing.preview_credit_note(invoice["id"], **credited)
    payout = _pay_out(dice, billing, invoice, post)
    note_metadata = metadata(dice)
    effective_at = billing.now - dice.integer(0, 60) * DAY if dice.chance(30) else None
    id = billing.credit_note(
        invoice["id"],
        **credited,
        refunds=payout.refunds,
        credit=payout.credit,
        out_of_band=payout.out_of_band,
        memo=dice.pick(MEMOS),
        metadata=note_metadata,
        effective_at=effective_at,
    )
    return [entry["refund"] for entry in billing.get("credit_notes", id)["refunds"] if entry["refund"]]


# -------------------------------------------------------------------- credited lines and amounts


def _credited(dice: Dice, catalogue: Catalogue, invoice: Obj) -> Obj:
    """Arguments `lines`, `amount` and `shipping` of a credit note."""
    currency, total, size = invoice["currency"], invoice["total"], step(invoice["currency"])
    form = dice.integer(1, 100)
    if form <= 12:
        return {"lines": [], "amount": amount(dice, currency, total // size or 1), "shipping": 0}
    if form <= 24:
        return {"lines": [], "amount": total, "shipping": 0}
    shipping = invoice["shipping_cost"]["amount_subtotal"] if invoice["shipping_cost"] else 0
    if shipping and form <= 30:
        return {"lines": [], "amount": None, "shipping": shipping}
    shipping = dice.pick((shipping // size // 3 * size, shipping)) if shipping and dice.chance(40) else 0
    if shipping and form <= 34:
        return {"lines": [], "amount": total // size // 2 * size, "shipping": shipping}
    lines = [*_credited_lines(dice, invoice), *_custom_lines(dice, catalogue, currency)]
    return {"lines": lines, "amount": None, "shipping": shipping}


def _credited_lines(dice: Dice, invoice: Obj) -> list[CreditLine]:
    """All of the invoice, or parts of some lines, by quantity or amount."""
    lines = []
    is_whole = dice.chance(25)
    for line in invoice["lines"]["data"]:
        if not is_whole and dice.chance(25):
            continue
        description = dice.pick((None, None, "Part", ""))
        if line["quantity"] and not is_whole and dice.chance(50):
            quantity = dice.integer(1, line["quantity"])
            lines.append(CreditLine(line["id"], quantity=quantity, description=description))
        elif line["amount"]:
            is_part = not is_whole and dice.chance(70)
            value = _part_of(dice, line["amount"], step(invoice["currency"])) if is_part else line["amount"]
            if invoice["currency"] == "huf" and abs(value) > 100 and dice.chance(60):
                value = value // 100 * 100
            lines.append(CreditLine(line["id"], amount=value, description=description))
    return lines


def _part_of(dice: Dice, value: int, size: int) -> int:
    """A part of an amount, with its sign."""
    unit = size if value > 0 else -size
    return dice.integer(1, abs(value // unit)) * unit


def _custom_lines(dice: Dice, catalogue: Catalogue, currency: str) -> list[CreditLine]:
    return [
        CreditLine(
            unit_amount=amount(dice, currency, 500),
            quantity=dice.pick((None, 1, 3)),
            description="Goodwill",
            taxes=tax_rates(dice, catalogue),
        )
        for _ in range(2 if dice.chance(5) else 1 if dice.chance(20) else 0)
    ]


# -------------------------------------------------------------------- refunds and balance


@dataclass
class _Payout:
    """How the post-payment part of a note is cut up; `remaining` is not assigned yet."""

    remaining: int
    refundable: dict[str, int]  # charge -> amount that can still be refunded
    refunds: list[RefundPart] = field(default_factory=list)
    credit: int = 0
    out_of_band: int = 0

    def refund(self, part: int, **how: Any) -> None:
        self.refunds.append(RefundPart(part, **how))
        self.remaining -= part


def _pay_out(dice: Dice, billing: Billing, invoice: Obj, post: int) -> _Payout:
    """Cut `post` into refunds (new, linked, on a payment record), customer balance, out of band."""
    size = step(invoice["currency"])
    if invoice["currency"] == "huf" and dice.chance(80):
        size = 100 if post % 100 == 0 else 1
    charges = billing.charges_of(invoice["id"])
    payout = _Payout(post, {charge["id"]: charge["amount"] - charge["amount_refunded"] for charge in charges})
    for _ in range(8):
        if not payout.remaining:
            break
        is_all = dice.chance(55) or payout.remaining <= size
        part = payout.remaining if is_all else dice.integer(1, payout.remaining // size) * size
        way = dice.integer(1, 100)
        if way <= 40 and payout.refundable:
            _refund_charge(dice, payout, part)
        elif way <= 55:
            _link_refund(dice, billing, invoice, payout, part)
        elif way <= 60:
            _refund_on_record(billing, invoice, payout, part)
        elif way <= 85:
            payout.credit += part
            payout.remaining -= part
        else:
            payout.out_of_band += part
            payout.remaining -= part
    payout.out_of_band += payout.remaining
    return payout


def _refund_charge(dice: Dice, payout: _Payout, part: int) -> None:
    """A new refund of the charge with the largest amount left."""
    charge = max(payout.refundable, key=lambda id: payout.refundable[id])
    part = min(part, payout.refundable[charge])
    if part > 0:
        payout.refund(part, status=dice.pick(("succeeded", "succeeded", "succeeded", "pending")))
        payout.refundable[charge] -= part


def _link_refund(dice: Dice, billing: Billing, invoice: Obj, payout: _Payout, part: int) -> None:
    """An existing refund, as far as no other note of the invoice links it; one for each note."""
    alive = [
        refund
        for charge in payout.refundable
        for refund in billing.owned(charge, "refunds")
        if refund["status"] not in ("failed", "canceled")
    ]
    if not alive or any(refund.refund for refund in payout.refunds):
        return
    chosen = dice.pick(alive)
    linked = sum(
        entry["amount_refunded"]
        for note in billing.owned(invoice["id"], "credit_notes")
        for entry in note["refunds"]
        if entry["refund"] == chosen["id"]
    )
    part = min(part, chosen["amount"] - linked)
    if part > 0:
        payout.refund(part, refund=chosen["id"])


def _refund_on_record(billing: Billing, invoice: Obj, payout: _Payout, part: int) -> None:
    """A refund of a payment that was made outside Stripe."""
    payments = billing.owned(invoice["id"], "invoice_payments")
    if any(payment["payment"]["type"] == "payment_record" for payment in payments):
        payout.refund(part, on_record=True)
