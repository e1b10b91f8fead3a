"""Decimal money in the major unit of a currency with a number of decimal places (facts, NetSuite section 7)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from sandbox.netsuite import errors
from sandbox.netsuite.records import ZERO


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, a Decimal also for no amounts."""
    return sum(amounts, ZERO)


def fits(amount: Decimal, places: int, path: str) -> Decimal:
    """The amount itself. Raises `Refused` if it has more decimal places than the currency."""
    if amount != rounded(amount, places):
        raise errors.too_precise(places, path)
    return amount


def rounded(amount: Decimal, places: int) -> Decimal:
    """The amount rounded to decimal places, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
