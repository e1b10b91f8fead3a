"""Refunds: through the Refund API, and as parts of a credit note (facts 2.7 and 4.1).

Amounts are in minor units. `guessed:` marks behaviour that no source confirms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.stripe import payouts, shapes
from sandbox.stripe.account import Account, Refused, fits
from sandbox.stripe.headroom import DEAD_REFUND, NEW_REFUND, check_headroom, linked_amount
from sandbox.stripe.payments import charges_of, paid_on_record
from sandbox.stripe.shapes import Obj

_NEXT_STATUSES = {
    "pending": ("succeeded", "failed", "canceled"),
    "requires_action": ("pending", "failed", "canceled"),
    "succeeded": ("failed",),
}


@dataclass(frozen=True)
class RefundPart:
    """A part of a credit note that goes back by refund.

    It is a new refund, an existing one (`refund`), or a refund of a payment record (`on_record`).
    """

    amount: int
    refund: str | None = None
    status: str = "succeeded"  # of a new refund
    on_record: bool = False
    id: str | None = None  # of a new refund


def create(
    account: Account,
    charge: str,
    amount: int | None = None,
    *,
    status: str = "succeeded",
    id: str | None = None,
    reason: str | None = None,
    metadata: Obj | None = None,
) -> str:
    """Refund a charge, or part of it, without a credit note. Returns the refund's id."""
    source = account.get("charges", charge)
    left = _refundable(source)
    amount = left if amount is None else amount
    fits(source["currency"], amount)
    if status not in NEW_REFUND:
        raise Refused(f"a refund does not begin as {status}")
    if not 0 < amount <= left:
        raise Refused(f"{charge} has {left} left to refund, not {amount}")
    for invoice in account.owned(charge, "invoices"):
        check_headroom(account, invoice, refund=amount)
    account.pass_time()
    return _add_refund(account, source, amount, status, id, reason=reason, metadata=metadata or {})


def settle(account: Account, id: str, status: str) -> None:
    """pending/requires_action -> succeeded, failed or canceled. A succeeded refund can still fail (facts 4.1)."""
    refund = account.get("refunds", id)
    if status not in _NEXT_STATUSES.get(refund["status"], ()):
        raise Refused(f"{id} cannot go from {refund['status']} to {status}")
    account.pass_time()
    changes: Obj = {"status": status, "pending_reason": None}
    if status in DEAD_REFUND:
        charge, amount = account.get("charges", refund["charge"]), refund["amount"]
        back = payouts.add_balance_transaction(account, "refund_failure", amount, refund["currency"], id)
        changes |= {"failure_balance_transaction": back}
        if status == "failed":
            changes |= {"failure_reason": "lost_or_stolen_card"}
        left = charge["amount_refunded"] - amount
        account.change(charge, "charge.updated", refunded=False, amount_refunded=left)
    account.change(refund, "refund.failed" if status == "failed" else "refund.updated", **changes)


# ---------------------------------------------------------------------- parts of a credit note


def check_parts(account: Account, invoice: Obj, parts: Sequence[RefundPart]) -> None:
    """Refuse refund parts that the invoice's payments cannot carry. Changes nothing."""
    for part in parts:
        if part.amount <= 0 or part.status not in NEW_REFUND:
            raise Refused("a refund is positive, and does not begin as failed")
    _check_new_ids(account, [part.id for part in parts if part.id])
    others = [part for part in parts if not part.on_record]
    _check_new(account, invoice, [part for part in others if not part.refund])
    _check_linked(account, invoice, [part for part in others if part.refund])
    _check_on_record(account, invoice, sum(part.amount for part in parts if part.on_record))


def make_part(account: Account, invoice: Obj, part: RefundPart) -> Obj:
    """The entry of `refunds` for one part; a new refund is created."""
    if part.on_record:
        [row, *_] = paid_on_record(account, invoice["id"])
        group = {"payment_record": row["payment"]["payment_record"], "refund_group": account.new_id("rfg")}
        # guessed: `refund` is declared as never null, so an empty id stands where there is no refund (facts 2.2).
        kind = "payment_record_refund"
        return {"amount_refunded": part.amount, "refund": "", "type": kind, "payment_record_refund": group}
    id = part.refund
    if not id:
        charges = charges_of(account, invoice["id"])
        charge = next(charge for charge in charges if _refundable(charge) >= part.amount)
        id = _add_refund(account, charge, part.amount, part.status, part.id)
    return {"amount_refunded": part.amount, "refund": id, "type": "refund", "payment_record_refund": None}


def _check_new_ids(account: Account, ids: Sequence[str]) -> None:
    for number, id in enumerate(ids):
        if id in account.objects("refunds") or id in ids[:number]:
            raise Refused(f"{id} exists")


def _check_new(account: Account, invoice: Obj, parts: Sequence[RefundPart]) -> None:
    """Each new refund fits into the rest of one charge."""
    left = {charge["id"]: _refundable(charge) for charge in charges_of(account, invoice["id"])}
    for part in parts:
        charge = next((id for id in left if left[id] >= part.amount), None)
        if charge is None:
            raise Refused(f"no charge of {invoice['id']} has {part.amount} left to refund")
        left[charge] -= part.amount


def _check_linked(account: Account, invoice: Obj, parts: Sequence[RefundPart]) -> None:
    """An existing refund belongs to a charge of the invoice, can succeed, and is not claimed beyond its amount."""
    charges = [charge["id"] for charge in charges_of(account, invoice["id"])]
    asked: dict[str, int] = {}
    for part in parts:
        assert part.refund
        refund = account.get("refunds", part.refund)
        asked[part.refund] = asked.get(part.refund, 0) + part.amount
        free = refund["amount"] - linked_amount(account, part.refund)
        if refund["charge"] not in charges or refund["status"] in DEAD_REFUND or asked[part.refund] > free:
            raise Refused(f"{part.refund} cannot be linked with {part.amount}")


def _check_on_record(account: Account, invoice: Obj, amount: int) -> None:
    """Refunds of payment records stay within what the records paid."""
    earlier = sum(
        part["amount_refunded"]
        for note in account.owned(invoice["id"], "credit_notes")
        for part in note["refunds"]
        if part["type"] == "payment_record_refund"
    )
    if amount > sum(row["amount_paid"] for row in paid_on_record(account, invoice["id"])) - earlier:
        raise Refused(f"{invoice['id']} has no payment record with that much left")


def _refundable(charge: Obj) -> int:
    return int(charge["amount"]) - int(charge["amount_refunded"])


def _add_refund(account: Account, charge: Obj, amount: int, status: str, id: str | None, *,
                reason: str | None = None, metadata: Obj | None = None) -> str:  # fmt: skip
    id = account.new_id("re", id)
    refund = shapes.REFUND | {
        "id": id,
        "created": account.now,
        "amount": amount,
        "currency": charge["currency"],
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "customer": charge["customer"],
        "customer_account": account.get("customers", charge["customer"]).get("customer_account"),
        "status": status,
        "reason": reason,
        "balance_transaction": payouts.add_balance_transaction(account, "refund", -amount, charge["currency"], id),
        "pending_reason": "processing" if status == "pending" else None,
        "metadata": metadata or {},
    }
    account.insert("refunds", refund, "refund.created", owner=charge["id"], tick=False)
    refunded = charge["amount_refunded"] + amount
    account.change(charge, "charge.refunded", amount_refunded=refunded, refunded=refunded == charge["amount"])
    return id
