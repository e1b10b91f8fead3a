"""Stripe's account: ids as Stripe makes them, and damage to its objects."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

from sandbox.stripe.billing import Billing, Refused
from tests.property.histories.damage import apply_damage

Obj = dict[str, Any]


class Account(Billing):
    """Ids in no order and in both cases, as Stripe's are."""

    salt = ""

    def new_id(self, prefix: str, given: str | None = None) -> str:
        made = super().new_id(prefix, given)
        if given is not None or prefix in ("evt",):
            return made
        digest = hashlib.blake2b(f"{self.salt}{made}".encode(), digest_size=14).hexdigest()
        mixed = "".join(c.upper() if (int(digest[-1 - i % 28], 16) & 1) else c for i, c in enumerate(digest))
        return f"{prefix}_{mixed}"


def damage_account(billing: Account, damage: Obj) -> None:
    """The damage of a history, on the account itself instead of the landed copy."""
    id, kind = damage["id"], damage["kind"]
    if kind == "missing_row":
        with contextlib.suppress(Refused, KeyError, ValueError):
            if not any(n["customer_balance_transaction"] == id for n in billing.objects("credit_notes").values()):
                billing.forget_ledger_row(id)
        return
    stripe = {"credit_notes": {id: billing.get("credit_notes", id)}}
    apply_damage(stripe, damage)
    for note in stripe["credit_notes"].values():
        if note["id"] == id:
            billing.tamper("credit_notes", id, **{k: v for k, v in note.items() if k != "id"})
        else:
            billing.insert("credit_notes", note, "credit_note.created", owner=note["invoice"])


def sort_lists(billing: Billing) -> None:
    """Lists are newest first, whatever order the histories were made in; the events so far are gone."""
    for kind, objects in billing._objects.items():
        if kind == "events":
            objects.clear()
        items = sorted(objects.items(), key=lambda item: item[1].get("created") or 0)
        objects.clear()
        objects.update(items)
