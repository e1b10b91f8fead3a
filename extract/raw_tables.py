"""The raw tables, declared in full.

`raw_stripe.extract_runs` has one row per run, written when it starts and completed when everything it read
is loaded; `raw_stripe.extract_slices` one row per finished piece of a list with what it counted.
"""

from __future__ import annotations

import duckdb

from extract.stripe.endpoints import TABLES

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
