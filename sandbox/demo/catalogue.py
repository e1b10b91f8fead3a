"""The demo company's catalogue: products, prices, tax rates, coupons."""

from __future__ import annotations

from sandbox.stripe.billing import Billing

PLANS = {  # product -> price of one unit by currency, in minor units
    "Team": {"usd": 4900, "eur": 4500, "gbp": 3900, "jpy": 7000, "kwd": 15_000},
    "Seat": {"usd": 2000, "eur": 1800, "gbp": 1600},
    "Storage": {"usd": 900},
    "Legacy": {"usd": 1250},
}


def create(billing: Billing) -> None:
    """Create the catalogue. The seeds of dbt_project map all of it except Legacy, txr_New and two coupons."""
    for plan, prices in PLANS.items():
        product = billing.create_product(f"{plan} plan", id=f"prod_{plan}")
        for currency, amount in prices.items():
            billing.create_price(product, amount, currency, interval="month", id=f"price_{plan}{currency.title()}")
    billing.create_tax_rate(20, id="txr_Vat20")
    billing.create_tax_rate(1.125, display_name="City tax", id="txr_City")
    billing.create_tax_rate(20, inclusive=True, id="txr_Inclusive")
    billing.create_tax_rate(0, id="txr_Zero")
    billing.create_tax_rate(5, display_name="New levy", id="txr_New")
    billing.create_coupon(percent_off=10, name="Welcome", id="WELCOME10")
    billing.create_coupon(percent_off=5, name="Loyal customer", id="LOYAL5")
    billing.create_coupon(amount_off=1000, currency="usd", name="Ten off", id="TENOFF")
