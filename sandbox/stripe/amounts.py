"""Integer money in minor units: the smallest step of a currency, rounding to it, and shares that add up."""

from collections.abc import Sequence
from fractions import Fraction

# Stripe refuses a last digit other than 0 in three-decimal currencies, and sends ISK and UGX with two
# decimals that must be 0 (facts 4.4).
_STEP = dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 10) | dict.fromkeys(("isk", "ugx"), 100)
_MINIMUM_CHARGE = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "kwd": 150}
MAXIMUM_CHARGE = 99_999_999


def step(currency: str) -> int:
    """Smallest difference between two amounts of `currency`, in its minor unit."""
    return _STEP.get(currency, 1)


def minimum_charge(currency: str) -> int:
    """Smallest amount of a card charge. guessed: currencies that are not listed (facts 4.3 only show a minimum)."""
    return _MINIMUM_CHARGE.get(currency, 50 * step(currency))


def rounded(exact: Fraction, currency: str) -> int:
    """The amount rounded to the nearest step of the currency, halves away from zero."""
    size = step(currency)
    nearest = int(abs(exact) / size + Fraction(1, 2)) * size
    return nearest if exact >= 0 else -nearest


def spread(total: int, weights: Sequence[int], currency: str) -> list[int]:
    """Shares of `total` in proportion to `weights` (none negative).

    Each share is rounded down; the last one takes the remainder (seen: facts 4.2).
    """
    size = step(currency)
    whole = sum(weights)
    shares = [total * weight // whole // size * size if whole else 0 for weight in weights]
    last = max((index for index, weight in enumerate(weights) if weight), default=None)
    if last is not None:
        shares[last] += total - sum(shares)
    return shares


def next_share(whole: int, weight: int, done: int, adding: int, already: int, currency: str) -> int:
    """The share of `whole` (a line's tax or discount) that goes with crediting `adding` more of the line.

    `weight` is the line's amount, `done` the part of it that is credited so far, `already` the share taken so far.
    Shares are differences of a running floor: their sum never exceeds the whole, and equals it when the line is
    fully credited. guessed: Stripe does not document how it apportions credit notes (facts 4.2).
    """
    if not weight:
        return 0
    size, sign = step(currency), 1 if whole >= 0 else -1
    target = abs(whole) * abs(done + adding) // abs(weight) // size * size
    return sign * max(0, target - abs(already))
