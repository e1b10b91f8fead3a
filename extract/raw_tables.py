"""The DuckDB file: opened once for an extract, its raw tables declared in full.

`raw_stripe.extract_runs` has one row per run, written when it starts and completed when everything it read
is loaded; `raw_stripe.extract_slices` one row per finished piece of a list with what it counted.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from extract.errors import WarehouseBusy
from extract.stripe.endpoints import TABLES

# DuckDB 2.0 would compress long text with DICT_FSST, which makes checkpoints ten times slower.
GLOBAL_CONFIG = {"disabled_compression_methods": "dict_fsst", "zstd_min_string_length": 256}
MEMORY = "300MB"  # for DuckDB while reading: it would otherwise keep what it wrote

COLUMNS = {
    "id": "varchar not null",
    "parent_id": "varchar",
    "created": "timestamptz",
    "fetched_at": "timestamptz not null",
    "api_version": "varchar not null",
    "content_hash": "varchar not null",
    "payload": "varchar not null",
}

# raw_netsuite.<table>: its columns, all text (docs/architecture.md).
SNAPSHOT: dict[str, tuple[str, ...]] = {
    "customers": (
        "id",
        "externalid",
        "isinactive",
        "subsidiary",
        "currency",
        "receivablesaccount",
        "stripe_id",
    ),
    "transactions": (
        "id",
        "externalid",
        "type",
        "entity",
        "trandate",
        "currency",
        "foreigntotal",
        "foreignamountunpaid",
        "status",
        "voided",
        "posting",
        "postingperiod",
        "subsidiary",
        "account",
        "stripe_id",
    ),
    "applications": ("previousdoc", "previoustype", "nextdoc", "nexttype", "linktype", "foreignamount"),
    "items": ("id", "externalid", "itemid", "itemtype", "isinactive", "subsidiary"),
    "currencies": ("id", "symbol", "currencyprecision", "isinactive"),
    "accounting_periods": (
        "id",
        "periodname",
        "startdate",
        "enddate",
        "isyear",
        "isquarter",
        "isadjust",
        "closed",
        "arlocked",
        "alllocked",
        "isinactive",
    ),
    "accounts": ("id", "isinactive"),
    "subsidiaries": ("id",),
}

RUNS = """
create table if not exists raw_stripe.extract_runs (
    run_id varchar not null,
    target varchar not null,          -- sandbox or production: one file never holds both
    mode varchar not null,            -- first, full or later
    why varchar,                      -- why a later run compared whole lists
    started_at timestamptz not null,
    finished_at timestamptz,          -- null: stopped on the way
    read_up_to timestamptz,           -- greatest fetched_at of a finished run
    event_id varchar,                 -- newest event read when the run began
    event_created timestamptz,
    recent_events varchar,            -- JSON list: ids of events near the newest, to notice late ones
    distrust_until timestamptz,       -- the feed was caught missing an event: compare whole lists until then
    requests bigint,
    objects_read bigint,
    versions_landed bigint,
    customers bigint,                 -- ledger coverage: all customers,
    ledgers_read bigint               -- and those whose ledger has ever been read
)
"""

SLICES = """
create table if not exists raw_stripe.extract_slices (
    run_id varchar not null,
    endpoint varchar not null,
    parent_id varchar,                -- the customer or payout of a nested list
    created_gte bigint,               -- bounds of the slice in Unix seconds; null = open
    created_lt bigint,
    pages bigint not null,
    objects bigint not null,
    lines bigint not null,            -- nested lines of these objects, all pages
    finished_at timestamptz not null
)
"""

# For what need not be asked of NetSuite again (extract/settled.py): the last transform that ended well, one
# row, and the customers that were settled when NetSuite was last read.
TRANSFORMS = """
create table if not exists raw_stripe.extract_transforms (
    read_up_to timestamptz not null,  -- greatest fetched_at that it saw
    fingerprint varchar not null      -- of rules, mappings and vars
)
"""

# A row here: superseded versions were removed since the last transform, which therefore starts anew.
COMPACTED = "create table if not exists raw_stripe.extract_compacted (compacted_at timestamptz not null)"

SETTLED = "create table if not exists raw_stripe.extract_settled (customer_id varchar not null)"


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the warehouse at `path`, made if absent. Raises WarehouseBusy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():  # begun anew: what dlt kept belongs to the file that is gone
        shutil.rmtree(dlt_directory(path), ignore_errors=True)
    try:
        connection = duckdb.connect(path)
    except duckdb.IOException as error:
        if "lock" not in str(error).lower():
            raise
        raise WarehouseBusy(
            f"{path} is open in another program (a notebook, the DuckDB shell, another run): close it there "
            "and run again"
        ) from None
    for name, value in {**GLOBAL_CONFIG, "memory_limit": MEMORY}.items():
        connection.execute(f"set global {name} = '{value}'")
    connection.execute("set timezone = 'UTC'")
    return connection


def dlt_directory(path: Path) -> Path:
    """Where dlt keeps its state: beside the warehouse file, never in anybody's home."""
    return path.parent / f".dlt-{path.stem}"


def declare_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the raw tables that do not exist yet, so that a table without rows is there too, and over each
    Stripe table the view `<table>_current`."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute("create schema if not exists raw_stripe")
    for table in TABLES:
        connection.execute(f"create table if not exists raw_stripe.{table} ({columns})")
        newest = current(table, ", ".join(COLUMNS))
        connection.execute(f"create or replace view raw_stripe.{table}_current as select * from {newest}")
    for statement in (RUNS, SLICES, TRANSFORMS, SETTLED, COMPACTED):
        connection.execute(statement)


def declare_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Every raw table of either side, so that transform works on a file that no extract has filled."""
    declare_tables(connection)
    connection.execute("create schema if not exists raw_netsuite")
    for table, names in SNAPSHOT.items():
        columns = ", ".join(f"{name} varchar" for name in names)
        connection.execute(f"create table if not exists raw_netsuite.{table} ({columns})")


def current(table: str, columns: str = "*") -> str:
    """SQL for the current version of every object: the row ids are chosen first, payloads read after."""
    return (
        f"(select {columns} from raw_stripe.{table} where rowid in "
        f"(select arg_max(rowid, fetched_at) from raw_stripe.{table} group by id))"
    )
