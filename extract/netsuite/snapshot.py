"""Stores what was read of NetSuite in `raw_netsuite`, beside the rows that were not asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from extract.errors import ExtractError
from extract.netsuite.settled_customers import record_settled
from extract.netsuite.wanted import Wanted
from extract.raw_tables import NETSUITE_COLUMNS
from netsuite.errors import NetSuiteError
from netsuite.lookup import number

Record = dict[str, str | None]  # column -> value
Snapshot = Mapping[str, Sequence[Record]]  # table -> rows with all columns of `NETSUITE_COLUMNS`


AMOUNTS = {"transactions": ("foreigntotal", "foreignamountunpaid"), "applications": ("foreignamount",)}


def require_amounts(snapshot: Snapshot) -> None:
    """Raise ExtractError, naming the record, for an amount that the models could not read."""
    for table, columns in AMOUNTS.items():
        for row in snapshot[table]:
            for column in columns:
                try:
                    number(row[column])
                except NetSuiteError as error:
                    name = row.get("id") or f"{row.get('previousdoc')} applied to {row.get('nextdoc')}"
                    raise ExtractError(
                        f"NetSuite {table} {name}: {column}: {error}. Nothing of NetSuite was stored; correct the "
                        "record, or report this"
                    ) from None


def store_snapshot(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    asked: Wanted | None,
    settled: frozenset[str],
) -> list[str]:
    """Replace the rows that were asked for, and return the tables that changed. An unchanged table is not written.

    asked: only rows that match it are replaced (None: all rows); one that NetSuite does not have any more is removed ·
    settled: customers recorded as settled. All of it is one transaction, so a crash leaves the former snapshot.
    """
    stored = {
        table: [
            dict(zip(columns, row, strict=True))
            for row in connection.execute(f"select {', '.join(columns)} from raw_netsuite.{table}").fetchall()
        ]
        for table, columns in NETSUITE_COLUMNS.items()
    }
    not_asked_for = _not_asked_for(stored, snapshot, asked) if asked else {}
    changed: list[str] = []
    connection.execute("begin")
    try:
        for table, columns in NETSUITE_COLUMNS.items():
            rows = [*not_asked_for.get(table, []), *snapshot[table]]
            if _in_order(rows, columns) == _in_order(stored[table], columns):
                continue
            changed.append(table)
            connection.execute(f"delete from raw_netsuite.{table}")
            schema = pa.schema([(column, pa.string()) for column in columns])
            connection.register("read_rows", pa.Table.from_pylist(rows, schema))
            connection.execute(f"insert into raw_netsuite.{table} ({', '.join(columns)}) select * from read_rows")
            connection.unregister("read_rows")
        record_settled(connection, settled)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return sorted(changed)


def _not_asked_for(stored: Snapshot, snapshot: Snapshot, asked: Wanted) -> dict[str, list[Record]]:
    """The stored rows of documents that were left out, by table. The small tables are always read in full."""

    def unmatched(table: str, ids: set[str], external_ids: set[str], stripe_ids: set[str]) -> list[Record]:
        answered = {row["id"] for row in snapshot[table]}
        external_ids, stripe_ids = ({each.lower() for each in values} for values in (external_ids, stripe_ids))
        return [
            row
            for row in stored[table]
            if row["id"] not in answered
            and row["id"] not in ids
            and (row["externalid"] or "").lower() not in external_ids
            and (row["stripe_id"] or "").lower() not in stripe_ids
        ]

    transactions = unmatched("transactions", asked.transaction_ids, asked.externals | asked.invoices, asked.invoices)
    memos = {row["id"] for row in snapshot["transactions"] if row["type"] == "CustCred"}
    others = {row["id"] for row in snapshot["transactions"]} - memos
    named = {(row["record_kind"], row["id"]) for row in snapshot["record_names"]}
    gone = {row["id"] for row in stored["transactions"]} - {row["id"] for row in transactions} - memos - others
    return {
        "customers": unmatched("customers", asked.customer_ids, asked.customers, asked.customers),
        "transactions": transactions,
        "record_names": [row for row in stored["record_names"] if (row["record_kind"], row["id"]) not in named],
        "applications": [
            row
            for row in stored["applications"]
            if row["previousdoc"] not in others | gone and row["nextdoc"] not in memos | gone
        ],
    }


def _in_order(rows: Sequence[Record], columns: Sequence[str]) -> list[tuple[str | None, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=str)
