"""The history of the demo company's Stripe account: a fixed half-year of 2026, then month by month.

Scenarios run side by side with ordinary business. The history is deterministic to the byte.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime

from sandbox.demo import business, catalogue
from sandbox.demo.scenario import Steps
from sandbox.demo.scenarios import SCENARIOS
from sandbox.demo.scenarios.refunds import a_month_later
from sandbox.demo.world import DAY, World
from sandbox.stripe.billing import Billing

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = datetime(2026, 7, 1, tzinfo=UTC)
SPRING = 32  # days from the first day to the first scenario: January is closed in NetSuite
OFFICE_HOURS = 9 * 3600  # seconds after midnight


def first_half_year() -> Billing:
    """The account on `TODAY`, in memory."""
    start, today = int(FIRST_DAY.timestamp()), int(TODAY.timestamp())
    billing = Billing(start)
    world = World(billing)
    catalogue.create(billing)
    for name, currency in business.REGULARS.items():
        world.customer(name, currency)
    queue: list[tuple[int, Steps]] = []
    for number, scenario in enumerate(SCENARIOS.values()):
        first_day = SPRING + number * 3 % 70 if scenario.first_day is None else scenario.first_day
        queue.append((start + first_day * DAY, scenario.steps(world)))
    for month in range(FIRST_DAY.month, TODAY.month):
        first = FIRST_DAY.replace(month=month)
        queue += business.ordinary_month(world, first)
        queue.append((int(first.timestamp()) + 27 * DAY, business.payouts(world)))
    _run(world, queue, until=today)
    return billing


def next_month(billing: Billing) -> None:
    """Add a month: open invoices are paid, balances used, refunds settle, and business goes on."""
    world, first = World(billing), today(billing)
    until = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    now = int(first.timestamp())
    queue = business.ordinary_month(world, first)
    queue += [(now + 27 * DAY, business.payouts(world)), (now, business.settle_refunds(world))]
    if first == TODAY:
        queue.append((now, a_month_later(world)))
    for number, invoice in enumerate(billing.objects("invoices").values()):
        if invoice["status"] == "open":
            queue.append((now + number % 10 * DAY, business.pay_later(world, invoice["id"])))
    for customer in billing.objects("customers").values():
        is_regular = customer["id"].removeprefix("cus_") in business.REGULARS
        if customer["balance"] < 0 and customer["currency"] in catalogue.PLANS["Team"] and not is_regular:
            queue.append((now + 12 * DAY, business.use_balance(world, customer["id"], f"{first:%Y%m}")))
    _run(world, queue, int(until.timestamp()))


def today(billing: Billing) -> datetime:
    """The time on the account's clock."""
    return datetime.fromtimestamp(billing.now, UTC)


def _run(world: World, queue: Iterable[tuple[int, Steps]], until: int) -> None:
    """Run steps side by side in order of time, each from its start (Unix seconds). Steps after `until` do not run."""
    waiting = [
        (start + OFFICE_HOURS + number * 420 % DAY // 2, number, steps) for number, (start, steps) in enumerate(queue)
    ]
    heapq.heapify(waiting)
    while waiting:
        moment, number, steps = heapq.heappop(waiting)
        if moment >= until:
            continue
        world.billing.move_to(max(moment, world.billing.now))
        days = next(steps, None)
        if days is not None:
            heapq.heappush(waiting, (moment + days * DAY, number, steps))
    world.billing.move_to(max(until, world.billing.now))
