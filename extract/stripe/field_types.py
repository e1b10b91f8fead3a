"""The types of the fields that amounts depend on. If one of them changes, the run stops.

Under the pinned API version the types cannot change. If one did, a later parser would read 12.5 as 12 or as null, and
both would look like a valid amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from extract.errors import Inconsistent
from extract.stripe.paths import printable

# Whole numbers at any depth outside `metadata`: times in Unix seconds; amounts in minor units, and quantities.
TIMES = frozenset({
    "created", "effective_at", "finalized_at", "paid_at", "marked_uncollectible_at", "start", "end",
})  # fmt: skip
INTEGERS = TIMES | frozenset({
    "amount", "amount_due", "amount_paid", "amount_refunded", "amount_tax", "amount_total", "total",
    "taxable_amount", "pre_payment_amount", "post_payment_amount", "out_of_band_amount", "ending_balance",
    "starting_balance", "quantity",
})  # fmt: skip

LAST_TIME = 253_402_300_799  # the end of the year 9999
LARGEST = 10**16 - 1
"""Far beyond Stripe's largest price, 999,999,999,999 Indonesian rupiah with two decimals. Sums of 900 such amounts fit
into 64 bits."""

TEXTS = frozenset({"id", "object", "currency", "status", "quantity_decimal"})

LISTS = frozenset({"refunds", "discount_amounts", "pretax_credit_amounts", "taxes", "total_discount_amounts"})

_EXPECTED: dict[str, type] = {
    **dict.fromkeys(INTEGERS, int),
    **dict.fromkeys(TEXTS, str),
    **dict.fromkeys(LISTS, list),
}
_WORDS = {int: "a whole number", str: "text", list: "a list"}


def check_types(item: dict[str, Any]) -> None:
    """Raise Inconsistent, naming object and field, if a field above has another type or is beyond any of Stripe's
    amounts and times. Null is allowed."""
    try:
        _check(item)
    except _WrongType as wrong:
        raise Inconsistent(
            f"{printable(item.get('id'))}: {wrong.path} is {wrong.found}, Stripe declares {wrong.expected}. "
            "None of it was stored; report this with the object id"
        ) from None


class _WrongType(Exception):
    """`path` is built from the field outwards while the error propagates, so that correct objects cost nothing."""

    def __init__(self, name: str, found: Any, expected: str):
        self.path = name
        self.found = found if isinstance(found, str | int | bool | Decimal) else type(found).__name__
        self.expected = expected


def _check_size(name: str, number: int) -> None:
    if name in TIMES:
        raise _WrongType(name, number, "a time in Unix seconds")
    if name in INTEGERS and not -LARGEST <= number <= LARGEST:
        raise _WrongType(name, number, "a number of at most 16 digits")


def _check(value: dict[str, Any]) -> None:
    for name, inner in value.items():
        kind = type(inner)
        is_wrong = name in _EXPECTED and kind is not _EXPECTED[name] and inner is not None
        if is_wrong and not (name in LISTS and kind is dict):
            raise _WrongType(name, inner, _WORDS[_EXPECTED[name]])
        if kind is int:
            if not 0 <= inner <= LAST_TIME:  # nearly every number lies in between, also amounts
                _check_size(name, inner)
            continue
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
