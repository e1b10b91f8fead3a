"""Checks NetSuite: sign-in, certificate, permissions, mapping files and field names. Writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from doctor.coverage import check_coverage, check_needed
from doctor.fields import check_fields
from doctor.finding import Finding, Level
from doctor.machine import check_clock, check_disk
from doctor.mappings import check_account_currencies, check_files, check_item_subsidiaries, check_mappings
from doctor.rows import check_rows
from netsuite.api import NetSuite
from netsuite.auth import CERTIFICATE_WARNING_DAYS, TBA_END, certificate_expiry
from netsuite.errors import LoginRefused, NetSuiteError, Refused
from settings import Settings, SettingsError

# Every table that the pipeline reads, and the permission that the role needs for it (facts 4, 5).
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
CERTIFICATE = "NetSuite certificate"


def check(settings: Settings, seeds: Path | None = None) -> list[Finding]:
    """All findings. An error among them means that a push would fail or be refused.

    Raises SettingsError if there is no folder of mapping files.
    """
    seeds = seeds or settings.mappings_dir
    findings = [*_credentials(settings), *check_files(seeds)]
    findings += check_rows(settings.vars, seeds)
    findings += check_needed(settings.vars, seeds)
    findings += check_coverage(settings.warehouse_path, settings.vars, seeds)
    findings += check_disk(settings.warehouse_path)
    try:
        with NetSuite(settings) as client:
            findings += _permissions(client)
            findings += _periods(client)
            findings += check_mappings(client, seeds)
            findings += check_account_currencies(client, seeds)
            findings += check_item_subsidiaries(client, seeds)
            findings += check_fields(client, settings.vars, seeds)
            findings.append(check_clock("NetSuite", client.seconds_ahead))
    except (LoginRefused, NetSuiteError) as error:
        findings.append(Finding("error", "NetSuite login", str(error)))
    except SettingsError as error:
        findings.append(Finding("error", "NetSuite settings", str(error)))
    return findings


def _credentials(settings: Settings) -> Iterator[Finding]:
    if settings.netsuite_auth == "tba":
        yield Finding("warning", "NETSUITE_AUTH", TBA_END)
        return
    subject, ends = CERTIFICATE, certificate_expiry(settings.netsuite_private_key_file)
    if ends is None:
        hint = "put the certificate into NETSUITE_PRIVATE_KEY_FILE, after the key, to be warned"
        yield Finding("not checked", subject, f"its end is not known: {hint}")
        return
    days = (ends - dt.datetime.now(dt.UTC)).days
    level: Level = "error" if days < 0 else "warning" if days < CERTIFICATE_WARNING_DAYS else "ok"
    advice = "" if level == "ok" else "; upload a new one"
    yield Finding(level, subject, f"valid until {ends.date().isoformat()}{advice}")


def _permissions(client: NetSuite) -> Iterator[Finding]:
    for table, permission in TABLES.items():
        yield _readable(client, table, f"SELECT id FROM {table} FETCH FIRST 1 ROWS ONLY", permission)
    yield _readable(client, LINKS, f"SELECT previousdoc FROM {LINKS} FETCH FIRST 1 ROWS ONLY", TABLES["transaction"])


def _periods(client: NetSuite) -> Iterator[Finding]:
    """A record needs an open period at or after its date (rule X4); without any, nothing can be posted."""
    try:
        rows = client.suiteql(
            "SELECT id, periodname, closed FROM accountingperiod WHERE isyear = 'F' AND isquarter = 'F' ORDER BY id"
        )
    except LoginRefused:
        raise
    except Refused:
        return  # `_permissions` reports it
    is_open = [row for row in rows if row.get("closed", "F") != "T"]
    if is_open:
        yield Finding("ok", "accounting periods", f"{len(is_open)} of {len(rows)} are open")
    else:
        message = "none is open, so nothing can be posted: open or create one in NetSuite"
        yield Finding("error", "accounting periods", message)


def _readable(client: NetSuite, table: str, sql: str, permission: str) -> Finding:
    try:
        client.suiteql(sql)
    except LoginRefused:
        raise
    except NetSuiteError as error:
        return Finding("error", f"SuiteQL {table}", f"{error}; give the role: {permission}")
    return Finding("ok", f"SuiteQL {table}", "readable")
