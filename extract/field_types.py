"""Fields whose type every amount rests on. Under the pinned API version they cannot change; if one does, the
run stops.

A parser further on would read 12.5 as 12 or leave a hole, and both would look like money.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from extract.errors import Inconsistent

# Whole numbers wherever they stand outside `metadata`: amounts in minor units, quantities, times.
INTEGERS = frozenset({
    "amount", "amount_due", "amount_paid", "amount_refunded", "amount_tax", "amount_total", "total",
    "taxable_amount", "pre_payment_amount", "post_payment_amount", "out_of_band_amount", "ending_balance",
    "starting_balance", "quantity", "created", "effective_at", "finalized_at", "paid_at",
    "marked_uncollectible_at", "start", "end",
})  # fmt: skip

TEXTS = frozenset({"id", "object", "currency", "status"})

LISTS = frozenset({"refunds", "discount_amounts", "pretax_credit_amounts", "taxes", "total_discount_amounts"})

_CHECKED = INTEGERS | TEXTS | LISTS


def check_types(item: dict[str, Any]) -> None:
    """Raises Inconsistent, naming object and field, when a field above has another type; null is fine."""
    _check(item, str(item.get("id")), "")


def _check(value: dict[str, Any], identifier: str, path: str) -> None:
    for name in _CHECKED.intersection(value):
        found = value[name]
        if found is None:
            continue
        expected = int if name in INTEGERS else str if name in TEXTS else list
        if type(found) is not expected and not (name in LISTS and isinstance(found, dict)):
            shown = found if isinstance(found, str | int | bool | Decimal) else type(found).__name__
            raise Inconsistent(
                f"{identifier}: {path}{name} is {shown!s}, Stripe declares {_WORDS[expected]}. "
                "Nothing of it was stored; report this with the object's id"
            )
    for name, inner in value.items():
        if name == "metadata":
            continue
        if type(inner) is dict:
            _check(inner, identifier, f"{path}{name}.")
        elif type(inner) is list:
            for entry in inner:
                if type(entry) is dict:
                    _check(entry, identifier, f"{path}{name}[].")


_WORDS = {int: "a whole number", str: "text", list: "a list"}
