"""Random histories: invariants, Stripe's shapes, determinism, and the file."""

import pytest
import stripe

from sandbox.stripe.billing import Billing
from tests.sandbox.stripe.declarations import object_faults
from tests.sandbox.stripe.histories import history

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


def test_same_operations_give_the_same_account_and_it_survives_disk(tmp_path):
    first, second = history(5), history(5)
    first.save(tmp_path / "a.json")
    second.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    again = Billing.load(tmp_path / "a.json")
    again.check()
    assert again.objects("credit_notes") == first.objects("credit_notes")
