"""A small exact model of Stripe Billing: histories are made by operations, so amounts reconcile by construction.

Everything is deterministic: ids are counted (or given), and time moves only when an operation or `move_to` moves it. Amounts are
integers in Stripe's minor unit, times are Unix seconds. `objects(kind)` are Stripe's JSON objects with nothing expanded and
nested `lines` complete; `server` cuts and expands. What Stripe would refuse raises `Refused` and changes nothing
that can be read.
Behaviour that no source confirms is marked `guessed:` with the section of facts/stripe.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from sandbox.stripe import shapes
from sandbox.stripe.amounts import MAXIMUM_CHARGE, minimum_charge, next_share, rounded, spread, step
from sandbox.stripe.shapes import Obj

KINDS = (
    "customers", "products", "prices", "coupons", "tax_rates", "discounts", "invoices", "credit_notes",
    "invoice_payments", "payment_intents", "charges", "refunds", "customer_balance_transactions",
    "balance_transactions", "payouts", "events",
)  # fmt: skip

# Ledger rows that pay an invoice from the balance (or take a debit with it), and what gives each back when it is voided.
REVERSAL_OF = {
    "applied_to_invoice": "unapplied_from_invoice",
    "checkout_session_subscription_payment": "checkout_session_subscription_payment_canceled",
}
CARRIED = ("invoice_too_small", "invoice_too_large")
DEAD_REFUND = ("failed", "canceled")


class Refused(Exception):
    """Stripe would answer 400: the operation is not possible in this state, or an amount does not fit."""


@dataclass(frozen=True)
class Line:
    """One invoice line to be: `amount`, or a price times `quantity`. `discounts` are coupon ids, `taxes` tax rate ids."""

    amount: int | None = None
    price: str | None = None
    quantity: int | None = 1
    description: str | None = None
    period: tuple[int, int] | None = None
    discounts: Sequence[str] = ()
    taxes: Sequence[str] = ()
    billing_credit: int = 0  # part paid by a billing credit grant before tax
    proration: bool = False
    metadata: Obj | None = None


@dataclass(frozen=True)
class CreditLine:
    """One credit note line to be: part of an invoice `line` (by `quantity` or by `amount`), or custom (`unit_amount`)."""

    line: str | None = None
    quantity: int | None = None
    amount: int | None = None
    unit_amount: int | None = None
    description: str | None = None
    taxes: Sequence[str] = ()  # custom lines only; others inherit
    metadata: Obj | None = None


@dataclass(frozen=True)
class RefundPart:
    """Part of a credit note that goes back by refund: a new one, an existing `refund`, or one of a payment record."""

    amount: int
    refund: str | None = None
    status: str = "succeeded"  # of a new refund
    on_record: bool = False
    id: str | None = None  # of a new refund


class Billing:
    """One Stripe account. Operations return the id of what they made."""

    def __init__(self, now: int = 1_767_225_600, tick: int = 1) -> None:
        self.now = now
        self.tick = tick  # seconds each operation takes; 0 lets rows share a second
        self._objects: dict[str, dict[str, Obj]] = {kind: {} for kind in KINDS}
        self._counts: dict[str, int] = {}
        self._balances: dict[str, dict[str, int]] = {}  # customer -> currency -> balance
        self._owned: dict[str, dict[str, list[str]]] = {}  # owner id -> kind -> ids, oldest first
        self._unpaid: dict[str, list[str]] = {}  # currency -> balance transactions no payout carries yet
        self._tampered: set[str] = set()
        self.revision = 0  # grows with every change; whoever caches what it read compares

    # ------------------------------------------------------------------ reading

    def objects(self, kind: str) -> dict[str, Obj]:
        """Id -> object as Stripe has it now, oldest first."""
        return self._objects[kind]

    def get(self, kind: str, id: str) -> Obj:
        """One object; `Refused` when there is none."""
        try:
            return self._objects[kind][id]
        except KeyError:
            raise Refused(f"no such {kind}: {id}") from None

    def owned(self, owner: str, kind: str) -> list[Obj]:
        """What belongs to an object, oldest first: a customer's ledger rows, an invoice's payments, a payout's transactions, ..."""
        return [self._objects[kind][id] for id in self._owned.get(owner, {}).get(kind, ())]

    def balance(self, customer: str, currency: str) -> int:
        """Current customer balance; negative = credit to the customer."""
        return self._balances[customer].get(currency, 0)

    def charges_of(self, invoice: str) -> list[Obj]:
        """Succeeded charges that paid the invoice, oldest first."""
        intents = [row["payment"].get("payment_intent") for row in self.owned(invoice, "invoice_payments")
                   if row["status"] == "paid"]  # fmt: skip
        return [self.get("charges", self.get("payment_intents", id)["latest_charge"]) for id in intents if id]

    # ------------------------------------------------------------------ clock, state

    def move_to(self, moment: int) -> None:
        """Let time pass until `moment`; never backwards."""
        if moment < self.now:
            raise Refused(f"the clock is at {self.now}, past {moment}")
        self.now = moment

    def save(self, path: Path) -> None:
        """Write the whole account to one file, replacing it in one step (a kill leaves the old one whole)."""
        state = {name.lstrip("_"): value for name, value in vars(self).items()} | {"tampered": sorted(self._tampered)}
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(state))
        new.replace(path)

    @classmethod
    def load(cls, path: Path) -> Billing:
        """The account that `save` wrote."""
        state = msgspec.json.decode(path.read_bytes())
        billing = cls(state["now"], state["tick"])
        for name in ("objects", "counts", "balances", "owned", "unpaid"):
            setattr(billing, f"_{name}", state[name])
        billing._tampered = set(state["tampered"])
        return billing

    # ------------------------------------------------------------------ customers and catalogue

    def create_customer(self, *, id: str | None = None, currency: str | None = None, address: Obj | None = None,
                        phone: str | None = None, name: str = "Ann Example", email: str = "ann@example.com",
                        metadata: Obj | None = None, test_clock: str | None = None) -> str:  # fmt: skip
        id = self._new_id("cus", id)
        prefix = f"D{len(self._objects['customers']):07d}"
        customer = shapes.CUSTOMER | {
            "id": id, "created": self.now, "name": name, "email": email, "phone": phone, "address": address,
            "currency": currency, "metadata": metadata or {}, "test_clock": test_clock, "invoice_prefix": prefix,
        }  # fmt: skip
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
            "interval": interval, "interval_count": 1, "meter": None, "trial_period_days": None, "usage_type": "licensed",
        }  # fmt: skip
        price = shapes.PRICE | {
            "id": self._new_id("price", id), "created": self.now, "product": product, "currency": currency,
            "unit_amount": unit_amount, "unit_amount_decimal": str(unit_amount), "recurring": recurring or None,
            "type": "recurring" if interval else "one_time", "metadata": metadata or {},
        }  # fmt: skip
        return self._insert("prices", price, "price.created")

    def create_coupon(self, *, percent_off: float | None = None, amount_off: int | None = None,
                      currency: str | None = None, name: str | None = None, id: str | None = None,
                      metadata: Obj | None = None) -> str:  # fmt: skip
        if (percent_off is None) == (amount_off is None) or (amount_off is None) != (currency is None):
            raise Refused("a coupon takes percent_off, or amount_off with currency")
        coupon = shapes.COUPON | {
            "id": self._new_id("coupon", id), "created": self.now, "percent_off": percent_off, "amount_off": amount_off,
            "currency": currency, "name": name, "metadata": metadata or {},
        }  # fmt: skip
        return self._insert("coupons", coupon, "coupon.created")

    def create_tax_rate(self, percentage: float, *, inclusive: bool = False, display_name: str = "VAT",
                        flat_amount: tuple[int, str] | None = None, id: str | None = None, country: str | None = None,
                        ) -> str:  # fmt: skip
        """A percentage, or with `flat_amount` (amount, currency) an amount per line, always exclusive."""
        flat = flat_amount and {"amount": flat_amount[0], "currency": flat_amount[1]}
        rate = shapes.TAX_RATE | {
            "id": self._new_id("txr", id), "created": self.now, "percentage": percentage, "inclusive": inclusive,
            "display_name": display_name, "country": country, "flat_amount": flat or None,
            "effective_percentage": None if flat else percentage, "rate_type": "flat_amount" if flat else "percentage",
        }  # fmt: skip
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
        """Price an invoice: lines, then line discounts, invoice discounts, billing credits, taxes, shipping (facts 4.2)."""
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
        rows = [self._invoice_line(spec, amount, id, currency, customer)
                for spec, amount in zip(specs, amounts, strict=True)]  # fmt: skip
        invoice_discounts = [self._invoice_discount(coupon, id, rows, currency) for coupon in discounts]
        for spec, row in zip(specs, rows, strict=True):
            self._add_billing_credit(row, spec.billing_credit)
            row["taxes"] = self._taxes(_net(row), spec.taxes, currency)
        recurring = [row["subscription"] for row in rows if row["subscription"]]
        invoice = shapes.INVOICE | {
            "id": id, "created": self.now, "customer": customer, "currency": currency, "description": description,
            "customer_name": owner["name"], "customer_email": owner["email"], "customer_phone": owner["phone"],
            "customer_address": owner["address"], "test_clock": owner["test_clock"], "metadata": metadata or {},
            "discounts": invoice_discounts, "lines": _list_of(rows, f"/v1/invoices/{id}/lines"),
            "shipping_cost": self._shipping(shipping, shipping_taxes, currency) if shipping else None,
            "period_start": min(row["period"]["start"] for row in rows),
            "period_end": max(row["period"]["end"] for row in rows),
            "parent": _subscription_parent(recurring[0]) if recurring else None,
            "billing_reason": "subscription_cycle" if recurring else "manual",
        }  # fmt: skip
        sums = _Sums(rows, invoice["shipping_cost"])
        level = sum(entry["amount"] for entry in sums.discounts if entry["discount"] in invoice_discounts)
        invoice |= sums.header(level) | {
            "total_discount_amounts": sums.discounts, "total_pretax_credit_amounts": sums.pretax,
            "amount_due": max(0, sums.total), "amount_remaining": max(0, sums.total),
        }  # fmt: skip
        return self._insert("invoices", invoice, "invoice.created", owner=customer)

    def finalize_invoice(self, id: str, *, through_checkout: bool = False) -> str:
        """Draft -> open, or paid at once when nothing is left to charge; the customer balance is applied (facts 4.3).

        `through_checkout`: the balance row is a `checkout_session_subscription_payment`, which names no invoice.
        guessed: its arithmetic is that of an application, and the row has a session only (facts 2.6 list the type, no more).
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
            # Not chargeable: Stripe carries it over as a debit. guessed: a debit balance is then not collected either.
            applied, carried = (total - due, due) if starting <= 0 else (0, total)
            due = 0
        if applied:
            if through_checkout and total > 0:
                row = {"type": "checkout_session_subscription_payment", "checkout_session": self._new_id("cs")}
            else:
                row = {"type": "applied_to_invoice", "invoice": id}
            self._ledger(customer, currency, applied, owned_by=id, **row)
        if carried:
            kind = "invoice_too_large" if carried > MAXIMUM_CHARGE else "invoice_too_small"
            self._ledger(customer, currency, carried, owned_by=id, type=kind, invoice=id)
        self._change(
            invoice, "invoice.finalized", status="open", number=f"{owner['invoice_prefix']}-{number:04d}",
            starting_balance=starting, ending_balance=self.balance(customer, currency), amount_due=due,
            amount_remaining=due, effective_at=self.now, auto_advance=due > 0, **self._moved(invoice, "finalized_at"),
            hosted_invoice_url=f"https://invoice.stripe.com/i/{id}",
            invoice_pdf=f"https://pay.stripe.com/invoice/{id}/pdf",
        )  # fmt: skip
        if due:
            self._invoice_payment(invoice, due, is_default=True)
        else:
            self._mark_paid(invoice, attempted=True)
        return id

    def invoice(self, customer: str, lines: Iterable[Line], *, through_checkout: bool = False, **fields: Any) -> str:
        """Draft and finalize in one go; arguments as for `draft_invoice`."""
        return self.finalize_invoice(self.draft_invoice(customer, lines, **fields), through_checkout=through_checkout)

    def unapply_balance(self, id: str) -> None:
        """Give the balance used on an open invoice back; it is due again. guessed: what a revision does (facts 4.3)."""
        invoice = self._invoice(id, "open")
        rows = [row for row in self.owned(id, "customer_balance_transactions") if row["type"] in REVERSAL_OF]
        back = sum(row["amount"] for row in rows)
        if back <= 0:
            raise Refused(f"{id} uses no balance")
        self._tick()
        self._ledger(invoice["customer"], invoice["currency"], -back, owned_by=id, type="unapplied_from_invoice", invoice=id)
        self._change(invoice, "invoice.updated", amount_due=invoice["amount_due"] + back,
                     amount_remaining=invoice["amount_remaining"] + back)  # fmt: skip
        self._after_remaining_changed(invoice)

    def pay(self, invoice: str, amount: int | None = None) -> str:
        """Charge the invoice's remaining amount, part of it, or more (the excess becomes credit). Returns the charge id."""
        target = self._invoice(invoice, "open", "uncollectible")
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
            self._ledger(customer, currency, covers - amount, owned_by=invoice, type="invoice_overpaid", invoice=invoice)
        return charge

    def pay_outside(self, invoice: str, *, record: bool = True) -> str:
        """Settle the rest outside Stripe: with a payment record, or just marked as paid. guessed: amounts shown (facts 4.4)."""
        target = self._invoice(invoice, "open", "uncollectible")
        remaining = target["amount_remaining"]
        self._tick()
        self._change(target, None, amount_paid_off_stripe=target["amount_paid_off_stripe"] + remaining)
        payment = self._invoice_payment(target, remaining, is_default=False, record=True) if record else None
        self._settle(target, payment, remaining, remaining)
        return invoice

    def mark_uncollectible(self, id: str) -> None:
        """Open -> uncollectible. A negative draft can end here too: no number, nothing credited (seen: facts 4.3)."""
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
        """Open or uncollectible -> void; the balance used comes back (a case where it did not is known: facts 4.3)."""
        invoice = self._invoice(id, "open", "uncollectible")
        if invoice["amount_paid"]:
            raise Refused(f"{id} is partly paid")  # guessed: facts 4.4 do not say
        self._tick()
        rows = self.owned(id, "customer_balance_transactions")
        given_back = {row["type"] for row in rows} & set(REVERSAL_OF.values())
        for row in rows if gives_balance_back and not given_back else ():
            if row["type"] in REVERSAL_OF:
                same = {"type": REVERSAL_OF[row["type"]], "invoice": row["invoice"], "checkout_session": row["checkout_session"]}
                self._ledger(invoice["customer"], invoice["currency"], -row["amount"], owned_by=id, **same)
        self._cancel_default(id)
        self._change(invoice, "invoice.voided", status="void", auto_advance=False, **self._moved(invoice, "voided_at"))

    # ------------------------------------------------------------------ credit notes

    def preview_credit_note(self, invoice: str, *, lines: Sequence[CreditLine] = (), amount: int | None = None,
                            shipping: int = 0) -> tuple[int, int, int]:  # fmt: skip
        """(total, pre-payment part, post-payment part) of the credit note these arguments would make."""
        target = self._invoice(invoice, "open", "paid", "uncollectible")
        return self._credit_sums(target, lines, amount, shipping)[2:]

    def credit_note(self, invoice: str, *, lines: Sequence[CreditLine] = (), amount: int | None = None, shipping: int = 0,
                    refunds: Sequence[RefundPart] = (), credit: int = 0, out_of_band: int = 0, memo: str | None = None,
                    reason: str | None = None, metadata: Obj | None = None, effective_at: int | None = None,
                    id: str | None = None) -> str:  # fmt: skip
        """Credit an open, paid or uncollectible invoice (facts 4.1).

        What the invoice still asks for is lowered first (pre-payment); the rest must be refunds + `credit` (to the customer
        balance) + `out_of_band`, exactly. Lines, `amount` without lines, and/or `shipping` (before its taxes).
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
        sums = _Sums(rows, shipping_cost)
        level = sum(entry["amount"] for entry in sums.discounts if entry["discount"] in target["discounts"])
        header = sums.header(level) if amount is None else _flat_header(total, shipping_cost)
        serial = len(self.owned(invoice, "credit_notes")) + 1
        note = shapes.CREDIT_NOTE | header | {
            "id": id, "created": self.now, "effective_at": effective_at or self.now, "customer": target["customer"],
            "invoice": invoice, "currency": target["currency"], "number": f"{target['number']}-CN-{serial:02d}",
            "pdf": f"https://pay.stripe.com/credit_notes/{id}/pdf", "lines": _list_of(rows, f"/v1/credit_notes/{id}/lines"),
            "amount": total, "discount_amount": sum(entry["amount"] for entry in sums.discounts),
            "discount_amounts": sums.discounts, "pretax_credit_amounts": sums.pretax, "shipping_cost": shipping_cost,
            "pre_payment_amount": pre, "post_payment_amount": post, "out_of_band_amount": out_of_band or None,
            "refunds": [self._refund_part(target, part) for part in refunds],
            "type": "mixed" if pre and post else "pre_payment" if pre else "post_payment",
            "memo": memo, "reason": reason, "metadata": metadata or {},
        }  # fmt: skip
        if credit:
            row = self._ledger(target["customer"], target["currency"], -credit, type="credit_note", credit_note=id)
            note["customer_balance_transaction"] = row
        self._insert("credit_notes", note, "credit_note.created", owner=invoice, tick=False)
        for refund in {part["refund"] for part in note["refunds"] if part["refund"]}:
            self._own(refund, "credit_notes", id)
        self._change(
            target, "invoice.updated", amount_due=target["amount_due"] - pre,
            amount_remaining=target["amount_remaining"] - pre,
            pre_payment_credit_notes_amount=target["pre_payment_credit_notes_amount"] + pre,
            post_payment_credit_notes_amount=target["post_payment_credit_notes_amount"] + post,
        )  # fmt: skip
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

    def refund(self, charge: str, amount: int | None = None, *, status: str = "succeeded", id: str | None = None,
               reason: str | None = None, metadata: Obj | None = None) -> str:  # fmt: skip
        """Refund a charge (or part of it) through the Refund API: no credit note is made."""
        source = self.get("charges", charge)
        amount = source["amount"] - source["amount_refunded"] if amount is None else amount
        self._fits(source["currency"], amount)
        if not 0 < amount <= source["amount"] - source["amount_refunded"]:
            raise Refused(f"{charge} has {source['amount'] - source['amount_refunded']} left to refund, not {amount}")
        for invoice in self._owned.get(charge, {}).get("invoices", ()):
            self._check_headroom(self._objects["invoices"][invoice], 0, (), unlinked=amount)
        self._tick()
        return self._refund(source, amount, status, id, reason, metadata)

    def settle_refund(self, id: str, status: str) -> None:
        """pending/requires_action -> succeeded, failed or canceled; a succeeded one can still fail (facts 4.1)."""
        refund = self.get("refunds", id)
        allowed = {"pending": ("succeeded", "failed", "canceled"), "requires_action": ("pending", "failed", "canceled"),
                   "succeeded": ("failed",)}  # fmt: skip
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
            self._change(charge, "charge.updated", refunded=False, amount_refunded=charge["amount_refunded"] - refund["amount"])
        self._change(refund, "refund.failed" if status == "failed" else "refund.updated", **changes)

    def adjust_balance(self, customer: str, amount: int, *, currency: str | None = None, type: str = "adjustment",
                       description: str | None = None) -> str:  # fmt: skip
        """A ledger row that no invoice makes: negative = credit. Types of Stripe's own making are allowed too."""
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
            "id": id, "created": self.now, "amount": amount, "currency": currency, "arrival_date": self.now + 2 * 86_400,
            "balance_transaction": transaction,
        }  # fmt: skip
        return self._insert("payouts", payout, "payout.paid")

    def tamper(self, kind: str, id: str, **fields: Any) -> None:
        """Force fields to what no operation would make them, for histories that must be caught downstream; `check` skips it."""
        obj = self.get(kind, id)
        self._tampered |= {id, obj.get("invoice") or id, obj.get("customer") or id}
        self._change(obj, f"{obj['object']}.updated" if kind != "customer_balance_transactions" else None, **fields)

    def forget_ledger_row(self, id: str) -> None:
        """Drop a ledger row, as if Stripe's list had missed it: the chain of `ending_balance` breaks (rule B6)."""
        self.revision += 1
        row = self._objects["customer_balance_transactions"].pop(id)
        self._tampered |= {row["customer"], row["invoice"] or row["customer"]}
        for owner in (row["customer"], row["invoice"]):
            if owner:
                self._owned[owner]["customer_balance_transactions"].remove(id)

    # ------------------------------------------------------------------ invariants

    def check(self) -> None:
        """Assert what must hold after any history (facts 4.1 to 4.3); tampered objects are left out."""
        for id, customer in self._objects["customers"].items():
            if id not in self._tampered and not customer.get("deleted"):
                self._check_ledger(customer)
        for id, invoice in self._objects["invoices"].items():
            if id not in self._tampered:
                self._check_invoice(invoice)
        for id, note in self._objects["credit_notes"].items():
            if id not in self._tampered:
                self._check_credit_note(note)
        for id, charge in self._objects["charges"].items():
            live = sum(row["amount"] for row in self.owned(id, "refunds") if row["status"] not in DEAD_REFUND)
            assert live == charge["amount_refunded"] <= charge["amount"], id
        for id, payout in self._objects["payouts"].items():
            assert sum(row["net"] for row in self.owned(id, "balance_transactions")) == 0, id
            assert payout["amount"] > 0, id

    def _check_ledger(self, customer: Obj) -> None:
        id, sums = customer["id"], dict[str, int]()
        for row in self.owned(id, "customer_balance_transactions"):
            sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount"]
            assert row["ending_balance"] == sums[row["currency"]] and row["amount"], row["id"]
        assert sums == self._balances[id], id
        assert customer["balance"] == sums.get(customer["currency"] or "", 0), id

    def _check_invoice(self, invoice: Obj) -> None:
        id, total = invoice["id"], invoice["total"]
        assert _Sums(invoice["lines"]["data"], invoice["shipping_cost"]).total == total, id
        rows = self.owned(id, "customer_balance_transactions")
        use = sum(row["amount"] for row in rows if row["type"] in REVERSAL_OF or row["type"] in REVERSAL_OF.values())
        carried = sum(row["amount"] for row in rows if row["type"] in CARRIED)
        notes = [note for note in self.owned(id, "credit_notes") if note["status"] == "issued"]
        pre = sum(note["pre_payment_amount"] for note in notes)
        assert invoice["pre_payment_credit_notes_amount"] == pre, id
        assert invoice["post_payment_credit_notes_amount"] == sum(note["post_payment_amount"] for note in notes), id
        assert not notes or sum(note["total"] for note in notes) <= total, id
        paid = sum(row["amount_paid"] for row in self.owned(id, "invoice_payments") if row["status"] == "paid")
        assert invoice["amount_remaining"] == invoice["amount_due"] - invoice["amount_paid"] >= 0, id
        assert paid <= invoice["amount_paid"] + invoice["amount_overpaid"], id
        if invoice["status"] in ("open", "paid"):
            assert (invoice["status"] == "paid") == (invoice["amount_remaining"] == 0), id
            assert total - pre - use - carried == (invoice["amount_due"] if total >= 0 else 0), id

    def _check_credit_note(self, note: Obj) -> None:
        id, invoice = note["id"], self._objects["invoices"][note["invoice"]]
        rows = note["lines"]["data"]
        row = self._objects["customer_balance_transactions"].get(note["customer_balance_transaction"] or "")
        parts = sum(part["amount_refunded"] for part in note["refunds"]) + (note["out_of_band_amount"] or 0)
        assert parts - (row["amount"] if row else 0) == note["post_payment_amount"], id
        assert note["pre_payment_amount"] + note["post_payment_amount"] == note["amount"] == note["total"] > 0, id
        if rows or note["subtotal"] == 0:
            assert _Sums(rows, note["shipping_cost"]).total == note["total"], id
        assert not note["post_payment_amount"] or invoice["status"] == "paid", id
        assert note["status"] != "void" or not note["post_payment_amount"], id

    # ------------------------------------------------------------------ pricing an invoice

    def _line_amount(self, spec: Line, currency: str) -> int:
        if spec.price is None:
            if spec.amount is None:
                raise Refused("a line needs an amount or a price")
            amount = spec.amount
        else:
            price = self.get("prices", spec.price)
            if price["currency"] != currency:
                raise Refused(f"{spec.price} is in {price['currency']}, the invoice in {currency}")
            amount = price["unit_amount"] * (spec.quantity or 1) if spec.amount is None else spec.amount
        if spec.quantity is not None and spec.quantity < 0:
            raise Refused("a quantity is not negative")
        self._fits(currency, amount)
        return amount

    def _invoice_line(self, spec: Line, amount: int, invoice: str, currency: str, customer: str) -> Obj:
        price = self.get("prices", spec.price) if spec.price else None
        item, start_end = self._new_id("ii"), spec.period or (self.now, self.now)
        subscription = f"sub_{customer.removeprefix('cus_')}" if price and price["recurring"] else None
        row = shapes.INVOICE_LINE | {
            "id": self._new_id("il"), "invoice": invoice, "currency": currency, "amount": amount, "subtotal": amount,
            "description": spec.description, "quantity": spec.quantity, "metadata": spec.metadata or {},
            "quantity_decimal": None if spec.quantity is None else str(spec.quantity), "subscription": subscription,
            "period": {"start": start_end[0], "end": start_end[1]}, "discounts": [], "discount_amounts": [],
            "pretax_credit_amounts": [], "taxes": [], "parent": _line_parent(item, subscription, spec.proration),
        }  # fmt: skip
        if price:
            row["description"] = spec.description or self.get("products", price["product"])["name"]
            row["pricing"] = {
                "type": "price_details", "price_details": {"price": price["id"], "product": price["product"]},
                "unit_amount_decimal": price["unit_amount_decimal"],
            }  # fmt: skip
        for coupon in spec.discounts:
            off = self._coupon_off(coupon, _net(row), currency)
            discount = self._discount(coupon, invoice, item)
            row["discounts"].append(discount)
            _discounted(row, discount, off)
        return row

    def _invoice_discount(self, coupon: str, invoice: str, rows: list[Obj], currency: str) -> str:
        """Spread one coupon over the lines; negative lines take no part. guessed: facts 4.2 show the shares of positive ones."""
        nets = [max(0, _net(row)) for row in rows]
        if self._objects["coupons"][coupon]["percent_off"] is None:
            shares = spread(self._coupon_off(coupon, sum(nets), currency), nets, currency)
        else:
            shares = [self._coupon_off(coupon, net, currency) for net in nets]
        discount = self._discount(coupon, invoice, None)
        for row, share in zip(rows, shares, strict=True):
            _discounted(row, discount, share)
        return discount

    def _coupon(self, id: str, currency: str) -> Obj:
        coupon = self.get("coupons", id)
        if coupon["currency"] not in (None, currency):
            raise Refused(f"{id} is in {coupon['currency']}")
        return coupon

    def _coupon_off(self, id: str, net: int, currency: str) -> int:
        coupon = self._coupon(id, currency)
        if coupon["percent_off"] is None:
            return max(0, min(coupon["amount_off"], net))
        return rounded(net * Fraction(str(coupon["percent_off"])) / 100, currency) if net > 0 else 0

    def _discount(self, coupon: str, invoice: str, item: str | None) -> str:
        discount = shapes.DISCOUNT | {
            "id": self._new_id("di"), "invoice": invoice, "invoice_item": item, "start": self.now,
            "source": {"type": "coupon", "coupon": coupon},
        }  # fmt: skip
        self._objects["discounts"][discount["id"]] = discount
        return str(discount["id"])

    def _add_billing_credit(self, row: Obj, amount: int) -> None:
        if not amount:
            return
        if not 0 < amount <= _net(row):
            raise Refused(f"a billing credit of {amount} does not fit a line of {_net(row)}")
        grant = {"amount": amount, "credit_balance_transaction": self._new_id("cbtxn_bc"), "discount": None}
        row["pretax_credit_amounts"].append(grant | {"type": "credit_balance_transaction"})

    def _taxes(self, base: int, rates: Sequence[str], currency: str) -> list[Obj]:
        """Tax rows of a line whose amount after discounts and billing credits is `base`."""
        found = [self.get("tax_rates", rate) for rate in rates]
        percent = {rate["id"]: Fraction(str(rate["percentage"])) for rate in found}
        inclusive = sum(percent[rate["id"]] for rate in found if rate["inclusive"])
        taxes = {
            rate["id"]: rounded(base * percent[rate["id"]] / (100 + inclusive), currency) for rate in found if rate["inclusive"]
        }
        taxable = base - sum(taxes.values())
        for rate in found:
            if rate["flat_amount"]:
                taxes[rate["id"]] = rate["flat_amount"]["amount"] if taxable > 0 else 0
            elif not rate["inclusive"]:
                taxes[rate["id"]] = rounded(taxable * percent[rate["id"]] / 100, currency)
        return [_tax(rate["id"], rate["inclusive"], taxes[rate["id"]], taxable) for rate in found]

    def _shipping(self, amount: int, rates: Sequence[str], currency: str) -> Obj:
        """Shipping cost of `amount` (inclusive taxes inside) with its taxes. guessed: `taxes` without expanding (facts 2.2)."""
        taxes = self._taxes(amount, rates, currency)
        inside = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
        return _shipping_cost(amount - inside, [(self.get("tax_rates", _rate(tax)), tax["amount"], tax["taxable_amount"])
                                                for tax in taxes])  # fmt: skip

    # ------------------------------------------------------------------ apportioning a credit note

    def _credit_sums(self, invoice: Obj, lines: Sequence[CreditLine], amount: int | None, shipping: int
                     ) -> tuple[list[Obj], Obj | None, int, int, int]:  # fmt: skip
        """(lines, shipping cost, total, pre-payment, post-payment) of a credit note on the invoice."""
        if invoice["total"] <= 0:
            raise Refused(f"{invoice['id']} has nothing to credit")
        if (amount is None) == (not lines and not shipping) or (amount is not None and lines):
            raise Refused("a credit note takes lines, or an amount, and perhaps shipping")
        self._fits(invoice["currency"], amount or 0, shipping)
        live = [note for note in self.owned(invoice["id"], "credit_notes") if note["status"] == "issued"]
        shipping_cost = self._credited_shipping(invoice, shipping, live) if shipping else None
        rows: list[Obj] = []
        for spec in lines:
            earlier = [row for note in live for row in note["lines"]["data"]] + rows
            rows.append(self._credited_line(invoice, spec, earlier) if spec.line else self._custom_line(spec, invoice))
        total = _Sums(rows, shipping_cost).total if amount is None else amount
        if total <= 0 or (shipping_cost and total < shipping_cost["amount_total"]):
            raise Refused(f"a credit note of {total} is not possible")
        pre = 0 if invoice["status"] == "paid" else min(total, invoice["amount_remaining"])
        return rows, shipping_cost, total, pre, total - pre

    def _credited_line(self, invoice: Obj, spec: CreditLine, earlier: list[Obj]) -> Obj:
        """Credit part of an invoice line; discounts, billing credits and taxes follow in proportion (facts 4.2)."""
        line = next((row for row in invoice["lines"]["data"] if row["id"] == spec.line), None)
        if line is None or (spec.quantity is None) == (spec.amount is None):
            raise Refused(f"{spec.line} is not a line of {invoice['id']}, or not credited by either quantity or amount")
        currency, whole = invoice["currency"], line["amount"]
        if spec.amount is not None:
            amount = spec.amount
        elif not line["quantity"] or not 0 < (spec.quantity or 0) <= line["quantity"]:
            raise Refused(f"{spec.line} has no quantity of {spec.quantity}")
        else:
            amount = rounded(Fraction(whole * (spec.quantity or 0), line["quantity"]), currency)
        self._fits(currency, amount)
        earlier = [row for row in earlier if row.get("invoice_line_item") == spec.line]
        done = sum(row["amount"] for row in earlier)
        if amount * whole < 0 or abs(done + amount) > abs(whole):
            raise Refused(f"{spec.line} has {whole - done} left to credit, not {amount}")

        def share(of: int, already: int) -> int:
            return next_share(of, whole, done, amount, already, currency)

        pretax = []
        for entry in line["pretax_credit_amounts"]:
            taken = sum(old["amount"] for row in earlier for old in row["pretax_credit_amounts"] if _ref(old) == _ref(entry))
            pretax.append(entry | {"amount": share(entry["amount"], taken)})
        taxes = []
        for entry in line["taxes"]:
            old = [tax for row in earlier for tax in row["taxes"] if _rate(tax) == _rate(entry)]
            parts = {key: share(entry[key], sum(tax[key] for tax in old)) for key in ("amount", "taxable_amount")}
            taxes.append(entry | parts)
        return self._credit_line(
            spec, amount, pretax, taxes, invoice_line_item=spec.line, type="invoice_line_item", quantity=spec.quantity,
            unit_amount=None if spec.quantity is None else amount // spec.quantity,
            description=spec.description or line["description"],
        )  # fmt: skip

    def _custom_line(self, spec: CreditLine, invoice: Obj) -> Obj:
        """A line of its own price; it cannot be negative and takes no discount."""
        quantity = 1 if spec.quantity is None else spec.quantity
        if not spec.unit_amount or spec.unit_amount < 0 or quantity <= 0 or not spec.description:
            raise Refused("a custom line needs a description, a positive unit_amount and quantity")
        self._fits(invoice["currency"], spec.unit_amount)
        amount = spec.unit_amount * quantity
        taxes = self._taxes(amount, spec.taxes, invoice["currency"])
        return self._credit_line(spec, amount, [], taxes, type="custom_line_item", quantity=quantity,
                                 unit_amount=spec.unit_amount, description=spec.description)  # fmt: skip

    def _credit_line(self, spec: CreditLine, amount: int, pretax: list[Obj], taxes: list[Obj], **fields: Any) -> Obj:
        unit = fields["unit_amount"]
        discounts = [{"amount": entry["amount"], "discount": entry["discount"]} for entry in pretax if entry["discount"]]
        return shapes.CREDIT_NOTE_LINE | fields | {
            "id": self._new_id("cnli"), "amount": amount, "discount_amounts": discounts,
            "discount_amount": sum(entry["amount"] for entry in discounts), "pretax_credit_amounts": pretax, "taxes": taxes,
            "tax_rates": [self._objects["tax_rates"][_rate(tax)] for tax in taxes], "metadata": spec.metadata or {},
            "unit_amount_decimal": None if unit is None else str(unit),
        }  # fmt: skip

    def _credited_shipping(self, invoice: Obj, amount: int, live: list[Obj]) -> Obj:
        cost, earlier = invoice["shipping_cost"], [note["shipping_cost"] for note in live if note["shipping_cost"]]
        done = sum(old["amount_subtotal"] for old in earlier)
        if cost is None or not 0 < amount <= cost["amount_subtotal"] - done:
            raise Refused(f"{invoice['id']} has no shipping of {amount} left to credit")
        taxes = []
        for tax in cost["taxes"]:
            parts = [
                next_share(tax[key], cost["amount_subtotal"], done, amount, sum(
                    old[key] for each in earlier for old in each["taxes"] if old["rate"]["id"] == tax["rate"]["id"]
                ), invoice["currency"])
                for key in ("amount", "taxable_amount")
            ]  # fmt: skip
            taxes.append((tax["rate"], *parts))
        return _shipping_cost(amount, taxes)

    def _check_headroom(self, invoice: Obj, total: int, parts: Sequence[RefundPart], unlinked: int = 0) -> None:
        """Credit notes and refunds outside them stay within the invoice's total together (facts 4.1)."""
        credited = sum(note["total"] for note in self.owned(invoice["id"], "credit_notes") if note["status"] == "issued")
        refunded = sum(
            row["amount"] - self._linked(row["id"])
            for charge in self.charges_of(invoice["id"])
            for row in self.owned(charge["id"], "refunds")
            if row["status"] not in DEAD_REFUND
        )
        linked = sum(part.amount for part in parts if part.refund)
        room = invoice["total"] + invoice["amount_overpaid"] - credited - refunded + linked
        if total + unlinked > room:
            raise Refused(f"{invoice['id']} has {room} left to credit or refund, not {total + unlinked}")

    def _linked(self, refund: str) -> int:
        """How much of a refund credit notes claim."""
        notes = {note["id"]: note for note in self.owned(refund, "credit_notes")}
        return sum(part["amount_refunded"] for note in notes.values() for part in note["refunds"] if part["refund"] == refund)

    def _check_refund_parts(self, invoice: Obj, parts: Sequence[RefundPart]) -> None:
        charges = {charge["id"]: charge["amount"] - charge["amount_refunded"] for charge in self.charges_of(invoice["id"])}
        asked: dict[str, int] = {}
        for part in parts:
            if part.amount <= 0:
                raise Refused("a refund is positive")
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
        return sum(row["amount_paid"] for row in self.owned(invoice, "invoice_payments") if _is_record(row))

    def _refund_part(self, invoice: Obj, part: RefundPart) -> Obj:
        if part.on_record:
            row = next(row for row in self.owned(invoice["id"], "invoice_payments") if _is_record(row))
            group = {"payment_record": row["payment"]["payment_record"], "refund_group": self._new_id("rfg")}
            # guessed: `refund` is declared as never null, so an empty id stands where no refund is (facts 2.2).
            return {"amount_refunded": part.amount, "refund": "", "type": "payment_record_refund", "payment_record_refund": group}
        if part.refund:
            id = part.refund
        else:
            charge = next(charge for charge in self.charges_of(invoice["id"])
                          if charge["amount"] - charge["amount_refunded"] >= part.amount)  # fmt: skip
            id = self._refund(charge, part.amount, part.status, part.id, None, None)
        return {"amount_refunded": part.amount, "refund": id, "type": "refund", "payment_record_refund": None}

    # ------------------------------------------------------------------ payments

    def _invoice_payment(self, invoice: Obj, amount: int, *, is_default: bool, record: bool = False) -> Obj:
        """An open invoice payment, with a payment intent or a payment record to carry it."""
        if record:
            payment = {"type": "payment_record", "payment_record": self._new_id("pyr")}
        else:
            intent = shapes.PAYMENT_INTENT | {
                "id": self._new_id("pi"), "created": self.now, "amount": amount, "currency": invoice["currency"],
                "customer": invoice["customer"], "receipt_email": invoice["customer_email"],
            }  # fmt: skip
            self._insert("payment_intents", intent, "payment_intent.created", tick=False)
            payment = {"type": "payment_intent", "payment_intent": intent["id"]}
        row = shapes.INVOICE_PAYMENT | {
            "id": self._new_id("inpay"), "created": self.now, "invoice": invoice["id"], "currency": invoice["currency"],
            "amount_requested": amount, "is_default": is_default, "status": "open", "payment": payment,
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }  # fmt: skip
        self._insert("invoice_payments", row, None, owner=invoice["id"], tick=False)
        return row

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
            "id": id, "created": self.now, "amount": amount, "amount_captured": amount, "currency": currency,
            "customer": customer, "payment_intent": intent["id"], "payment_method": method,
            "balance_transaction": self._balance_transaction("charge", amount, currency, id),
            "billing_details": {"tax_id": None} | {key: owner.get(key) for key in ("address", "email", "name", "phone")},
            "payment_method_details": {
                "type": "card",
                "card": {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2030, "last4": "4242",
                         "funding": "credit", "fingerprint": f"fp{customer.removeprefix('cus_')}"},
            },
        }  # fmt: skip
        self._insert("charges", charge, "charge.succeeded", owner=customer, tick=False)
        self._own(id, "invoices", payment["invoice"])
        self._change(intent, "payment_intent.succeeded", status="succeeded", amount=amount, amount_received=amount,
                     latest_charge=id, payment_method=method)  # fmt: skip
        return str(id)

    def _settle(self, invoice: Obj, payment: Obj | None, amount: int, covers: int) -> None:
        """Book `amount` of a payment, of which `covers` is what the invoice still asked for."""
        if payment:
            self._change(payment, "invoice_payment.paid", status="paid", amount_paid=amount, amount_requested=amount,
                         status_transitions={"canceled_at": None, "paid_at": self.now})  # fmt: skip
        self._change(
            invoice, "invoice.updated", amount_paid=invoice["amount_paid"] + covers,
            amount_remaining=invoice["amount_remaining"] - covers, attempted=True, attempt_count=invoice["attempt_count"] + 1,
        )  # fmt: skip
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
            "id": id, "created": self.now, "amount": amount, "currency": charge["currency"], "charge": charge["id"],
            "payment_intent": charge["payment_intent"], "customer": charge["customer"], "status": status, "reason": reason,
            "balance_transaction": self._balance_transaction("refund", -amount, charge["currency"], id),
            "pending_reason": "processing" if status == "pending" else None, "metadata": metadata or {},
        }  # fmt: skip
        self._insert("refunds", refund, "refund.created", owner=charge["id"], tick=False)
        refunded = charge["amount_refunded"] + amount
        self._change(charge, "charge.refunded", amount_refunded=refunded, refunded=refunded == charge["amount"])
        return id

    def _balance_transaction(self, kind: str, amount: int, currency: str, source: str) -> str:
        """One movement of the Stripe account's own money; charges cost 2.9 percent, rounded down to the currency's step."""
        fee = amount * 29 // 1000 // step(currency) * step(currency) if kind == "charge" else 0
        details = [{"amount": fee, "application": None, "currency": currency, "description": "Stripe processing fees", "type": "stripe_fee"}]
        row = shapes.BALANCE_TRANSACTION | {
            "id": self._new_id("txn"), "created": self.now, "available_on": self.now + 2 * 86_400, "amount": amount, "fee": fee,
            "fee_details": details if fee else [], "net": amount - fee, "currency": currency, "type": kind, "source": source,
            "reporting_category": kind,
        }  # fmt: skip
        self._unpaid.setdefault(currency, []).append(row["id"])
        return self._insert("balance_transactions", row, None, tick=False)

    # ------------------------------------------------------------------ the ledger

    def _ledger(self, customer: str, currency: str, amount: int, *, owned_by: str | None = None, **fields: Any) -> str:
        """Add one customer balance row. The ledger has no event; only the customer's own change shows (facts 3.2)."""
        owner = self._objects["customers"][customer]
        ending = self._balances[customer].get(currency, 0) + amount
        self._balances[customer][currency] = ending
        row = shapes.BALANCE_ROW | fields | {
            "id": self._new_id("cbtxn"), "created": self.now, "customer": customer, "currency": currency, "amount": amount,
            "ending_balance": ending,
        }  # fmt: skip
        self._insert("customer_balance_transactions", row, None, owner=customer, tick=False)
        if owned_by:
            self._own(owned_by, "customer_balance_transactions", row["id"])
        if owner.get("currency") == currency:  # `balance` is that of the default currency only
            self._change(owner, "customer.updated", balance=ending)
        return str(row["id"])

    # ------------------------------------------------------------------ storage

    def _tick(self) -> None:
        self.now += self.tick

    def _new_id(self, prefix: str, given: str | None = None) -> str:
        """The given id, if it is free, or the next one of its kind."""
        if given is not None:
            if any(given in objects for objects in self._objects.values()):
                raise Refused(f"{given} exists")
            return given
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}_1Demo{self._counts[prefix]:07d}"

    def _own(self, owner: str, kind: str, id: str) -> None:
        self._owned.setdefault(owner, {}).setdefault(kind, []).append(id)

    def _insert(self, kind: str, obj: Obj, event: str | None, *, owner: str | None = None, tick: bool = True) -> str:
        self.revision += 1
        self._objects[kind][obj["id"]] = obj
        if owner:
            self._own(owner, kind, obj["id"])
        if event:
            self._event(event, obj)
        if tick:
            self._tick()
        return str(obj["id"])

    def _change(self, obj: Obj, event: str | None, **fields: Any) -> None:
        """Set fields (whole values, never in place) and record the event with what they were before."""
        self.revision += 1
        previous = {name: obj.get(name) for name, value in fields.items() if obj.get(name) != value}
        obj |= fields
        if event:
            self._event(event, obj, previous)

    def _event(self, type: str, obj: Obj, previous: Obj | None = None) -> None:
        snapshot = msgspec.json.decode(msgspec.json.encode(obj))  # events keep what the object was
        data = {"object": snapshot} | ({"previous_attributes": previous} if previous else {})
        event = shapes.EVENT | {
            "id": self._new_id("evt"), "created": self.now, "type": type, "data": data,
            "request": {"id": None, "idempotency_key": None},
        }  # fmt: skip
        self._objects["events"][event["id"]] = event

    def _moved(self, invoice: Obj, transition: str) -> Obj:
        return {"status_transitions": invoice["status_transitions"] | {transition: self.now}}

    def _customer(self, id: str) -> Obj:
        customer = self.get("customers", id)
        if customer.get("deleted"):
            raise Refused(f"{id} is deleted")
        return customer

    def _invoice(self, id: str, *statuses: str) -> Obj:
        invoice = self.get("invoices", id)
        if invoice["status"] not in statuses:
            raise Refused(f"{id} is {invoice['status']}, not {' or '.join(statuses)}")
        return invoice

    def _fits(self, currency: str, *amounts: int) -> None:
        if any(amount % step(currency) for amount in amounts):
            raise Refused(f"{amounts} is no multiple of {step(currency)} in {currency}")


