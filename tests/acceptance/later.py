"""Time goes by between two rounds of a scenario."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from sandbox.stripe.billing import Refused
from tests.acceptance.company import add_invoice, is_closed
from tests.acceptance.world import World
from tests.property.histories.netsuite import has_dead_refund, major

Obj = dict[str, Any]

CLOSED_LATER = ("2026-02-01", "2026-04-01")


def move_on(world: World, *, close_periods: bool) -> None:
    """Refunds settle or fail, invoices get paid, notes are added; NetSuite gets invoices; mapping files change."""
    billing, books = world.billing, world.books
    billing.now, billing.tick = max(billing.now, int(time.time())), 0
    known = set(billing.objects("invoices"))
    _continue_histories(world)
    _settle_refunds(world)
    if billing.now > time.time():
        time.sleep(billing.now - time.time())
    for id, invoice in billing.objects("invoices").items():
        if id not in known:
            _add_to_netsuite(world, invoice)
    if close_periods:
        _close_periods(world)
    _change_mappings(world)
    for t in books.transactions():
        if (t.extra or {}).get("custbody_fact") or t.type == "CustPymt":
            world.not_from_pipeline.add(t.id)


def _continue_histories(world: World) -> None:
    dice = world.dice
    for history in world.histories:
        operations = (
            history.invoice,
            history.pay,
            history.settle,
            history.adjust,
            *[history.credit] * 4,
            history.refund,
            *[history.settle_refund] * 4,
        )
        if dice.chance(60):
            for _ in range(dice.integer(1, 4)):
                with contextlib.suppress(Refused):
                    dice.pick(operations)()


def _settle_refunds(world: World) -> None:
    """Half of what was pending succeeds or fails."""
    billing, dice = world.billing, world.dice
    for refund in billing.objects("refunds").values():
        if refund["status"] in ("pending", "requires_action") and dice.chance(50):
            with contextlib.suppress(Refused):
                billing.settle_refund(refund["id"], dice.pick(("succeeded", "succeeded", "failed")))


def _add_to_netsuite(world: World, invoice: Obj) -> None:
    """Most new invoices get to NetSuite, and none is paid in NetSuite yet. Closed periods open for them."""
    books = world.books
    if invoice["status"] == "draft" or invoice["total"] < 0:
        return
    customers = {row["externalid"]: row["id"] for row in books.rows("customer") if row["externalid"]}
    currencies = {row["symbol"].lower(): row["id"] for row in books.rows("currency")}
    customer, currency = customers.get(invoice["customer"]), currencies.get(invoice["currency"])
    if not customer or not currency or not world.dice.chance(90):
        return
    total = major(invoice["total"], invoice["currency"])
    closed = [period for period in books.rows("accountingperiod") if is_closed(period)]
    for period in closed:
        books.set_period(period["id"], closed=False, arlocked=False)
    add_invoice(
        books,
        {
            "id": f"new {invoice['id']}",
            "entity": customer,
            "currency": currency,
            "foreigntotal": total,
            "foreignamountunpaid": total,
            "account": "10",
            "externalid": invoice["id"],
        },
    )
    for period in closed:
        books.set_period(period["id"], closed=period["closed"] == "T", arlocked=period["arlocked"] == "T")


def _close_periods(world: World) -> None:
    for period in world.books.rows("accountingperiod"):
        is_month = "T" not in (period["isquarter"], period["isadjust"], period["isyear"])
        if is_month and period["startdate"] in CLOSED_LATER:
            world.books.set_period(period["id"], closed=True)


def _change_mappings(world: World) -> None:
    """Some items are mapped to another item; some failed refunds are settled by hand (R4)."""
    dice, mappings = world.dice, world.mappings
    mappings["item_map"] = [
        row | {"netsuite_item_id": "113"} if dice.chance(50) else row for row in mappings["item_map"]
    ]
    decided = {row["document_id"] for row in mappings["manual_decisions"]}
    for id, note in world.billing.objects("credit_notes").items():
        if has_dead_refund(world.billing, note) and id not in decided and dice.chance(50):
            decision = {"document_id": id, "decision": "out_of_band", "note": "by wire, later"}
            mappings["manual_decisions"].append(decision)
