"""NetSuite into `raw_netsuite`: a snapshot, by SuiteQL, of the records that Stripe's credit documents refer to.

The raw Stripe tables and the mapping seeds say which ids to ask for (`wanted`). Each is asked for once, in bulks of
`suiteql.BULK`, so a run takes about (ids / 900) + 10 requests.

Only the records of open documents are asked for: rows of settled customers stay as they were last seen
(`settled_customers`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from extract.netsuite.settled_customers import SettledCustomers
from extract.netsuite.snapshot import store_snapshot
from extract.netsuite.snapshot_queries import SnapshotQueries
from extract.netsuite.wanted import Wanted
from extract.progress import Progress
from netsuite.api import NetSuite
from settings import Settings


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

    Raises NetSuiteError, and ExtractError when NetSuite refuses a column that is needed.
    """
    settled = SettledCustomers.of(settings, connection)
    left_out = frozenset() if include_settled else settled.left_out
    wanted = Wanted.of(settings, connection, left_out)
    with progress.stage("NetSuite") as stage, NetSuite(settings) as netsuite:
        queries = SnapshotQueries(netsuite, settings)
        snapshot = queries.snapshot(wanted)
        report = NetSuiteReport(
            netsuite.requests_sent,
            left_out=len(left_out),
            why_all="Stripe was compared in full" if include_settled else settled.why_none,
            refused=queries.refused,
        )
        for table, rows in snapshot.items():
            report.rows[table] = len(rows)
            stage(len(rows))
    report.changed = store_snapshot(connection, snapshot, wanted if left_out else None, settled.settled)
    return report
