"""The raw tables of both sources, declared in full, and the SQL that reads the current Stripe objects from them.

The columns are described in docs/architecture.md, "Raw tables".
"""

from __future__ import annotations

import duckdb

from extract.stripe.endpoints import TABLES
from extract.stripe.privacy import PRIVATE_FIELDS

# Every raw_stripe.<object>: its columns and their types.
STRIPE_COLUMNS = {
    "id": "varchar not null",
    "parent_id": "varchar",
    "created": "timestamptz",
    "fetched_at": "timestamptz not null",
    "api_version": "varchar not null",
    "content_hash": "varchar not null",
    "payload": "varchar not null",
}

# Every raw_netsuite.<table>: its columns, all text.
NETSUITE_COLUMNS = {
    table: tuple(columns.split())
    for table, columns in {
        "customers": "id externalid isinactive subsidiary currency receivablesaccount stripe_id",
        "transactions": "id externalid type entity trandate currency foreigntotal foreignamountunpaid status voided "
        "posting postingperiod subsidiary account stripe_id approvalstatus",
        "applications": "previousdoc previoustype nextdoc nexttype linktype foreignamount",
        "items": "id externalid itemid itemtype isinactive subsidiary",
        "currencies": "id symbol currencyprecision isinactive",
        "accounting_periods": "id periodname startdate enddate isyear isquarter isadjust closed arlocked alllocked "
        "isinactive",
        "accounts": "id isinactive",
        "subsidiaries": "id",
        "record_names": "record_kind id number name",
    }.items()
}

# One row per run, inserted when it starts and completed when everything it read is loaded.
RUNS = """
create table if not exists raw_stripe.extract_runs (
    run_id varchar not null,
    target varchar not null,          -- sandbox or production: one file never holds both
    mode varchar not null,            -- first, full or later
    why varchar,                      -- why a later run compared whole lists
    started_at timestamptz not null,  -- by this machine's clock, as finished_at: for ages, never for order (rule P9)
    finished_at timestamptz,          -- null: the run was stopped
    read_up_to timestamptz,           -- greatest fetched_at of a finished run
    event_id varchar,                 -- newest event read when the run began
    event_created timestamptz,
    recent_events varchar,            -- JSON list: ids of events near the newest, to recognise late ones
    distrust_until timestamptz,       -- the feed missed an event: compare whole lists until then
    requests bigint,
    objects_read bigint,
    versions_landed bigint,
    customers bigint,                 -- ledger coverage: all customers,
    ledgers_read bigint               -- and those whose ledger some run has read
)
"""

# position: the order of the runs (rule P9); those of earlier versions get it once, in the order of their insertion ·
# read_from: fetched_at before the first request of the run.
ORDER_OF_RUNS = """
create sequence if not exists raw_stripe.extract_run_positions;
alter table raw_stripe.extract_runs
add column if not exists position bigint default nextval('raw_stripe.extract_run_positions');
alter table raw_stripe.extract_runs add column if not exists read_from timestamptz;
"""

# One row per list, slice of a list or nested list that was read to its end, with what was counted in it.
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

# The last successful transform, one row (extract/last_transform.py).
TRANSFORMS = """
create table if not exists raw_stripe.extract_transforms (
    read_up_to timestamptz not null,  -- greatest fetched_at in the raw tables at that time
    fingerprint varchar not null      -- of rules, mappings and vars
)
"""

# A row: `compact` removed versions since the last successful transform, so the next one is a full refresh.
COMPACTED = "create table if not exists raw_stripe.extract_compacted (compacted_at timestamptz not null)"

# The customers that were settled when NetSuite was last read (extract/netsuite/settled_customers.py).
SETTLED = "create table if not exists raw_stripe.extract_settled (customer_id varchar not null)"


# Known credit notes, refunds and finalized invoices that answer 404 now (rule I3). A row goes when the object is seen.
GONE = """
create table if not exists raw_stripe.extract_gone (
    id varchar not null,
    object varchar not null,          -- credit_note, refund or invoice
    gone_at timestamptz not null      -- when it was noticed, on the clock of fetched_at
)
"""

# Customers whose balance ledger answered 404 when it was last asked for: unread, never empty (rule B6).
UNREAD_LEDGERS = """
create table if not exists raw_stripe.extract_unread_ledgers (
    customer_id varchar not null,
    asked_at timestamptz not null
)
"""


