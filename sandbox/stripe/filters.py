"""Filters and order of Stripe's lists: which parameters a list knows, and which rows they select (facts 3.1)."""

from __future__ import annotations

import bisect
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.stripe.errors import ApiError
from sandbox.stripe.shapes import Obj

# Filters beyond paging. Ranges take [gt|gte|lt|lte]. The others compare with the field of the same name, except
# those in `_SPECIAL`.
FILTERS = {
    "credit_notes": "created customer customer_account invoice",
    "invoices": "created customer customer_account status subscription collection_method due_date",
    "invoice_payments": "created invoice status payment[type] payment[payment_intent] payment[payment_record]",
    "refunds": "created charge payment_intent",
    "charges": "created customer payment_intent transfer_group",
    "payment_intents": "created customer customer_account",
    "customers": "created email test_clock",
    "prices": "active created currency product type",
    "products": "active created ids[] shippable url",
    "coupons": "created",
    "tax_rates": "active created inclusive",
    "events": "created type types[] delivery_success",
    "balance_transactions": "created currency payout source type",
    "payouts": "created arrival_date status destination",
    "customers/balance_transactions": "created invoice",
    "lines": "",
}
RANGES = ("created", "due_date", "arrival_date")
PAGING = ("limit", "starting_after", "ending_before", "expand[]")
_SPECIAL: dict[str, Callable[[Obj, list[str]], bool]] = {
    "ids[]": lambda obj, values: obj["id"] in values,
    "types[]": lambda obj, values: obj["type"] in values,
    "delivery_success": lambda obj, values: (obj["pending_webhooks"] == 0) == (values[0] == "true"),
    "subscription": lambda obj, values: values[0] in {line["subscription"] for line in obj["lines"]["data"]},
    "payment[type]": lambda obj, values: obj["payment"]["type"] == values[0],
    "payment[payment_intent]": lambda obj, values: obj["payment"].get("payment_intent") == values[0],
    "payment[payment_record]": lambda obj, values: obj["payment"].get("payment_record") == values[0],
}


def check_known(kind: str, parameters: dict[str, list[str]]) -> None:
    """Refuse a parameter that this list does not have."""
    known = FILTERS[kind].split()
    ranges = [f"{name}[{bound}]" for name in known if name in RANGES for bound in ("gt", "gte", "lt", "lte")]
    only_known(parameters, (*PAGING, *known, *ranges))


def only_known(parameters: dict[str, list[str]], known: tuple[str, ...]) -> None:
    """Refuse a parameter that is not one of the known ones."""
    for name in parameters:
        if name not in known:
            raise ApiError(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def integer(text: str, name: str) -> int:
    """The value of an integer parameter. Raises `ApiError` for any other text."""
    if not re.fullmatch(r"-?\d+", text):
        raise ApiError(400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)


def predicates(kind: str, parameters: dict[str, list[str]]) -> Iterator[Callable[[Obj], bool]]:
    """One test per filter. `Rows.between` applies `created`, and the list of one payout's rows applies `payout`."""
    if kind == "customers" and "test_clock" not in parameters:
        yield _equals("test_clock", "None")
    for name, values in parameters.items():
        field, _, bound = name.partition("[")
        if name in PAGING or field in ("created", "payout"):
            continue
        if name in _SPECIAL:
            yield _special(name, values)
        elif field in RANGES:
            yield _within(field, bound.rstrip("]"), integer(values[-1], name))
        elif kind == "events" and values[-1].endswith("*"):
            yield _starts("type", values[-1][:-1])
        else:
            yield _equals(name, values[-1])


def _special(name: str, values: list[str]) -> Callable[[Obj], bool]:
    test = _SPECIAL[name]
    return lambda row: test(row, values)


def _equals(field: str, value: str) -> Callable[[Obj], bool]:
    return lambda row: _text(row.get(field)) == value


def _starts(field: str, start: str) -> Callable[[Obj], bool]:
    return lambda row: str(row[field]).startswith(start)


def _within(field: str, bound: str, limit: int) -> Callable[[Obj], bool]:
    compare = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le, "": operator.eq}[bound]
    return lambda row: row[field] is not None and bool(compare(row[field], limit))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Rows:
    """Objects in the order of a list endpoint, with the positions that paging needs.

    A row that a test clock hides keeps its place.
    """

    def __init__(self, rows: list[Obj]) -> None:
        self.rows = rows
        self._positions: dict[str, int] = {}

    def position(self, id: str) -> int | None:
        """Index of an object; None if the list does not have it."""
        if not self._positions:
            self._positions = {row["id"]: index for index, row in enumerate(self.rows)}
        return self._positions.get(id)

    def between(self, parameters: dict[str, list[str]]) -> tuple[int, int]:
        """Start and end of the slice that the `created` bounds allow. Rows are newest first."""
        first, last = 0, len(self.rows)
        for name, values in parameters.items():
            if name.startswith("created"):
                bound = integer(values[-1], name)
                not_newer = bisect.bisect_left(self.rows, -bound, key=_age)
                older = bisect.bisect_right(self.rows, -bound, key=_age)
                if name in ("created[lte]", "created[lt]", "created"):
                    first = max(first, older if name == "created[lt]" else not_newer)
                if name in ("created[gte]", "created[gt]", "created"):
                    last = min(last, not_newer if name == "created[gt]" else older)
        return first, last


def _age(row: Obj) -> int:
    return -int(row["created"])
