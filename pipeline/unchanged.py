"""Whether a transform would derive what is there already, so that dbt need not run.

Compared is all that a build reads and all that the last successful build left: the rows of its raw tables (each row
whole; of a Stripe object the hash of its payload), the rules, the mapping files and vars, the releases of dbt and
DuckDB, and the tables and views with their columns, texts and numbers of rows. What is not known counts as changed.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version

import duckdb

from warehouse.query import ask, quoted

NOTED = "books.last_transform"

LAYERS = "('mapping', 'parsed', 'reference', 'scope', 'build', 'books', 'outcomes', 'marts', 'checked')"

TABLES = f"""
select schema_name || '.' || table_name from duckdb_tables()
where schema_name in {LAYERS} and schema_name || '.' || table_name <> '{NOTED}' order by 1
"""

COLUMNS_AND_VIEWS = f"""
select schema_name, table_name, column_name, data_type, comment from duckdb_columns()
where schema_name in {LAYERS} and schema_name || '.' || table_name <> '{NOTED}'
union all
select schema_name, view_name, null, sql, comment from duckdb_views() where schema_name in {LAYERS}
order by all
"""


def state_of(warehouse: duckdb.DuckDBPyConnection, rules: str) -> str | None:
    """A hash of what a build would read and of what the last one left; None before a successful build.

    rules: `extract.last_transform.rules_fingerprint`. Raises duckdb.Error.
    """
    cursor = warehouse.cursor()
    try:
        relations = [relation for (relation,) in ask(cursor, "select relation from books.sources_read order by 1")]
        parts = [f"{relation} {_rows(cursor, relation)}" for relation in relations]
    except duckdb.CatalogException:
        return None
    parts += [
        rules,
        *(version(name) for name in ("dbt-core", "dbt-duckdb", "duckdb")),
        str(ask(cursor, COLUMNS_AND_VIEWS)),
    ]
    tables = [quoted(*table.split(".")) for (table,) in ask(cursor, TABLES)]
    parts.append(str(ask(cursor, " union all ".join(f"select '{table}', count(*) from {table}" for table in tables))))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _rows(cursor: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[int, int]]:
    """Number of rows and sum of their hashes: equal for the same rows in any order."""
    table = quoted(*relation.split("."))
    columns = [name for (name, *_) in ask(cursor, f"describe {table}")]
    if "content_hash" in columns:
        columns.remove("payload")  # the hash is of the payload, which is long
    listed = ", ".join(quoted(name) for name in columns)
    return ask(cursor, f"select count(*), sum(hash({listed})::hugeint) from {table}")


def is_noted(warehouse: duckdb.DuckDBPyConnection, state: str | None) -> bool:
    """Whether the last transform ended well and left this state. Raises duckdb.Error."""
    try:
        return state is not None and ask(warehouse.cursor(), f"select state from {NOTED}") == [(state,)]
    except duckdb.CatalogException:
        return False


def note(warehouse: duckdb.DuckDBPyConnection, state: str | None) -> None:
    """After a build that ended well. The next build, also one of dbt by hand, takes it away as it begins
    (forget_other_parsed_code). Raises duckdb.Error."""
    if state is None:
        return
    warehouse.execute(f"create or replace table {NOTED} as select ? as state", [state])
    warehouse.execute(f"comment on table {NOTED} is 'What the last transform read and left, as a hash.'")
