"""credit_outcomes: every document once, with its state, reason and detail (O1, O2, O4)."""

from __future__ import annotations

from decimal import Decimal

from tests.property.comparison.differences import Comparison
from tests.property.oracle.amounts import decimals
from tests.property.oracle.facts import Obj
from tests.property.oracle.findings import CREDIT_NOTE_STATUSES, INVOICE_STATUSES
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
        document.external_id if document.state == "ready" else comparison.memo_id(document),
        document.state,
        document.reason,
    )
    comparison.check("outcome", document, expected, tuple(row[column] for column in COLUMNS))
    if row["state"] == document.state and row["reason"] == document.reason:
        _compare_detail(comparison, document, row["detail"] or "")


def _compare_detail(comparison: Comparison, document: Document, detail: str) -> None:
    """O4: sentences that end with a full stop and name a Stripe id; B5: the tax of a use; K4: the exact words."""
    comparison.check("detail ends", document, ".", detail[-1:])
    is_named = any(id in detail for id in _stripe_ids(document))
    comparison.check("detail names a Stripe id", document, (True, ""), (is_named, "" if is_named else detail))
    if document.reason == "ambiguous_in_netsuite":
        named = {id for id in document.named_in_detail if id in detail}
        comparison.check("detail names the records (X1)", document, document.named_in_detail, named)
    if document.reason == "stripe_status_unknown":
        statuses = _unknown_statuses(comparison, document)
        named = {status for status in statuses if status in detail}
        comparison.check("detail names the status (O5)", document, statuses, named)
    if document.tax_not_reversed and document.state == "ready" and not document.is_order_uncertain:
        tax = Decimal(document.tax_not_reversed).scaleb(-decimals(document.currency))
        amount = f"{tax} {document.currency.upper()}"
        comparison.check("detail says the tax", document, amount, amount if amount in detail else detail)
    if document.reason == "netsuite_differs" and document.connector_record:
        record = document.connector_record
        words = (
            f"NetSuite record {record['id']} ({record.get('externalid') or ''}) of the Stripe Connector seems to stand "
            f"for {document.id}. Set connector_records to adopt, or skip it by hand."
        )
        # reading: B5's sentence about the tax follows K4's, which stands word for word. Whether there is tax can
        # depend on an order that Stripe does not tell.
        may_have_tax = document.tax_not_reversed or document.is_order_uncertain
        own = detail[: len(words)] if may_have_tax else detail
        comparison.check("detail of a connector's record", document, words, own)


def _unknown_statuses(comparison: Comparison, document: Document) -> set[str]:
    """O5: values of the note's and the invoice's status that are not known; a missing one has no name."""
    stripe = comparison.world.stripe
    note, invoice = stripe["credit_notes"].get(document.id), stripe["invoices"].get(document.invoice or "")
    found = {note["status"] for note in [note] if note} - set(CREDIT_NOTE_STATUSES)
    found |= {invoice["status"] for invoice in [invoice] if invoice} - set(INVOICE_STATUSES)
    return found - {None}


def _stripe_ids(document: Document) -> list[str]:
    """The ids that a sentence about the document can name."""
    lines = [line.stripe_line for line in document.lines]
    targets = [part.target for part in document.applications]
    return [id for id in (document.id, document.invoice, document.customer, *lines, *targets) if id]
