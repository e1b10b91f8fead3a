"""The customer balance: a ledger of transactions per customer and currency (facts 2.6 and 4.3).

A negative amount is credit to the customer. All amounts are in minor units.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import shapes
from sandbox.stripe.account import Account, Refused, fits

# Ledger rows that pay an invoice from the balance (or collect a debit with it), and the type that gives each
# back when the invoice is voided.
REVERSAL_OF = {
    "applied_to_invoice": "unapplied_from_invoice",
    "checkout_session_subscription_payment": "checkout_session_subscription_payment_canceled",
}
CARRIED = ("invoice_too_small", "invoice_too_large")
_ADJUSTMENTS = ("adjustment", "initial", "migration", "unspent_receiver_credit")


def adjust(
    account: Account,
    customer: str,
    amount: int,
    *,
    currency: str | None = None,
    type: str = "adjustment",
    description: str | None = None,
) -> str:
    """Add a ledger row that no invoice causes. Returns its id.

    `type` can also be one of the types that only Stripe itself uses. Raises `Refused` for a zero amount.
    """
    owner = account.customer(customer)
    currency = currency or owner["currency"] or "usd"
    if not amount or type not in _ADJUSTMENTS:
        raise Refused(f"cannot adjust by {amount} as {type}")
    fits(currency, amount)
    account.pass_time()
    account.change(owner, None, currency=owner["currency"] or currency)
    return add_row(account, customer, currency, amount, type=type, description=description)


def add_row(
    account: Account, customer: str, currency: str, amount: int, *, owned_by: str | None = None, **fields: Any
) -> str:
    """Add one row and update the balance. Returns the row's id.

    The ledger has no event of its own: only the customer's `customer.updated` shows the change (facts 3.2).
    """
    owner = account.objects("customers")[customer]
    ending = account.balance(customer, currency) + amount
    account.set_balance(customer, currency, ending)
    row = (
        shapes.BALANCE_ROW
        | fields
        | {
            "id": account.new_id("cbtxn"),
            "created": account.now,
            "customer": customer,
            "customer_account": owner.get("customer_account"),
            "currency": currency,
            "amount": amount,
            "ending_balance": ending,
        }
    )
    account.insert("customer_balance_transactions", row, None, owner=customer, tick=False)
    if owned_by:
        account.own(owned_by, "customer_balance_transactions", row["id"])
    if owner.get("currency") == currency:  # `balance` shows the default currency only
        account.change(owner, "customer.updated", balance=ending)
    return str(row["id"])
