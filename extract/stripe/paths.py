"""Paths of single objects. Ids are opaque (interfaces, section 6): users choose those of customers and coupons."""

from __future__ import annotations

from urllib.parse import quote

from extract.errors import StripeRefused

# Collections whose name has two parts; the id comes one place later in their paths.
NESTED_COLLECTIONS = frozenset({"checkout/sessions"})


def object_path(collection: str, identifier: str, *rest: str) -> str:
    """The path of one object, such as `/v1/customers/team%237/balance_transactions`.

    collection: its name in the path, such as `invoices` · identifier: the id as Stripe has it · rest: what follows.
    Raises StripeRefused for `.` and `..`, which no server could tell from a step in the path.
    """
    if identifier.strip(".") == "":
        raise StripeRefused(
            f"the id {identifier!r} in {collection} cannot be part of an address. Give the object another id in Stripe"
        )
    return "/".join((f"/v1/{collection}", quote(identifier, safe=""), *rest))


def endpoint_of(path: str) -> str:
    """The path without ids, such as `/v1/invoices/*/lines`. Stripe's rate limits count by it."""
    parts = path.split("/")
    place = 4 if "/".join(parts[2:4]) in NESTED_COLLECTIONS else 3
    return "/".join("*" if index == place else part for index, part in enumerate(parts))


def printable(identifier: object) -> str:
    """An id for a message or a log line: control characters are shown as escapes, so that no line can be forged."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(identifier))
