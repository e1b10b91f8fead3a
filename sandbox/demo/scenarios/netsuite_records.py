"""Credit notes whose records in NetSuite differ or are absent."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import World
from sandbox.stripe.billing import RefundPart


@scenario("C4", cn_OtherCustomer="blocked invoice_customer_changed")
def netsuite_invoice_moved_to_another_customer(w: World) -> Steps:
    w.sell("OtherCustomer", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    w.credit("OtherCustomer", "refund", amount=1000)


@scenario("C4", cn_OtherCurrency="blocked currency_mismatch")
def netsuite_invoice_in_another_currency(w: World) -> Steps:
    w.sell("OtherCurrency", w.customer("Elm", "eur"), w.line("Team", currency="eur"))
    yield 2
    w.credit("OtherCurrency", "refund", amount=1000)


@scenario("C4 O3", cn_NoInvoice="waiting invoice_not_in_netsuite", cn_NoCustomer="waiting customer_not_in_netsuite")
def netsuite_lacks_invoice_or_customer(w: World) -> Steps:
    """NetSuite does not know them yet."""
    w.sell("NoInvoice", w.customer("Alder"), w.line("Seat", 5))
    w.sell("NoCustomer", w.customer("Newcomer"), w.line("Seat", 5))
    yield 2
    w.credit("NoInvoice", "refund", amount=1000)
    w.credit("NoCustomer", "refund", amount=1000)


@scenario("C6", cn_TooLow="blocked invoice_remaining_too_low")
def netsuite_invoice_settled_by_hand(w: World) -> Steps:
    """Somebody applied a payment of the whole amount in NetSuite; nothing is left for the credit note."""
    w.sell("TooLow", w.customer("Birch"), w.line("Seat", 5), pay=False)
    w.credit("TooLow", amount=2000)
    yield 3
    w.billing.pay("in_TooLow")


@scenario("P5 O1", cn_AlreadyThere="posted adopted", cn_Differs="blocked netsuite_differs")
def memo_already_in_netsuite(w: World) -> Steps:
    """Someone made the memos by hand under our external ids: one agrees, the other has another total."""
    w.sell("AlreadyThere", w.customer("Cedar"), w.line("Seat", 5))
    w.sell("Differs", w.customer("Cedar"), w.line("Seat", 5))
    yield 2
    w.credit("AlreadyThere", "out_of_band", amount=1000)
    w.credit("Differs", "out_of_band", amount=1000)


@scenario("C1", cn_Parts="blocked parts_do_not_add_up")
def parts_that_do_not_add_up(w: World) -> Steps:
    """The note says more was paid back than its ledger row leaves room for."""
    w.sell("Parts", w.customer("Nuthatch"), w.line("Seat", 5))
    yield 2
    w.credit("Parts", amount=5000, refunds=[RefundPart(2000, id="re_Parts")], credit=3000)
    w.billing.tamper("credit_notes", "cn_Parts", out_of_band_amount=100)


@scenario("L10", cn_LinesOff="blocked lines_do_not_add_up")
def lines_that_do_not_add_up(w: World) -> Steps:
    w.sell("LinesOff", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    note = w.billing.get("credit_notes", w.credit("LinesOff", "refund", lines=[w.part("in_LinesOff", quantity=1)]))
    lines = note["lines"] | {"data": [note["lines"]["data"][0] | {"amount": 2001}]}
    w.billing.tamper("credit_notes", "cn_LinesOff", lines=lines)
