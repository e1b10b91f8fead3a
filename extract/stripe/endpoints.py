"""Which of Stripe's lists are read, and how one object becomes one row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from extract.errors import Inconsistent
from extract.stripe.field_types import check_types
from extract.stripe.privacy import encode, strip

LEDGERS = "customer_balance_transactions"
BALANCE_TRANSACTIONS = "balance_transactions"
SHIPPING_TAXES = "shipping_cost.taxes"


@dataclass(frozen=True)
class Endpoint:
    """A top-level list. `object`: its entries' own name; `expand`: fields that a rule needs whole."""

    table: str
    object: str
    expand: tuple[str, ...] = field(default=())

    @property
    def path(self) -> str:
        return f"/v1/{self.table}"

    def expanding(self, prefix: str = "") -> dict[str, list[str]]:
        return {"expand[]": [prefix + name for name in self.expand]} if self.expand else {}


# In the order in which a later run spends what is left of its requests on comparing whole lists:
# what moves money first, what hardly ever changes last.
ENDPOINTS = {
    endpoint.table: endpoint
    for endpoint in (
        Endpoint("invoices", "invoice", ("total_discount_amounts.discount", SHIPPING_TAXES)),
        Endpoint(
            "credit_notes",
            "credit_note",
            ("customer_balance_transaction", "discount_amounts.discount", SHIPPING_TAXES),
        ),
        Endpoint("refunds", "refund"),
        Endpoint("customers", "customer"),
        Endpoint("invoice_payments", "invoice_payment"),
        Endpoint("payouts", "payout"),
        Endpoint("coupons", "coupon"),
        Endpoint("prices", "price"),
        Endpoint("products", "product"),
        Endpoint("tax_rates", "tax_rate"),
    )
}
BY_OBJECT = {endpoint.object: endpoint for endpoint in ENDPOINTS.values()}
TABLES = (*ENDPOINTS, LEDGERS, BALANCE_TRANSACTIONS)


class Row(NamedTuple):
    """One object version, as `raw_stripe.<table>` has it (docs/architecture.md)."""

    id: str
    parent_id: str | None
    created: datetime | None
    fetched_at: datetime
    api_version: str
    content_hash: str
    payload: str
    lines: int = 0  # nested lines counted when it was read; not a column


def row_of(item: dict[str, Any], fetched_at: datetime, api_version: str, parent_id: str | None = None) -> Row:
    """The row of an object as Stripe sent it; private fields go here, nowhere later. Raises Inconsistent."""
    check_types(item)
    lines = line_count(item)
    payload = encode(strip(item))
    created = item.get("created")
    return Row(
        id=item["id"],
        parent_id=parent_id,
        created=datetime.fromtimestamp(created, UTC) if created is not None else None,
        fetched_at=fetched_at,
        api_version=api_version,
        content_hash=hashlib.sha256(payload.encode()).hexdigest(),
        payload=payload,
        lines=lines,
    )


def lines_missing(item: dict[str, Any]) -> bool:
    """Whether the nested `lines` of an object are only their first page."""
    lines = item.get("lines")
    if not isinstance(lines, dict):
        return False
    total = lines.get("total_count")
    return bool(lines.get("has_more")) or (total is not None and total != len(lines.get("data") or ()))


def with_lines(item: dict[str, Any], lines: list[dict[str, Any]], total_count: int | None) -> dict[str, Any]:
    """The object with all its lines. Raises Inconsistent if they are not as many as Stripe counts."""
    counted = total_count if total_count is not None else item["lines"].get("total_count")
    if counted is not None and counted != len(lines):
        raise Inconsistent(f"{item['id']}: Stripe counts {counted} lines, its list has {len(lines)}")
    item["lines"] = {**item["lines"], "data": lines, "has_more": False}
    return item


def same_but_for_lines(item: dict[str, Any], landed: dict[str, Any]) -> bool:
    """Whether an object whose lines are only begun is what was landed whole before: all other fields, the
    lines shown and their number are equal. Lines of a finalized document do not change; a draft's may, so a
    draft never counts as the same."""
    shown, whole = item["lines"], landed.get("lines") or {}
    return bool(
        item.get("status") != "draft"
        and {**strip(item), "lines": None} == {**landed, "lines": None}
        and shown["data"] == whole.get("data", [])[: len(shown["data"])]
        and shown.get("total_count", len(whole["data"])) == len(whole["data"])
    )


def line_count(item: dict[str, Any]) -> int:
    lines = item.get("lines")
    return len(lines.get("data") or ()) if isinstance(lines, dict) else 0
