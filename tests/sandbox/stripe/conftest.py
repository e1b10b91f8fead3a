"""Fixtures of the Stripe stand-in's tests."""

import pytest

from sandbox.stripe.billing import Billing, Line


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
