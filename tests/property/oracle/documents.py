"""Several documents together, and the state of each: C5, C6, X2, O3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from tests.property.oracle import refunds
from tests.property.oracle.amounts import decimals
from tests.property.oracle.facts import Facts
from tests.property.oracle.findings import outcome
from tests.property.oracle.shapes import Document

Documents = dict[str, Document]
Posted = Mapping[str, Document]  # documents whose records an earlier run made, as they were then


def check_invoice_totals(facts: Facts, documents: Documents) -> None:
    """C5: memos on an invoice come to no more than its total; from the first document that exceeds it, all are blocked.

    Credit notes that are skipped do not count.
    """
    for invoice_id, notes in facts.credit_notes_of.items():
        total, sum_of_memos, is_exceeded = facts.stripe["invoices"][invoice_id]["total"], 0, False
        for document in (documents[note["id"]] for note in notes):
            if outcome(document.findings)[0] == "skipped":
                continue
            sum_of_memos += document.memo_amount or 0
            is_exceeded = is_exceeded or sum_of_memos > total
            if is_exceeded:
                document.findings.add("exceeds_invoice_total")


def check_external_ids(documents: Documents) -> None:
    """X2: NetSuite does not tell external ids apart that differ only in case."""
    for twins in _groups(documents.values(), lambda document: document.id.lower()):
        if len(twins) > 1:
            for document in twins:
                document.findings.add("external_id_collision")


def check_open_amounts(facts: Facts, documents: Documents, posted: Posted) -> None:
    """C6: a NetSuite invoice has enough open for a document and the earlier ones.

    reading: earlier documents of the same run are those it posts, by `created`, then id.
    """
    with_invoice = [document for document in documents.values() if document.netsuite_invoice]
    for group in _groups(with_invoice, lambda document: document.netsuite_invoice or ""):
        row = facts.transactions[group[0].netsuite_invoice or ""]
        open_amount = Fraction(row["foreignamountunpaid"]) * Fraction(10) ** decimals(group[0].currency)
        for document in sorted(group, key=lambda document: (document.created, document.id)):
            wanted = sum(part.amount for part in document.applied_to("invoice"))
            if not wanted or document.income_entries or document.id in posted:
                continue
            is_ready = outcome(document.findings)[0] == "ready"
            if wanted > open_amount:
                document.findings.add("invoice_remaining_too_low")
            elif is_ready:
                open_amount -= wanted


def set_states(facts: Facts, documents: Documents, posted: Posted) -> None:
    """O3: one state and one reason for each document and each application. What was posted stays posted."""
    for document in documents.values():
        findings = set() if document.id in posted else document.findings
        document.state, document.reason = outcome(findings)
        for part in document.applications:
            part.state, part.reason = document.state, document.reason
            if part.type == "customer_refund" and document.state == "ready":
                refunds.set_state(facts, part)
        if document.id in posted:
            document.state = "posted"
            document.reason = "adopted" if posted[document.id].existing_invoice else "created"
            if "refund_failed" in document.findings:
                document.state, document.reason = "blocked", "refund_failed"


def _groups(documents: Iterable[Document], key: Callable[[Document], str]) -> list[list[Document]]:
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        groups[key(document)].append(document)
    return list(groups.values())
