"""External ids that combine a Stripe id with something else. Any other record has one Stripe id as its external id."""

from __future__ import annotations


def balance_use(invoice_id: str) -> str:
    """External id of the credit memo for the customer balance that Stripe invoice `invoice_id` used (rule B3)."""
    return f"{invoice_id}_balance"


def income_entry(refund_id: str, credit_note_id: str) -> str:
    """External id of the journal entry for a refund of a credit note on an invoice from before go-live (rule G2)."""
    return f"{refund_id}_{credit_note_id}_income"


def connector_memo(stripe_id: str) -> str:
    """External id that the Stripe Connector gives the memo of a credit note, a refund or an invoice (rule K1)."""
    return f"ns_memo:{stripe_id}"
