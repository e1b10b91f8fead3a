"""Random but seeded histories on the Stripe stand-in, refusals included."""

import contextlib
import random

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart, Refused

CURRENCIES = ("usd", "eur", "jpy", "kwd")


def history(seed: int, steps: int = 40) -> Billing:
    """A Billing after `steps` random operations; asserts its invariants after each."""
    dice = random.Random(seed)
    billing = Billing(tick=dice.choice((0, 1, 3600)))
    rates = [
        billing.create_tax_rate(20),
        billing.create_tax_rate(7.7, inclusive=True),
        billing.create_tax_rate(0),
    ]
    coupons = [billing.create_coupon(percent_off=33.3)] + [
        billing.create_coupon(amount_off=7 * step(currency), currency=currency) for currency in CURRENCIES
    ]
    product = billing.create_product("Seat")
    prices = [billing.create_price(product, 1990, currency, interval="month") for currency in CURRENCIES]
    customers = [billing.create_customer() for _ in range(2)]
    operations = (
        draft,
        finalize,
        finalize,
        pay,
        pay,
        settle_otherwise,
        credit,
        credit,
        credit,
        void,
        refund,
        settle,
        adjust,
        payout,
    )
    for _ in range(steps):
        with contextlib.suppress(Refused):
            dice.choice(operations)(billing, dice, customers, prices, coupons, rates)
        billing.check()
    return billing


def _pick(dice, billing, kind):
    ids = list(billing.objects(kind))
    if not ids:
        raise Refused("none yet")
    return dice.choice(ids[-6:])


def draft(billing, dice, customers, prices, coupons, rates):
    index = dice.randrange(len(CURRENCIES))
    currency = CURRENCIES[index]
    size = step(currency)

    def line():
        amount = dice.choice((None, dice.randrange(-300, 3000) * size))
        return Line(
            amount,
            prices[index] if amount is None or dice.random() < 0.3 else None,
            dice.choice((1, 1, 2, 7)),
            discounts=dice.sample((coupons[0], coupons[1 + index]), dice.choice((0, 0, 1, 2))),
            taxes=dice.sample(rates, dice.choice((0, 0, 1, 2, 3))),
            billing_credit=dice.choice((0, 0, 0, 5 * size)),
        )

    billing.draft_invoice(
        dice.choice(customers), [line() for _ in range(dice.choice((1, 1, 2, 3, 12)))], currency=currency,
        discounts=dice.choice(((), (), (coupons[0],), (coupons[1 + index], coupons[0]))),
        shipping=dice.choice((0, 0, 50 * size)), shipping_taxes=dice.sample(rates, dice.choice((0, 1, 2))),
    )  # fmt: skip


def finalize(billing, dice, *_):
    drafts = [id for id, invoice in billing.objects("invoices").items() if invoice["status"] == "draft"]
    if drafts:
        billing.finalize_invoice(drafts[0], through_checkout=dice.random() < 0.2)


def pay(billing, dice, *_):
    invoice = billing.objects("invoices")[_pick(dice, billing, "invoices")]
    size, rest = step(invoice["currency"]), invoice["amount_remaining"]
    billing.pay(invoice["id"], dice.choice((None, None, rest // 2 // size * size, rest + 10 * size)))


def settle_otherwise(billing, dice, *_):
    invoice = _pick(dice, billing, "invoices")
    if dice.random() < 0.3:
        billing.unapply_balance(invoice)
    elif dice.random() < 0.5:
        billing.pay_outside(invoice, record=dice.random() < 0.5)
    else:
        billing.mark_uncollectible(invoice)


def credit(billing, dice, *_):
    invoice = billing.objects("invoices")[_pick(dice, billing, "invoices")]
    size = step(invoice["currency"])
    what = {}
    if dice.random() < 0.3:
        what["amount"] = dice.choice((invoice["total"], invoice["total"] // 3 // size * size))
    else:
        what["lines"] = [_credit_line(dice, line, size) for line in invoice["lines"]["data"] if dice.random() < 0.7]
    if invoice["shipping_cost"] and dice.random() < 0.5:
        what["shipping"] = dice.randrange(1, 51) * size
    post = billing.preview_credit_note(invoice["id"], **what)[2]
    cuts = sorted(dice.randrange(0, post // size + 1) * size for _ in range(2)) if dice.random() < 0.7 else [0, 0]
    parts = [cuts[0], cuts[1] - cuts[0], post - cuts[1]]
    dice.shuffle(parts)
    linked = [row for charge in billing.charges_of(invoice["id"]) for row in billing.owned(charge["id"], "refunds")]
    part = RefundPart(parts[0], dice.choice(linked)["id"] if linked and dice.random() < 0.5 else None,
                      dice.choice(("succeeded", "pending")), on_record=dice.random() < 0.1)  # fmt: skip
    billing.credit_note(
        invoice["id"], refunds=[part] if part.amount else [], credit=parts[1], out_of_band=parts[2], **what
    )


def _credit_line(dice, line, size):
    choice = dice.random()
    if choice < 0.2:
        return CreditLine(unit_amount=dice.randrange(1, 200) * size, quantity=2, description="Goodwill")
    if choice < 0.5:
        return CreditLine(line["id"], quantity=dice.choice((1, line["quantity"])))
    return CreditLine(line["id"], amount=dice.choice((line["amount"], line["amount"] // 3 // size * size)))


def void(billing, dice, *_):
    if dice.random() < 0.5:
        billing.void_invoice(_pick(dice, billing, "invoices"))
    else:
        billing.void_credit_note(_pick(dice, billing, "credit_notes"))


def refund(billing, dice, *_):
    billing.refund(
        _pick(dice, billing, "charges"),
        dice.choice((None, 500)),
        status=dice.choice(("succeeded", "pending")),
    )


def settle(billing, dice, *_):
    billing.settle_refund(_pick(dice, billing, "refunds"), dice.choice(("succeeded", "failed", "canceled")))


def adjust(billing, dice, customers, *_):
    currency = dice.choice(CURRENCIES)
    billing.adjust_balance(dice.choice(customers), dice.randrange(-3000, 1000) * step(currency), currency=currency)


def payout(billing, dice, *_):
    billing.payout(dice.choice(CURRENCIES))
