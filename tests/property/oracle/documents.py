"""Several documents together, and the state of each: C4 to C6, R6, X2, O3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from tests.property.oracle import refunds
from tests.property.oracle.amounts import decimals
from tests.property.oracle.connector import has_room, lacks, lacks_of_invoice
from tests.property.oracle.facts import Facts
from tests.property.oracle.findings import outcome
from tests.property.oracle.shapes import Document

Documents = dict[str, Document]
Posted = Mapping[str, Document]  # documents whose records an earlier run made, as they were then


def is_skipped(document: Document, posted: Posted) -> bool:
    """Whether the document takes no part in sums and names. What is posted stays posted."""
    return document.id not in posted and outcome(document.findings)[0] == "skipped"


def check_invoice_totals(facts: Facts, documents: Documents, posted: Posted) -> None:
    """C5: memos on an invoice come to no more than its total; from the first document that exceeds it, all are blocked.

    Credit notes that are skipped do not count.
    """
    for invoice_id, notes in facts.credit_notes_of.items():
        total, sum_of_memos, is_exceeded = facts.invoice(invoice_id)["total"], 0, False
        if total is None:
            continue
        for document in (documents[note["id"]] for note in notes):
            if is_skipped(document, posted):
                continue
            sum_of_memos += document.memo_amount or 0
            is_exceeded = is_exceeded or sum_of_memos > total
            if is_exceeded:
                document.findings.add("exceeds_invoice_total")


def check_refund_links(facts: Facts, documents: Documents, posted: Posted) -> None:
    """R6: links in another currency than the refund's, and links that come to more than the refund."""
    links: dict[str, list[tuple[Document, int]]] = defaultdict(list)
    for note in sorted(facts.stripe["credit_notes"].values(), key=lambda note: (note["created"], note["id"])):
        for id, amount in refunds.linked_amounts(note).items():
            refund, document = facts.stripe["refunds"].get(id), documents[note["id"]]
            if refund and refund["currency"] != note["currency"]:
                document.findings.add("parts_do_not_add_up")
                document.blocked_links.add(id)
            elif refund and note["status"] == "issued":
                links[id].append((document, amount))
    # Every finding of the first step stands before the second one asks what is skipped.
    for id, of_refund in links.items():
        amount, linked = facts.stripe["refunds"][id]["amount"], 0
        for document, part in of_refund:
            if is_skipped(document, posted):
                continue
            linked += part
            if linked > amount:
                document.findings.add("parts_do_not_add_up")
                document.blocked_links.add(id)


def check_refund_accounts(facts: Facts, documents: Documents, posted: Posted) -> None:
    """C4: the memos behind one customer refund have one A/R account and one subsidiary.

    reading: memos that are skipped, or have no NetSuite invoice, do not count.
    """
    places: dict[str, set[tuple[str, str]]] = defaultdict(set)
    behind: dict[str, list[Document]] = defaultdict(list)
    for document in documents.values():
        invoice = facts.transactions.get(document.netsuite_invoice or "")
        if invoice is None or document.income_entries or is_skipped(document, posted):
            continue
        for part in document.applied_to("customer_refund"):
            places[str(part.target)].add((invoice["account"], invoice["subsidiary"]))
            behind[str(part.target)].append(document)
    for refund, found in places.items():
        if len(found) > 1:
            for document in behind[refund]:
                document.findings.add("account_unmapped")


def check_external_ids(facts: Facts, documents: Documents, posted: Posted) -> None:
    """X2: NetSuite does not tell external ids apart that differ only in case.

    Documents that are skipped do not take part. For a record under a refund id R3 alone holds.
    """
    owners: dict[str, list[Document]] = defaultdict(list)
    for document in documents.values():
        if not is_skipped(document, posted):
            for id in _external_ids(document):
                owners[id].append(document)
    by_case: dict[str, set[str]] = defaultdict(set)
    for id in owners:
        by_case[id.lower()].add(id)
    foreign = {id.lower(): id for id in facts.transactions_by_external_id}
    for id, documents_of_id in owners.items():
        has_twin = len(by_case[id.lower()]) > 1
        is_ours = any(id == document.id for document in documents_of_id)
        if has_twin or (is_ours and foreign.get(id.lower(), id) != id):
            for document in documents_of_id:
                document.findings.add("external_id_collision")


def _external_ids(document: Document) -> list[str]:
    """What the document's records are called: memo or invoice, and customer refunds or journal entries."""
    if document.income_entries:
        return [id for id, _ in document.income_entries]
    return [document.id, *(str(part.target) for part in document.applied_to("customer_refund"))]


def check_open_amounts(facts: Facts, documents: Documents, posted: Posted) -> None:
    """C6: a NetSuite invoice has enough open for a document and the earlier ones.

    reading: earlier documents of the same run are those it posts, by `created`, then id. What NetSuite has open is
    asked only of invoices that were landed.
    """
    with_invoice = [document for document in documents.values() if document.netsuite_invoice]
    for group in _groups(with_invoice, lambda document: document.netsuite_invoice or ""):
        row = facts.transactions[group[0].netsuite_invoice or ""]
        open_amount = Fraction(row["foreignamountunpaid"]) * Fraction(10) ** decimals(group[0].currency)
        for document in sorted(group, key=lambda document: (document.created, document.id)):
            wanted = lacks_of_invoice(facts, document)
            is_landed = document.invoice in facts.stripe["invoices"]
            if not wanted or not is_landed or document.income_entries or document.id in posted:
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
            if document.state == "ready" and not has_room(facts, document) and lacks(facts, document, part):
                part.state, part.reason = "posted", "adopted"  # K2: nothing is added to the memo
    refunds.check_existing_records(facts, documents.values())
    for id in documents.keys() & posted.keys():
        _set_state_of_posted(documents[id], posted[id])


def _set_state_of_posted(document: Document, as_posted: Document) -> None:
    """O3: a refund that failed, or a customer refund that is not as meant, blocks a posted document."""
    document.state, document.reason = "posted", "adopted" if as_posted.existing_record else "created"
    if "refund_failed" in document.findings:
        document.state, document.reason = "blocked", "refund_failed"
    elif any(part.reason == "netsuite_differs" for part in document.applications):
        document.state, document.reason = "blocked", "netsuite_differs"


def _groups(documents: Iterable[Document], key: Callable[[Document], str]) -> list[list[Document]]:
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        groups[key(document)].append(document)
    return list(groups.values())
