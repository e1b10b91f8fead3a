"""One customer's history: random operations on the Stripe stand-in."""

from __future__ import annotations

import contextlib
from typing import Any

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing, Line, Refused
from tests.property.histories.catalogue import CURRENCIES, Catalogue
from tests.property.histories.credit_notes import create_credit_note
from tests.property.histories.damage import choose_damage
from tests.property.histories.dice import Dice
from tests.property.histories.draws import amount, metadata, tax_rates

Obj = dict[str, Any]

DAY = 86_400
START = 1_763_337_600  # 2025-11-17
DESCRIPTIONS = ("Seat", "Größe 4 Stück", "", None, "x" * 4100)


class History:
    """Random operations of one customer. An operation that Stripe refuses is left out.

    starts: first and last day on which the history can begin, counted from START.
    """

    def __init__(self, dice: Dice, billing: Billing, catalogue: Catalogue, starts: tuple[int, int]) -> None:
        self.dice, self.billing, self.catalogue, self.starts = dice, billing, catalogue, starts
        self.invoices: list[str] = []
        self.refunds: list[str] = []
        self.has_used_checkout = False
        self.damage: list[Obj] = []

    def run(self) -> str:
        """Play the whole history; the result is the customer."""
        dice = self.dice
        self._begin()
        for _ in range(dice.integer(2, 14)):
            with contextlib.suppress(Refused):
                dice.pick(self._operations())()
        if dice.chance(12):
            with contextlib.suppress(Refused):
                self.use_credit_twice()
        if dice.chance(10):
            self.damage += choose_damage(dice, self.billing, self.customer, self.invoices, self.has_used_checkout)
        return self.customer

    def _begin(self) -> None:
        """A customer with at least one invoice, perhaps with a balance."""
        dice, billing = self.dice, self.billing
        billing.now = START + dice.integer(self.starts[0] * 24, self.starts[1] * 24) * 3600 + dice.integer(0, 3599)
        billing.tick = dice.pick((0, 1, 1, 3600))
        currency = dice.pick(CURRENCIES)
        self.currencies = [currency, currency, dice.pick(CURRENCIES) if dice.chance(20) else currency]
        self.customer = billing.create_customer(currency=currency, metadata={})
        with contextlib.suppress(Refused):
            if dice.chance(60):
                self.adjust()
        for _ in range(5):
            with contextlib.suppress(Refused):
                if not self.invoices:
                    self.invoice()
        if not self.invoices:
            self.invoices.append(billing.invoice(self.customer, [Line(1_000 * step(currency))], currency=currency))

    def _operations(self) -> tuple[Any, ...]:
        return (
            *[self.invoice] * 3,
            *[self.pay] * 3,
            self.settle,
            self.adjust,
            self.wait,
            *[self.credit] * 7,
            self.refund,
            *[self.settle_refund] * 2,
        )

    # ---------------------------------------------------------------- balance and time

    def wait(self) -> None:
        self.billing.move_to(self.billing.now + self.dice.pick((1, 3600, DAY, 20 * DAY)))

    def adjust(self) -> None:
        """Change the customer's balance by hand, or leave a payment unspent."""
        dice = self.dice
        currency = dice.pick(self.currencies)
        kind = "unspent_receiver_credit" if dice.chance(10) else "adjustment"
        sign = 1 if kind == "adjustment" and dice.chance(15) else -1
        self.billing.adjust_balance(self.customer, sign * amount(dice, currency, 20_000), currency=currency, type=kind)

    def use_credit_twice(self) -> None:
        """Credit is used, given back, and used again in full: no leftover (B4), and its source stays the same (B7)."""
        dice, billing = self.dice, self.billing
        currency = dice.pick(self.currencies)
        self.adjust()
        size = step(currency) * (100 if currency == "huf" else 1)
        for is_second in (False, True):
            credit = max(0, -billing.balance(self.customer, currency))
            line = Line((credit // size + 500) * size, dice.pick(self.catalogue.prices[currency]))
            id = billing.invoice(self.customer, [line], currency=currency)
            self.invoices.append(id)
            if is_second:
                billing.pay(id)
            elif dice.chance(50):
                billing.unapply_balance(id)
            else:
                billing.void_invoice(id)

    # ---------------------------------------------------------------- invoices

    def invoice(self) -> None:
        """A new invoice: mostly finalized, often paid."""
        dice, billing = self.dice, self.billing
        id, through_checkout = self._draft()
        if dice.chance(3):
            if billing.get("invoices", id)["total"] < 0 and dice.chance(50):
                billing.mark_uncollectible(id)
            self.invoices.append(id)
            return
        before = len(billing.owned(self.customer, "customer_balance_transactions"))
        billing.finalize_invoice(id, through_checkout=through_checkout)
        rows = billing.owned(self.customer, "customer_balance_transactions")[before:]
        self.has_used_checkout |= any(row["checkout_session"] for row in rows)
        self.invoices.append(id)
        if dice.chance(65):
            with contextlib.suppress(Refused):
                billing.pay(id)

    def _draft(self) -> tuple[str, bool]:
        """(a draft, whether it is paid through checkout)."""
        dice = self.dice
        currency = dice.pick(self.currencies)
        sign = -1 if dice.chance(8) else 1
        lines = [self._line(currency, sign if i == 0 or dice.chance(30) else 1) for i in range(dice.pick((1, 1, 2, 3)))]
        shipping = amount(dice, currency, 3_000) if dice.chance(20) else 0
        through_checkout = not self.has_used_checkout and dice.chance(8)
        id = self.billing.draft_invoice(
            self.customer,
            lines,
            currency=currency,
            shipping=shipping,
            metadata=metadata(dice),
            shipping_taxes=tax_rates(dice, self.catalogue) if dice.chance(50) else (),
            discounts=[dice.pick(self.catalogue.coupons[currency])] if dice.chance(20) else (),
        )
        return id, through_checkout

    def _line(self, currency: str, sign: int) -> Line:
        dice, catalogue = self.dice, self.catalogue
        price = dice.pick(catalogue.prices[currency]) if dice.chance(65) else None
        value = sign * amount(dice, currency) if price is None or sign < 0 or dice.chance(50) else None
        start = self.billing.now - dice.integer(0, 40 * 24) * 3600
        period = (start, start + dice.pick((0, 3600, DAY, 30 * DAY, 31 * DAY))) if dice.chance(80) else None
        coupons = [dice.pick(catalogue.coupons[currency]) for _ in range(dice.pick((0, 0, 1, 2)))] if sign > 0 else []
        return Line(
            value,
            price,
            quantity=dice.pick((1, 1, 2, 3, 7, None)),
            description=dice.pick(DESCRIPTIONS),
            period=period,
            discounts=list(dict.fromkeys(coupons)),
            taxes=tax_rates(dice, self.catalogue),
            billing_credit=step(currency) * dice.integer(1, 5) if sign > 0 and dice.chance(10) else 0,
        )

    def pay(self) -> None:
        """In full, in part, too much, or outside Stripe."""
        dice, billing = self.dice, self.billing
        invoice = dice.pick(self.invoices)
        remaining = billing.get("invoices", invoice)["amount_remaining"]
        currency = billing.get("invoices", invoice)["currency"]
        way = dice.integer(1, 100)
        if way <= 45:
            billing.pay(invoice)
        elif way <= 65:
            billing.pay(invoice, min(amount(dice, currency), remaining))
        elif way <= 72:
            billing.pay(invoice, remaining + amount(dice, currency, 500))
        else:
            billing.pay_outside(invoice, record=dice.chance(60))

    def settle(self) -> None:
        """Ends other than payment."""
        dice, billing = self.dice, self.billing
        invoice = dice.pick(self.invoices)
        way = dice.integer(1, 100)
        if way <= 30:
            billing.mark_uncollectible(invoice)
        elif way <= 90:
            if any(r["checkout_session"] for r in billing.owned(invoice, "customer_balance_transactions")):
                return
            if way <= 70:
                billing.void_invoice(invoice, gives_balance_back=dice.chance(85))
            else:
                billing.unapply_balance(invoice)
        else:
            notes = [n["id"] for n in billing.owned(invoice, "credit_notes")]
            if notes:
                billing.void_credit_note(dice.pick(notes))

    # ---------------------------------------------------------------- refunds and credit notes

    def refund(self) -> None:
        """A refund without a credit note."""
        dice, billing = self.dice, self.billing
        charges = billing.charges_of(dice.pick(self.invoices))
        if charges:
            charge = dice.pick(charges)
            status = dice.pick(("succeeded", "succeeded", "pending", "requires_action"))
            self.refunds.append(billing.refund(charge["id"], amount(dice, charge["currency"], 3_000), status=status))

    def settle_refund(self) -> None:
        if self.refunds:
            refund, status = self.dice.pick(self.refunds), self.dice.pick(("succeeded", "failed", "canceled"))
            self.billing.settle_refund(refund, status)

    def credit(self) -> None:
        """A credit note on one of the invoices, with the refunds that it makes."""
        invoice = self.billing.get("invoices", self.dice.pick(self.invoices))
        if invoice["status"] != "draft" and invoice["total"] > 0:
            self.refunds += create_credit_note(self.dice, self.billing, self.catalogue, invoice)
