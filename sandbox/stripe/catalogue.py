"""Products, prices, coupons and tax rates of the account, and edits of descriptive fields (facts 2.7)."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import shapes
from sandbox.stripe.account import Account, Refused, fits
from sandbox.stripe.shapes import Obj

DESCRIPTIVE = {"metadata", "memo", "description", "name", "email", "active", "nickname"}


def create_product(account: Account, name: str, *, id: str | None = None, metadata: Obj | None = None) -> str:
    """Create a product. Returns its id."""
    product = shapes.PRODUCT | {
        "id": account.new_id("prod", id), "created": account.now, "updated": account.now, "name": name,
        "metadata": metadata or {},
    }  # fmt: skip
    return account.insert("products", product, "product.created")


def create_price(
    account: Account,
    product: str,
    unit_amount: int,
    currency: str,
    *,
    interval: str | None = None,
    id: str | None = None,
    metadata: Obj | None = None,
) -> str:
    """Create a price in minor units: recurring with an `interval` (`month`, ...), one-off without. Returns its id."""
    account.get("products", product)
    fits(currency, unit_amount)
    recurring = interval and {
        "interval": interval,
        "interval_count": 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    price = shapes.PRICE | {
        "id": account.new_id("price", id),
        "created": account.now,
        "product": product,
        "currency": currency,
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
        "recurring": recurring or None,
        "type": "recurring" if interval else "one_time",
        "metadata": metadata or {},
    }
    return account.insert("prices", price, "price.created")


def create_coupon(
    account: Account,
    *,
    percent_off: float | None = None,
    amount_off: int | None = None,
    currency: str | None = None,
    name: str | None = None,
    id: str | None = None,
    metadata: Obj | None = None,
) -> str:
    """Create a coupon: `percent_off`, or `amount_off` in minor units with `currency`. Returns its id."""
    if (percent_off is None) == (amount_off is None) or (amount_off is None) != (currency is None):
        raise Refused("a coupon takes percent_off, or amount_off with currency")
    coupon = shapes.COUPON | {
        "id": account.new_id("coupon", id),
        "created": account.now,
        "percent_off": percent_off,
        "amount_off": amount_off,
        "currency": currency,
        "name": name,
        "metadata": metadata or {},
    }
    return account.insert("coupons", coupon, "coupon.created")


def create_tax_rate(
    account: Account,
    percentage: float,
    *,
    inclusive: bool = False,
    display_name: str = "VAT",
    flat_amount: tuple[int, str] | None = None,
    id: str | None = None,
    country: str | None = None,
) -> str:
    """Create a tax rate. Returns its id.

    `percentage` is in percent. `flat_amount` (amount, currency) makes it an amount per line, always exclusive.
    """
    flat = flat_amount and {"amount": flat_amount[0], "currency": flat_amount[1]}
    rate = shapes.TAX_RATE | {
        "id": account.new_id("txr", id),
        "created": account.now,
        "percentage": percentage,
        "inclusive": inclusive,
        "display_name": display_name,
        "country": country,
        "flat_amount": flat or None,
        "effective_percentage": None if flat else percentage,
        "rate_type": "flat_amount" if flat else "percentage",
    }
    return account.insert("tax_rates", rate, "tax_rate.created")


def update(account: Account, kind: str, id: str, **fields: Any) -> None:
    """Change descriptive fields (metadata, memo, active, ...) of any object, with an `.updated` event."""
    obj = account.get(kind, id)
    if fields.keys() - DESCRIPTIVE or fields.keys() - obj.keys():
        raise Refused(f"cannot update {sorted(fields)} of {obj['object']}")
    account.pass_time()
    if "updated" in obj:
        fields["updated"] = account.now
    account.change(obj, f"{obj['object']}.updated", **fields)
