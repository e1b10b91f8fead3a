"""Random amounts, tax rates and metadata."""

from __future__ import annotations

from sandbox.stripe.amounts import step
from tests.property.histories.catalogue import Catalogue
from tests.property.histories.dice import Dice

BLOCK_VALUES = ("true", "false", "", "0", "yes")


def amount(dice: Dice, currency: str, highest: int = 40_000) -> int:
    """A positive amount in minor units, mostly round in HUF, whose NetSuite unit is coarser than Stripe's."""
    high = dice.pick((30, 3_000, highest))
    if currency == "huf" and dice.chance(80):
        return dice.integer(1, max(1, high // 100)) * 100
    return dice.integer(1, high) * step(currency)


def tax_rates(dice: Dice, catalogue: Catalogue) -> tuple[str, ...]:
    """None, one, two of a kind, one of each kind, or one without a mapping."""
    kind = dice.integer(1, 100)
    if kind <= 35:
        return ()
    if kind <= 60:
        return (dice.pick(catalogue.exclusive),)
    if kind <= 80:
        return (dice.pick(catalogue.inclusive),)
    if kind <= 86:
        return tuple(catalogue.inclusive[:2])
    if kind <= 92:
        return tuple(catalogue.exclusive[:2])
    if kind <= 97:
        return (dice.pick(catalogue.exclusive), dice.pick(catalogue.inclusive))
    return (catalogue.unmapped_rate,)


def metadata(dice: Dice) -> dict[str, str]:
    """Mostly empty; else the key that blocks the integration (X1), with values that block and values that do not."""
    return {"netsuite_block_integration": dice.pick(BLOCK_VALUES)} if dice.chance(3) else {}
