"""Taxes of a line and of shipping (facts 4.2). Amounts are in minor units."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sandbox.stripe.account import Account
from sandbox.stripe.amounts import rounded
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import rate_of, shipping_cost_of, tax_row


def taxes_on(account: Account, base: int, rates: Sequence[str], currency: str) -> list[Obj]:
    """Tax rows of a line whose amount after discounts and billing credits is `base`.

    `rates` are tax rate ids. Inclusive taxes are part of `base`; exclusive ones are computed on the rest.
    """
    found = [account.get("tax_rates", rate) for rate in rates]
    percent = {rate["id"]: Fraction(str(rate["percentage"])) for rate in found}
    inclusive = sum(percent[rate["id"]] for rate in found if rate["inclusive"])
    taxes = {
        rate["id"]: rounded(base * percent[rate["id"]] / (100 + inclusive), currency)
        for rate in found
        if rate["inclusive"]
    }
    taxable = base - sum(taxes.values())
    for rate in found:
        if rate["flat_amount"]:
            taxes[rate["id"]] = rate["flat_amount"]["amount"] if taxable > 0 else 0
        elif not rate["inclusive"]:
            taxes[rate["id"]] = rounded(taxable * percent[rate["id"]] / 100, currency)
    return [tax_row(rate["id"], rate["inclusive"], taxes[rate["id"]], taxable) for rate in found]


def shipping_with_taxes(account: Account, amount: int, rates: Sequence[str], currency: str) -> Obj:
    """Shipping cost of `amount`, which holds the inclusive taxes.

    guessed: `taxes` are shown without expanding (facts 2.2).
    """
    taxes = taxes_on(account, amount, rates, currency)
    inclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    return shipping_cost_of(
        amount - inclusive,
        [(account.get("tax_rates", rate_of(tax)), tax["amount"], tax["taxable_amount"]) for tax in taxes],
    )
