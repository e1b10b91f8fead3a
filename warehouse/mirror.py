"""Brings the journal and the marts of Postgres back into the DuckDB file that extract writes.

Commands that read find there what a build on DuckDB would have left; extract learns from it what was posted.

    mirror(postgres, duckdb_connection)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.postgres_connection import PostgresError, PostgresWarehouse
from warehouse.query import quoted, text

JOURNAL = "load_netsuite"

#: Relations beside the marts that commands read (tests/engines/run.py holds that there are no others).
ALSO_READ = (
    ("books", "mapping_needs"),
    ("books", "netsuite_customers"),
    ("books", "netsuite_invoices"),
    ("outcomes", "unmatched_mapping_rows"),
    ("parsed", "stripe__prices"),
    ("parsed", "stripe__products"),
    ("reference", "currencies"),
)

#: Postgres's type -> the type on the way, and DuckDB's
TYPES = {
    "text": (pa.string(), "varchar"),
    "character varying": (pa.string(), "varchar"),
    "boolean": (pa.bool_(), "boolean"),
    "smallint": (pa.int16(), "smallint"),
    "integer": (pa.int32(), "integer"),
    "bigint": (pa.int64(), "bigint"),
    "double precision": (pa.float64(), "double"),
    "date": (pa.date32(), "date"),
    "timestamp without time zone": (pa.timestamp("us"), "timestamp"),
    "timestamp with time zone": (pa.timestamp("us", "UTC"), "timestamptz"),
}

UNBOUNDED = (38, 10)
"""Digits and decimals of a numeric column that says none. A value with more decimals is an error, never rounded."""

COLUMNS = """
select
    c.table_schema, c.table_name, c.column_name, c.data_type, c.numeric_precision, c.numeric_scale,
    col_description(format('%I.%I', c.table_schema, c.table_name)::regclass, c.ordinal_position)
