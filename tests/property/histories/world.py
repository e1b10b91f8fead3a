"""A world: histories of many customers in one account, and everything around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.billing import Billing
from tests.property.combinations import Combination
from tests.property.histories.catalogue import make_catalogue
from tests.property.histories.dice import Dice, Seeded
from tests.property.histories.history import History
from tests.property.histories.landed import landed
from tests.property.histories.mapping_files import mapping_files
from tests.property.histories.netsuite import NetSuiteRows

Obj = dict[str, Any]


@dataclass
class World:
    """All that is landed: Stripe's objects after damage, and NetSuite's rows."""

    stripe: dict[str, dict[str, Obj]]
    netsuite: dict[str, list[Obj]]
    mappings: dict[str, list[Obj]]
    history_of: dict[str, int]  # Stripe customer -> number of its history


def seeded_world(seed: int, combination: Combination, numbers: Iterable[int]) -> World:
    """The histories with these numbers; a history depends on seed, combination and its number alone."""
    return make(combination, ((n, Seeded(f"{seed}/{combination.name}/{n}")) for n in numbers))


def make(combination: Combination, dice: Iterable[tuple[int, Dice]]) -> World:
    """A world with one customer for each of the numbered dice."""
    billing = Billing(tick=0)
    catalogue = make_catalogue(billing)
    netsuite = NetSuiteRows(
        unknown_currency=combination.unknown_currency,
        closed_until=combination.closed_until,
        has_id_fields="customer_id_field" in combination.variables,
    )
    mappings = mapping_files(
        catalogue,
        netsuite,
        any_rate=combination.any_rate,
        missing_roles=combination.missing_roles,
        accounts=combination.accounts,
    )
    damage: list[Obj] = []
    history_of: dict[str, int] = {}
    for number, die in dice:
        history = History(die, billing, catalogue, combination.starts)
        customer = history.run()
        netsuite.add(die, billing, customer, number)
        history_of[customer] = number
        damage += history.damage
        billing.objects("events").clear()
    return World(landed(billing, damage), netsuite.rows, mappings, history_of)
