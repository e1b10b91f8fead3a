"""The billing model: amounts add up, objects have Stripe's shapes, and Stripe's refusals apply."""

import pytest
import stripe

from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart, Refused
from tests.sandbox.stripe_histories import history
from tests.sandbox.stripe_shapes import object_faults

DECLARATIONS = {
    "customers": stripe.Customer,
    "products": stripe.Product,
    "prices": stripe.Price,
    "coupons": stripe.Coupon,
    "tax_rates": stripe.TaxRate,
    "discounts": stripe.Discount,
    "invoices": stripe.Invoice,
    "credit_notes": stripe.CreditNote,
    "invoice_payments": stripe.InvoicePayment,
    "payment_intents": stripe.PaymentIntent,
    "charges": stripe.Charge,
    "refunds": stripe.Refund,
    "customer_balance_transactions": stripe.CustomerBalanceTransaction,
    "balance_transactions": stripe.BalanceTransaction,
    "payouts": stripe.Payout,
    "events": stripe.Event,
}


@pytest.fixture
def billing() -> Billing:
    return Billing()


@pytest.fixture
def customer(billing: Billing) -> str:
    return billing.create_customer(currency="usd")


@pytest.fixture
def paid(billing: Billing, customer: str) -> str:
    """A paid invoice of 10.00 USD."""
    invoice = billing.invoice(customer, [Line(1000, quantity=4)])
    billing.pay(invoice)
    return invoice


@pytest.mark.parametrize("first_seed", range(0, 120, 30))
def test_random_histories_keep_the_invariants_and_stripes_shapes(first_seed):
    faults = set()
    for seed in range(first_seed, first_seed + 30):
        made = history(seed, steps=50)
        for kind, declaration in DECLARATIONS.items():
            for obj in made.objects(kind).values():
                faults |= set(object_faults(obj, declaration))
    assert not faults


def test_shape_check_finds_unknown_missing_and_mistyped_fields():
    coupon = {"id": 7, "object": "coupon", "colour": "red"}
    found = "\n".join(object_faults(coupon, stripe.Coupon))
    assert "colour: not a field" in found and "Coupon.id: 7" in found and "Coupon.valid: missing" in found


def test_line_arithmetic_takes_discounts_then_billing_credit_then_taxes(billing, customer):
    half, vat = billing.create_coupon(percent_off=50), billing.create_tax_rate(20, inclusive=True)
    line = Line(1000, discounts=[half], billing_credit=20, taxes=[vat, billing.create_tax_rate(10)])
    invoice = billing.get("invoices", billing.invoice(customer, [line], shipping=100, shipping_taxes=[vat]))
    amounts = [tax["amount"] for tax in invoice["lines"]["data"][0]["taxes"]]
    assert amounts == [80, 40]  # 480 holds 80; 10 percent of the 400 left come on top
    assert (invoice["subtotal"], invoice["total"], invoice["total_excluding_tax"]) == (500, 620, 483)
    assert invoice["shipping_cost"] | {"taxes": []} == {
        "amount_subtotal": 83, "amount_tax": 17, "amount_total": 100, "shipping_rate": None, "taxes": [],
    }  # fmt: skip


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


BALANCES = [  # balance before, invoice total -> ledger rows (type, amount), amount due, status
    (-300, 1000, [("applied_to_invoice", 300)], 700, "open"),
    (-1500, 1000, [("applied_to_invoice", 1000)], 0, "paid"),
    (500, 1000, [("applied_to_invoice", -500)], 1500, "open"),
    (0, -334, [("applied_to_invoice", -334)], 0, "paid"),
    (0, 1, [("invoice_too_small", 1)], 0, "paid"),
    (-990, 1000, [("applied_to_invoice", 990), ("invoice_too_small", 10)], 0, "paid"),
    (20, 10, [("invoice_too_small", 10)], 0, "paid"),
    (0, 0, [], 0, "paid"),
    (0, 123_456_789, [("invoice_too_large", 123_456_789)], 0, "paid"),
]


