"""Can this account be posted to? Checks sign-in, permissions and mapped ids at NetSuite; writes nothing."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from load_netsuite import lookup
from load_netsuite.api import NetSuite
from load_netsuite.auth import CERTIFICATE_WARNING_DAYS, TBA_END, certificate_expiry
from load_netsuite.errors import LoaderError, LoginRefused, NetSuiteError

SEEDS = Path(__file__).parents[1] / "dbt_project" / "seeds"

# Every table the pipeline reads, with what the role needs for it (facts 4, 5).
TABLES = {
    "customer": "Lists > Customers",
    "item": "Lists > Items",
    "currency": "Lists > Currency",
    "accountingperiod": "Lists > Accounting Periods",
    "account": "Lists > Accounts",
    "subsidiary": "Lists > Subsidiaries",
    "transaction": "Reports > SuiteAnalytics Workbook, and Transactions > Find Transaction",
    "transactionline": "Transactions > Find Transaction",
}
LINKS = "nexttransactionlinelink"

# Which mapped ids must exist where: (file, column, SuiteQL table).
MAPPED = (
    ("default_items.csv", "netsuite_item_id", "item"),
    ("item_map.csv", "netsuite_item_id", "item"),
    ("tax_map.csv", "netsuite_item_id", "item"),
    ("account_map.csv", "netsuite_account_id", "account"),
    ("customer_map.csv", "netsuite_customer_id", "customer"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. `message` says what to mend when `level` is not `ok`."""

    level: Literal["ok", "warning", "error"]
    subject: str
    message: str


def check(settings: Any, seeds: Path = SEEDS) -> list[Finding]:
    """All findings; an error among them means that a push would fail or be refused."""
    findings = list(_credentials(settings))
    try:
        with NetSuite(settings) as client:
            findings += _permissions(client)
            findings += _mappings(client, seeds)
    except (LoginRefused, NetSuiteError) as error:
        findings.append(Finding("error", "NetSuite login", str(error)))
    except LoaderError as error:
        findings.append(Finding("error", "NetSuite settings", str(error)))
    return findings


def _credentials(settings: Any) -> Iterator[Finding]:
    if settings.netsuite_auth == "tba":
        yield Finding("warning", "NETSUITE_AUTH", TBA_END)
        return
    ends = certificate_expiry(settings.netsuite_private_key_file)
    if ends is None:
        yield Finding(
            "ok",
            "NetSuite certificate",
            "its end is not known: put it into NETSUITE_PRIVATE_KEY_FILE, after the key, to be warned",
        )
        return
    days = (ends - dt.datetime.now(dt.UTC)).days
    level: Literal["ok", "warning", "error"] = (
        "error" if days < 0 else "warning" if days < CERTIFICATE_WARNING_DAYS else "ok"
    )
    yield Finding(
        level,
        "NetSuite certificate",
        f"valid until {ends.date().isoformat()}" + ("" if level == "ok" else "; upload a new one"),
    )


def _permissions(client: NetSuite) -> Iterator[Finding]:
    for table, permission in TABLES.items():
        yield _readable(client, table, f"SELECT id FROM {table} FETCH FIRST 1 ROWS ONLY", permission)
    yield _readable(client, LINKS, f"SELECT previousdoc FROM {LINKS} FETCH FIRST 1 ROWS ONLY", TABLES["transaction"])


def _readable(client: NetSuite, table: str, sql: str, permission: str) -> Finding:
    try:
        client.suiteql(sql)
    except LoginRefused:
        raise
    except NetSuiteError as error:
        return Finding("error", f"SuiteQL {table}", f"{error}; give the role: {permission}")
    return Finding("ok", f"SuiteQL {table}", "readable")


def _mappings(client: NetSuite, seeds: Path) -> Iterator[Finding]:
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
