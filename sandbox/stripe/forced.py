"""Changes that no operation makes, for histories that the pipeline must catch."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.account import Account


def tamper(account: Account, kind: str, id: str, **fields: Any) -> None:
    """Force fields to values that no operation would give them. `invariants.check` skips the object."""
    obj = account.get(kind, id)
    account.tampered |= {id, obj.get("invoice") or id, obj.get("customer") or id}
    # Ledger rows have no events (facts 3.2).
    event = None if kind == "customer_balance_transactions" else f"{obj['object']}.updated"
    account.change(obj, event, **fields)


def forget_ledger_row(account: Account, id: str) -> None:
    """Drop a ledger row as if Stripe's list missed it: the chain of `ending_balance` breaks (rule B6)."""
    row = account.remove("customer_balance_transactions", id)
    account.tampered |= {row["customer"], row["invoice"] or row["customer"]}
    for owner in (row["customer"], row["invoice"]):
        if owner:
            account.disown(owner, "customer_balance_transactions", id)
