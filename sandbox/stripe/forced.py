"""Changes that no operation makes, for histories that the pipeline must catch."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.account import Account


def tamper(account: Account, kind: str, id: str, **fields: Any) -> None:
    """Force fields to values that no operation would give them. `invariants.check` skips the object."""
    obj = account.get(kind, id)
    account.tampered |= {id, obj.get("invoice") or id, obj.get("customer") or id}
    # Ledger rows and sessions have no such events (facts 3.2).
    event = None if kind in ("customer_balance_transactions", "checkout_sessions") else f"{obj['object']}.updated"
    account.change(obj, event, **fields)


def forget_ledger_row(account: Account, id: str) -> None:
    """Drop a ledger row as if Stripe's list missed it: the chain of `ending_balance` breaks (rule B6)."""
    # also a row of a checkout session, which names no invoice, is among the rows of the session's invoice
    owners = account.disown_all("customer_balance_transactions", id)
    row = account.remove("customer_balance_transactions", id)
    account.tampered |= {row["customer"], *owners}


def lose(account: Account, kind: str, id: str) -> None:
    """Take an object out of every answer, without an event: what a key of another account sees (rule I3)."""
    account.tampered |= {id, *account.disown_all(kind, id)}
    account.remove(kind, id)


def name_by_account(account: Account, customer: str, customer_account: str) -> None:
    """Let everything of a customer name its `customer_account` and no `customer`, as for accounts of version 2."""
    kinds = ("invoices", "credit_notes", "customer_balance_transactions", "refunds", "checkout_sessions")
    for kind in kinds:
        for id, obj in account.objects(kind).items():
            if obj["customer"] == customer:
                tamper(account, kind, id, customer=None, customer_account=customer_account)
    tamper(account, "customers", customer, customer_account=customer_account)
