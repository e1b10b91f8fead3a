"""Refunds and ledgers as a whole, beside the documents: G3, B5, B6, O2."""

from __future__ import annotations

from collections import defaultdict

from tests.property.oracle.balance import ledger_rows
from tests.property.oracle.dates import is_before_go_live
from tests.property.oracle.expectations import Expectations
from tests.property.oracle.facts import Facts, LedgerKey, Obj, stripe_customer
from tests.property.oracle.refunds import is_dead, linked_amounts
from tests.property.oracle.shapes import Document


def refund_rows(expectations: Expectations) -> dict[str, list[tuple[str, int]]]:
    """G3: refund -> (credit note, amount), sorted; what no credit note links stands under the empty id.

    The rows of a refund come to its amount. Where the links come to more, each shows at most what is left, first those
    that are neither skipped nor blocked by R6.
    """
    facts, documents = expectations.facts, expectations.documents
    links: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for note in sorted(facts.stripe["credit_notes"].values(), key=lambda note: (note["created"], note["id"])):
        for refund, amount in linked_amounts(note).items():
            links[refund].append((note["id"], amount))
    rows = {}
    for id, refund in facts.stripe["refunds"].items():
        left, of_refund = refund["amount"], []
        for note_id, amount in sorted(links[id], key=lambda link: _comes_later(documents[link[0]], id)):
            shown = min(amount, left)
            left -= shown
            of_refund.append((note_id, shown))
        rows[id] = sorted([*of_refund, *([("", left)] if left else [])])
    return rows


def _comes_later(document: Document, refund: str) -> bool:
    return document.state == "skipped" or refund in document.blocked_links


def is_matched_by_hand(expectations: Expectations, refund: Obj, credit_note: str | None) -> bool:
    """G3: nothing that the pipeline posts shows this refund, so a person matches it."""
    facts, document = expectations.facts, expectations.documents.get(credit_note or "")
    if document is None or is_before_go_live(facts, refund["created"]):
        return True
    is_left_to_people = document.reason in (
        "skipped_by_hand",
        "integration_blocked_by_metadata",
        "before_go_live",
        "invoice_before_go_live",
    )
    return is_left_to_people or is_dead(facts, refund["id"])


def ledger_sums(facts: Facts) -> dict[LedgerKey, int]:
    """B6: (customer, currency) -> sum of the ledger."""
    sums: dict[LedgerKey, int] = defaultdict(int)
    for row in ledger_rows(facts):
        sums[stripe_customer(row), row["currency"]] += row["amount"]
    return sums


def tax_sums(expectations: Expectations) -> dict[LedgerKey, int]:
    """B5: (customer, currency) -> tax that stays unreversed, over uses that are not skipped."""
    sums: dict[LedgerKey, int] = defaultdict(int)
    for document in expectations.documents.values():
        if document.state != "skipped":
            sums[document.customer, document.currency] += document.tax_not_reversed
    return sums
