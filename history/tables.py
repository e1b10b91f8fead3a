"""The tables of schema `history`. dbt reads them as sources and never writes them."""

from __future__ import annotations

import duckdb

TABLES = """
create schema if not exists history;
create table if not exists history.runs (
    run_id varchar, command varchar, started_at timestamptz, ended_at timestamptz, exit_code integer,
    objects_read bigint, documents_blocked bigint, failure varchar, position bigint
);
create table if not exists history.credit_outcomes (
    run_id varchar, document_id varchar, "from" timestamptz, state varchar, reason varchar, position bigint
);
"""


def ensure_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates schema `history` with its tables where they are missing."""
    connection.execute(TABLES)
