"""What must hold over the whole world: reconciliation of refunds, sums of documents, memos and ledgers."""

from __future__ import annotations

from collections import defaultdict

from tests.property.comparison.differences import Comparison
from tests.property.oracle.facts import grouped
from tests.property.oracle.reconciliation import is_matched_by_hand, ledger_sums, refund_rows


def check_reconciliation(comparison: Comparison) -> None:
    """G3: every refund stands in refund_reconciliation in full, and each of its links once."""
    rows_of = grouped(comparison.marts["refund_reconciliation"], "stripe_refund_id")
    for id, expected in refund_rows(comparison.expectations.facts).items():
        refund, rows = comparison.world.stripe["refunds"][id], rows_of.get(id, [])
        found = sorted((row["stripe_credit_note_id"] or "", row["amount_minor"]) for row in rows)
        comparison.check_id("reconciliation", id, refund["customer"], expected, found)
        for row in rows:
            if is_matched_by_hand(comparison.expectations, refund, row["stripe_credit_note_id"]):
                customer, representation = refund["customer"], row["representation"]
                comparison.check_id("representation", id, customer, "match_by_hand", representation)


def check_sum_of_documents(comparison: Comparison) -> None:
    """O2: nothing is dropped: per currency, documents come to the sum over all states."""
    expected: dict[str, int] = defaultdict(int)
    for document in comparison.expectations.documents.values():
        expected[document.currency] += document.amount
    found: dict[str, int] = defaultdict(int)
    for row in comparison.outcomes.values():
        found[row["currency"]] += row["amount_minor"]
    comparison.check_id("law: documents = sum over states (O2)", "", "", dict(expected), dict(found))


def check_memos_on_invoices(comparison: Comparison) -> None:
    """C5: memos of credit notes on an invoice come to no more than its total."""
    on_invoice: dict[str, int] = defaultdict(int)
    for row in comparison.memos.values():
        if row["document_type"] == "credit_note" and row["state"] in ("ready", "posted"):
            on_invoice[row["stripe_invoice_id"]] += row["amount_minor"]
    for id, amount in on_invoice.items():
        invoice = comparison.world.stripe["invoices"][id]
        if amount > invoice["total"]:
            what = "law: memos on an invoice <= its total"
            comparison.check_id(what, id, invoice["customer"], invoice["total"], amount)


def check_ledgers(comparison: Comparison) -> None:
    """B6: credit_balance_check gives each ledger's sum, and says whether the ledger is complete."""
    expectations = comparison.expectations
    sums = ledger_sums(expectations.facts)
    for row in comparison.marts["credit_balance_check"]:
        customer, currency = row["stripe_customer_id"], row["currency"]
        balance = row["balance_minor"]
        is_complete = (customer, currency) not in expectations.ledger.incomplete
        comparison.check_id("law: ledger sum", currency, customer, sums.get((customer, currency), 0), balance)
        comparison.check_id("ledger complete", currency, customer, is_complete, row["is_complete"])
        if row["is_complete"]:
            what, ending_balance = "law: running sum = ending balance", row["ending_balance_minor"] or 0
            comparison.check_id(what, currency, customer, balance, ending_balance)
