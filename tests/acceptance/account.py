"""Stripe's account: ids as Stripe makes them, and trouble with its objects."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

from sandbox.stripe.billing import Billing, Refused
from tests.property.histories.troubles import apply_trouble

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


# Troubles that an account can show. What the stand-in cannot serve yet, or what would stop the whole run (I3), is left
# to the property test.
SERVED = {
    *("missing_row", "parts", "lines", "second_note", "split_tax", "note_status", "refund_status", "refund_amount"),
    *("refund_currency", "two_notes", "quantity"),
}


def make_trouble(billing: Account, trouble: Obj) -> None:
    """The trouble of a history, on the account itself instead of the landed copy."""
    if trouble["kind"] not in SERVED:
        return
    if trouble["kind"] == "missing_row":
        id = trouble["id"]
        with contextlib.suppress(Refused, KeyError, ValueError):
            if not any(n["customer_balance_transaction"] == id for n in billing.objects("credit_notes").values()):
                billing.forget_ledger_row(id)
        return
    kinds = ("credit_notes", "invoices", "refunds")
    before = {kind: dict(billing.objects(kind)) for kind in kinds}
    after = {kind: dict(objects) for kind, objects in before.items()}
    apply_trouble(after, trouble)
    for kind in kinds:
        for id, obj in after[kind].items():
            if id not in before[kind]:
                billing.insert(kind, obj, "credit_note.created", owner=obj["invoice"])
            elif obj is not before[kind][id]:
                billing.tamper(kind, id, **{key: value for key, value in obj.items() if key != "id"})


def sort_lists(billing: Billing) -> None:
    """Lists are newest first, whatever order the histories were made in; the events so far are gone."""
    for kind, objects in billing._objects.items():
        if kind == "events":
            objects.clear()
        items = sorted(objects.items(), key=lambda item: item[1].get("created") or 0)
        objects.clear()
        objects.update(items)
