"""A warehouse for tests of the models: raw tables filled by hand, mapping files given as text, dbt in this process.

The raw tables have the columns of docs/architecture.md. Nothing here knows a rule.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from extract.stripe.endpoints import TABLES
from tests.support.quick_dbt import quick_dbt

PROJECT = Path(__file__).parents[2] / "dbt_project"

STRIPE_TABLES = TABLES

NETSUITE_TABLES = {
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
}

MAPPING_HEADERS = {
    "default_items": "role,netsuite_item_id",
    "item_map": "stripe_id,netsuite_item_id",
    "tax_map": "stripe_tax_rate_id,netsuite_item_id,netsuite_tax_code_id,netsuite_tax_type_id",
    "account_map": "purpose,currency,netsuite_account_id",
    "customer_map": "stripe_customer_id,netsuite_customer_id",
    "invoice_map": "stripe_invoice_id,netsuite_invoice_id",
    "field_map": "target,netsuite_field,value_type,source,constant",
    "manual_decisions": "document_id,decision,note",
}

# A command for run_dbt: all models, no tests.
WITHOUT_TESTS = ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]

# More of a command for a world that decides about documents that never come to be, or come later (rule X5).
ANY_DECISIONS = ["--exclude", "test_manual_decisions_name_documents"]

# The position of a journal row that a test inserts (rule P9).
NEXT_POSITION = "select coalesce(max(position), 0) + 1 from load_netsuite.load_log"

_OF_THIS_PROCESS = Path(tempfile.mkdtemp(prefix="dbt-"))
atexit.register(shutil.rmtree, _OF_THIS_PROCESS, ignore_errors=True)

_FETCHED_AT = datetime(2026, 6, 1, tzinfo=UTC)


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """All raw tables, empty, and the loader's journal."""
    import history.tables
    from extract.raw_tables import ASKED_IDS, ORDER_OF_RUNS, RUNS, declare_private_fields
    from load_netsuite.tables import ensure_tables

    connection.execute("create schema if not exists raw_stripe")
    connection.execute("create schema if not exists raw_netsuite")
    for table in STRIPE_TABLES:
        connection.execute(
            f"create table if not exists raw_stripe.{table} (id text, parent_id text, created timestamptz, "
            "fetched_at timestamptz, api_version text, content_hash text, payload text, _dlt_load_id text)"
        )
    connection.execute(
        "create table if not exists raw_stripe.extract_gone (id text not null, object text not null, "
        "gone_at timestamptz not null)"
    )
    for table, columns in NETSUITE_TABLES.items():
        connection.execute(
            f"create table if not exists raw_netsuite.{table} ({', '.join(c + ' text' for c in columns.split())})"
        )
    for statement in (ASKED_IDS, RUNS, ORDER_OF_RUNS):
        connection.execute(statement)
    declare_private_fields(connection)
    ensure_tables(connection)
    history.tables.ensure_tables(connection)
    # a later version of the loader's tables has it; the loader numbers its rows (rule P9)
    connection.execute("alter table load_netsuite.load_log add column if not exists position bigint")


def land_stripe(
    connection: duckdb.DuckDBPyConnection, table: str, objects: Iterable[Mapping[str, Any]], *, version: int = 0
) -> None:
    """Append Stripe objects (JSON shapes) as a newer version of themselves. Key `_parent` gives `parent_id`."""
    rows = [_stripe_row(dict(item), _FETCHED_AT + timedelta(seconds=version)) for item in objects]
    columns = "id, parent_id, created, fetched_at, api_version, content_hash, payload"
    _insert(connection, f"raw_stripe.{table} ({columns})", rows)


def _insert(connection: duckdb.DuckDBPyConnection, target: str, rows: list[tuple[Any, ...]]) -> None:
    """Many rows in one statement: executemany plans the insert again for each."""
    for start in range(0, len(rows), 200):
        some = rows[start : start + 200]
        places = ", ".join(["(" + ", ".join("?" * len(some[0])) + ")"] * len(some))
        connection.execute(f"insert into {target} values {places}", [value for row in some for value in row])


def _stripe_row(fields: dict[str, Any], fetched_at: datetime) -> tuple[Any, ...]:
    parent = fields.pop("_parent", None)
    payload = json.dumps(fields, separators=(",", ":"))
    created = datetime.fromtimestamp(fields["created"], UTC) if fields.get("created") else None
    content_hash = hashlib.blake2b(payload.encode(), digest_size=16).hexdigest()
    return fields["id"], parent, created, fetched_at, "2026-10-28.endive", content_hash, payload


def land_netsuite(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, str | None]]) -> None:
    """Replace the rows of a snapshot table; absent columns are null."""
    connection.execute(f"delete from raw_netsuite.{table}")
    columns = NETSUITE_TABLES[table].split()
    _insert(connection, f"raw_netsuite.{table}", [tuple(row.get(c) for c in columns) for row in rows])


def project_with_mappings(folder: Path, mappings: Mapping[str, str]) -> Path:
    """A copy of the dbt project whose mapping files hold these rows (text below the header), or none."""
    target = folder / "dbt_project"
    shutil.copytree(PROJECT, target, ignore=shutil.ignore_patterns("target", "logs"), dirs_exist_ok=True)
    for name, header in MAPPING_HEADERS.items():
        body = mappings.get(name, "").strip()
        (target / "seeds" / f"{name}.csv").write_text(header + "\n" + (body + "\n" if body else ""))
    return target


class BuildFailed(AssertionError):
    """dbt ended with errors; the message holds the failed nodes and the messages that data tests give."""


