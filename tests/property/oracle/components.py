"""The components of a credit note: items, discounts, billing credits, shipping and taxes (L3, L4, L6, L7, L9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.property.oracle.amounts import split
from tests.property.oracle.facts import Facts, Obj


@dataclass
class Component:
    """One part of a credit note before it becomes a row. Amounts are in the currency's minor unit."""

    kind: str
    stripe_line: str | None
    amount: int
    group: int  # the components of one Stripe line share it
    role: str | None = None  # default item
    price: str | None = None
    product: str | None = None
    coupon: str | None = None
    tax_rate: str | None = None
    basis: int | None = None
    quantity: int | None = None
    description: str | None = None
    period: tuple[int, int] | None = None
    scaled: int = 0  # after C1 and S1
    stripe_amount: int = 0  # before L7

    def __post_init__(self) -> None:
        self.scaled = self.stripe_amount = self.amount


@dataclass
class Tax:
    """The tax of one rate on a line."""

    rate: str
    amount: int
    basis: int | None
    is_inclusive: bool = False


def components_of(facts: Facts, note: Obj, invoice: Obj) -> list[Component]:
    """All components of a credit note, in the order of its lines, shipping last."""
    lines, shipping = note["lines"]["data"], note["shipping_cost"]
    invoice_lines = {line["id"]: line for line in invoice["lines"]["data"]}
    components: list[Component] = []
    if lines:
        for line in lines:
            source = invoice_lines.get(line.get("invoice_line_item") or "")
            components += _line_components(facts, line, source, len(components))
    elif shipping and note["total"] == shipping["amount_total"]:
        pass  # the note credits shipping only
    elif note["total"] == invoice["total"]:  # L4: the invoice's own lines
        for line in invoice["lines"]["data"]:
            components += _line_components(facts, line, line, len(components))
        shipping = invoice["shipping_cost"]
    else:
        amount = note["total"] - (shipping["amount_total"] if shipping else 0)
        components.append(Component("whole_note", None, amount, 0, role="credit_note"))
    if shipping:
        components += _shipping_components(shipping, len(components))
    return components


def _line_components(facts: Facts, line: Obj, source: Obj | None, group: int) -> list[Component]:
    """A line's item or custom component, its discounts, billing credits and taxes. `source` is the invoice line."""
    base = _item(line, source, group) if source else _custom(line, group)
    parts = [part for part in (base, *_deductions(facts, line, group)) if part.amount]
    taxes = _merged(
        Tax(t["tax_rate_details"]["tax_rate"], t["amount"], t["taxable_amount"], t["tax_behavior"] == "inclusive")
        for t in line["taxes"] or []
    )
    _take_out(sum(tax.amount for tax in taxes if tax.is_inclusive), parts)
    return parts + _tax_components(taxes, line["id"], group)


def _custom(line: Obj, group: int) -> Component:
    """L3: a credit note line without an invoice line."""
    role = "custom_credit_note_line"
    return Component("custom", line["id"], line["amount"], group, role=role, description=line["description"])


def _item(line: Obj, source: Obj, group: int) -> Component:
    """L1, L2: price, product and period are the invoice line's; an empty description falls back to it too."""
    details = price_details(source)
    return Component(
        "item",
        line["id"],
        line["amount"],
        group,
        role="unallocated_invoice_item",
        price=details.get("price"),
        product=details.get("product"),
        quantity=quantity_of(line),
        description=line["description"] or source["description"] or None,
        period=(source["period"]["start"], source["period"]["end"]),
    )


def price_details(invoice_line: Obj) -> Obj:
    """Price and product of an invoice line; empty where it has none."""
    return (invoice_line.get("pricing") or {}).get("price_details") or {}


def quantity_of(line: Obj) -> int:
    """L1: a line without quantity counts as one."""
    return 1 if line["quantity"] is None else int(line["quantity"])


def _deductions(facts: Facts, line: Obj, group: int) -> list[Component]:
    """L6: discounts and billing credits, as negative amounts."""
    role = "discount_posting" if facts.settings["discount_posting"] == "posting" else "discount_non_posting"
    parts = []
    for entry in line["discount_amounts"]:
        discount = entry["discount"]["id"] if isinstance(entry["discount"], dict) else entry["discount"]
        coupon = facts.coupons.get(str(discount))
        parts.append(Component("discount", line["id"], -entry["amount"], group, role=role, coupon=coupon))
    for entry in line["pretax_credit_amounts"]:
        if entry["type"] == "credit_balance_transaction":
            parts.append(Component("billing_credit", line["id"], -entry["amount"], group, role="billing_credit"))
    return parts


def _take_out(inclusive: int, parts: list[Component]) -> None:
    """L7: the line's parts become net of its inclusive tax, each by its share."""
    if not inclusive:
        return
    shares = split(inclusive, [part.amount for part in parts])
    for part, share in zip(parts, shares, strict=True):
        part.amount -= share
        part.scaled = part.amount


def _shipping_components(cost: Obj, group: int) -> list[Component]:
    """L9: shipping net of its taxes, and the taxes."""
    taxes = _merged(Tax(t["rate"]["id"], t["amount"], t["taxable_amount"]) for t in cost["taxes"] or [])
    net = cost["amount_total"] - sum(tax.amount for tax in taxes)
    return [Component("shipping", None, net, group, role="shipping"), *_tax_components(taxes, None, group)]


def _tax_components(taxes: Iterable[Tax], line: str | None, group: int) -> list[Component]:
    return [
        Component("tax", line, tax.amount, group, tax_rate=tax.rate, basis=tax.basis) for tax in taxes if tax.amount
    ]


def _merged(taxes: Iterable[Tax]) -> list[Tax]:
    """L8: a rate that is on a line twice gives one row."""
    found: dict[str, Tax] = {}
    for tax in taxes:
        earlier = found.get(tax.rate)
        if earlier:
            tax.amount += earlier.amount
            tax.basis = None if tax.basis is None or earlier.basis is None else tax.basis + earlier.basis
        found[tax.rate] = tax
    return list(found.values())