class _Sums:
    """What the lines and the shipping of an invoice or a credit note add up to (facts 4.2)."""

    def __init__(self, lines: list[Obj], shipping_cost: Obj | None) -> None:
        self.lines = lines
        self.pretax = _added(((entry, _ref(entry)) for line in lines for entry in line["pretax_credit_amounts"]), "amount")
        self.discounts = _added(((entry, entry["discount"]) for line in lines for entry in line["discount_amounts"]), "amount")
        self.taxes = _added(((tax, _rate(tax)) for line in lines for tax in line["taxes"]), "amount", "taxable_amount")
        self.gross = sum(line["amount"] for line in lines)
        self.exclusive = sum(tax["amount"] for tax in self.taxes if tax["tax_behavior"] == "exclusive")
        self.inclusive = sum(tax["amount"] for tax in self.taxes if tax["tax_behavior"] == "inclusive")
        self.shipping = shipping_cost["amount_total"] if shipping_cost else 0
        self.shipping_tax = shipping_cost["amount_tax"] if shipping_cost else 0
        off = sum(entry["amount"] for entry in self.pretax)
        self.total = self.gross - off + self.exclusive + self.shipping

    def header(self, invoice_discounts: int) -> Obj:
        """The header's sums; a subtotal has the line discounts inside, not the `invoice_discounts`.

        guessed: `total_taxes` leave the taxes of shipping to `shipping_cost` (facts 2.2).
        """
        subtotal = self.gross - sum(entry["amount"] for entry in self.discounts) + invoice_discounts
        return {
            "subtotal": subtotal, "subtotal_excluding_tax": subtotal - self.inclusive, "total": self.total,
            "total_excluding_tax": self.total - self.exclusive - self.inclusive - self.shipping_tax,
            "total_taxes": self.taxes, "amount_shipping": self.shipping - self.shipping_tax,
        }  # fmt: skip


