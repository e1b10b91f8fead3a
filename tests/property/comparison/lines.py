"""credit_memo_lines and credit_memo_tax_details (L1 to L11, B4, B5)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.property.comparison.differences import Comparison
from tests.property.oracle.amounts import decimals
from tests.property.oracle.facts import Obj
from tests.property.oracle.lines import is_gross, tax_row
from tests.property.oracle.shapes import Document, Line

# A document with such a finding has no lines to compare.
WITHOUT_LINES = {"lines_do_not_add_up", "parts_do_not_add_up", "tax_rate_unmapped"}
LONGEST_DESCRIPTION = 4000


def compare_lines(comparison: Comparison, document: Document) -> None:
    """All lines and tax details of a ready document; of another one the amounts, if the mart has lines at all."""
    is_ready = document.state == "ready"
    rows = comparison.lines.get(document.id, [])
    if not is_ready and (document.findings & WITHOUT_LINES or not rows):
        return
    if document.is_order_uncertain and comparison.settings["customer_balance_lines"] == "auto":
        return
    expected, found = [_cut(line) for line in document.lines], [_line_of(row) for row in rows]
    # A line of a document that is not ready may still lack its item.
    compared = _decided if is_ready else _kind_and_amount
    comparison.check("lines", document, [compared(line) for line in expected], [compared(line) for line in found])
    amounts = [Decimal(row["amount_minor"]).scaleb(-decimals(document.currency)) for row in rows]
    comparison.check("line amounts", document, amounts, [row["amount"] for row in rows])
    if is_ready:
        for row in rows:
            _compare_tax_code(comparison, document, row)
        _compare_tax_details(comparison, document, rows)


def _cut(line: Line) -> Line:
    return replace(line, description=(line.description or "")[:LONGEST_DESCRIPTION] or None)


def _line_of(row: Obj) -> Line:
    """A row of the mart in the oracle's shape."""
    line = Line(
        kind=row["line_kind"],
        stripe_line=row["stripe_line_id"],
        item=row["netsuite_item_id"],
        item_external_id=row["item_external_id"],
        amount=row["amount_minor"],
        quantity=row["quantity"],
        description=row["description"] or None,
        period_start=row["period_start"],
        period_end=row["period_end"],
        tax_rate=row["stripe_tax_rate_id"],
    )
    if line.kind == "balance" and line.stripe_line is None:
        line.description = None  # no rule says how the balance item's line is described
    return line


def _decided(line: Line) -> tuple[Any, ...]:
    """What the rules decide of a line of its kind."""
    period = (line.period_start, line.period_end)
    by_kind: dict[str, tuple[Any, ...]] = {
        "item": (line.quantity, line.description, *period),
        "balance": (line.description, *period),
        "custom": (line.description,),
        "tax": (line.tax_rate,),
    }
    identity = (line.kind, line.item, line.item_external_id, line.amount, line.stripe_line)
    return identity + by_kind.get(line.kind, ())


def _kind_and_amount(line: Line) -> tuple[Any, ...]:
    return line.kind, line.amount


def _compare_tax_code(comparison: Comparison, document: Document, row: Obj) -> None:
    """L11: NetSuite adds no tax of its own; L5: a gross line carries the code of its rate.

    reading: a gross line with a tax carries that rate's code, so it says nothing about being untaxed.
    reading: "isTaxable: false; with untaxed_tax_code, that code": the code may stand alone.
    """
    facts, settings = comparison.expectations.facts, comparison.settings
    code, untaxed_code = row["netsuite_tax_code_id"], settings["untaxed_tax_code"]
    if is_gross(facts) and row["stripe_tax_rate_id"]:
        expected = tax_row(facts, row["stripe_tax_rate_id"]).get("netsuite_tax_code_id")
        comparison.check("tax code", document, expected, code)
    elif settings["tax_strategy"] != "none" or document.type == "balance_use":
        is_taxable = bool(row["is_taxable"]) or (row["is_taxable"] is None and not untaxed_code)
        comparison.check("untaxed", document, (False, untaxed_code), (is_taxable, code))


def _compare_tax_details(comparison: Comparison, document: Document, lines: list[Obj]) -> None:
    """L8: tax details in the order of the lines they belong to."""
    line_of = {row["line_number"]: row["stripe_line_id"] for row in lines}
    rows = comparison.tax_details.get(document.id, [])
    expected = [
        (detail.tax_rate, detail.amount, detail.stripe_line, detail.tax_code, detail.tax_type)
        for detail in document.tax_details
    ]
    found = [
        (
            row["stripe_tax_rate_id"],
            row["amount_minor"],
            line_of.get(row["line_number"]),
            row["netsuite_tax_code_id"],
            row["netsuite_tax_type_id"],
        )
        for row in rows
    ]
    comparison.check("tax details", document, expected, found)
    for detail, row in zip(document.tax_details, rows, strict=False):
        if detail.basis is not None:
            comparison.check("tax basis", document, detail.basis, row["tax_basis_minor"])
