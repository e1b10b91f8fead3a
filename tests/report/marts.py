"""A warehouse with the marts as their contracts declare them, as empty tables to be filled by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import yaml

from tests.support.warehouse import PROJECT


def with_marts(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Creates schema marts: a table for each mart, with the columns and types of its contract."""
    warehouse.execute("set timezone = 'UTC'")
    warehouse.execute("create schema marts")
    for file in sorted((PROJECT / "models" / "marts").glob("*.yml")):
        for model in (yaml.safe_load(file.read_text()) or {}).get("models", []):
            columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
            warehouse.execute(f"create table marts.{model['name']} ({columns})")


def insert(warehouse: duckdb.DuckDBPyConnection, mart: str, *rows: Mapping[str, Any]) -> None:
    """Adds rows to a mart; absent columns are null."""
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        values = ", ".join("?" * len(row))
        warehouse.execute(f"insert into marts.{mart} ({names}) values ({values})", list(row.values()))