from information_schema.columns as c
where c.table_schema = 'marts' or c.table_schema || '.' || c.table_name = any(?)
order by c.table_schema, c.table_name, c.ordinal_position
"""

COLUMNS_OF = "select column_name from information_schema.columns where table_schema = ? and table_name = ?"

COMMENTS = """
select n.nspname, c.relname, obj_description(c.oid, 'pg_class')
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where c.relkind in ('r', 'v') and obj_description(c.oid, 'pg_class') is not null
"""


def mirror(postgres: PostgresWarehouse, target: duckdb.DuckDBPyConnection, marts: Sequence[str] = ()) -> None:
    """Replaces journal, marts and `ALSO_READ` of the DuckDB file by those of Postgres, in one transaction.

    marts: these marts alone. Raises PostgresError, duckdb.Error; the file is as before then.
    """
    with _transaction(target):
        if not marts:
            _mirror_journal(postgres, target)
        _mirror_marts(postgres, target, marts)


def mirror_journal(postgres: PostgresWarehouse, target: duckdb.DuckDBPyConnection) -> None:
    """The tables of the loader alone. Raises as `mirror`."""
    with _transaction(target):
        _mirror_journal(postgres, target)


def take_history(postgres: PostgresWarehouse, target: duckdb.DuckDBPyConnection) -> None:
    """Puts the history of Postgres before the rows of a new DuckDB file, whose predecessor was lost. Raises as
    `mirror`."""
    tables = target.execute(
        "select table_name from duckdb_tables() where schema_name = 'history' and database_name = current_database()"
    ).fetchall()
    with _transaction(target):
        for (table,) in tables:
            relation = f"history.{table}"
            there = {name for (name,) in postgres.execute(COLUMNS_OF, ["history", table]).fetchall()}
            if not there:
                continue
            types: pa.Schema = target.sql(f"select * from {relation} limit 0").to_arrow_table().schema
            listed = ", ".join(quoted(name) if name in there else "null" for name in types.names)
            ((last,),) = postgres.execute(f"select coalesce(max(position), 0) from {relation}").fetchall()
            target.execute(f"update {relation} set position = position + ?", [last])
            for rows in postgres.in_bulks(f"select {listed} from {relation} order by position"):
                _insert(target, relation, types, rows)


@contextmanager
def _transaction(target: duckdb.DuckDBPyConnection) -> Iterator[None]:
    target.execute("begin")
    try:
        yield
        target.execute("commit")
    except BaseException:
        target.execute("rollback")
        raise


def _mirror_journal(postgres: PostgresWarehouse, target: duckdb.DuckDBPyConnection) -> None:
    tables = target.execute(
        "select table_name from duckdb_tables() where schema_name = ? and database_name = current_database()", [JOURNAL]
    ).fetchall()
    for (table,) in tables:
        relation = f"{JOURNAL}.{table}"
        names = [name for name, *_ in target.execute(f"select * from {relation} limit 0").description]
        listed = ", ".join(map(quoted, names))
        since = -1
        if table == "load_log":
            # rows are never changed, so those that are here already stay, if they are the first ones there
            ((count, last),) = target.execute(f"select count(*), coalesce(max(position), 0) from {relation}").fetchall()
            ((there,),) = postgres.execute(f"select count(*) from {relation} where position <= ?", [last]).fetchall()
            since = last if there == count else 0
        target.execute(f"delete from {relation}" + (f" where position > {since}" if since >= 0 else ""))
        # rows of the other tables are never changed either, so Postgres keeps them in the order of their insertion
        where = f" where position > {since} order by position" if since >= 0 else " order by ctid"
        types: pa.Schema = target.sql(f"select {listed} from {relation} limit 0").to_arrow_table().schema
        for rows in postgres.in_bulks(f"select {listed} from {relation}{where}"):
            _insert(target, relation, types, rows)


def _mirror_marts(postgres: PostgresWarehouse, target: duckdb.DuckDBPyConnection, only: Sequence[str]) -> None:
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for schema, table, *column in postgres.execute(COLUMNS, [[".".join(name) for name in ALSO_READ]]).fetchall():
        found.setdefault((schema, table), []).append(tuple(column))
    comments = {(schema, table): words for schema, table, words in postgres.execute(COMMENTS).fetchall()}
    kinds = dict(target.execute("select schema_name || '.' || view_name, 'view' from duckdb_views()").fetchall())
    for (schema, table), columns in found.items():
        if only and (schema, table) not in [("marts", name) for name in only]:
            continue
        relation = quoted(schema, table)
        if kinds.get(f"{schema}.{table}"):
            target.execute(f"drop view {relation}")
        types = [_types(relation, *column[:4]) for column in columns]
        defined = [
            f"{quoted(column[0])} {duckdb_type}" for column, (_, duckdb_type) in zip(columns, types, strict=True)
        ]
        target.execute(f"create schema if not exists {quoted(schema)}")
        target.execute(f"create or replace table {relation} ({', '.join(defined)})")
        listed = ", ".join(quoted(name) for name, *_ in columns)
        shape = pa.schema([(column[0], type_) for column, (type_, _) in zip(columns, types, strict=True)])
        for rows in postgres.in_bulks(f"select {listed} from {relation}"):
            _insert(target, relation, shape, rows)
        if words := comments.get((schema, table)):
            target.execute(f"comment on table {relation} is {text(words)}")
        for name, *_, words in columns:
            if words:
                target.execute(f"comment on column {relation}.{quoted(name)} is {text(words)}")


def _types(relation: str, name: str, data_type: str, precision: int | None, scale: int | None) -> tuple[Any, str]:
    if data_type == "numeric":
        digits, decimals = (precision, scale or 0) if precision else UNBOUNDED
        if digits > UNBOUNDED[0]:
            raise PostgresError(
                f"{relation} has a column {name} of {digits} digits; the DuckDB file holds {UNBOUNDED[0]}"
            )
        return pa.decimal128(digits, decimals), f"decimal({digits}, {decimals})"
    if data_type not in TYPES:
        raise PostgresError(f"{relation} has a column {name} of type {data_type}, for which the DuckDB file has none")
    return TYPES[data_type]


def _insert(target: duckdb.DuckDBPyConnection, relation: str, shape: pa.Schema, rows: Sequence[Sequence[Any]]) -> None:
    columns = []
    for values, field in zip(zip(*rows, strict=True), shape, strict=True):
        try:
            columns.append(pa.array(values, field.type))
        except (pa.ArrowException, OverflowError) as error:
            raise PostgresError(
                f"{relation}, column {field.name}: Postgres has a value that the DuckDB file cannot hold ({error})"
            ) from None
    target.register("arrived", pa.table(columns, schema=shape))
    target.execute(f"insert into {relation} select * from arrived")
    target.unregister("arrived")
