"""Asks NetSuite whether the records that the journal calls posted are there at all (I4)."""

from __future__ import annotations

from load_netsuite.bodies import Row
from load_netsuite.errors import RecordsGone
from load_netsuite.journal_queries import NEWEST
from netsuite import lookup
from netsuite.api import NetSuite
from warehouse.query import Warehouse, ask_in_bulks

FEWEST = 5
"""Records that must have been asked for before their absence says anything about the account."""
COLUMNS = ("record_type", "external_id", "internal_id", "is_verified")
"""Of the query NEWEST."""


def gone_records(warehouse: Warehouse, client: NetSuite, is_thorough: bool = False) -> list[Row]:
    """The records that NetSuite has shown right before and does not have any more.

    The newest 900 posted ones are asked for, and older ones as long as none of them is there; is_thorough: all. Raises
    RecordsGone when NetSuite has none of at least `FEWEST`, NetSuiteError.
    """
    gone: list[Row] = []
    asked = 0
    for values in ask_in_bulks(warehouse.cursor(), NEWEST, lookup.BULK):
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in values]
        found = lookup.find_by_internal_id(client, (row["internal_id"] for row in rows))
        asked += len(rows)
        gone += [row for row in rows if row["internal_id"] not in found]
        if found and not is_thorough:
            break
    if asked == len(gone) >= FEWEST:
        raise RecordsGone(
            f"none of {asked} records that were posted is in NetSuite: is this another account, or was it refreshed "
            "from production? Nothing was written. Set NETSUITE_ACCOUNT_ID to the account that holds "
            f"{gone[0]['record_type']} {gone[0]['external_id']} (internal id {gone[0]['internal_id']}), or "
            "WAREHOUSE_PATH to another file."
        )
    return [row for row in gone if row["is_verified"]]
