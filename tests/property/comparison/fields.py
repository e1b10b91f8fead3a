"""netsuite_field_values: the fields of field_map on memos and their rows (M1, M2)."""

from __future__ import annotations

from collections import defaultdict

from tests.property.comparison.differences import Comparison
from tests.property.oracle.fields import fields_of_memo, fields_of_memo_row
from tests.property.oracle.shapes import Document


def compare_fields(comparison: Comparison, document: Document) -> None:
    """All values of a ready memo by row; row 0 is the memo itself. An adopted memo keeps what it has (K2)."""
    facts = comparison.expectations.facts
    if document.state != "ready" or document.existing_record or not facts.mappings.get("field_map"):
        return
    if document.is_order_uncertain and comparison.settings["customer_balance_lines"] == "auto":
        return
    by_row = [fields_of_memo(facts, document)]
    by_row += [fields_of_memo_row(facts, document, line) for line in document.lines]
    expected = {number: fields for number, fields in enumerate(by_row) if fields}
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for row in comparison.field_values.get(document.id, []):
        found[row["line_number"] or 0][row["netsuite_field"]] = row["value"]
    comparison.check("fields", document, expected, dict(found))
