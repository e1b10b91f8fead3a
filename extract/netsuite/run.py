"""NetSuite into `raw_netsuite`: a snapshot, by SuiteQL, of the records that Stripe's credit documents refer to.

The raw Stripe tables and the mapping files say which ids to ask for (`wanted`). Each is asked for once, in bulks of
`suiteql.BULK`, so a run takes about (ids / 900) + 10 requests.

Only the records of open documents are asked for: rows of settled customers stay as they were last seen
(`settled_customers`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from extract.netsuite.settled_customers import SettledCustomers
from extract.netsuite.snapshot import Snapshot, require_amounts, store_snapshot
from extract.netsuite.snapshot_queries import SnapshotQueries
from extract.netsuite.wanted import Wanted
from netsuite.api import NetSuite
from progress import Progress
from settings import Settings
from warehouse.ownership import MEND, Books, WrongBooks, books_of, note_books, require_books


@dataclass
class NetSuiteReport:
    """What a run read.

    rows: read, by table · left_out: customers that were not asked for because they are settled · why_all: why every
    customer was asked for · changed: tables that differ from the snapshot before · refused: optional columns, as
    table.column, that this account does not show.
    """

    requests: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    why_all: str | None = None
    changed: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def lines(self) -> list[str]:
        """The report in sentences, one a line."""
        counts = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in self.rows.items() if count)
        sentences = [f"NetSuite: {self.requests} requests; {counts or 'nothing that is referred to'}"]
        if self.left_out:
            sentences.append(
                f"NetSuite: {self.left_out:,} customers with nothing open were not asked for: "
                "their rows stay as they were last seen"
            )
        elif self.why_all:
            sentences.append(f"NetSuite: asked for everything because {self.why_all}")
        if self.refused:
            sentences.append(f"NetSuite: this account does not show {', '.join(sorted(self.refused))}")
        return sentences


def read_netsuite(
    settings: Settings, connection: duckdb.DuckDBPyConnection, progress: Progress, *, include_settled: bool
) -> NetSuiteReport:
    """Bring the snapshot up to date. `include_settled`: whether to ask for settled customers, too.

    Raises NetSuiteError, ExtractError when NetSuite refuses a column that is needed, WrongBooks if the warehouse
    belongs to another NetSuite account (rule I1), and MappingsRefused.
    """
    path, account = settings.warehouse_path, Books(netsuite_account=settings.netsuite_account_id)
    require_books(connection, path, account)
    is_claimed = books_of(connection).netsuite_account is not None
    include_settled = include_settled or not is_claimed
    settled = SettledCustomers.of(settings, connection)
    left_out = frozenset() if include_settled else settled.left_out
    wanted = Wanted.of(settings, connection, left_out)
    with progress.stage("NetSuite") as stage, NetSuite(settings) as netsuite:
        queries = SnapshotQueries(netsuite, settings)
        snapshot = queries.snapshot(wanted)
        require_amounts(snapshot)
        report = NetSuiteReport(
            netsuite.requests_sent,
            left_out=len(left_out),
            why_all="Stripe was compared in full" if include_settled else settled.why_none,
            refused=queries.refused,
        )
        for table, rows in snapshot.items():
            report.rows[table] = len(rows)
            stage(len(rows))
    if not is_claimed:
        _require_posted_records(connection, settings, snapshot)
        note_books(connection, path, account)
    report.changed = store_snapshot(connection, snapshot, wanted if left_out else None, settled.settled)
    note_asked_ids(connection, wanted, is_all=not left_out)
    return report


def note_asked_ids(connection: duckdb.DuckDBPyConnection, wanted: Wanted, *, is_all: bool) -> None:
    """Record which internal ids NetSuite was asked for, so that an id that it lacks is told apart from one that stands
    in a mapping file only since.

    is_all: nobody was left out. Else those of earlier runs stay, as the rows do that NetSuite gave for them.
    """
    asked = {
        "customers": wanted.customer_ids,
        "transactions": wanted.transaction_ids,
        "items": wanted.item_ids,
        "accounts": wanted.account_ids,
    }
    earlier = "" if is_all else "select table_name, id from raw_netsuite.asked_ids union "
    connection.execute(
        f"create or replace table raw_netsuite.asked_ids as {earlier}"
        "select unnest($tables::varchar[]) as table_name, unnest($ids::varchar[]) as id",
        {
            "tables": [table for table, ids in asked.items() for _ in ids],
            "ids": [id for ids in asked.values() for id in sorted(ids)],
        },
    )


ENOUGH_POSTED = 5  # fewer say too little (rule I4)

# Ids of the records that the journal calls posted. Only a warehouse of an earlier version is asked.
POSTED = """
select distinct lower(external_id), internal_id from load_netsuite.load_log
where status in ('created', 'adopted') and internal_id is not null and record_type <> 'serviceSaleItem'
"""


def _require_posted_records(connection: duckdb.DuckDBPyConnection, settings: Settings, snapshot: Snapshot) -> None:
    """Raise WrongBooks if a warehouse that does not say to whom it belongs is another account's.

    It was written by an earlier version. If NetSuite shows none of the records that were posted from it, it is taken
    over for no account.
    """
    try:
        posted = set(connection.execute(POSTED).fetchall())
    except duckdb.CatalogException:
        return
    shown = {((row["externalid"] or "").lower(), row["id"]) for row in snapshot["transactions"]}
    if len(posted) >= ENOUGH_POSTED and not posted & shown:
        raise WrongBooks(
            f"none of {len(posted)} records that were posted from {settings.warehouse_path} is in NetSuite account "
            f"{settings.netsuite_account_id}: is this another account, or was it refreshed from production? "
            f"If so, {MEND}"
        )
