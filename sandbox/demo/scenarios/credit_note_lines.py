"""Items, discounts, taxes and shipping of credit note lines."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import World
from sandbox.stripe.billing import CreditLine, Line, RefundPart


@scenario("L1 L2", cn_Items="posted created")
def items_found_in_every_way(w: World) -> Steps:
    """By price, by product, by NetSuite's external id, not at all; quantities, periods, inherited
    descriptions.
    """
    lines = [
        w.line("Seat", 4),
        w.line("Team"),
        w.line("Storage", 2),
        w.line("Legacy"),
        Line(900, description="Travel"),
    ]
    w.sell("Items", w.customer("Dogwood"), *lines)
    yield 5
    credited = [
        w.part("in_Items", 0, quantity=3),
        *(w.part("in_Items", line, amount=800) for line in range(1, 5)),
    ]
    w.credit("Items", "refund", lines=credited)


@scenario("L3", cn_Custom="posted created")
def custom_lines(w: World) -> Steps:
    """Goodwill beside a returned seat; the custom line is taxed."""
    w.sell("Custom", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    goodwill = CreditLine(unit_amount=250, quantity=2, description="Goodwill for the outage", taxes=["txr_Vat20"])
    w.credit("Custom", "refund", lines=[w.part("in_Custom", quantity=1), goodwill])


@scenario("L4", cn_NoLinesPart="posted created", cn_NoLinesAll="posted created")
def credit_notes_without_lines(w: World) -> Steps:
    """Below the invoice's total: one line. Equal to it: the invoice's own lines, discounts, taxes and
    shipping.
    """
    w.sell("NoLinesPart", w.customer("Cedar"), w.line("Seat", 5))
    lines = [
        w.line("Seat", 3, taxes=["txr_Vat20"], discounts=["WELCOME10"]),
        w.line("Team", taxes=["txr_Inclusive"]),
    ]
    total = w.sell("NoLinesAll", w.customer("Cedar"), *lines, shipping=700, shipping_taxes=["txr_Vat20"])
    yield 2
    w.credit("NoLinesPart", "refund", amount=1234)
    w.credit("NoLinesAll", "out_of_band", amount=w.billing.get("invoices", total)["total"])


@scenario("L6", cn_Discounts="posted created")
def two_discounts_and_a_billing_credit_on_a_line(w: World) -> Steps:
    """One coupon has an item of its own; a discount over the whole invoice and a billing credit come on
    top.
    """
    lines = [w.line("Seat", 3, discounts=["WELCOME10", "TENOFF"], billing_credit=300), w.line("Team", 1)]
    w.sell("Discounts", w.customer("Birch"), *lines, discounts=["LOYAL5"])
    yield 2
    w.credit(
        "Discounts",
        "refund",
        lines=[w.part("in_Discounts", 0, quantity=1), w.part("in_Discounts", 1, amount=999)],
    )


@scenario("L7 L8", cn_Taxes="posted created", cn_TaxUnmapped="blocked tax_rate_unmapped")
def taxes_of_every_kind(w: World) -> Steps:
    """Two exclusive rates, an inclusive one and a zero rate; then a rate nobody has mapped."""
    rates = ["txr_Vat20", "txr_City", "txr_Zero"]
    w.sell("Taxes", w.customer("Alder"), w.line("Seat", 3, taxes=rates), w.line("Team", taxes=["txr_Inclusive"]))
    w.sell("TaxUnmapped", w.customer("Alder"), w.line("Seat", 3, taxes=["txr_New"]))
    yield 2
    w.credit("Taxes", "refund", lines=[w.part("in_Taxes", 0, quantity=1), w.part("in_Taxes", 1, amount=1111)])
    w.credit("TaxUnmapped", "refund", lines=[w.part("in_TaxUnmapped", quantity=1)])


@scenario("L9", cn_Shipping="posted created", cn_ShippingOnly="posted created")
def shipping(w: World) -> Steps:
    """With lines, and alone; taxed."""
    w.sell("Shipping", w.customer("Birch"), w.line("Seat", 2), shipping=1500, shipping_taxes=["txr_Vat20"])
    yield 2
    w.credit("Shipping", "refund", lines=[w.part("in_Shipping", quantity=1)], shipping=500)
    w.credit("ShippingOnly", "refund", of="in_Shipping", shipping=1000)


@scenario("L1", cn_ManyLines="posted created")
def more_lines_than_one_page(w: World) -> Steps:
    """Twelve lines: nested lists show ten."""
    w.sell("ManyLines", w.customer("Cedar"), *(w.line("Seat", number + 1) for number in range(12)))
    yield 2
    w.credit("ManyLines", "refund", lines=w.whole("in_ManyLines"))


@scenario("X3 S1", cn_Yen="posted created", in_YenUsed_balance="posted created", cn_Dinar="posted created",
          in_DinarUsed_balance="posted created")  # fmt: skip
def yen_and_dinars(w: World) -> Steps:
    """No decimals, three decimals; each partly kept in the balance and then used."""
    for key, name, currency, off in (("Yen", "Ginkgo", "jpy", 1000), ("Dinar", "Hazel", "kwd", 10_000)):
        w.sell(key, w.customer(name, currency), w.line("Team", 3, currency, taxes=["txr_Vat20"]))
        w.credit(
            key,
            lines=[w.part(f"in_{key}", quantity=1)],
            credit=off,
            refunds=[
                RefundPart(
                    w.billing.preview_credit_note(f"in_{key}", lines=[w.part(f"in_{key}", quantity=1)])[2] - off,
                    id=f"re_{key}",
                ),
            ],
        )
    yield 20
    for key, name, currency in (("YenUsed", "Ginkgo", "jpy"), ("DinarUsed", "Hazel", "kwd")):
        w.sell(key, w.customer(name), w.line("Team", 1, currency))