@pytest.mark.parametrize("before, total, rows, due, status", BALANCES)
def test_finalizing_applies_the_balance(billing, customer, before, total, rows, due, status):
    if before:
        billing.adjust_balance(customer, before)
    invoice = billing.get("invoices", billing.invoice(customer, [Line(total)]))
    made = billing.owned(invoice["id"], "customer_balance_transactions")
    assert [(row["type"], row["amount"]) for row in made] == rows
    assert (invoice["amount_due"], invoice["status"]) == (due, status)
    assert invoice["ending_balance"] == before + sum(amount for _, amount in rows)
    billing.check()


def test_voiding_gives_the_balance_back(billing, customer):
    billing.adjust_balance(customer, -300)
    billing.void_invoice(billing.invoice(customer, [Line(1000)]))
    assert billing.balance(customer, "usd") == -300
    assert list(billing.objects("customer_balance_transactions").values())[-1]["type"] == "unapplied_from_invoice"
    billing.void_invoice(billing.invoice(customer, [Line(1000)]), gives_balance_back=False)
    assert billing.balance(customer, "usd") == 0


def test_balance_given_back_while_open_is_due_again_once(billing, customer):
    billing.adjust_balance(customer, -300)
    invoice = billing.invoice(customer, [Line(1000)])
    billing.unapply_balance(invoice)
    assert billing.get("invoices", invoice)["amount_due"] == 1000
    with pytest.raises(Refused):
        billing.unapply_balance(invoice)
    billing.void_invoice(invoice)
    assert billing.balance(customer, "usd") == -300
    billing.check()


def test_an_overpayment_cannot_be_credited(billing, customer):
    invoice = billing.invoice(customer, [Line(1000)])
    billing.pay(invoice, 1500)
    with pytest.raises(Refused, match="1000 left"):
        billing.credit_note(invoice, amount=1001, credit=1001)


def test_checkout_balance_row_names_no_invoice(billing, customer):
    billing.adjust_balance(customer, -300)
    invoice = billing.invoice(customer, [Line(1000)], through_checkout=True)
    [row] = billing.owned(invoice, "customer_balance_transactions")
    assert row["type"] == "checkout_session_subscription_payment" and row["invoice"] is None and row["checkout_session"]


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


def test_direct_refunds_use_up_what_can_be_credited(billing, paid):
    billing.refund(billing.charges_of(paid)[0]["id"], 400)
    with pytest.raises(Refused, match="600 left"):
        billing.credit_note(paid, amount=700, credit=700)


def test_a_failed_refund_leaves_the_credit_note_issued(billing, paid):
    note = billing.credit_note(paid, amount=500, refunds=[RefundPart(500, status="pending")])
    [refund] = billing.objects("refunds")
    billing.settle_refund(refund, "failed")
    assert billing.get("credit_notes", note)["status"] == "issued"
    assert billing.get("refunds", refund)["failure_balance_transaction"]
    assert billing.charges_of(paid)[0]["amount_refunded"] == 0


def test_payout_carries_charges_and_refunds(billing, paid):
    billing.credit_note(paid, amount=500, refunds=[RefundPart(500)])
    payout = billing.payout("usd")
    rows = billing.owned(payout, "balance_transactions")
    assert [row["type"] for row in rows] == ["charge", "refund", "payout"]
    assert billing.get("payouts", payout)["amount"] == 1000 - 29 - 500


def test_balance_changes_show_only_in_customer_updated(billing, customer):
    billing.adjust_balance(customer, -300)
    last = list(billing.objects("events").values())[-1]
    assert (last["type"], last["data"]["previous_attributes"]) == ("customer.updated", {"balance": 0})
    billing.adjust_balance(customer, -300, currency="eur")
    assert list(billing.objects("events").values())[-1] == last


def test_same_operations_give_the_same_account_and_it_survives_disk(tmp_path):
    first, second = history(5), history(5)
    first.save(tmp_path / "a.json")
    second.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    again = Billing.load(tmp_path / "a.json")
    again.check()
    assert again.objects("credit_notes") == first.objects("credit_notes")
