"""Checks the NetSuite ids in the mapping files: each must exist and be active."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from doctor.finding import Finding
from netsuite import lookup
from netsuite.api import NetSuite
from settings import ROOT

SEEDS = ROOT / "dbt_project" / "seeds"

# (file, column of a NetSuite id, SuiteQL table that must have the id)
MAPPED = (
    ("default_items.csv", "netsuite_item_id", "item"),
    ("item_map.csv", "netsuite_item_id", "item"),
    ("tax_map.csv", "netsuite_item_id", "item"),
    ("account_map.csv", "netsuite_account_id", "account"),
    ("customer_map.csv", "netsuite_customer_id", "customer"),
)

Cell = tuple[int, str]
"""(row of the file, the header counted as 1; text)"""


def check_mappings(client: NetSuite, seeds: Path) -> Iterator[Finding]:
    """A finding for each wrong cell, by file, row and column, or one for a file without any. Raises NetSuiteError."""
    for file, column, table in MAPPED:
        path = seeds / file
        if not path.exists():
            yield Finding("error", file, "is missing")
            continue
        cells = _cells(path, column)
        malformed = [(row, f"{text!r} is no NetSuite internal id") for row, text in cells if not text.isdigit()]
        ids = {text for _, text in cells if text.isdigit()}
        states = _states(client, table, ids)
        wrong = [
            (row, f"{table} {text} is {states.get(text, 'not there')} in NetSuite")
            for row, text in cells
            if text in ids and states.get(text) != "active"
        ]
        for row, message in malformed + wrong:
            yield Finding("error", f"{file}, row {row}, {column}", message)
        if not malformed and not wrong:
            yield Finding("ok", file, f"{len(ids)} ids found in NetSuite")


def _cells(path: Path, column: str) -> Sequence[Cell]:
    """The cells of a column that are not empty."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        cells = [(number, (row.get(column) or "").strip()) for number, row in enumerate(csv.DictReader(lines), 2)]
    return [(number, text) for number, text in cells if text]


def _states(client: NetSuite, table: str, ids: set[str]) -> dict[str, str]:
    """id → `active` or `inactive`, of the ids that NetSuite has."""
    states: dict[str, str] = {}
    for bulk in lookup.bulks(sorted(ids)):
        rows = client.suiteql(f"SELECT id, isinactive FROM {table} WHERE id IN ({', '.join(bulk)}) ORDER BY id")
        states |= {row["id"]: "active" if row.get("isinactive", "F") == "F" else "inactive" for row in rows}
    return states
