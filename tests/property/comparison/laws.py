"""What must hold over the whole world: reconciliation of refunds, sums of documents, memos and ledgers."""

from __future__ import annotations

from collections import defaultdict

from tests.property.comparison.differences import Comparison
from tests.property.oracle.facts import grouped
from tests.property.oracle.reconciliation import is_matched_by_hand, ledger_sums, refund_rows, tax_sums


def check_reconciliation(comparison: Comparison) -> None:
    """G3: every refund stands in refund_reconciliation in full, and each of its links once."""
    rows_of = grouped(comparison.marts["refund_reconciliation"], "stripe_refund_id")
    for id, expected in refund_rows(comparison.expectations).items():
        refund, rows = comparison.world.stripe["refunds"][id], rows_of.get(id, [])
        found = sorted((row["stripe_credit_note_id"] or "", row["amount_minor"]) for row in rows)
        comparison.check_id("reconciliation", id, refund["customer"], expected, found)
        comparison.check_id("law: rows of a refund", id, refund["customer"], refund["amount"], sum(a for _, a in found))
        for row in rows:
            is_by_hand = is_matched_by_hand(comparison.expectations, refund, row["stripe_credit_note_id"])
            found_by_hand = row["representation"] == "match_by_hand"
            comparison.check_id("representation", id, refund["customer"], is_by_hand, found_by_hand)


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
    """B6, O2, B5: credit_balance_check gives each ledger's sum, its gaps, rows without invoice, unreversed tax."""
    expectations = comparison.expectations
    ledger, sums, taxes = expectations.ledger, ledger_sums(expectations.facts), tax_sums(expectations)
    for row in comparison.marts["credit_balance_check"]:
        customer, currency = row["stripe_customer_id"], row["currency"]
        key, balance = (customer, currency), row["balance_minor"]
        for what, expected, found in (
            ("law: ledger sum", sums.get(key, 0), balance),
            ("ledger complete", ledger.is_complete(key), row["is_complete"]),
            ("rows without invoice", ledger.unattributed(key), row.get("unattributed_minor")),
            ("tax not reversed", taxes.get(key, 0), row.get("tax_not_reversed_minor")),
        ):
            # Which credit a use consumed is not known where a row is missing.
            is_uncertain = key in ledger.order_uncertain or not ledger.is_complete(key)
            if what != "tax not reversed" or not is_uncertain:
                comparison.check_id(what, currency, customer, expected, found)
        if row["is_complete"]:
            what, ending_balance = "law: running sum = ending balance", row["ending_balance_minor"] or 0
            comparison.check_id(what, currency, customer, balance, ending_balance)
    found_keys = {(row["stripe_customer_id"], row["currency"]) for row in comparison.marts["credit_balance_check"]}
    for customer, currency in sums.keys() - found_keys:
        comparison.check_id("ledger without a row", currency, customer or "", "a row", None)
