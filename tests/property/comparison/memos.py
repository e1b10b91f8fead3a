"""credit_memos and credit_memo_applications: head, text, applications, and that they add up (C1 to C7, B3)."""

from __future__ import annotations

from decimal import Decimal

from tests.property.comparison.differences import Comparison
from tests.property.oracle.amounts import decimals
from tests.property.oracle.facts import Obj
from tests.property.oracle.memo_text import text_of
from tests.property.oracle.shapes import Document

IDENTITY = (
    "netsuite_customer_id",
    "netsuite_invoice_id",
    "netsuite_account_id",
    "netsuite_subsidiary_id",
    "netsuite_currency_precision",
    "tax_details_override",
)


def compare_memo(comparison: Comparison, document: Document) -> None:
    """The memo's row: its amount always, the rest if the memo is ready."""
    row = comparison.memos.get(comparison.memo_id(document))
    if row is None:
        comparison.check("memo", document, "a row", None)
        return
    amount = Decimal(document.memo_amount or 0).scaleb(-decimals(document.currency))
    found = (row["amount_minor"], row["amount"])
    comparison.check("memo amount", document, (document.memo_amount, amount), found)
    if document.state == "ready":
        _compare_identity(comparison, document, row)
        if document.existing_record:
            return  # K2: the adopted memo keeps its date, text and lines
        if document.posting_date:
            comparison.check("memo date", document, document.posting_date, row["tran_date"])
        comparison.check("memo text", document, text_of(document), row["memo_text"])
        _check_sums(comparison, document, row)


def _compare_identity(comparison: Comparison, document: Document, row: Obj) -> None:
    """C4: account and subsidiary are the NetSuite invoice's."""
    facts = comparison.expectations.facts
    invoice = facts.transactions[document.netsuite_invoice or ""]
    expected = (
        document.netsuite_customer,
        document.netsuite_invoice,
        invoice["account"],
        invoice["subsidiary"],
        facts.precisions[document.currency],
        comparison.settings["tax_strategy"] == "suitetax_override",
    )
    comparison.check("memo identity", document, expected, tuple(row[column] for column in IDENTITY))


def _check_sums(comparison: Comparison, document: Document, memo: Obj) -> None:
    """Lines and taxes come to the memo (L10), applications come to the memo (C7), from the marts alone."""
    lines = sum(row["amount_minor"] for row in comparison.lines.get(comparison.memo_id(document), []))
    taxes = sum(row["amount_minor"] for row in comparison.tax_details.get(comparison.memo_id(document), []))
    if comparison.settings["tax_strategy"] != "none" or document.type == "balance_use":
        comparison.check("law: lines + taxes = memo", document, memo["amount_minor"], lines + taxes)
    parts = sum(row["amount_minor"] for row in comparison.applications.get(comparison.memo_id(document), []))
    comparison.check("law: applications = memo", document, memo["amount_minor"], parts)


def compare_applications(comparison: Comparison, document: Document) -> None:
    """Targets and amounts; states where those agree. An out-of-band part has no state of its own."""
    rows = comparison.applications.get(comparison.memo_id(document), [])
    expected = sorted((part.type, part.target or "", part.amount) for part in document.applications)
    found = sorted((row["application_type"], row["target_external_id"] or "", row["amount_minor"]) for row in rows)
    comparison.check("applications", document, expected, found)
    if expected != found:
        return
    # R3: only the push, which looks it up, finds that a customer refund cannot be adopted.
    looked_up = {
        part.target
        for part in document.applications
        if document.state == "ready" and (part.type, part.reason) == ("customer_refund", "netsuite_differs")
    }
    states = sorted(
        (part.type, part.target or "", part.state, part.reason)
        for part in document.applications
        if part.type != "out_of_band" and part.target not in looked_up
    )
    found_states = sorted(
        (row["application_type"], row["target_external_id"] or "", row["state"], row["reason"])
        for row in rows
        if row["application_type"] != "out_of_band" and row["target_external_id"] not in looked_up
    )
    unexpected = {row["reason"] for row in rows if row["target_external_id"] in looked_up} - {
        "ready",
        "period_closed",
        "netsuite_differs",
    }
    comparison.check("applications that the push judges", document, set(), unexpected)
    comparison.check("application states", document, states, found_states)
