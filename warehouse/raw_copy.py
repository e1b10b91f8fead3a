"""Copies what extract and the loader wrote into the DuckDB file to Postgres, where the models then run.

Raw rows of Stripe are appended, in the order in which they were landed; column `landed_position` numbers them. Every
other table is a snapshot or small: it is replaced when its rows differ. Each table is one transaction, and what is
there is compared before anything is sent; so a copy that was killed goes on where it was.

    for copied in copy_raw(duckdb_connection, psycopg_connection): ...
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from warehouse.connection import WarehouseError
from warehouse.query import quoted

SCHEMAS = ("raw_stripe", "raw_netsuite", "load_netsuite", "history")

#: Columns that tell one raw row of Stripe from all others; content_hash stands for the payload.
VERSION = ("id", "fetched_at", "content_hash")

#: DuckDB's type -> Postgres's
TYPES = {
    "VARCHAR": "text",
    "JSON": "text",
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
_ROWS_AT_ONCE = 5_000


class CannotCopy(WarehouseError):
    """A table cannot be copied as it is, or arrived otherwise than it was sent; the words say which."""


@dataclass(frozen=True)
class Copied:
    """One table: how many rows were sent now, how many it has."""

    relation: str
    sent: int
    rows: int


@dataclass(frozen=True)
class Digest:
    """What rows come to, whatever their order."""

    rows: int
    total: int


def copy_raw(source: duckdb.DuckDBPyConnection, target: Any, schemas: Sequence[str] = SCHEMAS) -> Iterator[Copied]:
    """Makes Postgres hold the raw rows, the journal and the history of the DuckDB file.

    target: a psycopg 3 connection.
    Raises CannotCopy; errors of either database pass through, with the table's transaction undone.
    """
    source.execute("set timezone = 'UTC'")
    for schema, table in tables_of(source, schemas):
        columns = columns_of(source, schema, table, _type, "Postgres")
        names = [name for name, _ in columns]
        appends = schema == "raw_stripe" and set(VERSION) <= set(names)
        with target.transaction():
            _create(target, schema, table, columns, appends)
            send = _append_versions if appends else _replace
            copied = send(source, target, f"{schema}.{table}", names)
        yield copied


def tables_of(source: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> list[tuple[str, str]]:
    """Schema and name of each table of the DuckDB file in these schemas."""
    return source.execute(
        "select schema_name, table_name from duckdb_tables() where schema_name in (select unnest(?)) "
        "and database_name = current_database() order by all",
        [list(schemas)],
    ).fetchall()


def columns_of(
    source: duckdb.DuckDBPyConnection, schema: str, table: str, type_of: Callable[[str], str | None], engine: str
) -> list[tuple[str, str]]:
    """Name and type of each column. type_of: the engine's type for one of DuckDB; None raises CannotCopy."""
    found = source.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "and database_name = current_database() order by column_index",
        [schema, table],
    ).fetchall()
    columns = []
    for name, data_type in found:
        kind = type_of(data_type)
        if kind is None:
            raise CannotCopy(
                f"{schema}.{table}: column {name} has the type {data_type}, for which {engine} has no name"
            )
        columns.append((name, kind))
    return columns


def _type(data_type: str) -> str | None:
    decimal = re.fullmatch(r"DECIMAL(\(\d+,\d+\))", data_type)
    return f"numeric{decimal[1]}" if decimal else TYPES.get(data_type)


def _create(target: Any, schema: str, table: str, columns: Sequence[tuple[str, str]], appends: bool) -> None:
    """The table with at least these columns."""
    target.execute(f"create schema if not exists {schema}")
    defined = [f'"{name}" {kind}' for name, kind in columns]
    if appends:
        defined.append("landed_position bigint generated always as identity")
    target.execute(f"create table if not exists {schema}.{table} ({', '.join(defined)})")
    for name, kind in columns:
        target.execute(f'alter table {schema}.{table} add column if not exists "{name}" {kind}')
    if appends:
        target.execute(f"create index if not exists {table}_landed on {schema}.{table} (landed_position)")
        target.execute(f"create index if not exists {table}_versions on {schema}.{table} (id, content_hash)")


def _append_versions(source: duckdb.DuckDBPyConnection, target: Any, relation: str, names: Sequence[str]) -> Copied:
    """Rows that Postgres lacks; rows that were compacted go. Only the keys of a version are compared."""
    version = f"select {', '.join(VERSION)} from {relation}"
    there = set(map(_key, target.execute(version)))
    here: dict[tuple[str, str, str], int] = {}
    cursor = source.execute(f"select rowid, {', '.join(VERSION)} from {relation} order by rowid")
    for rowid, *values in iter(cursor.fetchone, None):
        here.setdefault(_key(values), rowid)
    gone, new = there - here.keys(), sorted(rowid for key, rowid in here.items() if key not in there)
    if gone:
        target.execute("create temporary table gone (id text, fetched_at text, content_hash text) on commit drop")
        _send(target, "pg_temp.gone", ("id", "fetched_at", "content_hash"), gone)
        target.execute(
            f"delete from {relation} as raw using pg_temp.gone where raw.id = gone.id "
            "and raw.fetched_at = cast(gone.fetched_at as timestamptz) and raw.content_hash = gone.content_hash"
        )
        target.execute("drop table pg_temp.gone")
    for start in range(0, len(new), _ROWS_AT_ONCE):
        rows = source.execute(
            f"select {_list(names)} from {relation} where rowid in (select unnest(?)) order by rowid",
            [new[start : start + _ROWS_AT_ONCE]],
        ).fetchall()
        _send(target, relation, names, rows)
    if gone or new:
        target.execute(f"analyze {relation}")
    arrived = set(map(_key, target.execute(version)))
    if arrived != here.keys():
        raise CannotCopy(f"{relation}: {len(here)} versions were sent, {len(arrived)} arrived")
    return Copied(relation, len(new), len(here))


def _replace(source: duckdb.DuckDBPyConnection, target: Any, relation: str, names: Sequence[str]) -> Copied:
    """All rows, when they are not the ones that Postgres has."""
    query = f"select {_list(names)} from {relation}"
    here = _digest(_rows(source.execute(query)))
    if _digest(target.execute(query)) == here:
        return Copied(relation, 0, here.rows)
    target.execute(f"delete from {relation}")
    _send(target, relation, names, _rows(source.execute(query)))
    target.execute(f"analyze {relation}")
    arrived = _digest(target.execute(query))
    if arrived != here:
        raise CannotCopy(f"{relation}: {here.rows} rows were sent, {arrived.rows} arrived, or other values")
    return Copied(relation, here.rows, here.rows)


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while some := cursor.fetchmany(_ROWS_AT_ONCE):
        yield from some


def _send(target: Any, relation: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with target.cursor() as cursor, cursor.copy(f"copy {relation} ({_list(names)}) from stdin") as copy:
        for row in rows:
            copy.write_row([_sendable(value) for value in row])


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


def _sendable(value: Any) -> Any:
    """No text of Postgres holds the null character."""
    return value.replace("\0", "") if isinstance(value, str) else value


def _key(values: Sequence[Any]) -> tuple[str, str, str]:
    id_, fetched_at, content_hash = values
    return id_, _text(fetched_at), content_hash


def _digest(rows: Iterable[Sequence[Any]]) -> Digest:
    count = total = 0
    for row in rows:
        text = "\x1f".join("\x00" if value is None else _text(value) for value in row)
        total += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
        count += 1
    return Digest(count, total)


def _text(value: Any) -> str:
    """The same for what both drivers make of one value."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    return str(_sendable(value))
