"""Expansion of ids into objects, and the cut of nested lists (facts 3.3)."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.account import KINDS, Account
from sandbox.stripe.errors import ApiError
from sandbox.stripe.shapes import Obj

EXPANDABLE = frozenset((
    "customer", "invoice", "credit_note", "customer_balance_transaction", "discount", "discounts", "coupon", "refund",
    "charge", "payment_intent", "latest_charge", "balance_transaction", "failure_balance_transaction", "source",
    "price", "product", "checkout_session",
))  # fmt: skip
EXPANDABLE_LISTS = {("invoice", "payments"): "invoice_payments", ("charge", "refunds"): "refunds"}
NESTED_ROWS = 10  # rows of a nested list


def expanded(account: Account, obj: Obj, path: str) -> Obj:
    """A copy of the object with the ids at `path` (`discount_amounts.discount`) replaced by their objects.

    Raises `ApiError` if the path cannot be expanded.
    """
    shown: Obj = _expanded(account, obj, path.split("."), path)
    return shown


def cut_lines(obj: Obj) -> Obj:
    """The object with at most ten of its nested lines."""
    lines = obj.get("lines")
    if not lines or len(lines["data"]) <= NESTED_ROWS:
        return obj
    return obj | {"lines": lines | {"data": lines["data"][:NESTED_ROWS], "has_more": True}}


def _expanded(account: Account, value: Any, path: list[str], whole: str) -> Any:
    if isinstance(value, list):
        return [_expanded(account, item, path, whole) for item in value]
    if value is None:
        return None
    name, rest = path[0], path[1:]
    nested = EXPANDABLE_LISTS.get((value.get("object", ""), name))
    inner = _nested_list(account, value["id"], nested) if nested else _field(account, value, name, whole)
    if name not in value and not nested:
        return value
    return value | {name: _expanded(account, inner, rest, whole) if rest else inner}


def _nested_list(account: Account, owner: str, kind: str) -> Obj:
    rows = account.owned(owner, kind)
    has_more = len(rows) > NESTED_ROWS
    return {"object": "list", "data": rows[:NESTED_ROWS], "has_more": has_more, "url": f"/v1/{kind}"}


def _field(account: Account, value: Obj, name: str, whole: str) -> Any:
    """One field of an object, with its id or ids replaced by objects."""
    inner = value.get(name)
    if name in EXPANDABLE:
        return [_object(account, item) for item in inner] if isinstance(inner, list) else _object(account, inner)
    is_known = name in value or name in ("lines", "data", "taxes")
    if not is_known or not isinstance(inner, dict | list | None):
        raise ApiError(400, f"This property cannot be expanded ({whole}).")
    return inner


def _object(account: Account, id: Any) -> Any:
    """The object with this id; any other value stays as it is."""
    found = (account.objects(kind).get(id) for kind in KINDS) if isinstance(id, str) else iter(())
    return next((cut_lines(obj) for obj in found if obj), id)
