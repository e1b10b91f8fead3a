"""Credit notes in every state of their invoice."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import World


@scenario("C2 C6", cn_OpenPaid="posted created")
def open_invoice_credited_then_paid(w: World) -> Steps:
    """The credit lowers what is asked for; the rest is paid: applied to the invoice."""
    w.sell("OpenPaid", w.customer("Cedar"), w.line("Seat", 5), pay=False)
    yield 3
    w.credit("OpenPaid", lines=[w.part("in_OpenPaid", quantity=1)])
    yield 9
    w.billing.pay("in_OpenPaid")


@scenario("C6", cn_OpenAll="posted created")
def open_invoice_credited_in_full(w: World) -> Steps:
    """Credited to nothing, so paid without a charge."""
    w.sell("OpenAll", w.customer("Dogwood"), w.line("Seat", 2), pay=False)
    yield 2
    w.credit("OpenAll", lines=w.whole("in_OpenAll"), reason="duplicate")


@scenario("C6 C7", cn_PrePost="posted created")
def partly_paid_invoice_credited_beyond_the_rest(w: World) -> Steps:
    """Partly before payment, partly refunded (type mixed)."""
    w.sell("PrePost", w.customer("Dogwood"), w.line("Seat", 5), pay=False)
    w.billing.pay("in_PrePost", 6000)
    yield 5
    w.credit("PrePost", "refund", lines=[w.part("in_PrePost", quantity=3)])


@scenario("C2 O3", cn_StillOpen="waiting invoice_open", later={"cn_StillOpen": "posted created"})
def open_invoice_still_open(w: World) -> Steps:
    """Could still be voided, so it waits; the month after, it is paid."""
    yield 60
    w.sell("StillOpen", w.customer("Dogwood"), w.line("Seat", 5), pay=False)
    w.credit("StillOpen", lines=[w.part("in_StillOpen", quantity=1)])


@scenario(
    "C2",
    cn_Uncollectible="waiting invoice_uncollectible",
    in_UncollectibleUse_balance="waiting invoice_uncollectible",
)
def uncollectible_invoices(w: World) -> Steps:
    """Written off in Stripe: after a credit note, and after a use of balance."""
    customer = w.customer("Merlin")
    w.sell("Uncollectible", customer, w.line("Seat", 5), pay=False)
    w.credit("Uncollectible", lines=[w.part("in_Uncollectible", quantity=1)])
    w.billing.adjust_balance(customer, -1000)
    w.sell("UncollectibleUse", customer, w.line("Seat"), pay=False)
    yield 30
    w.billing.mark_uncollectible("in_Uncollectible")
    w.billing.mark_uncollectible("in_UncollectibleUse")


@scenario("C2 O3", cn_Void="skipped credit_note_void", cn_VoidInvoice="skipped invoice_void")
def voided_credit_note_and_voided_invoice(w: World) -> Steps:
    """A credit note is voided while its invoice is open; another's invoice is voided, and the note stays
    issued.
    """
    w.sell("Void", w.customer("Cedar"), w.line("Seat", 5), pay=False)
    w.credit("Void", amount=1000)
    w.sell("VoidInvoice", w.customer("Cedar"), w.line("Seat", 5), pay=False)
    w.credit("VoidInvoice", amount=1000)
    yield 2
    w.billing.void_credit_note("cn_Void")
    w.billing.pay("in_Void")
    w.billing.void_invoice("in_VoidInvoice")


@scenario("C5", cn_Several1="posted created", cn_Several2="posted created")
def two_credit_notes_on_one_invoice(w: World) -> Steps:
    w.sell("Several", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    w.credit("Several1", "refund", of="in_Several", lines=[w.part("in_Several", quantity=2)])
    yield 4
    w.credit("Several2", "out_of_band", of="in_Several", lines=[w.part("in_Several", quantity=3)])


@scenario("C5", cn_Exceeds1="posted created", cn_Exceeds2="blocked exceeds_invoice_total")
def credit_notes_beyond_the_invoice(w: World) -> Steps:
    """Stripe refuses this today; if it ever shows, the second note must not be posted."""
    w.sell("Exceeds", w.customer("Birch"), w.line("Seat", 5))
    w.credit("Exceeds1", "out_of_band", of="in_Exceeds", amount=6000)
    yield 1
    w.credit("Exceeds2", "out_of_band", of="in_Exceeds", amount=4000)
    forced = dict.fromkeys(
        [
            "amount",
            "total",
            "subtotal",
            "subtotal_excluding_tax",
            "total_excluding_tax",
            "post_payment_amount",
        ],
        5000,
    )
    w.billing.tamper("credit_notes", "cn_Exceeds2", out_of_band_amount=5000, **forced)
