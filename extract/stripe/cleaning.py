"""What happens to every object before it is stored: its private fields are removed, and its types are checked.

One walk does both: two take longer than to parse the object.
"""

from __future__ import annotations

from decimal import Decimal
from types import NoneType
from typing import Any

from extract.errors import Inconsistent
from extract.stripe.field_types import INTEGERS, LARGEST, LAST_TIME, LISTS, TEXTS, TIMES
from extract.stripe.paths import printable
from extract.stripe.privacy import PRIVATE_FIELDS

_ANYWHERE = PRIVATE_FIELDS["*"]
_EXPECTED: dict[str, frozenset[type]] = {
    **dict.fromkeys(INTEGERS, frozenset({int, NoneType})),
    **dict.fromkeys(TEXTS, frozenset({str, NoneType})),
    **dict.fromkeys(LISTS, frozenset({list, dict, NoneType})),
}


def clean(item: dict[str, Any]) -> dict[str, Any]:
    """Remove `PRIVATE_FIELDS` from `item` in place, at any depth outside `metadata`, and return it.

    Raises Inconsistent, naming object and field, if one of the others is of another type than `field_types` says, or
    beyond any of Stripe's amounts and times. Null is allowed.
    """
    try:
        _clean(item)
    except _WrongType as wrong:
        raise Inconsistent(
            f"{printable(item.get('id'))}: {wrong.path} is {wrong.found}, Stripe declares {wrong.expected}. "
            "None of it was stored; report this with the object id"
        ) from None
    return item


class _WrongType(Exception):
    """`path` is built from the field outwards while the error propagates, so that correct objects cost nothing."""

    def __init__(self, name: str, found: Any, expected: str):
        self.path = name
        self.found = found if isinstance(found, str | int | bool | Decimal) else type(found).__name__
        self.expected = expected


def _clean(value: dict[str, Any]) -> None:
    if not _ANYWHERE.isdisjoint(value):
        for name in _ANYWHERE.intersection(value):
            del value[name]
    own = value.get("object")
    if type(own) is str and own in PRIVATE_FIELDS:
        for name in PRIVATE_FIELDS[own]:
            value.pop(name, None)
    for name, inner in value.items():
        kind = type(inner)
        if name in _EXPECTED and kind not in _EXPECTED[name]:
            raise _WrongType(name, inner, _words(name))
        if kind is int:
            if not 0 <= inner <= LAST_TIME:  # nearly every number lies in between, also amounts
                _check_size(name, inner)
        elif (kind is dict or kind is list) and name != "metadata":
            try:
                _clean(inner) if kind is dict else _clean_list(inner)
            except _WrongType as wrong:
                wrong.path = f"{name}{'' if kind is dict else '[]'}.{wrong.path}"
                raise


def _clean_list(entries: list[Any]) -> None:
    for entry in entries:
        if type(entry) is dict:
            _clean(entry)
        elif type(entry) is list:
            _clean_list(entry)


def _words(name: str) -> str:
    return "a whole number" if name in INTEGERS else "text" if name in TEXTS else "a list"


def _check_size(name: str, number: int) -> None:
    if name in TIMES:
        raise _WrongType(name, number, "a time in Unix seconds")
    if name in INTEGERS and not -LARGEST <= number <= LARGEST:
        raise _WrongType(name, number, "a number of at most 16 digits")
