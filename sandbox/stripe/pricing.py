"""What an invoice line costs, and what crediting part of it takes: discounts, billing credits, taxes,
shipping.

guessed: marks what no source confirms, with the section of facts/stripe.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sandbox.stripe import shapes
from sandbox.stripe.account import Account, Refused
from sandbox.stripe.amounts import next_share, rounded, spread
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import (
    Sums,
    add_discount,
    line_parent,
    net,
    rate_of,
    reference,
    shipping_cost_of,
    tax_row,
)


@dataclass(frozen=True)
class Line:
    """One invoice line to be: `amount`, or a price times `quantity`. `discounts` are coupon ids, `taxes`
    tax rate ids.
    """

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
    """One credit note line to be: part of an invoice `line` (by `quantity` or by `amount`), or custom
    (`unit_amount`).
    """

    line: str | None = None
    quantity: int | None = None
    amount: int | None = None
    unit_amount: int | None = None
    description: str | None = None
    taxes: Sequence[str] = ()  # custom lines only; others inherit
    metadata: Obj | None = None


class Pricing(Account):
    """Reads the catalogue, makes line and shipping rows; the only objects it stores are discounts."""

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
            "id": self._new_id("il"),
            "invoice": invoice,
            "currency": currency,
            "amount": amount,
            "subtotal": amount,
            "description": spec.description,
            "quantity": spec.quantity,
            "metadata": spec.metadata or {},
            "quantity_decimal": None if spec.quantity is None else str(spec.quantity),
            "subscription": subscription,
            "period": {"start": start_end[0], "end": start_end[1]},
            "discounts": [],
            "discount_amounts": [],
            "pretax_credit_amounts": [],
            "taxes": [],
            "parent": line_parent(item, subscription, spec.proration),
        }
        if price:
            row["description"] = spec.description or self.get("products", price["product"])["name"]
            row["pricing"] = {
                "type": "price_details",
                "price_details": {"price": price["id"], "product": price["product"]},
                "unit_amount_decimal": price["unit_amount_decimal"],
            }
        for coupon in spec.discounts:
            off = self._coupon_off(coupon, net(row), currency)
            discount = self._discount(coupon, invoice, item)
            row["discounts"].append(discount)
            add_discount(row, discount, off)
        return row

    def _invoice_discount(self, coupon: str, invoice: str, rows: list[Obj], currency: str) -> str:
        """Spread one coupon over the lines; negative lines take no part. guessed: facts 4.2 show the
        shares of positive ones.
        """
        nets = [max(0, net(row)) for row in rows]
        if self._objects["coupons"][coupon]["percent_off"] is None:
            shares = spread(self._coupon_off(coupon, sum(nets), currency), nets, currency)
        else:
            shares = [self._coupon_off(coupon, net, currency) for net in nets]
        discount = self._discount(coupon, invoice, None)
        for row, share in zip(rows, shares, strict=True):
            add_discount(row, discount, share)
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
        if not 0 < amount <= net(row):
            raise Refused(f"a billing credit of {amount} does not fit a line of {net(row)}")
        grant = {"amount": amount, "credit_balance_transaction": self._new_id("cbtxn_bc"), "discount": None}
        row["pretax_credit_amounts"].append(grant | {"type": "credit_balance_transaction"})

    def _taxes(self, base: int, rates: Sequence[str], currency: str) -> list[Obj]:
        """Tax rows of a line whose amount after discounts and billing credits is `base`."""
        found = [self.get("tax_rates", rate) for rate in rates]
        percent = {rate["id"]: Fraction(str(rate["percentage"])) for rate in found}
        inclusive = sum(percent[rate["id"]] for rate in found if rate["inclusive"])
        taxes = {
            rate["id"]: rounded(base * percent[rate["id"]] / (100 + inclusive), currency)
            for rate in found
            if rate["inclusive"]
        }
        taxable = base - sum(taxes.values())
        for rate in found:
            if rate["flat_amount"]:
                taxes[rate["id"]] = rate["flat_amount"]["amount"] if taxable > 0 else 0
            elif not rate["inclusive"]:
                taxes[rate["id"]] = rounded(taxable * percent[rate["id"]] / 100, currency)
        return [tax_row(rate["id"], rate["inclusive"], taxes[rate["id"]], taxable) for rate in found]

    def _shipping(self, amount: int, rates: Sequence[str], currency: str) -> Obj:
        """Shipping cost of `amount` (inclusive taxes inside) with its taxes. guessed: `taxes` without
        expanding (facts 2.2).
        """
        taxes = self._taxes(amount, rates, currency)
        inside = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
        return shipping_cost_of(
            amount - inside,
            [(self.get("tax_rates", rate_of(tax)), tax["amount"], tax["taxable_amount"]) for tax in taxes],
        )

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
        total = Sums(rows, shipping_cost).total if amount is None else amount
        if total <= 0 or (shipping_cost and total < shipping_cost["amount_total"]):
            raise Refused(f"a credit note of {total} is not possible")
        pre = 0 if invoice["status"] == "paid" else min(total, invoice["amount_remaining"])
        return rows, shipping_cost, total, pre, total - pre

    def _credited_line(self, invoice: Obj, spec: CreditLine, earlier: list[Obj]) -> Obj:
        """Credit part of an invoice line; discounts, billing credits and taxes follow in proportion (facts
        4.2).
        """
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
            taken = sum(
                old["amount"]
                for row in earlier
                for old in row["pretax_credit_amounts"]
                if reference(old) == reference(entry)
            )
            pretax.append(entry | {"amount": share(entry["amount"], taken)})
        taxes = []
        for entry in line["taxes"]:
            old = [tax for row in earlier for tax in row["taxes"] if rate_of(tax) == rate_of(entry)]
            parts = {key: share(entry[key], sum(tax[key] for tax in old)) for key in ("amount", "taxable_amount")}
            taxes.append(entry | parts)
        return self._credit_line(
            spec,
            amount,
            pretax,
            taxes,
            invoice_line_item=spec.line,
            type="invoice_line_item",
            quantity=spec.quantity,
            unit_amount=None if spec.quantity is None else amount // spec.quantity,
            description=spec.description or line["description"],
        )

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
        discounts = [
            {"amount": entry["amount"], "discount": entry["discount"]} for entry in pretax if entry["discount"]
        ]
        return (
            shapes.CREDIT_NOTE_LINE
            | fields
            | {
                "id": self._new_id("cnli"),
                "amount": amount,
                "discount_amounts": discounts,
                "discount_amount": sum(entry["amount"] for entry in discounts),
                "pretax_credit_amounts": pretax,
                "taxes": taxes,
                "tax_rates": [self._objects["tax_rates"][rate_of(tax)] for tax in taxes],
                "metadata": spec.metadata or {},
                "unit_amount_decimal": None if unit is None else str(unit),
            }
        )

    def _credited_shipping(self, invoice: Obj, amount: int, live: list[Obj]) -> Obj:
        cost, earlier = (
            invoice["shipping_cost"],
            [note["shipping_cost"] for note in live if note["shipping_cost"]],
        )
        done = sum(old["amount_subtotal"] for old in earlier)
        if cost is None or not 0 < amount <= cost["amount_subtotal"] - done:
            raise Refused(f"{invoice['id']} has no shipping of {amount} left to credit")
        taxes = []
        for tax in cost["taxes"]:
            parts = [
                next_share(
                    tax[key],
                    cost["amount_subtotal"],
                    done,
                    amount,
                    sum(
                        old[key] for each in earlier for old in each["taxes"] if old["rate"]["id"] == tax["rate"]["id"]
                    ),
                    invoice["currency"],
                )
                for key in ("amount", "taxable_amount")
            ]
            taxes.append((tax["rate"], *parts))
        return shipping_cost_of(amount, taxes)
