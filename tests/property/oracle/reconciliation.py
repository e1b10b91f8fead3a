"""Refunds and ledgers as a whole, beside the documents: G3, B6."""

from __future__ import annotations

from collections import defaultdict

from tests.property.oracle.dates import is_before_go_live
from tests.property.oracle.expectations import Expectations
from tests.property.oracle.facts import Facts, Obj


def refund_rows(facts: Facts) -> dict[str, list[tuple[str, int]]]:
    """G3: refund -> (credit note, amount), sorted; what no credit note links stands under the empty id."""
    links: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for note in facts.stripe["credit_notes"].values():
        for entry in note["refunds"]:
            if entry["type"] != "payment_record_refund":
                links[entry["refund"]][note["id"]] += entry["amount_refunded"]
    rows = {}
    for id, refund in facts.stripe["refunds"].items():
        linked = links.get(id, {})
        rest = refund["amount"] - sum(linked.values())
        rows[id] = sorted([*linked.items(), *([("", rest)] if rest else [])])
    return rows


def is_matched_by_hand(expectations: Expectations, refund: Obj, credit_note: str | None) -> bool:
    """G3: nothing that the pipeline posts shows this refund, so a person matches it."""
    document = expectations.documents.get(credit_note or "")
    if document is None:
        return True
    is_old = is_before_go_live(expectations.facts, refund["created"]) or document.reason == "invoice_before_go_live"
    return is_old and document.state != "skipped"


def ledger_sums(facts: Facts) -> dict[tuple[str, str], int]:
    """B6: (customer, currency) -> sum of the ledger."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in facts.stripe["customer_balance_transactions"].values():
        sums[row["customer"], row["currency"]] += row["amount"]
    return sums
