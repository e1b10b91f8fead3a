"""Puts Stripe objects into the raw tables without an extract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb

from extract.stripe.rows import row_of


def put(connection: duckdb.DuckDBPyConnection, table: str, *items: dict[str, Any], parent: str | None = None) -> None:
    for item in items:
        row = row_of(item, datetime.now(UTC), "v", parent)
        connection.execute(
            f"insert into raw_stripe.{table} values (?, ?, ?, ?, ?, ?, ?)",
            [
                row.id,
                row.parent_id,
                row.created,
                row.fetched_at,
                row.api_version,
                row.content_hash,
                row.payload,
            ],
        )
