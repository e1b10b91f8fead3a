"""One Stripe object becomes one row of `raw_stripe.<object>`, complete with its nested lines."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, NamedTuple

from extract.errors import Inconsistent
from extract.stripe.cleaning import clean
from extract.stripe.json_codec import encode
from extract.stripe.paths import printable


class Row(NamedTuple):
    """One object version, with the columns of `raw_stripe.<object>` (docs/architecture.md, "Raw tables")."""

    id: str
    parent_id: str | None
    created: datetime | None
    fetched_at: datetime
    api_version: str
    content_hash: str
    payload: str
    lines: int = 0  # nested lines counted when the object was read; not a column


def row_of(item: dict[str, Any], fetched_at: datetime, api_version: str, parent_id: str | None = None) -> Row:
    """The row of an object as Stripe sent it. This is the place that removes private fields (from `item`, too).

    Raises Inconsistent if a field has another type than Stripe declares.
    """
    lines = line_count(item)
    payload = encode(clean(item))
    created = item.get("created")
    return Row(
        id=item["id"],
        parent_id=parent_id,
        created=datetime.fromtimestamp(created, UTC) if created is not None else None,
        fetched_at=fetched_at,
        api_version=api_version,
        content_hash=hashlib.sha256(payload).hexdigest(),
        payload=payload.decode(),
        lines=lines,
    )


def line_count(item: dict[str, Any]) -> int:
    """The number of nested `lines` that an object shows."""
    lines = item.get("lines")
    return len(lines.get("data") or ()) if isinstance(lines, dict) else 0


def lines_missing(item: dict[str, Any]) -> bool:
    """Whether an object shows only some of its nested `lines`."""
    lines = item.get("lines")
    if not isinstance(lines, dict):
        return False
    total = lines.get("total_count")
    return bool(lines.get("has_more")) or (total is not None and total != len(lines.get("data") or ()))


def with_lines(item: dict[str, Any], lines: list[dict[str, Any]], total_count: int | None) -> dict[str, Any]:
    """The object (changed in place) with all its lines. Raises Inconsistent if Stripe counts another number."""
    expected = total_count if total_count is not None else item["lines"].get("total_count")
    if expected is not None and expected != len(lines):
        raise Inconsistent(f"{printable(item['id'])}: Stripe counts {expected} lines, its list has {len(lines)}")
    item["lines"] = {**item["lines"], "data": lines, "has_more": False}
    return item


def same_but_for_lines(item: dict[str, Any], landed: dict[str, Any]) -> bool:
    """Whether an object that shows only its first lines equals its landed version in everything it shows.

    All other fields, the lines shown and the number of lines must be equal. Lines of a finalized document do not
    change; those of a draft may, so a draft is never the same.
    """
    shown, complete = item["lines"], landed.get("lines") or {}
    return bool(
        item.get("status") != "draft"
        and {**clean(item), "lines": None} == {**landed, "lines": None}
        and shown["data"] == complete.get("data", [])[: len(shown["data"])]
        and shown.get("total_count", len(complete["data"])) == len(complete["data"])
    )
