"""Sums over the lines of an invoice or credit note, and the small nested objects of lines. No state.

Amounts are in minor units. `guessed:` marks behaviour that no source confirms.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.stripe.shapes import Obj


class Sums:
    """The sums of the lines and the shipping of an invoice or a credit note (facts 4.2)."""

    def __init__(self, lines: list[Obj], shipping_cost: Obj | None) -> None:
        self.lines = lines
        self.pretax = _added(
            ((entry, reference(entry)) for line in lines for entry in line["pretax_credit_amounts"]), "amount"
        )
        self.discounts = _added(
            ((entry, entry["discount"]) for line in lines for entry in line["discount_amounts"]), "amount"
        )
        self.taxes = _added(
            ((tax, rate_of(tax)) for line in lines for tax in line["taxes"]), "amount", "taxable_amount"
        )
        self.gross = sum(line["amount"] for line in lines)
        self.exclusive = sum(tax["amount"] for tax in self.taxes if tax["tax_behavior"] == "exclusive")
        self.inclusive = sum(tax["amount"] for tax in self.taxes if tax["tax_behavior"] == "inclusive")
        self.shipping = shipping_cost["amount_total"] if shipping_cost else 0
        self.shipping_tax = shipping_cost["amount_tax"] if shipping_cost else 0
        off = sum(entry["amount"] for entry in self.pretax)
        self.total = self.gross - off + self.exclusive + self.shipping

    def header(self, invoice_discounts: int) -> Obj:
        """The sums as header fields. The subtotal includes line discounts, but not `invoice_discounts` (an amount).

        guessed: `total_taxes` leaves the taxes of shipping to `shipping_cost` (facts 2.2).
        """
        subtotal = self.gross - sum(entry["amount"] for entry in self.discounts) + invoice_discounts
        return {
            "subtotal": subtotal, "subtotal_excluding_tax": subtotal - self.inclusive, "total": self.total,
            "total_excluding_tax": self.total - self.exclusive - self.inclusive - self.shipping_tax,
            "total_taxes": self.taxes, "amount_shipping": self.shipping - self.shipping_tax,
        }  # fmt: skip


def flat_header(total: int, shipping_cost: Obj | None) -> Obj:
    """Header fields of a credit note by amount: no lines, no discounts, no taxes. guessed: facts 4.2."""
    shipping = shipping_cost["amount_total"] if shipping_cost else 0
    return {
        "subtotal": total - shipping, "subtotal_excluding_tax": total - shipping, "total": total,
        "total_excluding_tax": total, "total_taxes": [], "amount_shipping": shipping,
    }  # fmt: skip


def _added(entries: Iterable[tuple[Obj, Any]], *sums: str) -> list[Obj]:
    """One row per key in order of appearance, with the `sums` fields added up."""
    rows: dict[Any, Obj] = {}
    for entry, key in entries:
        rows[key] = entry | {name: rows[key][name] + entry[name] for name in sums} if key in rows else dict(entry)
    return list(rows.values())


def net(line: Obj) -> int:
    """Line amount after discounts and billing credits, which is the base of taxes."""
    return int(line["amount"] - sum(entry["amount"] for entry in line["pretax_credit_amounts"]))


def add_discount(line: Obj, discount: str, amount: int) -> None:
    """Add a discount's share to a line under construction."""
    line["discount_amounts"].append({"amount": amount, "discount": discount})
    entry = {"amount": amount, "credit_balance_transaction": None, "discount": discount, "type": "discount"}
    line["pretax_credit_amounts"].append(entry)


def reference(entry: Obj) -> str:
    """The id of a pretax credit entry's discount or billing credit."""
    return str(entry["discount"] or entry["credit_balance_transaction"])


def tax_row(rate: str, inclusive: bool, amount: int, taxable: int) -> Obj:
    """An entry of `taxes` on a line. `rate` is a tax rate id."""
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "taxable_amount": taxable,
        "tax_rate_details": {"tax_rate": rate},
        "taxability_reason": "not_available",
        "type": "tax_rate_details",
    }


def rate_of(tax: Obj) -> str:
    """The tax rate id of an entry of `taxes`."""
    return str(tax["tax_rate_details"]["tax_rate"])


def shipping_cost_of(subtotal: int, taxes: list[tuple[Obj, int, int]]) -> Obj:
    """The `shipping_cost` field. `taxes` are (tax rate object, amount, taxable amount)."""
    tax = sum(amount for _, amount, _ in taxes)
    rows = [{"amount": amount, "rate": rate, "taxability_reason": None, "taxable_amount": taxable}
            for rate, amount, taxable in taxes]  # fmt: skip
    return {
        "amount_subtotal": subtotal,
        "amount_tax": tax,
        "amount_total": subtotal + tax,
        "shipping_rate": None,
        "taxes": rows,
    }


def list_of(rows: list[Obj], url: str) -> Obj:
    """A complete nested list."""
    return {"object": "list", "data": rows, "has_more": False, "total_count": len(rows), "url": url}


def discounted(sums: Sums, discounts: list[str]) -> int:
    """How much these discounts (ids) take off in all."""
    return sum(entry["amount"] for entry in sums.discounts if entry["discount"] in discounts)


def transition(invoice: Obj, name: str, moment: int) -> Obj:
    """The `status_transitions` field with one time set (`paid_at`, `voided_at`, ...)."""
    return {"status_transitions": invoice["status_transitions"] | {name: moment}}


def line_parent(item: str, subscription: str | None, proration: bool) -> Obj:
    """The `parent` field of an invoice line: a subscription item, or the invoice item `item`."""
    kind = "subscription_item_details" if subscription else "invoice_item_details"
    details = {
        "proration": proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription,
    }
    own = (
        {"subscription_item": f"si_{item.removeprefix('ii_')}", "invoice_item": None}
        if subscription
        else {"invoice_item": item}
    )
    return {"type": kind, "invoice_item_details": None, "subscription_item_details": None} | {kind: details | own}


def subscription_parent(subscription: str) -> Obj:
    """The `parent` field of an invoice of a subscription."""
    details = {"subscription": subscription, "metadata": {}}
    return {"type": "subscription_details", "quote_details": None, "subscription_details": details}
