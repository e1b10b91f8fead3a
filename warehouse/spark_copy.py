"""Copies what extract and the loader wrote into the DuckDB file to tables of Spark, where the models then run.

Each table is a Parquet file in a folder that all workers see, and is made anew. Raw rows of Stripe get a column
`landed_position`, which numbers them as they were landed. What arrived is compared with what was sent.

    for copied in copy_raw(duckdb_connection, spark_session, folder): ...
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import duckdb

from warehouse.query import quoted, text
from warehouse.raw_copy import SCHEMAS, CannotCopy, columns_of, tables_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: DuckDB's type -> Spark's
TYPES = {
    "VARCHAR": "string",
    "JSON": "string",
    "BOOLEAN": "boolean",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp_ltz",
}


@dataclass(frozen=True)
class Copied:
    """One table and how many rows it has."""

    relation: str
    rows: int


def copy_raw(
    source: duckdb.DuckDBPyConnection, session: SparkSession, folder: Path, schemas: Sequence[str] = SCHEMAS
) -> Iterator[Copied]:
    """Makes Spark hold the raw rows, the journal and the history of the DuckDB file.

    folder: for the Parquet files; a name of its own for each copy, so that a file that somebody reads stays.
    Raises CannotCopy; errors of either engine pass through.
    """
    source.execute("set timezone = 'UTC'")
    for schema in schemas:
        session.sql(f"create schema if not exists {schema}")
    for schema, table in tables_of(source, schemas):
        yield _copy(source, session, folder, schema, table)


def _copy(source: duckdb.DuckDBPyConnection, session: SparkSession, folder: Path, schema: str, table: str) -> Copied:
    columns = columns_of(source, schema, table, _type, "Spark")
    query = f"select {', '.join(quoted(name) for name, _ in columns)} from {quoted(schema, table)}"
    if schema == "raw_stripe":
        columns.append(("landed_position", "bigint"))
        query = query.replace("select ", "select rowid as landed_position, ", 1) + " order by rowid"
    place = folder / f"{schema}.{table}" / uuid4().hex
    place.mkdir(parents=True)
    source.execute(f"copy ({query}) to {text(str(place / 'rows.parquet'))} (format parquet, row_group_size 20000)")
    defined = ", ".join(f"`{name}` {kind}" for name, kind in columns)
    session.sql(f"drop table if exists {schema}.{table}")
    session.sql(f"create table {schema}.{table} ({defined}) using parquet location {text(str(place))}")
    names = [name for name, _ in columns]
    sent = _digest(source, f"select {', '.join(map(quoted, names))} from ({query})")
    arrived_rows = session.table(f"{schema}.{table}").select(*names).toArrow()
    source.register("arrived_rows", arrived_rows)
    arrived = _digest(source, "select * from arrived_rows")
    source.unregister("arrived_rows")
    if sent != arrived:
        raise CannotCopy(f"{schema}.{table}: {sent[0]} rows were sent, {arrived[0]} arrived, or other values")
    return Copied(f"{schema}.{table}", sent[0])


def _type(data_type: str) -> str | None:
    return data_type.lower() if re.fullmatch(r"DECIMAL\(\d+,\d+\)", data_type) else TYPES.get(data_type)


def _digest(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    """How many rows, and what they come to, whatever their order."""
    ((rows, total),) = connection.execute(
        f"select count(*), coalesce(sum(cast(hash(sent) as hugeint)), 0) from ({query}) as sent"
    ).fetchall()
    return rows, total
