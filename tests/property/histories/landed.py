"""Stripe's objects as extract lands them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sandbox.stripe.billing import Billing
from tests.property.histories.troubles import apply_trouble
from tests.support.warehouse import STRIPE_TABLES

Obj = dict[str, Any]

# Credit notes and sessions follow below.
KINDS = (*(table for table in STRIPE_TABLES if table not in ("credit_notes", "checkout_sessions")), "discounts")


def landed(billing: Billing, troubles: Sequence[Obj]) -> dict[str, dict[str, Obj]]:
    """Kind -> id -> object, expanded as docs/architecture.md says, with the trouble that histories ask for."""
    ledger = billing.objects("customer_balance_transactions")
    discounts = billing.objects("discounts")

    def expanded(entries: Sequence[Obj]) -> list[Obj]:
        return [entry | {"discount": discounts[entry["discount"]]} for entry in entries]

    stripe: dict[str, dict[str, Obj]] = {kind: dict(billing.objects(kind)) for kind in KINDS}
    stripe["invoices"] = {
        id: invoice | {"total_discount_amounts": expanded(invoice["total_discount_amounts"])}
        for id, invoice in stripe["invoices"].items()
    }
    stripe["credit_notes"] = {}
    for id, note in billing.objects("credit_notes").items():
        row = note["customer_balance_transaction"]
        stripe["credit_notes"][id] = note | {
            "customer_balance_transaction": ledger[row] if row else None,
            "discount_amounts": expanded(note["discount_amounts"]),
        }
    stripe["checkout_sessions"] = _sessions(billing)
    for trouble in troubles:
        apply_trouble(stripe, trouble)
    _scramble_ledger_ids(stripe)
    return stripe


def _sessions(billing: Billing) -> dict[str, Obj]:
    """B9: the sessions of ledger rows, each with the invoice that it paid."""
    sessions = {}
    for id, invoice in billing.objects("invoices").items():
        for row in billing.owned(id, "customer_balance_transactions"):
            if session := row["checkout_session"]:
                shared = {"object": "checkout.session", "customer": invoice["customer"], "created": row["created"]}
                sessions[session] = shared | {"id": session, "invoice": id}
    return sessions


def _scramble_ledger_ids(stripe: dict[str, dict[str, Obj]]) -> None:
    """Ids in no order, as Stripe's are: only balances put rows of one second in order (B6)."""

    def renamed(row: Obj) -> Obj:
        return row | {"id": f"cbtxn_{hashlib.blake2b(row['id'].encode(), digest_size=8).hexdigest()}"}

    rows = [renamed(row) for row in stripe["customer_balance_transactions"].values()]
    stripe["customer_balance_transactions"] = {row["id"]: row for row in rows}
    for note in stripe["credit_notes"].values():
        if note["customer_balance_transaction"]:
            note["customer_balance_transaction"] = renamed(note["customer_balance_transaction"])
