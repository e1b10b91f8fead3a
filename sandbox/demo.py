"""The demo company over both stand-ins: a fixed half-year of 2026, and `advance` to move it on by a month.

    build(state_dir)      # the world on 2026-07-01, deterministic to the byte on the Stripe side
    advance(state_dir)    # one month more

State is `stripe.json` and `netsuite.sqlite` under `state_dir`. Nothing here looks at the wall clock. The
stories of `demo_scenarios` run amid a background of ordinary subscriptions; `demo_netsuite` brings the result
over to NetSuite.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sandbox import demo_netsuite
from sandbox.demo_scenarios import DAY, SCENARIOS, Story, World, a_month_later
from sandbox.netsuite.books import Books
from sandbox.stripe.billing import Billing, Refused

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = datetime(2026, 7, 1, tzinfo=UTC)
SPRING = 32  # days after the first one: January is closed in NetSuite
SEED = "demo"

PLANS = {  # product -> what one unit costs, by currency; Stripe's minor unit
    "Team": {"usd": 4900, "eur": 4500, "gbp": 3900, "jpy": 7000, "kwd": 15_000},
    "Seat": {"usd": 2000, "eur": 1800, "gbp": 1600},
    "Storage": {"usd": 900},
    "Legacy": {"usd": 1250},
}
REGULARS = {
    "Aster": "usd",
    "Begonia": "usd",
    "Clover": "eur",
    "Daisy": "usd",
    "Erica": "gbp",
    "Freesia": "usd",
    "Geranium": "usd",
    "Heather": "eur",
    "Iris": "usd",
    "Jasmine": "usd",
    "Kerria": "usd",
    "Lavender": "gbp",
    "Mimosa": "usd",
    "Nigella": "eur",
    "Orchid": "usd",
    "Petunia": "usd",
    "Quince": "usd",
    "Rose": "eur",
    "Sorrel": "usd",
    "Tansy": "usd",
    "Ulex": "gbp",
    "Verbena": "usd",
    "Willow": "usd",
    "Yarrow": "eur",
    "Zinnia": "usd",
    "Anemone": "usd",
    "Bluebell": "usd",
    "Crocus": "usd",
}
WAYS = ("refund", "credit", "out_of_band")


def exists(state_dir: Path) -> bool:
    """The Stripe file is written last, so its presence means a whole world."""
    return _stripe_file(state_dir).exists()


def build(state_dir: Path) -> None:
    """Make the world on disk, over whatever half-made one a kill has left."""
    state_dir.mkdir(parents=True, exist_ok=True)
    for leftover in state_dir.glob("netsuite.sqlite*"):
        leftover.unlink()
    billing = tell()
    books = Books(_netsuite_file(state_dir), clock=lambda: _time(billing))
    demo_netsuite.found(books)
    demo_netsuite.mirror(billing, books)
    demo_netsuite.close_old_months(books)
    books.close()
    billing.save(_stripe_file(state_dir))


def advance(state_dir: Path) -> datetime:
    """One month passes in both systems; returns the new date. Killed half way, it can be run again:
    Stripe's file is written last.
    """
    billing = Billing.load(_stripe_file(state_dir))
    next_month(World(billing))
    books = Books(_netsuite_file(state_dir), clock=lambda: _time(billing))
    demo_netsuite.mirror(billing, books)
    books.close()
    billing.save(_stripe_file(state_dir))
    return _time(billing)


def open_state(state_dir: Path) -> tuple[Path, Books]:
    """What the two stand-ins serve: the Stripe file and the NetSuite books."""
    return _stripe_file(state_dir), Books(_netsuite_file(state_dir))


def tell() -> Billing:
    """The Stripe side up to `TODAY`, in memory."""
    start, today = int(FIRST_DAY.timestamp()), int(TODAY.timestamp())
    billing = Billing(start)
    world = World(billing)
    catalogue(billing)
    for name, currency in REGULARS.items():
        world.customer(name, currency)
    stories: list[tuple[int, Story]] = []
    for number, scenario in enumerate(SCENARIOS.values()):
        first_day = SPRING + number * 3 % 70 if scenario.first_day is None else scenario.first_day
        stories.append((start + first_day * DAY, scenario.tell(world)))
    for month in range(FIRST_DAY.month, TODAY.month):
        first = FIRST_DAY.replace(month=month)
        stories += ordinary_month(world, first)
        stories.append((int(first.timestamp()) + 27 * DAY, payouts(world)))
    run(world, stories, until=today)
    return billing


def next_month(world: World) -> None:
    """Open invoices are paid, balances used, refunds settle, and business goes on."""
    first = _time(world.billing)
    until = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    now = int(first.timestamp())
    label = first.strftime("%Y%m")
    stories = ordinary_month(world, first)
    stories += [(now + 27 * DAY, payouts(world)), (now, settle_refunds(world))]
    if first == TODAY:
        stories.append((now, a_month_later(world)))
    for number, invoice in enumerate(world.billing.objects("invoices").values()):
        if invoice["status"] == "open":
            stories.append((now + number % 10 * DAY, pay_later(world, invoice["id"])))
    for customer in world.billing.objects("customers").values():
        if customer["balance"] < 0 and customer["currency"] in PLANS["Team"] and customer["id"][4:] not in REGULARS:
            stories.append((now + 12 * DAY, use_balance(world, customer["id"], label)))
    run(world, stories, int(until.timestamp()))


def run(world: World, stories: Iterable[tuple[int, Story]], until: int) -> None:
    """Tell stories side by side in order of time, each from its start; what would come after `until` is
    left untold.
    """
    office_hours = 9 * 3600
    waiting = [
        (start + office_hours + number * 420 % DAY // 2, number, story) for number, (start, story) in enumerate(stories)
    ]
    heapq.heapify(waiting)
    while waiting:
        moment, number, story = heapq.heappop(waiting)
        if moment >= until:
            continue
        world.billing.move_to(max(moment, world.billing.now))
        for days in story:
            heapq.heappush(waiting, (moment + days * DAY, number, story))
            break
    world.billing.move_to(max(until, world.billing.now))


def catalogue(billing: Billing) -> None:
    """What is sold, taxed and taken off. Mapped in dbt_project/seeds: all but Legacy, txr_New and two
    coupons.
    """
    for plan, prices in PLANS.items():
        product = billing.create_product(f"{plan} plan", id=f"prod_{plan}")
        for currency, amount in prices.items():
            billing.create_price(product, amount, currency, interval="month", id=f"price_{plan}{currency.title()}")
    billing.create_tax_rate(20, id="txr_Vat20")
    billing.create_tax_rate(1.125, display_name="City tax", id="txr_City")
    billing.create_tax_rate(20, inclusive=True, id="txr_Inclusive")
    billing.create_tax_rate(0, id="txr_Zero")
    billing.create_tax_rate(5, display_name="New levy", id="txr_New")
    billing.create_coupon(percent_off=10, name="Welcome", id="WELCOME10")
    billing.create_coupon(percent_off=5, name="Loyal customer", id="LOYAL5")
    billing.create_coupon(amount_off=1000, currency="usd", name="Ten off", id="TENOFF")


# ---------------------------------------------------------------------- the background


def ordinary_month(world: World, first: datetime) -> list[tuple[int, Story]]:
    """Each regular customer's month; now and then one of them gets a credit note."""
    dice = random.Random(f"{SEED} {first:%Y%m}")
    return [
        (
            int(first.timestamp()) + dice.randrange(20) * DAY,
            regular(world, name, f"{first:%Y%m}", random.Random(dice.random())),
        )
        for name in REGULARS
    ]


