"""Reasons of an outcome, which of several decides, and what people decide by hand: O1, O3, X5."""

from __future__ import annotations

from tests.property.oracle.facts import Facts, Obj

# O1's table, in the order of O3: skipped, waiting for Stripe, blocked, waiting for NetSuite.
REASONS = {
    "skipped": (
        "skipped_by_hand",
        "integration_blocked_by_metadata",
        "credit_note_void",
        "invoice_void",
        "before_go_live",
        "kept_in_customer_balance",
        "balance_use_reversed",
        "debit_balance_collected",
    ),
    "waiting_stripe": ("invoice_open", "invoice_uncollectible", "remaining_charge_missing", "refund_pending"),
    "blocked": (
        "invoice_before_go_live",
        "invoice_customer_changed",
        "currency_mismatch",
        "parts_do_not_add_up",
        "lines_do_not_add_up",
        "exceeds_invoice_total",
        "invoice_remaining_too_low",
        "tax_rate_unmapped",
        "item_unmapped",
        "account_unmapped",
        "refund_failed",
        "period_closed",
        "currency_precision",
        "external_id_collision",
        "balance_ledger_incomplete",
        "balance_from_payment",
        "netsuite_rejected",
        "netsuite_differs",
    ),
    "waiting_netsuite": ("customer_not_in_netsuite", "invoice_not_in_netsuite", "currency_not_in_netsuite"),
}
PRECEDENCE = [(group.partition("_")[0], reason) for group, reasons in REASONS.items() for reason in reasons]


def outcome(findings: set[str]) -> tuple[str, str]:
    """(state, reason) of a document with these findings (O3)."""
    for state, reason in PRECEDENCE:
        if reason in findings:
            return state, reason
    return "ready", "ready"


def stopped_by_hand(facts: Facts, document: str, *objects: Obj) -> set[str]:
    """X5: the decision `skip`; X1: metadata `netsuite_block_integration` on one of the Stripe objects."""
    found = set()
    if facts.decisions.get(document) == "skip":
        found.add("skipped_by_hand")
    values = [(obj.get("metadata") or {}).get("netsuite_block_integration") for obj in objects]
    if any(value not in (None, "", "false", "0") for value in values):
        found.add("integration_blocked_by_metadata")
    return found


def unpaid(facts: Facts, invoice: Obj) -> set[str]:
    """C2, B2: a memo waits until its invoice is paid, or uncollectible where the settings count that as paid."""
    if invoice["status"] == "open":
        return {"invoice_open"}
    if invoice["status"] == "uncollectible" and facts.settings["uncollectible_invoices"] == "wait":
        return {"invoice_uncollectible"}
    return set()
