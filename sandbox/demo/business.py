"""The ordinary business of the demo company: regular customers, payments, payouts."""

from __future__ import annotations

import random
from datetime import datetime

from sandbox.demo.scenario import Steps
from sandbox.demo.world import DAY, World
from sandbox.stripe.billing import Refused

SEED = "demo"
REGULARS = {  # customer -> currency
    "Aster": "usd", "Begonia": "usd", "Clover": "eur", "Daisy": "usd", "Erica": "gbp", "Freesia": "usd",
    "Geranium": "usd", "Heather": "eur", "Iris": "usd", "Jasmine": "usd", "Kerria": "usd", "Lavender": "gbp",
    "Mimosa": "usd", "Nigella": "eur", "Orchid": "usd", "Petunia": "usd", "Quince": "usd", "Rose": "eur",
    "Sorrel": "usd", "Tansy": "usd", "Ulex": "gbp", "Verbena": "usd", "Willow": "usd", "Yarrow": "eur",
    "Zinnia": "usd", "Anemone": "usd", "Bluebell": "usd", "Crocus": "usd",
}  # fmt: skip
SETTLEMENTS = ("refund", "credit", "out_of_band")


def ordinary_month(world: World, first: datetime) -> list[tuple[int, Steps]]:
    """(start in Unix seconds, steps) of each regular customer's month from `first` on."""
    dice = random.Random(f"{SEED} {first:%Y%m}")
    return [
        (
            int(first.timestamp()) + dice.randrange(20) * DAY,
            regular_month(world, name, f"{first:%Y%m}", random.Random(dice.random())),
        )
        for name in REGULARS
    ]


def regular_month(world: World, name: str, label: str, dice: random.Random) -> Steps:
    """A subscription invoice that is paid soon or late, and sometimes a credit note or another invoice."""
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
            world.credit(key, dice.choice(SETTLEMENTS), lines=[world.part(f"in_{key}", amount=700)])
    if dice.random() < 0.4:
        yield dice.randrange(1, 9)
        world.sell(f"{key}Extra", customer, world.line("Seat", dice.randrange(1, 4), currency, taxes=taxes))


def pay_later(world: World, invoice: str) -> Steps:
    """Charge the remaining amount of an open invoice. An amount that is too small to charge is settled outside."""
    if world.billing.get("invoices", invoice)["status"] == "open":
        try:
            world.billing.pay(invoice)
        except Refused:
            world.billing.pay_outside(invoice)
    yield 0


def use_balance(world: World, customer: str, label: str) -> Steps:
    """A customer with credit buys again."""
    currency = world.billing.get("customers", customer)["currency"]
    world.sell(f"{customer[4:]}{label}", customer, world.line("Team", 1, currency))
    yield 0


def settle_refunds(world: World) -> Steps:
    """All pending refunds succeed."""
    yield 3
    for refund in list(world.billing.objects("refunds").values()):
        if refund["status"] == "pending":
            world.billing.settle_refund(refund["id"], "succeeded")


def payouts(world: World) -> Steps:
    """Pay out every currency that has money."""
    for currency in ("usd", "eur", "gbp", "jpy", "kwd", "huf"):
        try:
            world.billing.payout(currency)
        except Refused:
            continue
    yield 0
