"""Negative invoices."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import World
from sandbox.stripe.billing import Line


@scenario("N1 N2 B1", in_Negative="posted created", in_NegativeUsed_balance="posted created")
def negative_invoice_then_used(w: World) -> Steps:
    """A downgrade leaves a credit; the next invoice uses it."""
    customer = w.customer("Dunlin")
    w.sell("NegativeBefore", customer, w.line("Seat", 5))
    yield 10
    w.sell(
        "Negative",
        customer,
        w.line("Seat", 5, amount=-6000, proration=True),
        w.line("Seat", 2, amount=2400, proration=True),
    )
    yield 20
    w.sell("NegativeUsed", customer, w.line("Seat", 2))


@scenario("N1", in_NegativeThere="posted adopted", in_NegativeDiffers="blocked netsuite_differs")
def negative_invoice_already_in_netsuite(w: World) -> Steps:
    """Once with total zero, once with another."""
    w.sell("NegativeThere", w.customer("Egret"), w.line("Seat", amount=-900, proration=True))
    w.sell("NegativeDiffers", w.customer("Egret"), w.line("Seat", amount=-900, proration=True))
    yield 1


@scenario("N1", in_NegativeVoid="skipped invoice_void", in_NegativeLost="waiting invoice_uncollectible",
          in_NegativeFranc="waiting currency_not_in_netsuite")  # fmt: skip
def negative_invoices_that_are_not_posted(w: World) -> Steps:
    """Void; uncollectible, as Stripe leaves some cancellations; in a currency NetSuite lacks."""
    customer = w.customer("Fieldfare")
    for key in ("NegativeVoid", "NegativeLost"):
        w.billing.draft_invoice(customer, [w.line("Seat", amount=-900, proration=True)], id=f"in_{key}")
        w.billing.mark_uncollectible(f"in_{key}")
    w.billing.void_invoice("in_NegativeVoid")
    w.sell("NegativeFranc", w.customer("Gletscher", "chf"), Line(-5000, description="Rabatt"))
    yield 1
