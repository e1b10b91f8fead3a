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

_EXPECTED: dict[str, type] = {
    **dict.fromkeys(INTEGERS, int),
    **dict.fromkeys(TEXTS, str),
    **dict.fromkeys(LISTS, list),
}


def check_types(item: dict[str, Any]) -> None:
    """Raises Inconsistent, naming object and field, when a field above has another type; null is fine."""
    try:
        _check(item)
    except _WrongType as wrong:
        raise Inconsistent(
            f"{item.get('id')}: {wrong.path} is {wrong.found}, Stripe declares {wrong.expected}. "
            "Nothing of it was stored; report this with the object's id"
        ) from None


class _WrongType(Exception):
    """`path` grows from the field outwards, so that it costs nothing while all is well."""

    def __init__(self, name: str, found: Any, expected: type):
        self.path = name
        self.found = found if isinstance(found, str | int | bool | Decimal) else type(found).__name__
        self.expected = _WORDS[expected]


def _check(value: dict[str, Any]) -> None:
    for name, inner in value.items():
        kind = type(inner)
        is_wrong = name in _EXPECTED and kind is not _EXPECTED[name] and inner is not None
        if is_wrong and not (name in LISTS and kind is dict):
            raise _WrongType(name, inner, _EXPECTED[name])
        if (kind is not dict and kind is not list) or name == "metadata":
            continue
        try:
            if kind is dict:
                _check(inner)
            else:
                for entry in inner:
                    if type(entry) is dict:
                        _check(entry)
        except _WrongType as wrong:
            wrong.path = f"{name}{'' if kind is dict else '[]'}.{wrong.path}"
            raise


_WORDS = {int: "a whole number", str: "text", list: "a list"}
