"""Invoices: line arithmetic, and the customer balance that they use."""

import pytest

from sandbox.stripe.billing import Line, Refused


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


def test_checkout_balance_row_names_no_invoice(billing, customer):
    billing.adjust_balance(customer, -300)
    invoice = billing.invoice(customer, [Line(1000)], through_checkout=True)
    [row] = billing.owned(invoice, "customer_balance_transactions")
    assert row["type"] == "checkout_session_subscription_payment" and row["invoice"] is None and row["checkout_session"]


def test_balance_changes_show_only_in_customer_updated(billing, customer):
    billing.adjust_balance(customer, -300)
    last = list(billing.objects("events").values())[-1]
    assert (last["type"], last["data"]["previous_attributes"]) == ("customer.updated", {"balance": 0})
    billing.adjust_balance(customer, -300, currency="eur")
    assert list(billing.objects("events").values())[-1] == last
