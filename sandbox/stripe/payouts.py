"""The account's own money: balance transactions, and the payouts that carry them (facts 2.7)."""

from __future__ import annotations

from sandbox.stripe import shapes
from sandbox.stripe.account import Account, Refused
from sandbox.stripe.amounts import step

TWO_DAYS = 2 * 86_400  # seconds until money is available, and until a payout arrives


def create(account: Account, currency: str, *, id: str | None = None) -> str:
    """Pay out the net of all balance transactions since the last payout. Returns the payout's id.

    Raises `Refused` if that net is not positive.
    """
    carried = account.unpaid.get(currency, [])
    amount = sum(account.objects("balance_transactions")[entry]["net"] for entry in carried)
    if amount <= 0:
        raise Refused(f"nothing to pay out in {currency}")
    id = account.new_id("po", id)
    for entry in carried:
        account.own(id, "balance_transactions", entry)
    transaction = add_balance_transaction(account, "payout", -amount, currency, id)
    account.own(id, "balance_transactions", transaction)
    account.unpaid[currency] = []
    payout = shapes.PAYOUT | {
        "id": id,
        "created": account.now,
        "amount": amount,
        "currency": currency,
        "arrival_date": account.now + TWO_DAYS,
        "balance_transaction": transaction,
    }
    return account.insert("payouts", payout, "payout.paid")


def add_balance_transaction(account: Account, kind: str, amount: int, currency: str, source: str) -> str:
    """Add one movement of the account's money, in minor units. Returns its id.

    A charge costs 2.9 percent, rounded down to the currency's step.
    """
    fee = amount * 29 // 1000 // step(currency) * step(currency) if kind == "charge" else 0
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    row = shapes.BALANCE_TRANSACTION | {
        "id": account.new_id("txn"),
        "created": account.now,
        "available_on": account.now + TWO_DAYS,
        "amount": amount,
        "fee": fee,
        "fee_details": [details] if fee else [],
        "net": amount - fee,
        "currency": currency,
        "type": kind,
        "source": source,
        "reporting_category": kind,
    }
    account.unpaid.setdefault(currency, []).append(row["id"])
    return account.insert("balance_transactions", row, None, tick=False)
