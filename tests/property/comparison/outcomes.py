"""credit_outcomes: every document once, with its state and reason (O1, O2)."""

from __future__ import annotations

from tests.property.comparison.differences import Comparison
from tests.property.oracle.facts import Obj
from tests.property.oracle.shapes import Document

# Reasons that depend on the order of the ledger inside one second (B4, B7).
DEPEND_ON_ORDER = {"balance_from_payment", "item_unmapped"}

COLUMNS = (
    "document_type",
    "stripe_customer_id",
    "stripe_invoice_id",
    "currency",
    "amount_minor",
    "external_id",
    "state",
    "reason",
)


def compare_outcomes(comparison: Comparison) -> None:
    """All documents of the oracle and all rows of the mart."""
    documents, outcomes = comparison.expectations.documents, comparison.outcomes
    for id in sorted(documents.keys() | outcomes.keys()):
        document, row = documents.get(id), outcomes.get(id)
        if document and row:
            _compare_outcome(comparison, document, row)
        elif document:
            shown = (document.type, document.invoice, document.amount, document.state, document.reason)
            comparison.check("existence", document, shown, None)
        elif row:
            comparison.check_id("existence", id, row["stripe_customer_id"], None, row)


def _compare_outcome(comparison: Comparison, document: Document, row: Obj) -> None:
    if document.is_order_uncertain and DEPEND_ON_ORDER & {document.reason, row["reason"]}:
        return
    expected = (
        document.type,
        document.customer,
        document.invoice,
        document.currency,
        document.amount,
        document.id,
        document.state,
        document.reason,
    )
    comparison.check("outcome", document, expected, tuple(row[column] for column in COLUMNS))
    comparison.check("detail", document, True, bool(row["detail"]))
