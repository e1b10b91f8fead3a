"""Credit notes that are settled by refund, out of band or in the customer balance."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import World
from sandbox.stripe.billing import RefundPart


@scenario("C1 C3 C7 R1 G3 O1 O2 L11", cn_RefundNew="posted created")
def refund_with_the_credit_note(w: World) -> Steps:
    """Two of five seats are taken back and refunded at once."""
    w.sell("RefundNew", w.customer("Alder"), w.line("Seat", 5))
    yield 6
    w.credit(
        "RefundNew",
        "refund",
        lines=[w.part("in_RefundNew", quantity=2)],
        memo="Two seats returned.",
        reason="order_change",
    )


@scenario("C7 R1", cn_RefundLinked="posted created")
def refund_first_credit_note_later(w: World) -> Steps:
    """Support refunds, accounting links the refund to a credit note a week later."""
    w.sell("RefundLinked", w.customer("Alder"), w.line("Seat", 4))
    yield 3
    w.billing.refund(w.charge("in_RefundLinked"), 2000, id="re_RefundLinked", reason="requested_by_customer")
    yield 7
    w.credit("RefundLinked", amount=2000, refunds=[RefundPart(2000, "re_RefundLinked")])


@scenario("C7 R1", cn_RefundTwice="posted created")
def refund_to_two_cards(w: World) -> Steps:
    """Paid in two parts with two cards; one credit note, two refunds."""
    w.sell("RefundTwice", w.customer("Birch"), w.line("Seat", 6), pay=False)
    w.billing.pay("in_RefundTwice", 5000)
    yield 2
    w.billing.pay("in_RefundTwice")
    yield 4
    parts = [RefundPart(5000, id="re_RefundTwice1"), RefundPart(1000, id="re_RefundTwice2")]
    w.credit("RefundTwice", lines=[w.part("in_RefundTwice", quantity=3)], refunds=parts)


@scenario("C7", cn_OutOfBand="posted created")
def credited_out_of_band(w: World) -> Steps:
    """The money went back by bank transfer."""
    w.sell("OutOfBand", w.customer("Birch"), w.line("Team"))
    yield 5
    w.credit("OutOfBand", "out_of_band", lines=[w.part("in_OutOfBand", amount=1500)], memo="Paid back by wire.")


@scenario("C1 C7", cn_OnRecord="posted created")
def refund_of_a_payment_record(w: World) -> Steps:
    """Paid outside Stripe, with a record; refunded on that record: no Stripe refund exists."""
    w.billing.pay_outside(w.sell("OnRecord", w.customer("Cedar"), w.line("Team"), pay=False))
    yield 5
    w.credit("OnRecord", amount=1200, refunds=[RefundPart(1200, on_record=True)])


@scenario("C1 B1 B2 B3 B4 B5", cn_Kept="skipped kept_in_customer_balance", in_KeptUsed_balance="posted created")
def kept_in_balance_then_used(w: World) -> Steps:
    """A taxed credit note goes to the balance: nothing now. Next month the balance pays part of an
    invoice.
    """
    customer = w.customer("Kestrel")
    w.sell("Kept", customer, w.line("Team", taxes=["txr_Vat20"]))
    yield 8
    w.credit("Kept", "credit", lines=[w.part("in_Kept", amount=2000)])
    yield 22
    w.sell("KeptUsed", customer, w.line("Team"))


@scenario("C1 C7 L6 L7 L8 S1", cn_Mixed="posted created", in_MixedUsed_balance="posted created")
def settled_in_every_way_at_once(w: World) -> Steps:
    """One credit note with discounts and two kinds of tax: a refund new, one linked, one part by wire, a
    third kept in the balance.
    """
    customer = w.customer("Lapwing")
    taxes = ["txr_Vat20", "txr_City"]
    lines = [
        w.line("Team", 2, taxes=taxes, discounts=["WELCOME10"]),
        w.line("Seat", 3, taxes=["txr_Inclusive"]),
    ]
    w.sell("Mixed", customer, *lines, discounts=["LOYAL5"])
    yield 4
    w.billing.refund(w.charge("in_Mixed"), 777, id="re_MixedLinked")
    yield 3
    credited = [w.part("in_Mixed", 0, amount=7001), w.part("in_Mixed", 1, quantity=1)]
    post = w.billing.preview_credit_note("in_Mixed", lines=credited)[2]
    parts = [RefundPart(1111, id="re_MixedNew"), RefundPart(777, "re_MixedLinked")]
    w.credit("Mixed", lines=credited, refunds=parts, out_of_band=333, credit=post - 1111 - 777 - 333)
    yield 20
    w.sell("MixedUsed", customer, w.line("Team", 3))
