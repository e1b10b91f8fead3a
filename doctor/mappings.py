"""Checks the NetSuite ids in the mapping files: each must exist, be active, and fit where it is used.

What NetSuite does not let a role see is reported as not checked. The room `mapping_files` reads the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from doctor.finding import Finding, Level
from mapping_files.reader import read_file, read_folder
from mapping_files.schema import SCHEMAS
from netsuite import lookup
from netsuite.api import NetSuite
from netsuite.errors import Refused
from netsuite.names import find_names, named

# (file, column of a NetSuite id, SuiteQL table that must have the id)
MAPPED = (
    ("default_items.csv", "netsuite_item_id", "item"),
    ("item_map.csv", "netsuite_item_id", "item"),
    ("tax_map.csv", "netsuite_item_id", "item"),
    ("account_map.csv", "netsuite_account_id", "account"),
    ("customer_map.csv", "netsuite_customer_id", "customer"),
    ("invoice_map.csv", "netsuite_invoice_id", "transaction"),
)
WAITS = {"customer": "customer", "transaction": "invoice"}
"""Tables of records that may come later: rule X1 lets the documents of an id that NetSuite lacks wait, and a transform
warns of it."""

NAMED = 20
"""Rows of a file that are shown with the name behind their id."""

ITEM_FILES = [file for file, _, table in MAPPED if table == "item"]


def check_files(folder: Path) -> Iterator[Finding]:
    """A finding for each thing that stops a run before dbt: a file that is missing or damaged, a wrong header, a row
    with too many cells. Raises SettingsError if there is no such folder."""
    found = read_folder(folder)
    yield from (Finding("error", "mapping files", problem) for problem in found.problems)
    yield from (Finding("warning", "mapping files", warning) for warning in found.warnings)
    if not found.problems:
        yield Finding("ok", "mapping files", f"readable: {folder}")


def check_mappings(client: NetSuite, seeds: Path) -> Iterator[Finding]:
    """A finding for each wrong cell, by file, line and column, or one for a file without any. Raises NetSuiteError."""
    for file, column, table in MAPPED:
        key = SCHEMAS[file.removesuffix(".csv")].key
        cells = [(line, row[column], row.get(key)) for line, row in read_rows(seeds / file) if row.get(column)]
        ids = {text for _, text, _ in cells if text.isdigit()}
        states = _states(client, table, ids)
        wrong = [(*cell, states.get(cell[1])) for cell in cells if cell[1] in ids and states.get(cell[1]) != "active"]
        for line, text, id, state in wrong:
            level, words = _wrong(table, text, state)
            whose = f" (row of {id})" if id else ""
            yield Finding(level, f"{file}, line {line}, {column}", f"{words} in NetSuite{whose}")
        if not wrong:
            yield Finding(
                "ok", file, f"{len(ids)} ids found in NetSuite{_shown(client, seeds / file, column, table, ids)}"
            )
    yield from _unseen_tax_ids(seeds)


def _wrong(table: str, text: str, state: str | None) -> tuple[Level, str]:
    """How bad it is that an id is not of an active record, and why it is not. state: None = NetSuite lacks it."""
    if table in WAITS and state != "inactive":  # the words of a transform
        return "warning", f'"{text}" is the internal id of no {WAITS[table]}'
    return "error", f"{table} {text} is {state or 'not there'}"


def _shown(client: NetSuite, path: Path, column: str, table: str, ids: set[str]) -> str:
    """The first rows of a file, each with the name behind its id: a wrong id of the right kind shows by its name."""
    names = find_names(client, table, ids)
    rows = [row for _, row in read_rows(path) if row.get(column)]
    shown = [
        f"{' '.join(text for name, text in row.items() if text and not name.startswith('netsuite_'))} = "
        f"{named(row[column], names)}"
        for row in rows[:NAMED]
    ]
    more = f"; and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f": {'; '.join(shown)}{more}" if shown else ""


def _unseen_tax_ids(seeds: Path) -> Iterator[Finding]:
    """The pipeline asks NetSuite for no table of tax codes, so nothing is known of these ids."""
    columns = ("netsuite_tax_code_id", "netsuite_tax_type_id")
    count = len({row[column] for _, row in read_rows(seeds / "tax_map.csv") for column in columns if row.get(column)})
    if count:
        yield Finding(
            "not checked",
            "tax_map.csv, tax codes and types",
            f"SuiteQL is not asked for tax codes: compare these {count} ids with NetSuite's lists by hand",
        )


def check_account_currencies(client: NetSuite, seeds: Path) -> Iterator[Finding]:
    """A warning for each account of account_map.csv in a currency that is neither its row's nor the base currency (R1).

    Raises NetSuiteError.
    """
    file = "account_map.csv"
    rows = [(n, row) for n, row in read_rows(seeds / file) if row.get("netsuite_account_id", "").isdigit()]
    ids = sorted({row["netsuite_account_id"] for _, row in rows})
    accounts = _bulk(client, "SELECT id, currency FROM account WHERE id IN ({}) ORDER BY id", ids)
    symbols = _asked(client, "SELECT id, symbol FROM currency ORDER BY id")
    has_currency = any(row.get("currency") for row in accounts or ())
    base = _base_currencies(client) if has_currency else {""}
    if accounts is None or symbols is None or not base:
        hidden = "account.currency" if accounts is None else "currency.symbol" if symbols is None else "a base currency"
        yield Finding("not checked", f"{file}, currencies", f"NetSuite does not show {hidden} to this role")
        return
    names = {row["id"]: row.get("symbol", row["id"]).lower() for row in symbols}
    currencies = {row["id"]: names.get(row["currency"], row["currency"]) for row in accounts if row.get("currency")}
    good = {names.get(id, id) for id in base}
    wrong = []
    for number, row in rows:
        own = currencies.get(row["netsuite_account_id"])
        if own and own not in good and own != row.get("currency", "").lower():
            wrong.append((number, row, own))
    for number, row, own in wrong:
        served = f"for {row['currency'].upper()}" if row.get("currency") else "for every currency"
        message = (
            f"account {row['netsuite_account_id']} is in {own.upper()}, but the row is {served}: choose an account in "
            f"that currency or in the base currency, {', '.join(sorted(good)).upper()}"
        )
        yield Finding("warning", f"{file}, line {number}, netsuite_account_id", message)
    if not wrong:
        yield Finding("ok", f"{file}, currencies", f"{len(ids)} accounts fit")


def check_item_subsidiaries(client: NetSuite, seeds: Path) -> Iterator[Finding]:
    """A finding for each mapped item that customers of some subsidiary cannot have: an error if none can.

    Raises NetSuiteError.
    """
    subject = "items of the mapping files, subsidiaries"
    cells = [
        (file, number, row["netsuite_item_id"])
        for file in ITEM_FILES
        for number, row in read_rows(seeds / file)
        if row.get("netsuite_item_id", "").isdigit()
    ]
    used = _asked(client, "SELECT id FROM subsidiary WHERE id IN (SELECT subsidiary FROM customer) ORDER BY id")
    if not used:
        shown = "NetSuite shows no subsidiary with customers, as in an account of one company"
        yield Finding("not checked", subject, shown)
        return
    known = _subsidiaries_of_items(client, sorted({id for _, _, id in cells}))
    if known is None:
        shown = "neither item.subsidiary nor the table itemsubsidiarymap"
        yield Finding("not checked", subject, f"NetSuite shows {shown} to this role")
        return
    wanted = {row["id"] for row in used}
    wrong = [(cell, lacking) for cell in cells if (lacking := wanted - known.get(cell[2], wanted))]
    for (file, number, id), lacking in wrong:
        message = (
            f"item {id} does not belong to subsidiary {', '.join(sorted(lacking, key=int))}, which has customers: "
            "NetSuite refuses their memos with it; add the subsidiary to the item or map another one"
        )
        level: Level = "error" if lacking == wanted else "warning"
        yield Finding(level, f"{file}, line {number}, netsuite_item_id", message)
    if not wrong:
        yield Finding("ok", subject, f"{len(known)} items belong to every subsidiary that has customers")


def _subsidiaries_of_items(client: NetSuite, ids: Sequence[str]) -> dict[str, set[str]] | None:
    """item → its subsidiaries, of items that name some; None if NetSuite shows neither way to them."""
    rows = _bulk(client, "SELECT id, subsidiary FROM item WHERE id IN ({}) ORDER BY id", ids)
    if rows is not None:
        return {row["id"]: set(re.findall(r"\d+", row["subsidiary"])) for row in rows if row.get("subsidiary")}
    pairs = _bulk(
        client, "SELECT item, subsidiary FROM itemsubsidiarymap WHERE item IN ({}) ORDER BY item, subsidiary", ids
    )
    if pairs is None:
        return None
    found: dict[str, set[str]] = {}
    for pair in pairs:
        found.setdefault(pair["item"], set()).add(pair["subsidiary"])
    return found


def _base_currencies(client: NetSuite) -> set[str]:
    """The currencies that the subsidiaries, or else the company, keep their books in; empty if NetSuite shows none."""
    rows = _asked(client, "SELECT id, currency FROM subsidiary ORDER BY id") or []
    base = {row["currency"] for row in rows if row.get("currency")}
    if base:
        return base
    rows = _asked(client, "SELECT id FROM currency WHERE isbasecurrency = 'T' ORDER BY id") or []
    return {row["id"] for row in rows}


def _asked(client: NetSuite, sql: str) -> list[dict[str, str]] | None:
    """The rows of a query; None if NetSuite refuses it. Raises NetSuiteError where it does not answer."""
    try:
        return client.suiteql(sql)
    except Refused:
        return None


def _bulk(client: NetSuite, sql: str, ids: Iterable[str]) -> list[dict[str, str]] | None:
    """The rows of a query with an IN list of ids in the place of `{}`; None if NetSuite refuses it."""
    found: list[dict[str, str]] = []
    for bulk in lookup.bulks(ids):
        rows = _asked(client, sql.format(", ".join(bulk)))
        if rows is None:
            return None
        found += rows
    return found


def read_rows(path: Path) -> list[tuple[int, Mapping[str, str]]]:
    """The rows of a mapping file with their lines; those that can be read. `check_files` reports the others."""
    return [(row.line, row.cells) for row in read_file(path).rows]


def _states(client: NetSuite, table: str, ids: set[str]) -> dict[str, str]:
    """id → `active`, or why it cannot be used, of the ids that NetSuite has."""
    states: dict[str, str] = {}
    column = "type" if table == "transaction" else "isinactive"
    for bulk in lookup.bulks(sorted(ids)):
        rows = client.suiteql(f"SELECT id, {column} FROM {table} WHERE id IN ({', '.join(bulk)}) ORDER BY id")
        states |= {row["id"]: _state(table, row.get(column)) for row in rows}
    return states


def _state(table: str, shown: str | None) -> str:
    if table == "transaction":
        return "active" if shown == lookup.SUITEQL_TYPES["invoice"] else "no invoice"
    return "active" if (shown or "F") == "F" else "inactive"
