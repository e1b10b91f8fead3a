"""Zero-amount invoices (N1), journal entries (G2) and customer refunds (R1, R3)."""

from __future__ import annotations

from collections import defaultdict

from tests.property.comparison.differences import Comparison
from tests.property.oracle.memo_text import text_of
from tests.property.oracle.refunds import account
from tests.property.oracle.shapes import Document

ZERO_INVOICE_IDENTITY = (
    "netsuite_customer_id",
    "netsuite_subsidiary_id",
    "netsuite_account_id",
    "existing_netsuite_id",
)


def compare_zero_invoice(comparison: Comparison, document: Document) -> None:
    """N1: one invoice with the customer's account and subsidiary, and a line for each of Stripe's."""
    if document.state != "ready":
        return
    rows = comparison.zero_invoices.get(document.id, [])
    comparison.check("zero invoice", document, 1, len(rows))
    if not rows:
        return
    row = rows[0]
    customer = comparison.expectations.facts.netsuite_customers[document.netsuite_customer or ""]
    expected = (
        document.netsuite_customer,
        customer["subsidiary"],
        customer["receivablesaccount"],
        document.existing_record,
    )
    found = tuple(row[column] for column in ZERO_INVOICE_IDENTITY)
    comparison.check("zero invoice identity", document, expected, found)
    if document.posting_date and not document.existing_record:
        comparison.check("zero invoice date", document, document.posting_date, row["tran_date"])
    if not document.existing_record:
        comparison.check("zero invoice text", document, text_of(document), row["memo_text"])
    lines = [
        (line["netsuite_item_id"], line["item_external_id"], line["quantity"])
        for line in comparison.zero_invoice_lines.get(document.id, [])
    ]
    comparison.check("zero invoice lines", document, document.zero_lines, lines)


def compare_journal_entries(comparison: Comparison, document: Document) -> None:
    """G2: one entry for each refund, in the document's state."""
    rows = comparison.journal_entries.get(document.id, [])
    expected = sorted((id, amount, document.state) for id, amount in document.income_entries)
    found = [(row["external_id"], row["amount_minor"], row["state"]) for row in rows]
    comparison.check("journal entries", document, expected, found)


def compare_customer_refunds(comparison: Comparison) -> None:
    """R1, R3: one customer refund for each refund; its amount is the sum of its ready applications.

    The refunds of a document that differs are left out: the difference is reported already.
    """
    expectations = comparison.expectations
    reported = {difference.document for difference in comparison.found}
    owners: dict[str, list[Document]] = defaultdict(list)
    for document in expectations.documents.values():
        for part in document.applied_to("customer_refund"):
            owners[str(part.target)].append(document)
    for id, refund in expectations.refunds.items():
        if any(document.id in reported for document in owners[id]):
            continue
        owner, row = owners[id][0], comparison.customer_refunds.get(id)
        if refund.is_ready:
            expected = ("ready", refund.amount, account(expectations.facts, "refund", owner.currency))
            found = row and (row["state"], row["amount_minor"], row["netsuite_account_id"])
            comparison.check_id("customer refund", id, owner.customer, expected, found)
        elif row and not _is_judged_by_the_push(owners[id], id):
            is_idle = row["state"] not in ("ready", "posted")
            comparison.check_id("customer refund is not ready", id, owner.customer, True, is_idle)


def _is_judged_by_the_push(documents: list[Document], refund: str) -> bool:
    """R3: only the push, which looks it up, finds that a customer refund cannot be adopted."""
    return any(
        document.state == "ready" and part.target == refund and part.reason == "netsuite_differs"
        for document in documents
        for part in document.applied_to("customer_refund")
    )