# The internal ids that the last extract asked NetSuite for, by table of raw_netsuite.
ASKED_IDS = "create table if not exists raw_netsuite.asked_ids (table_name varchar, id varchar)"


def declare_private_fields(connection: duckdb.DuckDBPyConnection) -> None:
    """Write `PRIVATE_FIELDS` to `raw_stripe.private_fields`, by which the test of field_map.csv refuses a source that
    is never landed (rule M1): the list is kept once."""
    rows = sorted((kind, field) for kind, fields in PRIVATE_FIELDS.items() for field in fields)
    connection.execute(
        "create or replace table raw_stripe.private_fields (object varchar not null, field varchar not null)"
    )
    # One statement: each is a commit, which waits for the disk.
    connection.execute(
        "insert into raw_stripe.private_fields select unnest(?::varchar[]), unnest(?::varchar[])",
        [list(column) for column in zip(*rows, strict=True)],
    )


def declare_stripe_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the missing tables of `raw_stripe` and, over each object table, the view `<object>_current`."""
    columns = ", ".join(f"{name} {kind}" for name, kind in STRIPE_COLUMNS.items())
    connection.begin()  # one commit that waits for the disk instead of fifty
    try:
        _declare_stripe_tables(connection, columns)
        connection.commit()
    except duckdb.Error:
        connection.rollback()
        raise


def _declare_stripe_tables(connection: duckdb.DuckDBPyConnection, columns: str) -> None:
    connection.execute("create schema if not exists raw_stripe")
    for table in TABLES:
        connection.execute(f"create table if not exists raw_stripe.{table} ({columns})")
        newest = current(table, ", ".join(STRIPE_COLUMNS))
        connection.execute(f"create or replace view raw_stripe.{table}_current as select * from {newest}")
    for statement in (RUNS, ORDER_OF_RUNS, SLICES, TRANSFORMS, SETTLED, COMPACTED, GONE, UNREAD_LEDGERS):
        connection.execute(statement)
    declare_private_fields(connection)


def declare_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Create each raw table that is missing, so that a transform works before the first extract."""
    declare_stripe_tables(connection)
    connection.execute("create schema if not exists raw_netsuite")
    for table, names in NETSUITE_COLUMNS.items():
        columns = ", ".join(f"{name} varchar" for name in names)
        connection.execute(f"create table if not exists raw_netsuite.{table} ({columns})")
    connection.execute(ASKED_IDS)


def current(table: str, columns: str = "*") -> str:
    """SQL for the current version of every object in `raw_stripe.<table>`: the one with the greatest `fetched_at`.

    The row ids are chosen first and the payloads read after, so that DuckDB reads the long texts of no other version.
    """
    return (
        f"(select {columns} from raw_stripe.{table} where rowid in "
        f"(select arg_max(rowid, fetched_at) from raw_stripe.{table} group by id))"
    )


def customer_of(payload: str = "payload") -> str:
    """SQL for the Stripe customer of an object: its `customer`, else its `customer_account` (rule X1)."""
    return f"coalesce({payload}->>'customer', {payload}->>'customer_account')"


def invoice_facts(condition: str = "true", relation: str = "raw_stripe.invoices") -> str:
    """SQL for the invoices in `relation` with `id`, `fetched_at`, `payload`, `customer_id`, `status`, `ledger_moved`.

    `customer_id` is the customer, else the customer account (rule X1). `ledger_moved` is true if the amounts show that
    the invoice used or changed the customer's balance (facts/stripe.md, 2.6 and 8.6). One JSON call reads all fields,
    so that each payload is parsed once.
    """
    names = (
        "customer",
        "customer_account",
        "status",
        "starting_balance",
        "ending_balance",
        "amount_overpaid",
        "total",
        "amount_due",
        "pre_payment_credit_notes_amount",
    )
    paths = ", ".join(f"'$.{name}'" for name in names)
    return f"""(
        select
            id, fetched_at, payload,
            coalesce(field[1], field[2]) as customer_id,
            field[3] as status,
            field[3] is distinct from 'draft' and (
                coalesce(field[4]::bigint, 0) <> 0
                or coalesce(field[5]::bigint, 0) <> 0
                or coalesce(field[6]::bigint, 0) <> 0
                or field[7]::bigint < 0
                or field[8]::bigint <> field[7]::bigint - coalesce(field[9]::bigint, 0)
            ) as ledger_moved
        from (
            select id, fetched_at, payload, json_extract_string(payload, [{paths}]) as field
            from {relation} where {condition}
        )
    )"""
