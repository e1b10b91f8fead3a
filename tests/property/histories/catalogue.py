"""Prices, products, coupons and tax rates that all customers share."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing

CURRENCIES = ("usd", "eur", "jpy", "kwd", "isk", "huf")
# Decimals in NetSuite. HUF has fewer than at Stripe, so that splits are made again in NetSuite's unit (S1).
PRECISIONS = {"usd": 2, "eur": 2, "jpy": 0, "kwd": 2, "isk": 0, "huf": 0}


@dataclass
class Catalogue:
    """Ids of the shared objects."""

    prices: dict[str, list[str]] = field(default_factory=dict)  # by currency
    products: list[str] = field(default_factory=list)
    coupons: dict[str, list[str]] = field(default_factory=dict)  # by currency
    exclusive: list[str] = field(default_factory=list)
    inclusive: list[str] = field(default_factory=list)
    unmapped_rate: str = ""


def make_catalogue(billing: Billing) -> Catalogue:
    """Create the shared objects in an empty account."""
    made = Catalogue()
    made.products = [billing.create_product(name) for name in ("Seat", "Usage", "Support", "Setup", "Rest")]
    percents = [billing.create_coupon(percent_off=p) for p in (10, 33.3, 50, 100)]
    for currency in CURRENCIES:
        size = step(currency)
        made.prices[currency] = [
            billing.create_price(product, amount * size, currency, interval="month" if i % 2 else None)
            for i, (product, amount) in enumerate(zip(made.products, (1990, 33, 25000, 7, 1200), strict=True))
        ]
        made.coupons[currency] = [*percents, billing.create_coupon(amount_off=7 * size, currency=currency)]
        made.coupons[currency].append(billing.create_coupon(amount_off=700 * size, currency=currency))
    _link_items(billing, made)
    made.exclusive = [billing.create_tax_rate(p) for p in (20, 7.7, 8.875, 0)]
    made.inclusive = [billing.create_tax_rate(p, inclusive=True) for p in (19, 5.5, 2)]
    made.unmapped_rate = billing.create_tax_rate(1)
    return made


def _link_items(billing: Billing, made: Catalogue) -> None:
    """K5: links of the Stripe Connector. 127 is inactive and 999 is not in NetSuite, so the next key counts."""
    links = {
        made.prices["usd"][0]: {"netsuite_service_sale_item_id": "123"},  # loses to item_map
        made.prices["usd"][1]: {"netsuite_service_sale_item_id": "127", "netsuite_service_resale_item_id": "124"},
        made.prices["usd"][2]: {"netsuite_service_sale_item_id": "999", "netsuite_non_inventory_sale_item_id": "125"},
        made.prices["eur"][3]: {"netsuite_non_inventory_resale_item_id": "126"},  # wins over the external id
        made.prices["eur"][1]: {"netsuite_non_inventory_resale_item_id": "o'999"},
    }
    for price, metadata in links.items():
        billing.update("prices", price, metadata=metadata)
    coupons = made.coupons["usd"]
    billing.update("coupons", coupons[0], metadata={"netsuite_discount_item_id": "123"})  # loses to item_map
    billing.update("coupons", coupons[1], metadata={"netsuite_discount_item_id": "124"})
    billing.update("coupons", coupons[2], metadata={"netsuite_discount_item_id": "127"})