def build(
    project: Path,
    warehouse: Path,
    *,
    variables: Mapping[str, Any] | None = None,
    extra: Iterable[str] = (),
    is_measured: bool = False,
) -> None:
    """Run `dbt build` without unit tests, in this process. is_measured: as `run_dbt`.

    Raises:
        BuildFailed: a node failed.
    """
    command = ["build", "--exclude-resource-type", "unit_test", *extra]
    run_dbt(command, project, warehouse, variables=variables, is_measured=is_measured)


def run_dbt(
    command: list[str],
    project: Path,
    warehouse: Path,
    *,
    variables: Mapping[str, Any] | None = None,
    parsed_under: Mapping[str, Any] | None = None,
    is_measured: bool = False,
) -> None:
    """Run a dbt command in this process; warnings are errors.

    is_measured: dbt as users have it, which is slower.

    parsed_under: other variables, under which the selected models and tests read the same relations: what dbt parsed
    under them serves. dbt refuses a relation that it did not find then.

    Raises:
        BuildFailed: a node failed, or dbt itself did.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    options = {
        "project-dir": project,
        "profiles-dir": project,
        "log-level-file": "none",
        "log-path": project / "logs",
        "target-path": project / "target",
        "vars": json.dumps(dict(variables or {})),
    }
    arguments = ["--warn-error", "--no-write-json", *command, "--log-level", "none", "--no-use-colors"]
    if not is_measured:
        arguments += ["--threads", "1"]  # each worker of `make test` has a core
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    parsed = variables if parsed_under is None else parsed_under
    with (
        parsed_before(project, warehouse, parsed) as path,
        _environment(WAREHOUSE_PATH=path),
        contextlib.nullcontext() if is_measured else quick_dbt(keep_parsed=parsed != variables),
    ):
        try:
            outcome = dbtRunner().invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()
    if outcome.exception:
        raise BuildFailed(str(outcome.exception))
    if not outcome.success:
        raise BuildFailed("\n".join(_failures(outcome.result, warehouse)))


@contextlib.contextmanager
def parsed_before(project: Path, warehouse: Path, variables: Mapping[str, Any] | None) -> Iterator[str]:
    """Let dbt parse little; gives the path by which it has to find the warehouse."""
    settings = json.dumps(dict(variables or {}))
    with _parsed_project(project, f"{warehouse.name} {settings}"), _one_path(warehouse) as path:
        yield path


@contextlib.contextmanager
def _parsed_project(project: Path, settings: str) -> Iterator[None]:
    """Give dbt what it parsed of another copy of the project in this process: it parses again only files that differ.

    A whole parse costs as much as the build of a small world. settings: dbt parses everything again for other ones.
    """
    parsed = project / "target" / "partial_parse.msgpack"
    known = _OF_THIS_PROCESS / f"{hashlib.sha256(settings.encode()).hexdigest()}.msgpack"
    parsed.parent.mkdir(exist_ok=True)
    if known.exists():
        shutil.copy(known, parsed)
    yield
    if parsed.exists() and not known.exists():
        shutil.copy(parsed, known)


@contextlib.contextmanager
def _one_path(warehouse: Path) -> Iterator[str]:
    """The path of a link to the warehouse: dbt parses the whole project again for every other folder.

    DuckDB follows symbolic links, hence a hard link.
    """
    link = _OF_THIS_PROCESS / warehouse.name
    duckdb.connect(str(warehouse)).close()
    link.hardlink_to(warehouse)
    try:
        yield str(link)
    finally:
        link.unlink()
        log = Path(f"{link}.wal")  # a killed process leaves it
        if log.exists():
            shutil.move(log, f"{warehouse}.wal")


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _failures(result: Any, warehouse: Path) -> Iterator[str]:
    """Each failed node, and the messages of a data test."""
    for node in getattr(result, "results", []):
        if node.status in ("error", "fail"):
            yield f"{node.node.unique_id}: {node.message}"
            with contextlib.suppress(duckdb.Error, AttributeError):
                found = rows(warehouse, f"select message from (\n{node.node.compiled_code}\n) limit 100")
                yield from (f"    {row['message']}" for row in found)


class EmptyWorld:
    """A copy of the project with empty mapping files, and a warehouse that holds all its models, without rows."""

    def __init__(self, folder: Path, *, copy_of: Path | None = None) -> None:
        """copy_of: the folder of another one."""
        self.project = folder / "dbt_project"
        self.warehouse = folder / "warehouse.duckdb"
        if copy_of:
            shutil.copytree(copy_of, folder, dirs_exist_ok=True)
            return
        project_with_mappings(folder, {})
        with opened(self.warehouse) as connection:
            create_raw_tables(connection)
        run_dbt(WITHOUT_TESTS, self.project, self.warehouse)


@contextlib.contextmanager
def opened(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(warehouse))
    try:
        yield connection
    finally:
        connection.close()


def rows(warehouse: Path, query: str) -> list[dict[str, Any]]:
    """The result of a query as dictionaries."""
    with opened(warehouse) as connection:
        cursor = connection.execute(query)
        names = [d[0] for d in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def rows_of_marts(warehouse: Path) -> dict[str, list[dict[str, Any]]]:
    """Every mart with its rows as dictionaries. Views that several marts read are asked once, as for readers."""
    from publish.marts import COPY, new_publication

    copies = "select table_name from duckdb_tables() where database_name = ? and schema_name = 'marts'"
    found: dict[str, list[dict[str, Any]]] = {}
    with (
        opened(warehouse) as connection,
        new_publication(connection, warehouse.with_suffix(".marts")) as publication,
    ):
        publication.copy_marts()
        for (name,) in connection.execute(copies, [COPY]).fetchall():
            cursor = connection.execute(f"select * from {COPY}.marts.{name}")
            columns = [column[0] for column in cursor.description]
            found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found
