"""Rows as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from extract.raw_tables import STRIPE_COLUMNS
from extract.stripe.rows import Row

# Arrow's own allocator returns no memory: the peak is a third higher, and it is not faster.
pa.set_memory_pool(pa.system_memory_pool())

TIMESTAMP = pa.timestamp("us", "UTC")
RAW_SCHEMA = pa.schema(
    [
        pa.field(name, TIMESTAMP if kind.startswith("timestamptz") else pa.string(), nullable="not null" not in kind)
        for name, kind in STRIPE_COLUMNS.items()
    ]
)
# Rows that wait to be landed also have the number of nested lines that was counted when they were read.
WAITING_SCHEMA = RAW_SCHEMA.append(pa.field("lines", pa.int64()))


def arrow_of(rows: Iterable[Row]) -> pa.Table:
    """Rows as a table with `WAITING_SCHEMA`."""
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, WAITING_SCHEMA, strict=True)],
        schema=WAITING_SCHEMA,
    )