def _flat_header(total: int, shipping_cost: Obj | None) -> Obj:
    """Header of a credit note made by amount: no lines, no discounts, no taxes. guessed: facts 4.2."""
    shipping = shipping_cost["amount_total"] if shipping_cost else 0
    return {
        "subtotal": total - shipping, "subtotal_excluding_tax": total - shipping, "total": total,
        "total_excluding_tax": total, "total_taxes": [], "amount_shipping": shipping,
    }  # fmt: skip


def _added(entries: Iterable[tuple[Obj, Any]], *sums: str) -> list[Obj]:
    """One row per key, its `sums` fields added up, in order of appearance."""
    rows: dict[Any, Obj] = {}
    for entry, key in entries:
        rows[key] = entry | {name: rows[key][name] + entry[name] for name in sums} if key in rows else dict(entry)
    return list(rows.values())


def _net(line: Obj) -> int:
    """Line amount after discounts and billing credits: what is taxed."""
    return int(line["amount"]) - sum(entry["amount"] for entry in line["pretax_credit_amounts"])


def _discounted(line: Obj, discount: str, amount: int) -> None:
    line["discount_amounts"].append({"amount": amount, "discount": discount})
    entry = {"amount": amount, "credit_balance_transaction": None, "discount": discount, "type": "discount"}
    line["pretax_credit_amounts"].append(entry)


