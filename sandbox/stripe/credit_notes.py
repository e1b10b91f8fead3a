"""Credit notes: preview, create, void (facts 2.2 and 4.1). Amounts are in minor units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sandbox.stripe import customer_balance, shapes
from sandbox.stripe.account import Account, Refused, fits
from sandbox.stripe.credit_note_lines import CreditLine, credit_lines, credit_shipping
from sandbox.stripe.headroom import check_headroom
from sandbox.stripe.payments import remaining_changed
from sandbox.stripe.refunds import RefundPart, check_parts, make_part
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import Sums, discounted, flat_header, list_of


class _Content(NamedTuple):
    """The credited lines and shipping, and the total with its two parts."""

    rows: list[Obj]
    shipping_cost: Obj | None
    total: int
    pre_payment: int
    post_payment: int


def preview(
    account: Account, invoice: str, *, lines: Sequence[CreditLine] = (), amount: int | None = None, shipping: int = 0
) -> tuple[int, int, int]:
    """(total, pre-payment part, post-payment part) of the credit note that these arguments would create."""
    content = _content(account, _creditable(account, invoice), lines, amount, shipping)
    return content.total, content.pre_payment, content.post_payment


def create(
    account: Account,
    invoice: str,
    *,
    lines: Sequence[CreditLine] = (),
    amount: int | None = None,
    shipping: int = 0,
    refunds: Sequence[RefundPart] = (),
    credit: int = 0,
    out_of_band: int = 0,
    memo: str | None = None,
    reason: str | None = None,
    metadata: Obj | None = None,
    effective_at: int | None = None,
    id: str | None = None,
) -> str:
    """Credit an open, paid or uncollectible invoice (facts 4.1). Returns the credit note's id.

    It takes `lines`, or an `amount` without lines, and/or `shipping` (before its taxes). The credit note first
    lowers the remaining amount of the invoice (pre-payment). The rest must equal the sum of `refunds`, `credit`
    (to the customer balance) and `out_of_band`. Raises `Refused`.
    """
    target = _creditable(account, invoice)
    content = _content(account, target, lines, amount, shipping)
    _check_parts(account, target, content, refunds, credit, out_of_band)
    account.pass_time()
    id = account.new_id("cn", id)
    pre, post = content.pre_payment, content.post_payment
    sums = Sums(content.rows, content.shipping_cost)
    if amount is None:
        header = sums.header(discounted(sums, target["discounts"]))
    else:
        header = flat_header(content.total, content.shipping_cost)
    serial = len(account.owned(invoice, "credit_notes")) + 1
    note = (
        shapes.CREDIT_NOTE
        | header
        | {
            "id": id,
            "created": account.now,
            "effective_at": effective_at or account.now,
            "customer": target["customer"],
            "customer_account": target["customer_account"],
            "invoice": invoice,
            "currency": target["currency"],
            "number": f"{target['number']}-CN-{serial:02d}",
            "pdf": f"https://pay.stripe.com/credit_notes/{id}/pdf",
            "lines": list_of(content.rows, f"/v1/credit_notes/{id}/lines"),
            "amount": content.total,
            "discount_amount": sum(entry["amount"] for entry in sums.discounts),
            "discount_amounts": sums.discounts,
            "pretax_credit_amounts": sums.pretax,
            "shipping_cost": content.shipping_cost,
            "pre_payment_amount": pre,
            "post_payment_amount": post,
            "out_of_band_amount": out_of_band or None,
            "refunds": [make_part(account, target, part) for part in refunds],
            "type": "mixed" if pre and post else "pre_payment" if pre else "post_payment",
            "memo": memo,
            "reason": reason,
            "metadata": metadata or {},
        }
    )
    _store(account, note, credit)
    _lower_invoice(account, target, pre, post)
    return id


def void(account: Account, id: str) -> None:
    """Void a credit note while its invoice is open. Its amount is due again (facts 4.1)."""
    note = account.get("credit_notes", id)
    invoice = account.invoice_in(note["invoice"], "open")
    if note["status"] != "issued":
        raise Refused(f"{id} is {note['status']}")
    account.pass_time()
    account.change(note, "credit_note.voided", status="void", voided_at=account.now)
    _lower_invoice(account, invoice, -note["pre_payment_amount"], 0)


def _creditable(account: Account, invoice: str) -> Obj:
    return account.invoice_in(invoice, "open", "paid", "uncollectible")


def _content(
    account: Account, invoice: Obj, lines: Sequence[CreditLine], amount: int | None, shipping: int
) -> _Content:
    """Price a credit note on the invoice. Raises `Refused`."""
    if invoice["total"] <= 0:
        raise Refused(f"{invoice['id']} has nothing to credit")
    if (amount is None) == (not lines and not shipping) or (amount is not None and lines):
        raise Refused("a credit note takes lines, or an amount, and perhaps shipping")
    fits(invoice["currency"], amount or 0, shipping)
    issued = [note for note in account.owned(invoice["id"], "credit_notes") if note["status"] == "issued"]
    shipping_cost = credit_shipping(invoice, shipping, issued) if shipping else None
    rows = credit_lines(account, invoice, lines, issued)
    total = Sums(rows, shipping_cost).total if amount is None else amount
    if total <= 0 or (shipping_cost and total < shipping_cost["amount_total"]):
        raise Refused(f"a credit note of {total} is not possible")
    pre = 0 if invoice["status"] == "paid" else min(total, invoice["amount_remaining"])
    return _Content(rows, shipping_cost, total, pre, total - pre)


def _check_parts(
    account: Account, invoice: Obj, content: _Content, refunds: Sequence[RefundPart], credit: int, out_of_band: int
) -> None:
    """Refuse settlements that do not add up to the post-payment part, or that the invoice cannot carry."""
    parts = [part.amount for part in refunds] + [credit, out_of_band]
    if sum(parts) != content.post_payment or min(parts) < 0:
        raise Refused(
            f"refunds, credit and out of band must be positive and add up to {content.post_payment}, not {sum(parts)}"
        )
    fits(invoice["currency"], *parts)
    check_parts(account, invoice, refunds)
    linked = sum(part.amount for part in refunds if part.refund)
    check_headroom(account, invoice, note_total=content.total, linked=linked)


def _store(account: Account, note: Obj, credit: int) -> None:
    """Store the credit note, its row in the customer's ledger, and its links from refunds."""
    id = note["id"]
    if credit:
        row = customer_balance.add_row(
            account, note["customer"], note["currency"], -credit, type="credit_note", credit_note=id
        )
        note["customer_balance_transaction"] = row
    account.insert("credit_notes", note, "credit_note.created", owner=note["invoice"], tick=False)
    for refund in dict.fromkeys(part["refund"] for part in note["refunds"] if part["refund"]):
        account.own(refund, "credit_notes", id)


def _lower_invoice(account: Account, invoice: Obj, pre: int, post: int) -> None:
    """Take a credit note's amounts off the invoice; negative amounts give them back."""
    account.change(
        invoice,
        "invoice.updated",
        amount_due=invoice["amount_due"] - pre,
        amount_remaining=invoice["amount_remaining"] - pre,
        pre_payment_credit_notes_amount=invoice["pre_payment_credit_notes_amount"] + pre,
        post_payment_credit_notes_amount=invoice["post_payment_credit_notes_amount"] + post,
    )
    remaining_changed(account, invoice)
