"""Refunds in every state, and their links to credit notes."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import World
from sandbox.stripe.billing import RefundPart


@scenario("R2", cn_RefundPending="posted created")
def refund_still_pending(w: World) -> Steps:
    """The memo is posted, the refund waits; it succeeds the month after."""
    yield 60
    w.sell("RefundPending", w.customer("Cedar"), w.line("Seat", 5))
    w.credit("RefundPending", "refund", amount=3000, status="pending")


@scenario("R2", cn_RefundFailed="blocked refund_failed", cn_RefundCanceled="blocked refund_failed")
def refund_failed_before_posting(w: World) -> Steps:
    w.sell("RefundFailed", w.customer("Alder"), w.line("Seat", 5))
    w.sell("RefundCanceled", w.customer("Alder"), w.line("Seat", 5))
    w.credit("RefundFailed", "refund", amount=3000)
    w.credit("RefundCanceled", "refund", amount=3000, status="requires_action")
    yield 9
    w.billing.settle_refund("re_RefundFailed", "failed")
    w.billing.settle_refund("re_RefundCanceled", "canceled")


@scenario("R4", cn_FailedByWire="posted created")
def failed_refund_paid_by_wire(w: World) -> Steps:
    """After the refund failed an accountant decided `out_of_band`."""
    w.sell("FailedByWire", w.customer("Dogwood"), w.line("Seat", 5))
    w.credit("FailedByWire", "refund", amount=3000, status="pending")
    yield 9
    w.billing.settle_refund("re_FailedByWire", "failed")


@scenario("R3", cn_Shared1="posted created", cn_Shared2="posted created")
def one_refund_two_credit_notes(w: World) -> Steps:
    """One customer refund with two applications."""
    w.sell("Shared", w.customer("Cedar"), w.line("Seat", 5))
    yield 2
    w.billing.refund(w.charge("in_Shared"), 5000, id="re_Shared")
    w.credit(
        "Shared1",
        of="in_Shared",
        lines=[w.part("in_Shared", quantity=1)],
        refunds=[RefundPart(2000, "re_Shared")],
    )
    w.credit(
        "Shared2",
        of="in_Shared",
        lines=[w.part("in_Shared", amount=3000)],
        refunds=[RefundPart(3000, "re_Shared")],
    )


@scenario("R2", cn_FailsLater="posted created", later={"cn_FailsLater": "blocked refund_failed"})
def refund_fails_after_posting(w: World) -> Steps:
    """The bank sends the money back weeks later, when memo and refund are long in NetSuite."""
    w.sell("FailsLater", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    w.credit("FailsLater", "refund", amount=1000)


@scenario("R3", cn_LinkedNow="posted created", later={"cn_LinkedLater": "posted created"})
def rest_of_a_refund_linked_later(w: World) -> Steps:
    """The customer refund is there; the second credit note's part is added to it."""
    yield 60
    w.sell("LinkedNow", w.customer("Cedar"), w.line("Seat", 5))
    w.billing.refund(w.charge("in_LinkedNow"), 5000, id="re_LinkedNow")
    w.credit("LinkedNow", amount=2000, refunds=[RefundPart(2000, "re_LinkedNow")])


@scenario("G3")
def refund_without_credit_note(w: World) -> Steps:
    """Listed in `refund_reconciliation`, to be matched by hand."""
    w.sell("NoNote", w.customer("Birch"), w.line("Seat", 5))
    yield 2
    w.billing.refund(w.charge("in_NoNote"), 1500, id="re_NoNote")


def a_month_later(w: World) -> Steps:
    """Continue two scenarios in the first month after the demo's today."""
    yield 5
    w.billing.settle_refund("re_FailsLater", "failed")
    parts = [RefundPart(3000, "re_LinkedNow")]
    w.credit("LinkedLater", of="in_LinkedNow", amount=3000, refunds=parts)
