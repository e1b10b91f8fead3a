"""A small exact model of Stripe Billing. Histories are made by operations, so amounts reconcile by construction.

    billing = Billing()
    invoice = billing.invoice(billing.create_customer(), [Line(1000)])
    billing.pay(invoice)
    billing.credit_note(invoice, amount=300, refunds=[RefundPart(300)])

The model is deterministic: ids are counted or given, and only operations and `move_to` move the clock. Amounts
are integers in Stripe's minor unit, times are Unix seconds. `objects(kind)` are Stripe's JSON objects with nothing
expanded and nested `lines` complete; `api` cuts and expands them. An operation that Stripe would refuse raises
`Refused` and changes nothing that can be read. `guessed:` marks behaviour that no source confirms, with the
section of docs/facts/stripe.md.
"""

from __future__ import annotations

from sandbox.stripe import (
    catalogue,
    credit_notes,
    customer_balance,
    customers,
    forced,
    invariants,
    invoices,
    payments,
    payouts,
    refunds,
)
from sandbox.stripe.account import KINDS, Account, Refused
from sandbox.stripe.credit_note_lines import CreditLine
from sandbox.stripe.customer_balance import REVERSAL_OF
from sandbox.stripe.invoice_lines import Line
from sandbox.stripe.refunds import RefundPart

__all__ = ["KINDS", "REVERSAL_OF", "Billing", "CreditLine", "Line", "RefundPart", "Refused"]


class Billing(Account):
    """An account with its operations, one module per chapter. An operation returns the id of what it creates."""

    create_customer = customers.create
    delete_customer = customers.delete

    create_product = catalogue.create_product
    create_price = catalogue.create_price
    create_coupon = catalogue.create_coupon
    create_tax_rate = catalogue.create_tax_rate
    update = catalogue.update

    draft_invoice = invoices.draft
    finalize_invoice = invoices.finalize
    invoice = invoices.create
    unapply_balance = invoices.unapply_balance
    mark_uncollectible = invoices.mark_uncollectible
    void_invoice = invoices.void

    pay = payments.pay
    pay_outside = payments.pay_outside
    charges_of = payments.charges_of

    preview_credit_note = credit_notes.preview
    credit_note = credit_notes.create
    void_credit_note = credit_notes.void

    refund = refunds.create
    settle_refund = refunds.settle
    adjust_balance = customer_balance.adjust
    payout = payouts.create

    tamper = forced.tamper
    forget_ledger_row = forced.forget_ledger_row
    lose = forced.lose
    name_by_account = forced.name_by_account
    check = invariants.check
