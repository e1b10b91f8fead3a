"""The state of one Stripe account: objects, ids, clock, events and ownership. Every operation works on it."""

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
    "balance_transactions", "payouts", "checkout_sessions", "events",
)  # fmt: skip


class Refused(Exception):
    """Stripe would answer 400: the state does not allow the operation, or an amount does not fit."""


class Account:
    """The state. Objects are Stripe's JSON with nothing expanded.

    A change replaces whole values of an object and never edits a value in place.
    """

    def __init__(self, now: int = 1_767_225_600, tick: int = 1) -> None:
        self.id = "acct_1Demo0000001"
        self.now = now
        self.tick = tick  # seconds each operation takes; with 0, rows can share a second
        self._objects: dict[str, dict[str, Obj]] = {kind: {} for kind in KINDS}
        self._counts: dict[str, int] = {}
        self._balances: dict[str, dict[str, int]] = {}  # customer -> currency -> balance
        self._owned: dict[str, dict[str, list[str]]] = {}  # owner id -> kind -> ids, oldest first
        self.unpaid: dict[str, list[str]] = {}  # currency -> balance transactions that no payout carries yet
        self.tampered: set[str] = set()  # ids that `invariants.check` skips
        self.revision = 0  # grows with every change, so that a cache can tell whether it is stale

    # ------------------------------------------------------------------ reading

    def objects(self, kind: str) -> dict[str, Obj]:
        """Id -> object in its current version, oldest first."""
        return self._objects[kind]

    def get(self, kind: str, id: str) -> Obj:
        """One object. Raises `Refused` if there is none."""
        try:
            return self._objects[kind][id]
        except KeyError:
            raise Refused(f"no such {kind}: {id}") from None

    def owned(self, owner: str, kind: str) -> list[Obj]:
        """The objects that belong to another one, oldest first: a customer's ledger rows, an invoice's
        payments, a payout's transactions, ...
        """
        return [self._objects[kind][id] for id in self._owned.get(owner, {}).get(kind, ())]

    def balances(self, customer: str) -> dict[str, int]:
        """Current customer balance by currency, in minor units; negative = credit to the customer."""
        return self._balances[customer]

    def balance(self, customer: str, currency: str) -> int:
        """Current customer balance in one currency, in minor units; negative = credit to the customer."""
        return self._balances[customer].get(currency, 0)

    def customer(self, id: str) -> Obj:
        """A customer that is not deleted. Raises `Refused` otherwise."""
        customer = self.get("customers", id)
        if customer.get("deleted"):
            raise Refused(f"{id} is deleted")
        return customer

    def invoice_in(self, id: str, *statuses: str) -> Obj:
        """An invoice in one of these statuses. Raises `Refused` otherwise."""
        invoice = self.get("invoices", id)
        if invoice["status"] not in statuses:
            raise Refused(f"{id} is {invoice['status']}, not {' or '.join(statuses)}")
        return invoice

    # ------------------------------------------------------------------ writing, for the operations

    def pass_time(self) -> None:
        """Advance the clock by one operation's duration."""
        self.now += self.tick

    def new_id(self, prefix: str, given: str | None = None) -> str:
        """The given id if it is free, otherwise the next one of its kind. Raises `Refused` if it is taken."""
        if given is not None:
            if any(given in objects for objects in self._objects.values()):
                raise Refused(f"{given} exists")
            return given
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}_1Demo{self._counts[prefix]:07d}"

    def own(self, owner: str, kind: str, id: str) -> None:
        """Make `owned(owner, kind)` show the object."""
        self._owned.setdefault(owner, {}).setdefault(kind, []).append(id)

    def insert(self, kind: str, obj: Obj, event: str | None, *, owner: str | None = None, tick: bool = True) -> str:
        """Store a new object, with its event if it has one. Returns its id."""
        self.revision += 1
        self._objects[kind][obj["id"]] = obj
        if owner:
            self.own(owner, kind, obj["id"])
        if event:
            self._add_event(event, obj)
        if tick:
            self.pass_time()
        return str(obj["id"])

    def change(self, obj: Obj, event: str | None, **fields: Any) -> None:
        """Set fields to whole new values. An event also records the values before the change."""
        self.revision += 1
        previous = {name: obj.get(name) for name, value in fields.items() if obj.get(name) != value}
        obj |= fields
        if event:
            self._add_event(event, obj, previous)

    def remove(self, kind: str, id: str) -> Obj:
        """Take an object out of its collection, without an event. Returns it."""
        self.revision += 1
        return self._objects[kind].pop(id)

    def disown(self, owner: str, kind: str, id: str) -> None:
        """Undo `own`."""
        self._owned[owner][kind].remove(id)

    def disown_all(self, kind: str, id: str) -> list[str]:
        """Undo every `own` of an object. Returns the owners."""
        owners = [owner for owner, kinds in self._owned.items() if id in kinds.get(kind, ())]
        for owner in owners:
            self.disown(owner, kind, id)
        return owners

    def replace_with_stub(self, kind: str, id: str, stub: Obj, event: str) -> None:
        """Put a stub in the place of an object. The event shows the object before."""
        self.revision += 1
        before = self._objects[kind][id]
        self._objects[kind][id] = stub
        self._add_event(event, before)

    def set_balance(self, customer: str, currency: str, balance: int) -> None:
        """Set the customer balance that `balance` shows; a ledger row is the caller's business."""
        self._balances[customer][currency] = balance

    def open_balances(self, customer: str) -> None:
        """Give a new customer an empty balance in every currency."""
        self._balances[customer] = {}

    def _add_event(self, type: str, obj: Obj, previous: Obj | None = None) -> None:
        snapshot = msgspec.json.decode(msgspec.json.encode(obj))  # an event keeps the object as it was
        data = {"object": snapshot} | ({"previous_attributes": previous} if previous else {})
        event = shapes.EVENT | {
            "id": self.new_id("evt"), "created": self.now, "type": type, "data": data,
            "request": {"id": None, "idempotency_key": None},
        }  # fmt: skip
        self._objects["events"][event["id"]] = event

    # ------------------------------------------------------------------ clock, disk

    def move_to(self, moment: int) -> None:
        """Let time pass until `moment` (Unix seconds). Raises `Refused` if that is in the past."""
        if moment < self.now:
            raise Refused(f"the clock is at {self.now}, past {moment}")
        self.now = moment

    def save(self, path: Path) -> None:
        """Write the whole account to one file and replace it in one step: after a kill the old file is whole."""
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
        for name in ("counts", "balances", "owned"):
            setattr(account, f"_{name}", state[name])
        account._objects |= state["objects"]  # a file of an earlier version has fewer kinds
        account.id = state.get("id", account.id)
        account.unpaid, account.tampered = state["unpaid"], set(state["tampered"])
        return account


def fits(currency: str, *amounts: int) -> None:
    """Refuse an amount that is no multiple of the currency's smallest step (facts 4.4)."""
    if any(amount % step(currency) for amount in amounts):
        raise Refused(f"{amounts} is no multiple of {step(currency)} in {currency}")
