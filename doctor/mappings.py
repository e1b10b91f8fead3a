"""Do the NetSuite ids in the mapping files exist, and are they active?"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from doctor.finding import Finding
from netsuite import lookup
from netsuite.api import NetSuite
from settings import ROOT

SEEDS = ROOT / "dbt_project" / "seeds"

# Which mapped ids must exist where: (file, column, SuiteQL table).
MAPPED = (
    ("default_items.csv", "netsuite_item_id", "item"),
    ("item_map.csv", "netsuite_item_id", "item"),
    ("tax_map.csv", "netsuite_item_id", "item"),
    ("account_map.csv", "netsuite_account_id", "account"),
    ("customer_map.csv", "netsuite_customer_id", "customer"),
)


def check_mappings(client: NetSuite, seeds: Path) -> Iterator[Finding]:
    for file, column, table in MAPPED:
        path = seeds / file
        if not path.exists():
            yield Finding("error", file, "is missing")
            continue
        with path.open(encoding="utf-8-sig", newline="") as lines:
            cells = [(number, (row.get(column) or "").strip()) for number, row in enumerate(csv.DictReader(lines), 2)]
        malformed = [(number, cell) for number, cell in cells if cell and not cell.isdigit()]
        for number, cell in malformed:
            yield Finding("error", f"{file}, row {number}, {column}", f"{cell!r} is no NetSuite internal id")
        ids = {cell for _, cell in cells if cell.isdigit()}
        there: dict[str, str] = {}
        for bulk in lookup.bulks(sorted(ids)):
            rows = client.suiteql(f"SELECT id, isinactive FROM {table} WHERE id IN ({', '.join(bulk)}) ORDER BY id")
            there |= {row["id"]: row.get("isinactive", "F") for row in rows}
        wrong = [(number, cell) for number, cell in cells if cell in ids and there.get(cell) != "F"]
        for number, cell in wrong:
            state = "inactive" if cell in there else "not there"
            yield Finding("error", f"{file}, row {number}, {column}", f"{table} {cell} is {state} in NetSuite")
        if not wrong and not malformed:
            yield Finding("ok", file, f"{len(ids)} ids found in NetSuite")
