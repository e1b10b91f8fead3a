"""credit_document_parts: what each document consists of and becomes, and that the parts come to its amount (C1, C7)."""

from __future__ import annotations

from tests.property.comparison.differences import Comparison
from tests.property.oracle.dates import is_before_go_live
from tests.property.oracle.facts import Obj
from tests.property.oracle.refunds import is_dead
from tests.property.oracle.shapes import Application, Document

PARTS = {"invoice": "pre_payment", "customer_refund": "refund", "out_of_band": "out_of_band"}
BECOMES = {
    "invoice": "memo_applied_to_invoice",
    "customer_refund": "memo_applied_to_refund",
    "out_of_band": "memo_left_unapplied",
}

Part = tuple[str, str, int, str]  # part, target, amount, becomes


def compare_parts(comparison: Comparison, document: Document) -> None:
    """All parts of a document. Which ledger row keeps a part, the sum over all says."""
    rows = comparison.parts.get(document.id, [])
    comparison.check("law: parts = document", document, document.amount, sum(row["amount_minor"] for row in rows))
    if [row["part"] for row in rows] == ["not_known"]:
        found_by_rules = "parts_do_not_add_up" in document.findings
        comparison.check("parts that are not known (C1)", document, True, found_by_rules)
        return
    if document.is_order_uncertain and document.type == "balance_use":
        return  # B7 depends on the order inside one second
    expected = sorted(_expected(comparison, document))
    found = sorted(
        (
            row["part"],
            "" if row["part"] == "kept" else row["target_external_id"] or "",
            row["amount_minor"],
            row["becomes"],
        )
        for row in rows
    )
    comparison.check("parts", document, expected, found)


def _expected(comparison: Comparison, document: Document) -> list[Part]:
    is_skipped = document.state == "skipped"
    if document.type == "negative_invoice":
        becomes = "nothing" if is_skipped else "zero_amount_invoice"
        return [("negative_invoice", document.invoice or "", document.amount, becomes)]
    if document.type == "balance_use":
        becomes = "nothing" if is_skipped else _becomes_of_use(comparison, document)
        return [("balance_use", document.invoice or "", document.amount, becomes)]
    parts: list[Part] = [
        (
            PARTS[part.type],
            part.target or "",
            part.amount,
            "nothing" if is_skipped else _becomes(comparison, document, part),
        )
        for part in document.applications
    ]
    kept = document.amount - (document.memo_amount or 0)
    if kept or not document.memo_amount:
        parts.append(("kept", "", kept, "kept_in_balance"))
    return parts


def _becomes_of_use(comparison: Comparison, document: Document) -> str:
    """B3; B7: money that is booked already; B9: no invoice."""
    if document.reason == "balance_from_payment":
        return "by_hand"
    is_known = _is_landed(comparison, "invoices", document.invoice)
    return "memo_applied_to_invoice" if is_known else "not_known"


def _becomes(comparison: Comparison, document: Document, part: Application) -> str:
    """C6, C7, R1; R6: a link that contradicts its refund; R2, G3: a refund that nobody books; G2."""
    facts = comparison.expectations.facts
    if part.type == "customer_refund":
        refund: Obj | None = facts.stripe["refunds"].get(part.target or "")
        if part.target in document.blocked_links:
            return "not_known"
        if refund and (is_dead(facts, refund["id"]) or is_before_go_live(facts, refund["created"])):
            return "by_hand"
        if document.income_entries:
            return "journal_entry"
    if "invoice_before_go_live" in document.findings:
        return "by_hand"
    return BECOMES[part.type] if _is_landed(comparison, "invoices", document.invoice) else "not_known"


def _is_landed(comparison: Comparison, table: str, id: str | None) -> bool:
    return id in comparison.expectations.facts.stripe[table]
