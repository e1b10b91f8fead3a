"""One Stripe account's objects, ids, clock, events and customer balances: what all operations stand on."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, Self

import msgspec

from sandbox.stripe import shapes
from sandbox.stripe.amounts import step
from sandbox.stripe.shapes import Obj

KINDS = (
    "customers", "products", "prices", "coupons", "tax_rates", "discounts", "invoices", "credit_notes",
    "invoice_payments", "payment_intents", "charges", "refunds", "customer_balance_transactions",
    "balance_transactions", "payouts", "events",
)  # fmt: skip

# Ledger rows that pay an invoice from the balance (or take a debit with it), and what gives each back when it
# is voided.
REVERSAL_OF = {
    "applied_to_invoice": "unapplied_from_invoice",
    "checkout_session_subscription_payment": "checkout_session_subscription_payment_canceled",
}
CARRIED = ("invoice_too_small", "invoice_too_large")
NEW_REFUND = ("succeeded", "pending", "requires_action")
DEAD_REFUND = ("failed", "canceled")


class Refused(Exception):
    """Stripe would answer 400: the operation is not possible in this state, or an amount does not fit."""


class Account:
    """The state. Objects are Stripe's JSON with nothing expanded; they change by replacing whole values,
    never in place.
    """

    def __init__(self, now: int = 1_767_225_600, tick: int = 1) -> None:
        self.now = now
        self.tick = tick  # seconds each operation takes; 0 lets rows share a second
        self._objects: dict[str, dict[str, Obj]] = {kind: {} for kind in KINDS}
        self._counts: dict[str, int] = {}
        self._balances: dict[str, dict[str, int]] = {}  # customer -> currency -> balance
        self._owned: dict[str, dict[str, list[str]]] = {}  # owner id -> kind -> ids, oldest first
        self._unpaid: dict[str, list[str]] = {}  # currency -> balance transactions no payout carries yet
        self.tampered: set[str] = set()
        self.revision = 0  # grows with every change; whoever caches what it read compares

    # ------------------------------------------------------------------ reading

    def objects(self, kind: str) -> dict[str, Obj]:
        """Id -> object as Stripe has it now, oldest first."""
        return self._objects[kind]

    def get(self, kind: str, id: str) -> Obj:
        """One object; `Refused` when there is none."""
        try:
            return self._objects[kind][id]
        except KeyError:
            raise Refused(f"no such {kind}: {id}") from None

    def owned(self, owner: str, kind: str) -> list[Obj]:
        """What belongs to an object, oldest first: a customer's ledger rows, an invoice's payments, a
        payout's transactions, ...
        """
        return [self._objects[kind][id] for id in self._owned.get(owner, {}).get(kind, ())]

    def balances(self, customer: str) -> dict[str, int]:
        """Current customer balance by currency; negative = credit to the customer."""
        return self._balances[customer]

    def balance(self, customer: str, currency: str) -> int:
        """Current customer balance; negative = credit to the customer."""
        return self._balances[customer].get(currency, 0)

    # ------------------------------------------------------------------ clock, state

    def move_to(self, moment: int) -> None:
        """Let time pass until `moment`; never backwards."""
        if moment < self.now:
            raise Refused(f"the clock is at {self.now}, past {moment}")
        self.now = moment

    def save(self, path: Path) -> None:
        """Write the whole account to one file, replacing it in one step (a kill leaves the old one whole)."""
        state = {name.lstrip("_"): value for name, value in vars(self).items()} | {"tampered": sorted(self.tampered)}
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(state))
        new.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The account that `save` wrote."""
        collecting = gc.isenabled()
        gc.disable()  # a big file is a million small objects, none of them garbage: three times as fast
        try:
            state = msgspec.json.decode(path.read_bytes())
        finally:
            if collecting:
                gc.enable()
        account = cls(state["now"], state["tick"])
        for name in ("objects", "counts", "balances", "owned", "unpaid"):
            setattr(account, f"_{name}", state[name])
        account.tampered = set(state["tampered"])
        return account

    # ------------------------------------------------------------------ forced, for histories that must be
    # caught downstream

    def tamper(self, kind: str, id: str, **fields: Any) -> None:
        """Force fields to what no operation would make them, for histories that must be caught downstream;
        `check` skips it.
        """
        obj = self.get(kind, id)
        self.tampered |= {id, obj.get("invoice") or id, obj.get("customer") or id}
        self._change(obj, f"{obj['object']}.updated" if kind != "customer_balance_transactions" else None, **fields)

    def forget_ledger_row(self, id: str) -> None:
        """Drop a ledger row, as if Stripe's list had missed it: the chain of `ending_balance` breaks (rule
        B6).
        """
        self.revision += 1
        row = self._objects["customer_balance_transactions"].pop(id)
        self.tampered |= {row["customer"], row["invoice"] or row["customer"]}
        for owner in (row["customer"], row["invoice"]):
            if owner:
                self._owned[owner]["customer_balance_transactions"].remove(id)

    # ------------------------------------------------------------------ the ledger

    def _ledger(self, customer: str, currency: str, amount: int, *, owned_by: str | None = None, **fields: Any) -> str:
        """Add one customer balance row. The ledger has no event; only the customer's own change shows
        (facts 3.2).
        """
        owner = self._objects["customers"][customer]
        ending = self._balances[customer].get(currency, 0) + amount
        self._balances[customer][currency] = ending
        row = (
            shapes.BALANCE_ROW
            | fields
            | {
                "id": self._new_id("cbtxn"),
                "created": self.now,
                "customer": customer,
                "currency": currency,
                "amount": amount,
                "ending_balance": ending,
            }
        )
        self._insert("customer_balance_transactions", row, None, owner=customer, tick=False)
        if owned_by:
            self._own(owned_by, "customer_balance_transactions", row["id"])
        if owner.get("currency") == currency:  # `balance` is that of the default currency only
            self._change(owner, "customer.updated", balance=ending)
        return str(row["id"])

    # ------------------------------------------------------------------ storage

    def _tick(self) -> None:
        self.now += self.tick

    def _new_id(self, prefix: str, given: str | None = None) -> str:
        """The given id, if it is free, or the next one of its kind."""
        if given is not None:
            if any(given in objects for objects in self._objects.values()):
                raise Refused(f"{given} exists")
            return given
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}_1Demo{self._counts[prefix]:07d}"

    def _own(self, owner: str, kind: str, id: str) -> None:
        self._owned.setdefault(owner, {}).setdefault(kind, []).append(id)

    def _insert(self, kind: str, obj: Obj, event: str | None, *, owner: str | None = None, tick: bool = True) -> str:
        self.revision += 1
        self._objects[kind][obj["id"]] = obj
        if owner:
            self._own(owner, kind, obj["id"])
        if event:
            self._event(event, obj)
        if tick:
            self._tick()
        return str(obj["id"])

    def _change(self, obj: Obj, event: str | None, **fields: Any) -> None:
        """Set fields (whole values, never in place) and record the event with what they were before."""
        self.revision += 1
        previous = {name: obj.get(name) for name, value in fields.items() if obj.get(name) != value}
        obj |= fields
        if event:
            self._event(event, obj, previous)

    def _event(self, type: str, obj: Obj, previous: Obj | None = None) -> None:
        snapshot = msgspec.json.decode(msgspec.json.encode(obj))  # events keep what the object was
        data = {"object": snapshot} | ({"previous_attributes": previous} if previous else {})
        event = shapes.EVENT | {
            "id": self._new_id("evt"), "created": self.now, "type": type, "data": data,
            "request": {"id": None, "idempotency_key": None},
        }  # fmt: skip
        self._objects["events"][event["id"]] = event

    def _moved(self, invoice: Obj, transition: str) -> Obj:
        return {"status_transitions": invoice["status_transitions"] | {transition: self.now}}

    def _customer(self, id: str) -> Obj:
        customer = self.get("customers", id)
        if customer.get("deleted"):
            raise Refused(f"{id} is deleted")
        return customer

    def _invoice(self, id: str, *statuses: str) -> Obj:
        invoice = self.get("invoices", id)
        if invoice["status"] not in statuses:
            raise Refused(f"{id} is {invoice['status']}, not {' or '.join(statuses)}")
        return invoice

    def _fits(self, currency: str, *amounts: int) -> None:
        if any(amount % step(currency) for amount in amounts):
            raise Refused(f"{amounts} is no multiple of {step(currency)} in {currency}")
