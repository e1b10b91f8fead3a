"""A small exact model of Stripe Billing: histories are made by operations, so amounts reconcile by
construction.

Everything is deterministic: ids are counted (or given), and time moves only when an operation or `move_to`
moves it. Amounts are integers in Stripe's minor unit, times are Unix seconds. `objects(kind)` are Stripe's
JSON objects with nothing expanded and nested `lines` complete; `server` cuts and expands. What Stripe would
refuse raises `Refused` and changes nothing that can be read. Behaviour that no source confirms is marked
`guessed:` with the section of facts/stripe.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.stripe import invariants, shapes
from sandbox.stripe.account import DEAD_REFUND, KINDS, NEW_REFUND, REVERSAL_OF, Refused
from sandbox.stripe.amounts import MAXIMUM_CHARGE, minimum_charge, step
from sandbox.stripe.pricing import CreditLine, Line, Pricing
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import Sums, flat_header, is_on_record, list_of, net, subscription_parent

__all__ = ["KINDS", "REVERSAL_OF", "Billing", "CreditLine", "Line", "RefundPart", "Refused"]


@dataclass(frozen=True)
class RefundPart:
    """Part of a credit note that goes back by refund: a new one, an existing `refund`, or one of a payment
    record.
    """

    amount: int
    refund: str | None = None
    status: str = "succeeded"  # of a new refund
    on_record: bool = False
    id: str | None = None  # of a new refund


class Billing(Pricing):
    """One Stripe account. Operations return the id of what they made."""

    def check(self) -> None:
        """Assert the invariants; see there."""
        invariants.check(self)

    def charges_of(self, invoice: str) -> list[Obj]:
        """Succeeded charges that paid the invoice, oldest first."""
        intents = [row["payment"].get("payment_intent") for row in self.owned(invoice, "invoice_payments")
                   if row["status"] == "paid"]  # fmt: skip
        return [self.get("charges", self.get("payment_intents", id)["latest_charge"]) for id in intents if id]

    # ------------------------------------------------------------------ customers and catalogue

    def create_customer(
        self,
        *,
        id: str | None = None,
        currency: str | None = None,
        address: Obj | None = None,
        phone: str | None = None,
        name: str = "Ann Example",
        email: str = "ann@example.com",
        metadata: Obj | None = None,
        test_clock: str | None = None,
    ) -> str:
        id = self._new_id("cus", id)
        prefix = f"D{len(self._objects['customers']):07d}"
        customer = shapes.CUSTOMER | {
            "id": id,
            "created": self.now,
            "name": name,
            "email": email,
            "phone": phone,
            "address": address,
            "currency": currency,
            "metadata": metadata or {},
            "test_clock": test_clock,
            "invoice_prefix": prefix,
        }
        self._balances[id] = {}
        return self._insert("customers", customer, "customer.created")

    def delete_customer(self, id: str) -> None:
        """Leaves a stub, as the API does."""
        self._customer(id)
        self._tick()
        self.revision += 1
        before = self._objects["customers"][id]
        self._objects["customers"][id] = {"id": id, "object": "customer", "deleted": True}
        self._event("customer.deleted", before)

    def create_product(self, name: str, *, id: str | None = None, metadata: Obj | None = None) -> str:
        product = shapes.PRODUCT | {
            "id": self._new_id("prod", id), "created": self.now, "updated": self.now, "name": name,
            "metadata": metadata or {},
        }  # fmt: skip
        return self._insert("products", product, "product.created")

    def create_price(self, product: str, unit_amount: int, currency: str, *, interval: str | None = None,
                     id: str | None = None, metadata: Obj | None = None) -> str:  # fmt: skip
        self.get("products", product)
        self._fits(currency, unit_amount)
        recurring = interval and {
            "interval": interval,
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        }
        price = shapes.PRICE | {
            "id": self._new_id("price", id),
            "created": self.now,
            "product": product,
            "currency": currency,
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
            "recurring": recurring or None,
            "type": "recurring" if interval else "one_time",
            "metadata": metadata or {},
        }
        return self._insert("prices", price, "price.created")

    def create_coupon(self, *, percent_off: float | None = None, amount_off: int | None = None,
                      currency: str | None = None, name: str | None = None, id: str | None = None,
                      metadata: Obj | None = None) -> str:  # fmt: skip
        if (percent_off is None) == (amount_off is None) or (amount_off is None) != (currency is None):
            raise Refused("a coupon takes percent_off, or amount_off with currency")
        coupon = shapes.COUPON | {
            "id": self._new_id("coupon", id),
            "created": self.now,
            "percent_off": percent_off,
            "amount_off": amount_off,
            "currency": currency,
            "name": name,
            "metadata": metadata or {},
        }
        return self._insert("coupons", coupon, "coupon.created")

    def create_tax_rate(
        self,
        percentage: float,
        *,
        inclusive: bool = False,
        display_name: str = "VAT",
        flat_amount: tuple[int, str] | None = None,
        id: str | None = None,
        country: str | None = None,
    ) -> str:
        """A percentage, or with `flat_amount` (amount, currency) an amount per line, always exclusive."""
        flat = flat_amount and {"amount": flat_amount[0], "currency": flat_amount[1]}
        rate = shapes.TAX_RATE | {
            "id": self._new_id("txr", id),
            "created": self.now,
            "percentage": percentage,
            "inclusive": inclusive,
            "display_name": display_name,
            "country": country,
            "flat_amount": flat or None,
            "effective_percentage": None if flat else percentage,
            "rate_type": "flat_amount" if flat else "percentage",
        }
        return self._insert("tax_rates", rate, "tax_rate.created")

    def update(self, kind: str, id: str, **fields: Any) -> None:
        """Change descriptive fields (metadata, memo, description, active, ...), with an `.updated` event."""
        obj = self.get(kind, id)
        unknown = fields.keys() - {"metadata", "memo", "description", "name", "email", "active", "nickname"}
        if unknown or fields.keys() - obj.keys():
            raise Refused(f"cannot update {sorted(fields)} of {obj['object']}")
        self._tick()
        if "updated" in obj:
            fields["updated"] = self.now
        self._change(obj, f"{obj['object']}.updated", **fields)

    # ------------------------------------------------------------------ invoices

    def draft_invoice(self, customer: str, lines: Iterable[Line], *, currency: str | None = None,
                      discounts: Sequence[str] = (), shipping: int = 0, shipping_taxes: Sequence[str] = (),
                      metadata: Obj | None = None, description: str | None = None,
                      id: str | None = None) -> str:  # fmt: skip
        """Price an invoice: lines, then line discounts, invoice discounts, billing credits, taxes,
        shipping (facts 4.2).
        """
        owner = self._customer(customer)
        currency = currency or owner["currency"] or "usd"
        specs = list(lines)
        if not specs:
            raise Refused("an invoice needs a line")
        amounts = [self._line_amount(spec, currency) for spec in specs]
        for coupon in (*discounts, *(coupon for spec in specs for coupon in spec.discounts)):
            self._coupon(coupon, currency)
        for rate in (*shipping_taxes, *(rate for spec in specs for rate in spec.taxes)):
            self.get("tax_rates", rate)
        self._fits(currency, shipping, *(spec.billing_credit for spec in specs))
        id = self._new_id("in", id)
        rows = [
            self._invoice_line(spec, amount, id, currency, customer)
            for spec, amount in zip(specs, amounts, strict=True)
        ]
        invoice_discounts = [self._invoice_discount(coupon, id, rows, currency) for coupon in discounts]
        for spec, row in zip(specs, rows, strict=True):
            self._add_billing_credit(row, spec.billing_credit)
            row["taxes"] = self._taxes(net(row), spec.taxes, currency)
        recurring = [row["subscription"] for row in rows if row["subscription"]]
        invoice = shapes.INVOICE | {
            "id": id,
            "created": self.now,
            "customer": customer,
            "currency": currency,
            "description": description,
            "customer_name": owner["name"],
            "customer_email": owner["email"],
            "customer_phone": owner["phone"],
            "customer_address": owner["address"],
            "test_clock": owner["test_clock"],
            "metadata": metadata or {},
            "discounts": invoice_discounts,
            "lines": list_of(rows, f"/v1/invoices/{id}/lines"),
            "shipping_cost": self._shipping(shipping, shipping_taxes, currency) if shipping else None,
            "period_start": min(row["period"]["start"] for row in rows),
            "period_end": max(row["period"]["end"] for row in rows),
            "parent": subscription_parent(recurring[0]) if recurring else None,
            "billing_reason": "subscription_cycle" if recurring else "manual",
        }
        sums = Sums(rows, invoice["shipping_cost"])
        level = sum(entry["amount"] for entry in sums.discounts if entry["discount"] in invoice_discounts)
        invoice |= sums.header(level) | {
            "total_discount_amounts": sums.discounts,
            "total_pretax_credit_amounts": sums.pretax,
            "amount_due": max(0, sums.total),
            "amount_remaining": max(0, sums.total),
        }
        return self._insert("invoices", invoice, "invoice.created", owner=customer)

    def finalize_invoice(self, id: str, *, through_checkout: bool = False) -> str:
        """Draft -> open, or paid at once when nothing is left to charge; the customer balance is applied
        (facts 4.3).

        `through_checkout`: the balance row is a `checkout_session_subscription_payment`, which names no
        invoice. guessed: its arithmetic is that of an application, and the row has a session only (facts 2.6
        list the type, no more).
        """
        invoice = self._invoice(id, "draft")
        customer, currency, total = invoice["customer"], invoice["currency"], invoice["total"]
        owner = self._customer(customer)
        self._tick()
        number = owner["next_invoice_sequence"]
        self._change(owner, None, next_invoice_sequence=number + 1, currency=owner["currency"] or currency)
        starting = self.balance(customer, currency)
        due = max(0, total + starting) if total > 0 or (total == 0 and starting > 0) else 0
        applied, carried = total - due, 0
        if 0 < due < minimum_charge(currency) or due > MAXIMUM_CHARGE:
            # Not chargeable: Stripe carries it over as a debit. guessed: a debit balance is then not
            # collected either.
            applied, carried = (total - due, due) if starting <= 0 else (0, total)
            due = 0
        if applied:
            if through_checkout and total > 0:
                row = {
                    "type": "checkout_session_subscription_payment",
                    "checkout_session": self._new_id("cs"),
                }
            else:
                row = {"type": "applied_to_invoice", "invoice": id}
            self._ledger(customer, currency, applied, owned_by=id, **row)
        if carried:
            kind = "invoice_too_large" if carried > MAXIMUM_CHARGE else "invoice_too_small"
            self._ledger(customer, currency, carried, owned_by=id, type=kind, invoice=id)
        self._change(
            invoice,
            "invoice.finalized",
            status="open",
            number=f"{owner['invoice_prefix']}-{number:04d}",
            starting_balance=starting,
            ending_balance=self.balance(customer, currency),
            amount_due=due,
            amount_remaining=due,
            effective_at=self.now,
            auto_advance=due > 0,
            **self._moved(invoice, "finalized_at"),
            hosted_invoice_url=f"https://invoice.stripe.com/i/{id}",
            invoice_pdf=f"https://pay.stripe.com/invoice/{id}/pdf",
        )
        if due:
            self._invoice_payment(invoice, due, is_default=True)
        else:
            self._mark_paid(invoice, attempted=True)
        return id

    def invoice(self, customer: str, lines: Iterable[Line], *, through_checkout: bool = False, **fields: Any) -> str:
        """Draft and finalize in one go; arguments as for `draft_invoice`."""
        return self.finalize_invoice(self.draft_invoice(customer, lines, **fields), through_checkout=through_checkout)

    def unapply_balance(self, id: str) -> None:
        """Give the balance used on an open invoice back; it is due again. guessed: what a revision does
        (facts 4.3).
        """
        invoice = self._invoice(id, "open")
        kinds = {*REVERSAL_OF, *REVERSAL_OF.values()}
        rows = self.owned(id, "customer_balance_transactions")
        back = sum(row["amount"] for row in rows if row["type"] in kinds)
        if back <= 0:
            raise Refused(f"{id} uses no balance")
        self._tick()
        self._ledger(
            invoice["customer"],
            invoice["currency"],
            -back,
            owned_by=id,
            type="unapplied_from_invoice",
            invoice=id,
        )
        self._change(
            invoice,
            "invoice.updated",
            amount_due=invoice["amount_due"] + back,
            amount_remaining=invoice["amount_remaining"] + back,
        )
        self._after_remaining_changed(invoice)

    def pay(self, invoice: str, amount: int | None = None) -> str:
        """Charge the invoice's remaining amount, part of it, or more (the excess becomes credit). Returns
        the charge id.
        """
        target = self._payable(invoice)
        remaining, currency, customer = target["amount_remaining"], target["currency"], target["customer"]
        amount = remaining if amount is None else amount
        self._fits(currency, amount)
        if not minimum_charge(currency) <= amount <= MAXIMUM_CHARGE:
            raise Refused(f"{amount} {currency} is below the minimum or above the maximum charge")
        self._tick()
        payment = self._default_payment(invoice) if amount >= remaining else None
        payment = payment or self._invoice_payment(target, amount, is_default=False)
        charge = self._charge(payment, amount, currency, customer)
        covers = min(amount, remaining)
        self._settle(target, payment, amount, covers)
        if amount > covers:
            self._change(target, "invoice.overpaid", amount_overpaid=target["amount_overpaid"] + amount - covers)
            self._ledger(
                customer,
                currency,
                covers - amount,
                owned_by=invoice,
                type="invoice_overpaid",
                invoice=invoice,
            )
        return charge

    def pay_outside(self, invoice: str, *, record: bool = True) -> str:
        """Settle the rest outside Stripe: with a payment record, or just marked as paid. guessed: amounts
        shown (facts 4.4).
        """
        target = self._payable(invoice)
        remaining = target["amount_remaining"]
        self._tick()
        self._change(target, None, amount_paid_off_stripe=target["amount_paid_off_stripe"] + remaining)
        payment = self._invoice_payment(target, remaining, is_default=False, record=True) if record else None
        self._settle(target, payment, remaining, remaining)
        return invoice

    def mark_uncollectible(self, id: str) -> None:
        """Open -> uncollectible. A negative draft can end here too: no number, nothing credited (seen:
        facts 4.3).
        """
        invoice = self._invoice(id, "open", "draft")
        if invoice["status"] == "draft" and invoice["total"] >= 0:
            raise Refused(f"{id} is a draft")
        self._tick()
        moved = self._moved(invoice, "marked_uncollectible_at")
        if invoice["status"] == "draft":
            moved["status_transitions"] |= {"finalized_at": self.now}
        details = {"uncollectible": {"reason": None}}
        self._change(invoice, "invoice.marked_uncollectible", status="uncollectible", status_details=details, **moved)

    def void_invoice(self, id: str, *, gives_balance_back: bool = True) -> None:
        """Open or uncollectible -> void; the balance used comes back (a case where it did not is known:
        facts 4.3).
        """
        invoice = self._invoice(id, "open", "uncollectible")
        if invoice["amount_paid"]:
            raise Refused(f"{id} is partly paid")  # guessed: facts 4.4 do not say
        self._tick()
        rows = self.owned(id, "customer_balance_transactions")
        given_back = {row["type"] for row in rows} & set(REVERSAL_OF.values())
        for row in rows if gives_balance_back and not given_back else ():
            if row["type"] in REVERSAL_OF:
                same = {
                    "type": REVERSAL_OF[row["type"]],
                    "invoice": row["invoice"],
                    "checkout_session": row["checkout_session"],
                }
                self._ledger(invoice["customer"], invoice["currency"], -row["amount"], owned_by=id, **same)
        self._cancel_default(id)
        self._change(invoice, "invoice.voided", status="void", auto_advance=False, **self._moved(invoice, "voided_at"))

    # ------------------------------------------------------------------ credit notes

    def preview_credit_note(
        self, invoice: str, *, lines: Sequence[CreditLine] = (), amount: int | None = None, shipping: int = 0
    ) -> tuple[int, int, int]:
        """(total, pre-payment part, post-payment part) of the credit note these arguments would make."""
        target = self._invoice(invoice, "open", "paid", "uncollectible")
        return self._credit_sums(target, lines, amount, shipping)[2:]

    def credit_note(
        self,
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
        """Credit an open, paid or uncollectible invoice (facts 4.1).

        What the invoice still asks for is lowered first (pre-payment); the rest must be refunds + `credit`
        (to the customer balance) + `out_of_band`, exactly. Lines, `amount` without lines, and/or `shipping`
        (before its taxes).
        """
        target = self._invoice(invoice, "open", "paid", "uncollectible")
        rows, shipping_cost, total, pre, post = self._credit_sums(target, lines, amount, shipping)
        given = sum(part.amount for part in refunds) + credit + out_of_band
        if given != post or min(credit, out_of_band, *(part.amount for part in refunds), 0) < 0:
            raise Refused(f"refunds, credit and out of band must be positive and add up to {post}, not {given}")
        self._fits(target["currency"], credit, out_of_band, *(part.amount for part in refunds))
        self._check_refund_parts(target, refunds)
        self._check_headroom(target, total, refunds)
        self._tick()
        id = self._new_id("cn", id)
        sums = Sums(rows, shipping_cost)
        level = sum(entry["amount"] for entry in sums.discounts if entry["discount"] in target["discounts"])
        header = sums.header(level) if amount is None else flat_header(total, shipping_cost)
        serial = len(self.owned(invoice, "credit_notes")) + 1
        note = (
            shapes.CREDIT_NOTE
            | header
            | {
                "id": id,
                "created": self.now,
                "effective_at": effective_at or self.now,
                "customer": target["customer"],
                "invoice": invoice,
                "currency": target["currency"],
                "number": f"{target['number']}-CN-{serial:02d}",
                "pdf": f"https://pay.stripe.com/credit_notes/{id}/pdf",
                "lines": list_of(rows, f"/v1/credit_notes/{id}/lines"),
                "amount": total,
                "discount_amount": sum(entry["amount"] for entry in sums.discounts),
                "discount_amounts": sums.discounts,
                "pretax_credit_amounts": sums.pretax,
                "shipping_cost": shipping_cost,
                "pre_payment_amount": pre,
                "post_payment_amount": post,
                "out_of_band_amount": out_of_band or None,
                "refunds": [self._refund_part(target, part) for part in refunds],
                "type": "mixed" if pre and post else "pre_payment" if pre else "post_payment",
                "memo": memo,
                "reason": reason,
                "metadata": metadata or {},
            }
        )
        if credit:
            row = self._ledger(target["customer"], target["currency"], -credit, type="credit_note", credit_note=id)
            note["customer_balance_transaction"] = row
        self._insert("credit_notes", note, "credit_note.created", owner=invoice, tick=False)
        for refund in {part["refund"] for part in note["refunds"] if part["refund"]}:
            self._own(refund, "credit_notes", id)
        self._change(
            target,
            "invoice.updated",
            amount_due=target["amount_due"] - pre,
            amount_remaining=target["amount_remaining"] - pre,
            pre_payment_credit_notes_amount=target["pre_payment_credit_notes_amount"] + pre,
            post_payment_credit_notes_amount=target["post_payment_credit_notes_amount"] + post,
        )
        self._after_remaining_changed(target)
        return id

    def void_credit_note(self, id: str) -> None:
        """Only while its invoice is open; the amount is due again (facts 4.1)."""
        note = self.get("credit_notes", id)
        invoice = self._invoice(note["invoice"], "open")
        if note["status"] != "issued":
            raise Refused(f"{id} is {note['status']}")
        self._tick()
        pre = note["pre_payment_amount"]
        self._change(note, "credit_note.voided", status="void", voided_at=self.now)
        self._change(
            invoice, "invoice.updated", amount_due=invoice["amount_due"] + pre,
            amount_remaining=invoice["amount_remaining"] + pre,
            pre_payment_credit_notes_amount=invoice["pre_payment_credit_notes_amount"] - pre,
        )  # fmt: skip
        self._after_remaining_changed(invoice)

    # ------------------------------------------------------------------ refunds, balance, payouts

    def refund(
        self,
        charge: str,
        amount: int | None = None,
        *,
        status: str = "succeeded",
        id: str | None = None,
        reason: str | None = None,
        metadata: Obj | None = None,
    ) -> str:
        """Refund a charge (or part of it) through the Refund API: no credit note is made."""
        source = self.get("charges", charge)
        amount = source["amount"] - source["amount_refunded"] if amount is None else amount
        self._fits(source["currency"], amount)
        if status not in NEW_REFUND:
            raise Refused(f"a refund does not begin as {status}")
        if not 0 < amount <= source["amount"] - source["amount_refunded"]:
            raise Refused(f"{charge} has {source['amount'] - source['amount_refunded']} left to refund, not {amount}")
        for invoice in self._owned.get(charge, {}).get("invoices", ()):
            self._check_headroom(self._objects["invoices"][invoice], 0, (), unlinked=amount)
        self._tick()
        return self._refund(source, amount, status, id, reason, metadata)

    def settle_refund(self, id: str, status: str) -> None:
        """pending/requires_action -> succeeded, failed or canceled; a succeeded one can still fail (facts
        4.1).
        """
        refund = self.get("refunds", id)
        allowed = {
            "pending": ("succeeded", "failed", "canceled"),
            "requires_action": ("pending", "failed", "canceled"),
            "succeeded": ("failed",),
        }
        if status not in allowed.get(refund["status"], ()):
            raise Refused(f"{id} cannot go from {refund['status']} to {status}")
        self._tick()
        changes: Obj = {"status": status, "pending_reason": None}
        if status in DEAD_REFUND:
            charge = self.get("charges", refund["charge"])
            back = self._balance_transaction("refund_failure", refund["amount"], refund["currency"], id)
            changes |= {"failure_balance_transaction": back}
            if status == "failed":
                changes |= {"failure_reason": "lost_or_stolen_card"}
            self._change(
                charge,
                "charge.updated",
                refunded=False,
                amount_refunded=charge["amount_refunded"] - refund["amount"],
            )
        self._change(refund, "refund.failed" if status == "failed" else "refund.updated", **changes)

    def adjust_balance(
        self,
        customer: str,
        amount: int,
        *,
        currency: str | None = None,
        type: str = "adjustment",
        description: str | None = None,
    ) -> str:
        """A ledger row that no invoice makes: negative = credit. Types of Stripe's own making are allowed
        too.
        """
        owner = self._customer(customer)
        currency = currency or owner["currency"] or "usd"
        if not amount or type not in ("adjustment", "initial", "migration", "unspent_receiver_credit"):
            raise Refused(f"cannot adjust by {amount} as {type}")
        self._fits(currency, amount)
        self._tick()
        self._change(owner, None, currency=owner["currency"] or currency)
        return self._ledger(customer, currency, amount, type=type, description=description)

    def payout(self, currency: str, *, id: str | None = None) -> str:
        """Pay out all that charges and refunds of a currency have left since the last payout."""
        ids = self._unpaid.get(currency, [])
        amount = sum(self._objects["balance_transactions"][entry]["net"] for entry in ids)
        if amount <= 0:
            raise Refused(f"nothing to pay out in {currency}")
        id = self._new_id("po", id)
        self._owned[id] = {"balance_transactions": list(ids)}
        transaction = self._balance_transaction("payout", -amount, currency, id)
        self._owned[id]["balance_transactions"].append(transaction)
        self._unpaid[currency] = []
        payout = shapes.PAYOUT | {
            "id": id,
            "created": self.now,
            "amount": amount,
            "currency": currency,
            "arrival_date": self.now + 2 * 86_400,
            "balance_transaction": transaction,
        }
        return self._insert("payouts", payout, "payout.paid")

    # ------------------------------------------------------------------ what may be credited

    def _check_headroom(self, invoice: Obj, total: int, parts: Sequence[RefundPart], unlinked: int = 0) -> None:
        """Credit notes and refunds outside them stay within the invoice's total together (facts 4.1)."""
        credited = sum(
            note["total"] for note in self.owned(invoice["id"], "credit_notes") if note["status"] == "issued"
        )
        refunded = sum(
            row["amount"] - self._linked(row["id"])
            for charge in self.charges_of(invoice["id"])
            for row in self.owned(charge["id"], "refunds")
            if row["status"] not in DEAD_REFUND
        )
        linked = sum(part.amount for part in parts if part.refund)
        room = invoice["total"] + invoice["amount_overpaid"] - credited - refunded + linked
        room = min(room, invoice["total"] - credited) if total else room
        if total + unlinked > room:
            raise Refused(f"{invoice['id']} has {room} left to credit or refund, not {total + unlinked}")

    def _linked(self, refund: str) -> int:
        """How much of a refund credit notes claim."""
        notes = {note["id"]: note for note in self.owned(refund, "credit_notes")}
        return sum(
            part["amount_refunded"] for note in notes.values() for part in note["refunds"] if part["refund"] == refund
        )

    def _check_refund_parts(self, invoice: Obj, parts: Sequence[RefundPart]) -> None:
        charges = {
            charge["id"]: charge["amount"] - charge["amount_refunded"] for charge in self.charges_of(invoice["id"])
        }
        asked: dict[str, int] = {}
        new_ids: set[str | None] = set()
        for part in parts:
            if part.amount <= 0 or part.status not in NEW_REFUND:
                raise Refused("a refund is positive, and does not begin as failed")
            if part.id and (part.id in self._objects["refunds"] or part.id in new_ids):
                raise Refused(f"{part.id} exists")
            new_ids.add(part.id)
            if part.on_record:
                asked["record"] = asked.get("record", 0) + part.amount
            elif part.refund:
                refund = self.get("refunds", part.refund)
                asked[part.refund] = asked.get(part.refund, 0) + part.amount
                free = refund["amount"] - self._linked(part.refund)
                if refund["charge"] not in charges or refund["status"] in DEAD_REFUND or asked[part.refund] > free:
                    raise Refused(f"{part.refund} cannot be linked with {part.amount}")
            else:
                charge = next((id for id, left in charges.items() if left >= part.amount), None)
                if charge is None:
                    raise Refused(f"no charge of {invoice['id']} has {part.amount} left to refund")
                charges[charge] -= part.amount
        earlier = sum(part["amount_refunded"] for note in self.owned(invoice["id"], "credit_notes")
                      for part in note["refunds"] if part["type"] == "payment_record_refund")  # fmt: skip
        if asked.get("record", 0) > (self._on_record(invoice["id"]) - earlier):
            raise Refused(f"{invoice['id']} has no payment record with that much left")

    def _on_record(self, invoice: str) -> int:
        return sum(row["amount_paid"] for row in self.owned(invoice, "invoice_payments") if is_on_record(row))

    def _refund_part(self, invoice: Obj, part: RefundPart) -> Obj:
        if part.on_record:
            row = next(row for row in self.owned(invoice["id"], "invoice_payments") if is_on_record(row))
            group = {"payment_record": row["payment"]["payment_record"], "refund_group": self._new_id("rfg")}
            # guessed: `refund` is declared as never null, so an empty id stands where no refund is (facts
            # 2.2).
            return {
                "amount_refunded": part.amount,
                "refund": "",
                "type": "payment_record_refund",
                "payment_record_refund": group,
            }
        if part.refund:
            id = part.refund
        else:
            charge = next(
                charge
                for charge in self.charges_of(invoice["id"])
                if charge["amount"] - charge["amount_refunded"] >= part.amount
            )
            id = self._refund(charge, part.amount, part.status, part.id, None, None)
        return {"amount_refunded": part.amount, "refund": id, "type": "refund", "payment_record_refund": None}

    # ------------------------------------------------------------------ payments

    def _invoice_payment(self, invoice: Obj, amount: int, *, is_default: bool, record: bool = False) -> Obj:
        """An open invoice payment, with a payment intent or a payment record to carry it."""
        if record:
            payment = {"type": "payment_record", "payment_record": self._new_id("pyr")}
        else:
            intent = shapes.PAYMENT_INTENT | {
                "id": self._new_id("pi"),
                "created": self.now,
                "amount": amount,
                "currency": invoice["currency"],
                "customer": invoice["customer"],
                "receipt_email": invoice["customer_email"],
            }
            self._insert("payment_intents", intent, "payment_intent.created", tick=False)
            payment = {"type": "payment_intent", "payment_intent": intent["id"]}
        row = shapes.INVOICE_PAYMENT | {
            "id": self._new_id("inpay"),
            "created": self.now,
            "invoice": invoice["id"],
            "currency": invoice["currency"],
            "amount_requested": amount,
            "is_default": is_default,
            "status": "open",
            "payment": payment,
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
        self._insert("invoice_payments", row, None, owner=invoice["id"], tick=False)
        return row

    def _payable(self, invoice: str) -> Obj:
        target = self._invoice(invoice, "open", "uncollectible")
        if not target["amount_remaining"]:
            raise Refused(f"{invoice} asks for nothing")
        return target

    def _default_payment(self, invoice: str) -> Obj | None:
        """The payment Stripe makes at finalization for all that is due, while it is open."""
        rows = self.owned(invoice, "invoice_payments")
        return next((row for row in rows if row["is_default"] and row["status"] == "open"), None)

    def _cancel_default(self, invoice: str) -> None:
        if row := self._default_payment(invoice):
            self._change(row, None, status="canceled", status_transitions={"canceled_at": self.now, "paid_at": None})
            intent = self._objects["payment_intents"][row["payment"]["payment_intent"]]
            self._change(intent, "payment_intent.canceled", status="canceled", canceled_at=self.now,
                         cancellation_reason="void_invoice")  # fmt: skip

    def _charge(self, payment: Obj, amount: int, currency: str, customer: str) -> str:
        """A succeeded card charge of the invoice payment's intent, with its balance transaction."""
        intent = self._objects["payment_intents"][payment["payment"]["payment_intent"]]
        owner = self._objects["customers"][customer]
        id, method = self._new_id("ch"), f"pm_{customer.removeprefix('cus_')}"
        charge = shapes.CHARGE | {
            "id": id,
            "created": self.now,
            "amount": amount,
            "amount_captured": amount,
            "currency": currency,
            "customer": customer,
            "payment_intent": intent["id"],
            "payment_method": method,
            "balance_transaction": self._balance_transaction("charge", amount, currency, id),
            "billing_details": {"tax_id": None}
            | {key: owner.get(key) for key in ("address", "email", "name", "phone")},
            "payment_method_details": {
                "type": "card",
                "card": {
                    "brand": "visa",
                    "country": "US",
                    "exp_month": 12,
                    "exp_year": 2030,
                    "last4": "4242",
                    "funding": "credit",
                    "fingerprint": f"fp{customer.removeprefix('cus_')}",
                },
            },
        }
        self._insert("charges", charge, "charge.succeeded", owner=customer, tick=False)
        self._own(id, "invoices", payment["invoice"])
        self._change(
            intent,
            "payment_intent.succeeded",
            status="succeeded",
            amount=amount,
            amount_received=amount,
            latest_charge=id,
            payment_method=method,
        )
        return str(id)

    def _settle(self, invoice: Obj, payment: Obj | None, amount: int, covers: int) -> None:
        """Book `amount` of a payment, of which `covers` is what the invoice still asked for."""
        if payment:
            self._change(
                payment,
                "invoice_payment.paid",
                status="paid",
                amount_paid=amount,
                amount_requested=amount,
                status_transitions={"canceled_at": None, "paid_at": self.now},
            )
        self._change(
            invoice,
            "invoice.updated",
            amount_paid=invoice["amount_paid"] + covers,
            amount_remaining=invoice["amount_remaining"] - covers,
            attempted=True,
            attempt_count=invoice["attempt_count"] + 1,
        )
        self._after_remaining_changed(invoice)

    def _after_remaining_changed(self, invoice: Obj) -> None:
        """Nothing left to pay makes an invoice paid; else its default payment asks for what is left."""
        if invoice["status"] == "paid":
            return
        if invoice["amount_remaining"] == 0:
            self._cancel_default(invoice["id"])
            self._mark_paid(invoice, attempted=True)
        elif row := self._default_payment(invoice["id"]):
            self._change(row, None, amount_requested=invoice["amount_remaining"])
            intent = self._objects["payment_intents"][row["payment"]["payment_intent"]]
            self._change(intent, None, amount=invoice["amount_remaining"])

    def _mark_paid(self, invoice: Obj, attempted: bool) -> None:
        self._change(invoice, "invoice.paid", status="paid", attempted=attempted, auto_advance=False,
                     **self._moved(invoice, "paid_at"))  # fmt: skip

    def _refund(self, charge: Obj, amount: int, status: str, id: str | None, reason: str | None,
                metadata: Obj | None) -> str:  # fmt: skip
        id = self._new_id("re", id)
        refund = shapes.REFUND | {
            "id": id,
            "created": self.now,
            "amount": amount,
            "currency": charge["currency"],
            "charge": charge["id"],
            "payment_intent": charge["payment_intent"],
            "customer": charge["customer"],
            "status": status,
            "reason": reason,
            "balance_transaction": self._balance_transaction("refund", -amount, charge["currency"], id),
            "pending_reason": "processing" if status == "pending" else None,
            "metadata": metadata or {},
        }
        self._insert("refunds", refund, "refund.created", owner=charge["id"], tick=False)
        refunded = charge["amount_refunded"] + amount
        self._change(charge, "charge.refunded", amount_refunded=refunded, refunded=refunded == charge["amount"])
        return id

    def _balance_transaction(self, kind: str, amount: int, currency: str, source: str) -> str:
        """One movement of the Stripe account's own money; charges cost 2.9 percent, rounded down to the
        currency's step.
        """
        fee = amount * 29 // 1000 // step(currency) * step(currency) if kind == "charge" else 0
        details = [
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
        row = shapes.BALANCE_TRANSACTION | {
            "id": self._new_id("txn"),
            "created": self.now,
            "available_on": self.now + 2 * 86_400,
            "amount": amount,
            "fee": fee,
            "fee_details": details if fee else [],
            "net": amount - fee,
            "currency": currency,
            "type": kind,
            "source": source,
            "reporting_category": kind,
        }
        self._unpaid.setdefault(currency, []).append(row["id"])
        return self._insert("balance_transactions", row, None, tick=False)
