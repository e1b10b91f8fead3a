"""Refunds and payouts."""

import pytest

from sandbox.stripe.billing import RefundPart, Refused


def test_direct_refunds_use_up_what_can_be_credited(billing, paid):
    billing.refund(billing.charges_of(paid)[0]["id"], 400)
    with pytest.raises(Refused, match="600 left"):
        billing.credit_note(paid, amount=700, credit=700)


def test_a_failed_refund_leaves_the_credit_note_issued(billing, paid):
    note = billing.credit_note(paid, amount=500, refunds=[RefundPart(500, status="pending")])
    [refund] = billing.objects("refunds")
    billing.settle_refund(refund, "failed")
    assert billing.get("credit_notes", note)["status"] == "issued"
    assert billing.get("refunds", refund)["failure_balance_transaction"]
    assert billing.charges_of(paid)[0]["amount_refunded"] == 0


def test_payout_carries_charges_and_refunds(billing, paid):
    billing.credit_note(paid, amount=500, refunds=[RefundPart(500)])
    payout = billing.payout("usd")
    rows = billing.owned(payout, "balance_transactions")
    assert [row["type"] for row in rows] == ["charge", "refund", "payout"]
    assert billing.get("payouts", payout)["amount"] == 1000 - 29 - 500