def _ref(entry: Obj) -> str:
    """What a pretax credit entry stands for: a discount or a billing credit."""
    return str(entry["discount"] or entry["credit_balance_transaction"])


def _tax(rate: str, inclusive: bool, amount: int, taxable: int) -> Obj:
    return {
        "amount": amount, "tax_behavior": "inclusive" if inclusive else "exclusive", "taxable_amount": taxable,
        "tax_rate_details": {"tax_rate": rate}, "taxability_reason": "not_available", "type": "tax_rate_details",
    }  # fmt: skip


def _rate(tax: Obj) -> str:
    return str(tax["tax_rate_details"]["tax_rate"])


def _shipping_cost(subtotal: int, taxes: list[tuple[Obj, int, int]]) -> Obj:
    """`taxes` are (tax rate object, amount, taxable amount)."""
    tax = sum(amount for _, amount, _ in taxes)
    rows = [{"amount": amount, "rate": rate, "taxability_reason": None, "taxable_amount": taxable}
            for rate, amount, taxable in taxes]  # fmt: skip
    return {"amount_subtotal": subtotal, "amount_tax": tax, "amount_total": subtotal + tax, "shipping_rate": None, "taxes": rows}


def _list_of(rows: list[Obj], url: str) -> Obj:
    return {"object": "list", "data": rows, "has_more": False, "total_count": len(rows), "url": url}


def _is_record(payment: Obj) -> bool:
    return bool(payment["payment"]["type"] == "payment_record" and payment["status"] == "paid")


def _line_parent(item: str, subscription: str | None, proration: bool) -> Obj:
    kind = "subscription_item_details" if subscription else "invoice_item_details"
    details = {"proration": proration, "proration_details": {"credited_items": None}, "subscription": subscription}
    own = {"subscription_item": f"si_{item.removeprefix('ii_')}", "invoice_item": None} if subscription else {"invoice_item": item}
    return {"type": kind, "invoice_item_details": None, "subscription_item_details": None} | {kind: details | own}


def _subscription_parent(subscription: str) -> Obj:
    details = {"subscription": subscription, "metadata": {}}
    return {"type": "subscription_details", "quote_details": None, "subscription_details": details}
