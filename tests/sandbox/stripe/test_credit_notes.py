"""Credit notes: their lines, their settlement, and Stripe's refusals."""

import pytest

from sandbox.stripe.billing import CreditLine, Line, RefundPart, Refused


@pytest.mark.parametrize("currency, size", [("usd", 1), ("jpy", 1), ("kwd", 10)])
def test_crediting_a_line_piece_by_piece_gives_back_exactly_its_discounts_and_taxes(billing, currency, size):
    coupons = [
        billing.create_coupon(percent_off=12.5),
        billing.create_coupon(amount_off=99 * 10, currency=currency),
    ]
    rates = [billing.create_tax_rate(7.7), billing.create_tax_rate(19, inclusive=True)]
    customer = billing.create_customer()
    line = Line(12_340, discounts=coupons, taxes=rates, quantity=1)
    invoice = billing.invoice(customer, [line], currency=currency, shipping=770, shipping_taxes=rates)
    billing.pay(invoice)
    [row] = billing.get("invoices", invoice)["lines"]["data"]
    shipping = billing.get("invoices", invoice)["shipping_cost"]["amount_subtotal"]
    for piece, shipped in [(10, 10), (3_330, 330), (4_000, 0), (5_000, shipping - 340)]:
        what = {"lines": [CreditLine(row["id"], amount=piece)], "shipping": shipped}
        billing.credit_note(invoice, credit=billing.preview_credit_note(invoice, **what)[2], **what)
    notes = billing.owned(invoice, "credit_notes")
    assert sum(note["total"] for note in notes) == billing.get("invoices", invoice)["total"]
    for number, entry in enumerate(row["pretax_credit_amounts"]):
        assert sum(n["lines"]["data"][0]["pretax_credit_amounts"][number]["amount"] for n in notes) == entry["amount"]
    for number, tax in enumerate(row["taxes"]):
        assert sum(note["lines"]["data"][0]["taxes"][number]["amount"] for note in notes) == tax["amount"]
    assert all(note["total"] % size == 0 for note in notes)
    billing.check()


def test_an_overpayment_cannot_be_credited(billing, customer):
    invoice = billing.invoice(customer, [Line(1000)])
    billing.pay(invoice, 1500)
    with pytest.raises(Refused, match="1000 left"):
        billing.credit_note(invoice, amount=1001, credit=1001)


def test_credit_note_on_an_open_invoice_lowers_it_and_zero_is_paid(billing, customer):
    invoice = billing.invoice(customer, [Line(1000)])
    first = billing.credit_note(invoice, amount=400)
    assert billing.get("invoices", invoice)["amount_due"] == 600
    billing.void_credit_note(first)
    assert billing.get("invoices", invoice)["amount_due"] == 1000
    billing.credit_note(invoice, amount=1000)
    assert billing.get("invoices", invoice)["status"] == "paid"
    with pytest.raises(Refused, match="paid, not open"):
        billing.void_credit_note(first)


def test_mixed_credit_note_splits_into_pre_and_post_payment(billing, customer):
    invoice = billing.invoice(customer, [Line(1000)])
    billing.pay(invoice, 600)
    note = billing.get("credit_notes", billing.credit_note(invoice, amount=700, refunds=[RefundPart(300)]))
    assert (note["type"], note["pre_payment_amount"], note["post_payment_amount"]) == ("mixed", 400, 300)
    assert billing.get("invoices", invoice)["status"] == "paid"


def test_one_credit_note_settled_in_every_way_at_once(billing, customer, paid):
    charge = billing.charges_of(paid)[0]["id"]
    linked = billing.refund(charge, 200)
    parts = [RefundPart(100), RefundPart(50, refund=linked)]
    note = billing.get(
        "credit_notes", billing.credit_note(paid, amount=400, refunds=parts, credit=150, out_of_band=100)
    )
    assert [part["amount_refunded"] for part in note["refunds"]] == [100, 50]
    assert billing.get("customer_balance_transactions", note["customer_balance_transaction"])["amount"] == -150
    billing.credit_note(paid, amount=150, refunds=[RefundPart(150, refund=linked)])
    billing.check()


def test_a_refund_of_a_payment_record_has_no_refund(billing, customer):
    invoice = billing.pay_outside(billing.invoice(customer, [Line(1000)]))
    note = billing.get(
        "credit_notes", billing.credit_note(invoice, amount=70, refunds=[RefundPart(70, on_record=True)])
    )
    assert note["refunds"][0]["type"] == "payment_record_refund"
    with pytest.raises(Refused):
        billing.credit_note(invoice, amount=931, refunds=[RefundPart(931, on_record=True)])


REFUSALS = [
    ("more than the invoice", lambda b, i: b.credit_note(i, amount=1001, credit=1001)),
    ("parts that do not add up", lambda b, i: b.credit_note(i, amount=1000, credit=999)),
    (
        "refund above the charge",
        lambda b, i: b.credit_note(i, amount=1000, refunds=[RefundPart(600), RefundPart(600)]),
    ),
    (
        "two refunds of one id",
        lambda b, i: b.credit_note(i, amount=2, refunds=[RefundPart(1, id="re_1")] * 2),
    ),
    (
        "a refund born failed",
        lambda b, i: b.credit_note(i, amount=1, refunds=[RefundPart(1, status="failed")]),
    ),
    ("a part of the wrong sign", lambda b, i: b.credit_note(i, amount=100, credit=200, out_of_band=-100)),
    (
        "a line of another invoice",
        lambda b, i: b.credit_note(i, lines=[CreditLine("il_x", amount=1)], credit=1),
    ),
    (
        "amount and lines",
        lambda b, i: b.credit_note(i, amount=1, lines=[CreditLine("il_x", amount=1)], credit=1),
    ),
    ("nothing", lambda b, i: b.credit_note(i)),
    (
        "negative custom line",
        lambda b, i: b.credit_note(i, lines=[CreditLine(unit_amount=-1, description="x")], credit=1),
    ),
    ("voiding a paid invoice", lambda b, i: b.void_invoice(i)),
    ("paying twice", lambda b, i: b.pay(i)),
    ("an id that exists", lambda b, i: b.create_customer(id=i)),
    ("a third decimal of dinars", lambda b, i: b.invoice(b.create_customer(), [Line(1001)], currency="kwd")),
]


@pytest.mark.parametrize("what, operation", REFUSALS, ids=[what for what, _ in REFUSALS])
def test_refusals_change_nothing(billing, paid, what, operation):
    before = {
        kind: len(billing.objects(kind))
        for kind in ("credit_notes", "invoices", "refunds", "customer_balance_transactions")
    }
    with pytest.raises(Refused):
        operation(billing, paid)
    assert before == {kind: len(billing.objects(kind)) for kind in before}
    billing.check()
