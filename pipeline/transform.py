"""The stage that runs dbt, in this process: a start of its own would cost four seconds."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mapping_files.reader import MappingFolder, read_mappings
from pipeline.console import ROWS_SHOWN
from pipeline.exit_codes import DONE, StageFailed
from pipeline.logs import LOGS, tell, warn
from pipeline.mapping_rows import unmatched_rows
from pipeline.notes import tell_readers
from pipeline.postgres import filled
from progress import Progress, Stage
from settings import ROOT, Settings
from warehouse.query import Warehouse
from warehouse.waiting import connect_when_free

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

    from pipeline.stages import StageResults

PROJECT = ROOT / "dbt_project"


def transform(settings: Settings, results: StageResults) -> int:
    """Derives credit documents, memos, lines and outcomes from the raw tables and the mapping files.

    Raises StageFailed, MappingsRefused, and SettingsError if there is no folder of mapping files.
    """
    import history.tables
    from extract.compact import is_compacted
    from extract.last_transform import note_transform, rules_fingerprint
    from extract.raw_tables import declare_all
    from load_netsuite.tables import ensure_tables
    from pipeline import unchanged
    from warehouse.connection import open_warehouse

    began = time.monotonic()
    rules = rules_fingerprint(settings)  # as they are now: an edit during the build belongs to the next build
    mappings = read_mappings(settings.mappings_dir)
    for warning in mappings.warnings:
        warn(f"transform: {warning}")
    mappings.write_for_dbt(mappings_for_dbt(settings))
    with open_warehouse(settings.warehouse_path) as warehouse:
        declare_all(warehouse)  # so that dbt alone works on a new file, too
        ensure_tables(warehouse)
        history.tables.ensure_tables(warehouse)
        full_refresh = is_compacted(warehouse) or os.environ.get("FULL_REFRESH") == "1"
        # what another host changed in Postgres is not known here
        may_be_unchanged = not full_refresh and settings.warehouse_url is None
        is_unchanged = may_be_unchanged and unchanged.is_noted(warehouse, unchanged.state_of(warehouse, rules))
    if not is_unchanged:
        with filled(settings, "transform"):
            _build(settings, results, mappings, full_refresh)
    with open_warehouse(settings.warehouse_path) as warehouse:
        note_transform(warehouse, rules)
        if may_be_unchanged and not is_unchanged:
            unchanged.note(warehouse, unchanged.state_of(warehouse, rules))
    tell_readers(settings, results)
    with open_warehouse(settings.warehouse_path) as warehouse:
        for warning in unmatched_rows(warehouse, settings):
            warn(f"transform: {warning}")
    said = "nothing has changed since the last one, found" if is_unchanged else "done"
    tell(f"transform: {said} in {time.monotonic() - began:.1f} s")
    return DONE


def _build(settings: Settings, results: StageResults, mappings: MappingFolder, full_refresh: bool) -> None:
    """Raises StageFailed."""
    options = ["--full-refresh"] if full_refresh else []
    with Progress().stage("transform", unit="models and tests", has_summary=False) as stage:
        results.so_far = stage.so_far
        failures = run_dbt(settings, "build", "--exclude-resource-type", "unit_test", *options, stage=stage)
    if failures:
        raise StageFailed(
            mappings.with_lines(
                "\n".join(["transform: nothing was pushed, because", *failures, "(all of dbt's output: logs/dbt.log)"])
            )
        )


def mappings_for_dbt(settings: Settings) -> Path:
    """The folder beside the warehouse with the mapping files as dbt loads them: each warehouse has its own."""
    return settings.warehouse_path.with_suffix(".mappings")


def count_nodes(stage: Stage) -> Callable[[EventMsg], None]:
    """Takes dbt's events, and counts the models and tests that are done."""

    def take(event: EventMsg) -> None:
        if event.info.name == "LogStartLine":
            stage.expect(event.data.total)
        elif event.info.name == "NodeFinished":
            stage(1)

    return take


def run_dbt(settings: Settings, *command: str, stage: Stage | None = None) -> list[str]:
    """Runs dbt on the warehouse, logs its warnings and returns its failures as lines. Releases the file. stage: counts
    what is done."""
    os.environ["WAREHOUSE_PATH"] = str(settings.warehouse_path)
    os.environ["MAPPINGS_FOR_DBT"] = str(mappings_for_dbt(settings))
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    if settings.warehouse_url:
        os.environ.update(settings.warehouse_url.for_dbt())
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    options = {
        "--project-dir": str(PROJECT),
        "--profiles-dir": str(PROJECT),
        "--vars": json.dumps(settings.pipeline_vars),
        "--log-path": str(LOGS),
        "--log-level": "none",
        "--log-level-file": "info",
    }
    try:
        # dbt does not wait for a file that others have open. It shares the hold of this process.
        with (
            connect_when_free(settings.warehouse_path),
            contextlib.redirect_stdout(io.StringIO()),
            _no_collections(),
        ):
            # Nothing reads the manifest and the results as JSON, and they take a second to write.
            outcome = dbtRunner(callbacks=[count_nodes(stage)] if stage else []).invoke(
                ["--no-write-json", *command, *(word for option in options.items() for word in option)]
            )
    finally:
        del os.environ["MAPPINGS_FOR_DBT"]
        os.environ.pop("DBT_ENV_SECRET_WAREHOUSE_PASSWORD", None)  # no later program needs it
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.exception:
        return [f"  dbt: {outcome.exception}"]
    failures: list[str] = []
    for result in getattr(outcome.result, "results", None) or []:
        if result.status == "warn":
            warn("\n".join(describe_failure(settings, result)).strip())
        elif result.status in ("error", "fail", "runtime error"):
            failures += describe_failure(settings, result)
    return failures


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Python looks for no cycles meanwhile: dbt holds a million objects to the end, and to look through them again and
    again takes a tenth of the stage. The cycles that it leaves come to some 150 MB, however much there is to derive."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def describe_failure(settings: Settings, result: Any) -> list[str]:
    """The lines for a dbt result (`status`, `node`, `failures`, `message`) that failed or warns, in an accountant's
    words: the `message` column of the rows that a test finds, which names file, row and cell."""
    node = result.node
    title = f"  {node.resource_type} {node.name}: "
    if node.resource_type != "test" or result.status in ("error", "runtime error"):
        return [title + str(result.message).strip()]
    if not node.compiled_code:
        return [title + f"{result.failures} rows ({node.original_file_path})"]
    with _asked(settings) as warehouse:
        answer = warehouse.execute(f"select * from (\n{node.compiled_code}\n) as failures limit {ROWS_SHOWN}")
        names = [column[0] for column in answer.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    lines = [f"    {_sentence(row)}" for row in rows]
    if result.failures and result.failures > ROWS_SHOWN:
        lines.append(f"    and {result.failures - ROWS_SHOWN} more")
    return [title.rstrip(), *lines]


def _asked(settings: Settings) -> AbstractContextManager[Warehouse]:
    """Where dbt has just built."""
    if settings.warehouse_url is None:
        return connect_when_free(settings.warehouse_path)
    from warehouse.postgres_connection import PostgresWarehouse

    return PostgresWarehouse(settings.warehouse_url, "transform")


def _sentence(row: dict[str, Any]) -> str:
    if row.get("message") is not None:
        return str(row["message"])
    return ", ".join(f"{name} {value}" for name, value in row.items())
