"""Minor units and splits: S1, X3."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from tests.property.oracle.facts import Facts

THREE_DECIMALS = ("bhd", "jod", "kwd", "omr", "tnd")
NO_DECIMALS = (
    *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
    *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
)


def decimals(currency: str) -> int:
    """Decimals of Stripe's minor unit (X3). Stripe sends ISK and UGX with two."""
    return 3 if currency in THREE_DECIMALS else 0 if currency in NO_DECIMALS else 2


def smallest_unit(facts: Facts, currency: str) -> int:
    """X3, S1: NetSuite's smallest amount in Stripe's minor units; 1 where Stripe's unit is the coarser one."""
    precision = facts.precisions.get(currency)
    return 1 if precision is None else 10 ** max(0, decimals(currency) - precision)


def split_unit(facts: Facts, currency: str, amount: int) -> int:
    """X3, S1: the unit of a split: NetSuite's where the amount fits it, else Stripe's."""
    unit = smallest_unit(facts, currency)
    return unit if amount % unit == 0 else 1


def split(amount: int, weights: Sequence[int], unit: int = 1) -> list[int]:
    """S1: floors of the exact shares, then one unit each to the largest fractions; ties go to the earlier share.

    `amount` is a multiple of `unit`; the weights do not sum to zero.
    """
    total_weight = sum(weights)
    exact = [Fraction(amount // unit * weight, total_weight) for weight in weights]
    shares = [floor(share) for share in exact]
    missing = amount // unit - sum(shares)
    by_fraction = sorted(range(len(weights)), key=lambda i: (-(exact[i] - floor(exact[i])), i))
    for i in by_fraction[:missing]:
        shares[i] += 1
    return [share * unit for share in shares]
