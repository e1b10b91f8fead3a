"""From components to memo lines and tax details: scaling, items, taxes, service periods (L1 to L11, C1, S1)."""

from __future__ import annotations

from datetime import date, timedelta

from tests.property.oracle.amounts import smallest_unit, split, split_unit
from tests.property.oracle.components import Component, price_details
from tests.property.oracle.dates import day_of
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.shapes import Document, Line, TaxDetail


def add_lines(facts: Facts, document: Document, components: list[Component], total: int) -> None:
    """L1, L5, L8: the document's lines and tax details, scaled from the note's total to its memo (C1, S1).

    reading: "a non-zero tax without a mapping" is Stripe's tax, also where its share of the memo is zero.
    """
    _check_tax_rates(facts, document, components)
    if is_gross(facts):
        components = _gross(components)
    _scale(facts, document, components, total)
    remaining = [component for component in components if component.scaled]
    document.has_tax = any(component.kind == "tax" for component in remaining)
    for component in remaining:
        if component.kind == "tax":
            _add_tax(facts, document, component, total)
        else:
            document.lines.append(_line(facts, document, component))


def is_gross(facts: Facts) -> bool:
    """L5: lines hold their taxes, and no tax is sent."""
    return bool(facts.settings["line_amount_basis"] == "gross")


def _scale(facts: Facts, document: Document, components: list[Component], total: int) -> None:
    """C1, S1: split the memo over the components, in NetSuite's unit where the memo fits it.

    reading: "split again in it" is one split of the memo in that unit over the components, not a second split over
    rounded shares: only so every share is within one unit of its exact value.
    """
    memo = document.memo_amount or 0
    unit = split_unit(facts, document.currency, memo)
    if memo != total or unit > 1:
        shares = split(memo, [component.amount for component in components], unit)
        for component, share in zip(components, shares, strict=True):
            component.scaled = share


def _gross(components: list[Component]) -> list[Component]:
    """L5: each line of a Stripe line takes its share of all its taxes; no tax components remain.

    reading: "by amount" is by Stripe's amounts, before L7; C1 then scales gross lines; shipping is sent gross too.
    """
    result: list[Component] = []
    for group in dict.fromkeys(component.group for component in components):
        lines = [c for c in components if c.group == group and c.kind != "tax"]
        taxes = [c for c in components if c.group == group and c.kind == "tax"]
        if taxes:
            shares = split(sum(tax.amount for tax in taxes), [line.stripe_amount for line in lines])
            for line, share in zip(lines, shares, strict=True):
                line.amount += share
                line.scaled, line.tax_rate = line.amount, taxes[0].tax_rate
        result += lines
    return result


# -------------------------------------------------------------------- taxes


def tax_row(facts: Facts, rate: str | None) -> Obj:
    """L8: the rate's own row of tax_map, else the row for any rate, else nothing."""
    return facts.tax_map.get(rate or "") or facts.tax_map.get("") or {}


def _check_tax_rates(facts: Facts, document: Document, components: list[Component]) -> None:
    """L8: a non-zero tax needs its columns in tax_map. L5: a gross line has one rate only."""
    needed = _needed_tax_columns(facts)
    rates: dict[int, set[str | None]] = {}
    for component in components:
        if component.kind == "tax":
            rates.setdefault(component.group, set()).add(component.tax_rate)
            row = tax_row(facts, component.tax_rate)
            if not all(row.get(column) for column in needed):
                document.findings.add("tax_rate_unmapped")
    if is_gross(facts) and any(len(rates_of_line) > 1 for rates_of_line in rates.values()):
        document.findings.add("tax_rate_unmapped")


def _needed_tax_columns(facts: Facts) -> tuple[str, ...]:
    if is_gross(facts):
        return ("netsuite_tax_code_id",)
    by_strategy: dict[str, tuple[str, ...]] = {
        "tax_lines": ("netsuite_item_id",),
        "none": (),
        "suitetax_override": ("netsuite_tax_code_id", "netsuite_tax_type_id"),
    }
    return by_strategy[facts.settings["tax_strategy"]]


def _add_tax(facts: Facts, document: Document, tax: Component, total: int) -> None:
    """L8: a tax is a line, a tax detail or nothing."""
    row, strategy = tax_row(facts, tax.tax_rate), facts.settings["tax_strategy"]
    if strategy == "tax_lines":
        item = row.get("netsuite_item_id")
        document.lines.append(Line("tax", tax.stripe_line, item, None, tax.scaled, tax_rate=tax.tax_rate))
    elif strategy == "suitetax_override":
        # reading: "scaled with it" leaves the rounding of the basis open where the note is scaled.
        is_scaled = document.memo_amount != total or smallest_unit(facts, document.currency) > 1
        code, type = row.get("netsuite_tax_code_id"), row.get("netsuite_tax_type_id")
        basis = None if is_scaled else tax.basis
        document.tax_details.append(TaxDetail(str(tax.tax_rate), tax.scaled, tax.stripe_line, code, type, basis))


# -------------------------------------------------------------------- items and periods


def _line(facts: Facts, document: Document, component: Component) -> Line:
    if component.coupon and component.coupon in facts.item_map:
        item, external_id = facts.item_map[component.coupon], None
    elif component.role == "unallocated_invoice_item":
        item, external_id = _item(facts, document, component.price, component.product)
    else:
        item, external_id = default_item(facts, document, component.role or ""), None
    start, end = service_period(facts, component.period) if component.period else (None, None)
    return Line(
        component.kind,
        component.stripe_line,
        item,
        external_id,
        component.scaled,
        component.quantity,
        component.description,
        start,
        end,
        component.tax_rate,
    )


def item_of_invoice_line(facts: Facts, document: Document, line: Obj) -> tuple[str | None, str | None]:
    """L1: (NetSuite item, external id of an item to create) for a line of an invoice."""
    details = price_details(line)
    return _item(facts, document, details.get("price"), details.get("product"))


def _item(facts: Facts, document: Document, price: str | None, product: str | None) -> tuple[str | None, str | None]:
    """L1: by item_map, else by external id, else as `missing_item` says."""
    for items in (facts.item_map, facts.items_by_external_id):
        for id in (price, product):
            if id and id in items:
                return items[id], None
    if facts.settings["missing_item"] == "create" and price:
        return None, price
    if facts.settings["missing_item"] == "block":
        document.findings.add("item_unmapped")
        return None, None
    return default_item(facts, document, "unallocated_invoice_item"), None


def default_item(facts: Facts, document: Document, role: str) -> str | None:
    """L1: the role's item; a finding if the mapping file has none."""
    item = facts.default_items.get(role)
    if not item:
        document.findings.add("item_unmapped")
    return item or None


def service_period(facts: Facts, period: tuple[int, int]) -> tuple[date, date]:
    """L2: first and last day; the last day is never before the first."""
    start, end = day_of(facts, period[0]), day_of(facts, period[1])
    if facts.settings["period_end"] == "inclusive":
        end = max(start, end - timedelta(days=1))
    return start, end
