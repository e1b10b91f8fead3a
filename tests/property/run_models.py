"""Land a world, run the real models over it, read their marts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tests.property.combinations import Combination
from tests.property.histories.world import World
from tests.property.oracle.facts import stripe_customer
from tests.support.warehouse import (
    ANY_DECISIONS,
    MAPPING_HEADERS,
    NETSUITE_TABLES,
    STRIPE_TABLES,
    WITHOUT_TESTS,
    build,
    create_raw_tables,
    opened,
    project_with_mappings,
    rows_of_marts,
    run_dbt,
)

Obj = dict[str, Any]
Marts = dict[str, list[Obj]]  # mart -> rows

MARTS = (
    "credit_outcomes",
    "credit_memos",
    "credit_memo_lines",
    "credit_memo_tax_details",
    "credit_document_parts",
    "credit_memo_applications",
    "customer_refunds",
    "zero_amount_invoices",
    "zero_amount_invoice_lines",
    "journal_entries",
    "netsuite_field_values",
    "refund_reconciliation",
    "credit_balance_check",
)


def run_models(
    world: World, folder: Path, combination: Combination, *, project: Path | None = None, tests: bool = True
) -> Marts:
    """Land the world, run the models (with their data tests unless `tests` is false), return the marts.

    Raises:
        BuildFailed: a model or a data test failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = folder / "warehouse.duckdb"
    land(world, warehouse)
    project = project or project_with_mappings(folder, mapping_texts(world.mappings))
    if tests:
        build(project, warehouse, variables=combination.variables, extra=ANY_DECISIONS)
    else:
        run_dbt(WITHOUT_TESTS, project, warehouse, variables=combination.variables)
    return read_marts(warehouse)


def read_marts(warehouse: Path) -> Marts:
    found = rows_of_marts(warehouse)
    return {mart: found[mart] for mart in MARTS}


def mapping_texts(mappings: dict[str, list[Obj]]) -> dict[str, str]:
    """Mapping file -> its rows as CSV, without the header."""
    return {
        name: "\n".join(
            ",".join(str(row.get(column, "")) for column in header.split(",")) for row in mappings.get(name, [])
        )
        for name, header in MAPPING_HEADERS.items()
    }


GONE_OBJECTS = {"credit_notes": "credit_note", "refunds": "refund", "invoices": "invoice"}


def land(world: World, warehouse: Path) -> None:
    """Replace all raw tables by the world's objects and rows, column by column: `executemany` is too slow here."""
    with opened(warehouse) as connection:
        create_raw_tables(connection)
        for table in STRIPE_TABLES:
            objects = [
                {k: v for k, v in item.items() if not _is_gone(table, item) or k != "deleted"}
                for item in world.stripe[table].values()
            ]
            _replace(connection, f"raw_stripe.{table}", _stripe_columns(table, objects))
        _replace(connection, "raw_stripe.extract_gone", _gone_columns(world))
        for table, names in NETSUITE_TABLES.items():
            found = world.netsuite.get(table, [])
            columns = {name: pa.array([row.get(name) for row in found], pa.string()) for name in names.split()}
            _replace(connection, f"raw_netsuite.{table}", columns)


def _is_gone(table: str, item: Obj) -> bool:
    """I3: Stripe never deletes such an object, so extract keeps its payload and notes that it answers 404."""
    return table in GONE_OBJECTS and bool(item.get("deleted"))


def _gone_columns(world: World) -> dict[str, pa.Array]:
    gone = [
        (item["id"], name)
        for table, name in GONE_OBJECTS.items()
        for item in world.stripe[table].values()
        if _is_gone(table, item)
    ]
    return {
        "id": pa.array([id for id, _ in gone], pa.string()),
        "object": pa.array([name for _, name in gone], pa.string()),
        "gone_at": pa.array([datetime(2026, 10, 1, tzinfo=UTC)] * len(gone), pa.timestamp("us", "UTC")),
    }


def _stripe_columns(table: str, objects: Iterable[Obj]) -> dict[str, pa.Array]:
    items = list(objects)
    has_parent = table == "customer_balance_transactions"
    created = [datetime.fromtimestamp(item["created"], UTC) if item.get("created") else None for item in items]
    fetched = [datetime(2026, 10, 1, tzinfo=UTC)] * len(items)
    return {
        "id": pa.array([item["id"] for item in items], pa.string()),
        "parent_id": pa.array([stripe_customer(item) if has_parent else None for item in items], pa.string()),
        "created": pa.array(created, pa.timestamp("us", "UTC")),
        "fetched_at": pa.array(fetched, pa.timestamp("us", "UTC")),
        "api_version": pa.array(["2026-10-28.endive"] * len(items), pa.string()),
        "content_hash": pa.array([item["id"] for item in items], pa.string()),
        "payload": pa.array([json.dumps(item, separators=(",", ":")) for item in items], pa.string()),
    }


def _replace(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, pa.Array]) -> None:
    connection.execute(f"delete from {table}")
    connection.register("incoming", pa.table(columns))
    names = ", ".join(columns)
    connection.execute(f"insert into {table} ({names}) select {names} from incoming")
    connection.unregister("incoming")