def regular(world: World, name: str, label: str, dice: random.Random) -> Story:
    """A subscription invoice, paid soon or late, perhaps credited before or after; sometimes more is
    bought.
    """
    customer, key, currency = f"cus_{name}", f"{name}{label}", REGULARS[name]
    taxes = ["txr_Vat20"] if currency != "usd" else []
    lines = [world.line("Team", dice.choice((1, 1, 2)), currency, taxes=taxes)]
    if dice.random() < 0.5:
        lines.append(world.line("Seat", dice.randrange(1, 9), currency, taxes=taxes))
    world.sell(key, customer, *lines, pay=False, discounts=["LOYAL5"] if dice.random() < 0.2 else [])
    fate = dice.random()
    if fate < 0.08:
        yield 1
        if world.billing.get("invoices", f"in_{key}")["status"] == "open":
            world.credit(f"{key}Early", of=f"in_{key}", lines=[world.part(f"in_{key}", amount=500)])
    yield dice.choice((0, 0, 1, 5, 16))
    yield from pay_later(world, f"in_{key}")
    if fate > 0.86:
        yield dice.randrange(2, 8)
        if world.billing.get("invoices", f"in_{key}")["amount_paid"] >= 1000:
            world.credit(key, dice.choice(WAYS), lines=[world.part(f"in_{key}", amount=700)])
    if dice.random() < 0.4:
        yield dice.randrange(1, 9)
        world.sell(f"{key}Extra", customer, world.line("Seat", dice.randrange(1, 4), currency, taxes=taxes))


def pay_later(world: World, invoice: str) -> Story:
    """Charge what is still asked for; what is too little to charge is settled outside."""
    if world.billing.get("invoices", invoice)["status"] == "open":
        try:
            world.billing.pay(invoice)
        except Refused:
            world.billing.pay_outside(invoice)
    yield 0


def use_balance(world: World, customer: str, label: str) -> Story:
    """A customer with credit buys again."""
    currency = world.billing.get("customers", customer)["currency"]
    world.sell(f"{customer[4:]}{label}", customer, world.line("Team", 1, currency))
    yield 0


def settle_refunds(world: World) -> Story:
    yield 3
    for refund in list(world.billing.objects("refunds").values()):
        if refund["status"] == "pending":
            world.billing.settle_refund(refund["id"], "succeeded")


def payouts(world: World) -> Story:
    """Once a month all there is, in each currency that has something."""
    for currency in ("usd", "eur", "gbp", "jpy", "kwd", "huf"):
        try:
            world.billing.payout(currency)
        except Refused:
            continue
    yield 0


def _time(billing: Billing) -> datetime:
    return datetime.fromtimestamp(billing.now, UTC)


def _stripe_file(state_dir: Path) -> Path:
    return state_dir / "stripe.json"


def _netsuite_file(state_dir: Path) -> Path:
    return state_dir / "netsuite.sqlite"
