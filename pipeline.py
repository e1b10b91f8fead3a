"""The order of the stages, the run lock, exit codes and the summary. Start it with make (`make help`).

    python pipeline.py run        # extract, transform, push, report

Exit codes: 0 done · 1 failed, run it again · 2 settings wrong · 3 finished, but NetSuite refused rows.
With TARGET=sandbox the stand-ins of `sandbox/` are started for the command and end with it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console

    from load_netsuite.push import PushReport
    from settings import Settings

ROOT = Path(__file__).resolve().parent
PROJECT = ROOT / "dbt_project"
LOGS = ROOT / "logs"
SANDBOX_STARTS_IN = 60  # seconds
SHOWN = 40  # rows of a list in the summary or of one failed test

DONE, FAILED, SETTINGS_WRONG, REFUSED = 0, 1, 2, 3
SEVERITY = (DONE, REFUSED, FAILED, SETTINGS_WRONG)
MEANING = {
    DONE: "done",
    FAILED: "failed, run it again once the cause above is mended",
    SETTINGS_WRONG: "settings wrong, nothing was read or written",
    REFUSED: "finished, but NetSuite refused rows in this run: see above",
}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=__doc__,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class StageFailed(Exception):
    """A stage did not do its whole job; the message says what and how to mend it."""


# ---------- commands


@app.command()
def run() -> None:
    """Extract, transform, push, report."""
    _command(["stripe", "netsuite"], extract, transform, push, report)


@app.command()
def plan() -> None:
    """Everything of `run` except that nothing is written to NetSuite: shows what would be posted."""
    _command(["stripe", "netsuite"], extract, transform, make_plan, report)


@app.command("extract")
def extract_command() -> None:
    """Read Stripe and NetSuite into the raw tables (FULL_LEDGER=1: every customer's balance ledger)."""
    _command(["stripe", "netsuite"], extract)


@app.command("transform")
def transform_command() -> None:
    """Derive credit documents, memos, lines and outcomes with dbt."""
    _command([], transform)


@app.command("push")
def push_command() -> None:
    """Post what is ready to NetSuite (PLAN=plan.json: only what that plan shows)."""
    _command(["netsuite"], push)


@app.command("reconcile")
def reconcile_command() -> None:
    """Compare what was posted with what NetSuite shows today."""
    _command(["netsuite"], reconcile)


@app.command("report")
def report_command() -> None:
    """Print the summary of the last run."""
    _command([], report)


@app.command("compact")
def compact_command() -> None:
    """Remove superseded versions of Stripe's objects from the warehouse; the current ones stay."""
    _command([], compact)


@app.command("doctor")
def doctor_command() -> None:
    """Check settings, credentials, permissions and mappings; write nothing."""
    _command(["stripe", "netsuite"], doctor, locked=False)


# ---------- stages: each returns an exit code


@dataclass
class Done:
    """What the stages of one command hand on: what was pushed, for the summary."""

    push: PushReport | None = None


Stage = Callable[["Settings", Done], int]


def extract(settings: Settings, done: Done) -> int:
    """Stripe and NetSuite into raw tables."""
    from extract import run
    from extract.progress import Progress

    for line in run(settings, Progress()).lines():
        _say(line)
    return DONE


def transform(settings: Settings, done: Done) -> int:
    """dbt, in this process: a start of its own would cost four seconds."""
    from extract.compact import is_compacted
    from extract.last_transform import note_transform, rules_fingerprint
    from extract.raw_tables import declare_all
    from load_netsuite.tables import ensure_tables
    from warehouse.connection import open_warehouse

    rules = rules_fingerprint(settings)  # as they are now: an edit during the build belongs to the next
    with open_warehouse(settings.warehouse_path) as warehouse:
        declare_all(warehouse)  # so that dbt alone works on a new file, too
        ensure_tables(warehouse)
        anew = is_compacted(warehouse) or os.environ.get("FULL_REFRESH") == "1"
    began = time.monotonic()
    again = ["--full-refresh"] if anew else []
    failures = _dbt(settings, "build", "--exclude-resource-type", "unit_test", *again)
    if failures:
        raise StageFailed(
            "\n".join(["transform: nothing was pushed, because", *failures, "(all of dbt's output: logs/dbt.log)"])
        )
    with open_warehouse(settings.warehouse_path) as warehouse:
        note_transform(warehouse, rules)
    _say(f"transform: done in {time.monotonic() - began:.1f} s")
    return DONE


def push(settings: Settings, done: Done) -> int:
    """What is ready, to NetSuite."""
    from load_netsuite.push import push

    pushed = done.push = push(settings, plan=settings.plan)
    _say(f"push: {_sentence(pushed)}")
    for record_type, external_id, words in pushed.refused[:SHOWN]:
        _say(f"  {record_type} {external_id}: {words}")
    if len(pushed.refused) > SHOWN:
        _say(f"  and {len(pushed.refused) - SHOWN} more, in marts.netsuite_load_log")
    if pushed.unresolved:
        _say(
            f"push: what became of {pushed.unresolved} writes is not known yet; the next run asks NetSuite before it sends anything again"
        )
        return FAILED
    return REFUSED if pushed.count("rejected") else DONE


def make_plan(settings: Settings, done: Done) -> int:
    """What a push would post, as a table and as plan.json."""
    from load_netsuite.plan import plan

    path = plan(settings, ROOT / "plan.json", _console())
    _say(f"plan: nothing was written to NetSuite; `make push PLAN={path.name}` posts exactly this")
    return DONE


def reconcile(settings: Settings, done: Done) -> int:
    """NetSuite against the journal."""
    from load_netsuite.reconcile import reconcile

    reconcile(settings, _console())
    return DONE


def report(settings: Settings, done: Done) -> int:
    """The summary table, from the marts alone."""
    import duckdb

    from warehouse.connection import open_warehouse

    with open_warehouse(settings.warehouse_path) as warehouse:
        try:
            Summary(warehouse, _console(), done.push).print()
        except duckdb.CatalogException:
            raise StageFailed("report: the warehouse has no marts yet; run `make run`") from None
    return DONE


def compact(settings: Settings, done: Done) -> int:
    """Only the current version of each Stripe object stays."""
    from extract.compact import compact
    from extract.raw_tables import declare_all
    from warehouse.connection import open_warehouse

    if not settings.warehouse_path.exists():
        raise StageFailed(f"compact: there is no warehouse at {settings.warehouse_path} yet; run `make run`")
    with open_warehouse(settings.warehouse_path) as warehouse:
        declare_all(warehouse)
        for line in compact(warehouse, settings.warehouse_path).lines():
            _say(line)
    return DONE


def doctor(settings: Settings, done: Done) -> int:
    """What a run would meet."""
    from rich.table import Table

    from doctor.netsuite import check as check_netsuite
    from doctor.stripe import check as check_stripe

    findings = [*check_stripe(settings), *check_netsuite(settings)]
    table = Table(box=None, header_style="bold")
    for heading in ("", "checked", "finding"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(finding.level, finding.subject, finding.message)
    _console().print(table)
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise StageFailed(f"doctor: {errors} of {len(findings)} checks show something to mend")
    _say(f"doctor: {len(findings)} checks, nothing to mend")
    return DONE


# ---------- around the stages


def _command(require: Sequence[str], *stages: Stage, locked: bool = True) -> None:
    """Run stages in order and end the process with the exit code; its meaning is the last line."""
    code = _guarded(require, stages, locked)
    print(f"exit code {code}: {MEANING[code]}", flush=True)
    sys.stdout.flush()
    sys.exit(code)


def _guarded(require: Sequence[str], stages: Sequence[Stage], locked: bool) -> int:
    from settings import SettingsError, load_settings

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = load_settings(require)  # type: ignore[arg-type]
        with _run_lock(settings, locked), _connected(settings, bool(require)) as connected:
            _warm_up(stages)
            code, done = DONE, Done()
            for stage in stages:
                code = max(code, stage(connected, done), key=SEVERITY.index)
            return code
    except SettingsError as error:
        _say(str(error))
        return SETTINGS_WRONG
    except KeyboardInterrupt:
        _say("stopped by hand; the next run goes on from here")
        return FAILED
    except Exception as error:
        return _explain(error)


def _explain(error: Exception) -> int:
    """A known failure says everything in its message; anything else also leaves its traceback in the log."""
    from extract.errors import ExtractError
    from load_netsuite.errors import LoaderError
    from netsuite.errors import NetSuiteError
    from warehouse.connection import WarehouseError

    if isinstance(error, (ExtractError, LoaderError, NetSuiteError, WarehouseError, StageFailed)):
        _say(str(error))
        return FAILED
    LOGS.mkdir(exist_ok=True)
    with (LOGS / "pipeline.log").open("a", encoding="utf-8") as log:
        traceback.print_exc(file=log)
    _say(f"unexpected {type(error).__name__}: {error} (see {LOGS.name}/pipeline.log)")
    return FAILED


@contextmanager
def _run_lock(settings: Settings, wanted: bool) -> Iterator[None]:
    """One run at a time for a warehouse. The lock ends with the process, however that ends."""
    if not wanted:
        yield
        return
    from filelock import FileLock, Timeout

    settings.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.warehouse_path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StageFailed(
            f"another run is under way with {settings.warehouse_path}: let it end, then run again"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _connected(settings: Settings, wanted: bool) -> Iterator[Settings]:
    """The settings with addresses and credentials: their own, or those of the stand-ins while they run."""
    if settings.target == "production" or not wanted:
        yield settings
        return
    LOGS.mkdir(exist_ok=True)
    state = settings.warehouse_path.parent / "sandbox"
    with tempfile.TemporaryDirectory() as directory, (LOGS / "sandbox.log").open("w") as log:
        ports = Path(directory) / "ports.json"
        server = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "serve", "--state", str(state), "--ports-file", str(ports)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield settings.with_connection(_wait_for(ports, server))
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(ports: Path, server: subprocess.Popen[bytes]) -> Mapping[str, str]:
    """What the sandbox says about itself (JSON), under the names of the settings."""
    renamed = {"stripe": "stripe_api_base", "netsuite": "netsuite_base_url"}
    until = time.monotonic() + SANDBOX_STARTS_IN
    while time.monotonic() < until and server.poll() is None:
        try:
            said = json.loads(ports.read_text())
            return {renamed.get(name, name): str(value) for name, value in said.items()}
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.02)
    raise StageFailed(f"the sandbox did not start; its own words are in {LOGS.name}/sandbox.log")


def _warm_up(stages: Sequence[Stage]) -> None:
    """Import dbt while the extract waits for answers: it takes two seconds."""
    if transform in stages[1:]:
        threading.Thread(target=lambda: __import__("dbt.cli.main"), daemon=True).start()


# ---------- dbt


def _dbt(settings: Settings, *command: str) -> list[str]:
    """Run dbt on the warehouse; returns what failed, one entry per failure. Releases the file."""
    import contextlib
    import io

    os.environ["WAREHOUSE_PATH"] = str(settings.warehouse_path)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            done = dbtRunner().invoke(
                [
                    *command,
                    "--project-dir",
                    str(PROJECT),
                    "--profiles-dir",
                    str(PROJECT),
                    "--vars",
                    json.dumps(settings.pipeline_vars),
                    "--log-path",
                    str(LOGS),
                    "--log-level",
                    "none",
                    "--log-level-file",
                    "info",
                ]
            )
    finally:
        DuckDBConnectionManager.close_all_connections()
    if done.exception:
        return [f"  dbt: {done.exception}"]
    results = list(getattr(done.result, "results", None) or [])
    for result in results:
        if result.status == "warn":
            _say("\n".join(_failure(settings, result)))
    return [
        line
        for result in results
        if result.status in ("error", "fail", "runtime error")
        for line in _failure(settings, result)
    ]


def _failure(settings: Settings, result: Any) -> list[str]:
    """A failed or warning node in an accountant's words: the `message` column of what the test stored, which
    names file, row and cell."""
    node = result.node
    title = f"  {node.resource_type} {node.name}: "
    if node.resource_type != "test" or result.status in ("error", "runtime error"):
        return [title + str(result.message).strip()]
    if not node.relation_name:
        return [title + f"{result.failures} rows ({node.original_file_path})"]
    import duckdb

    with duckdb.connect(settings.warehouse_path) as warehouse:
        found = warehouse.execute(f"select * from {node.relation_name} limit {SHOWN}")
        names = [column[0] for column in found.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    said = [
        str(row["message"])
        if row.get("message") is not None
        else ", ".join(f"{name} {value}" for name, value in row.items())
        for row in rows
    ]
    more = [f"    and {result.failures - SHOWN} more"] if result.failures and result.failures > SHOWN else []
    return [title.rstrip(), *(f"    {line}" for line in said), *more]


# ---------- the summary


class Summary:
    """Documents by state and currency, what this push (or else the last one that did anything) posted, what
    is blocked and why, what waits."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, console: Console, push: PushReport | None):
        self._warehouse, self._console, self._push = warehouse, console, push

    def print(self) -> None:
        self._table(
            "Credit documents by state and currency",
            ("state", "currency", "documents", "amount"),
            """
            select
                outcomes.state, upper(outcomes.currency), count(*),
                sum(outcomes.amount_minor)::bigint, any_value(currencies.stripe_exponent)
            from marts.credit_outcomes as outcomes
            left join reference.currencies as currencies on outcomes.currency = currencies.currency
            group by outcomes.state, outcomes.currency
            order by
                list_position(['posted', 'ready', 'waiting', 'blocked', 'skipped'], outcomes.state), 2""",
            nothing="There are no credit documents yet.",
            shown=lambda row: (*row[:3], _major(*row[3:])),
        )
        self._table(
            "Posted by this run" if self._push else "Posted by the last push that did anything",
            ("record type", "what", "rows"),
            """
            select record_type, status, count(*) from marts.netsuite_load_log
            where status <> 'attempted' and run_id = coalesce(
                $run, (select run_id from marts.netsuite_load_log order by "at" desc limit 1))
            group by record_type, status order by record_type, status""",
            nothing="Nothing was posted.",
            run=self._push.run_id if self._push else None,
        )
        self._table(
            f"Blocked: a person must act (the first {SHOWN}; all: marts.credit_outcomes)",
            ("document", "reason", "what to do"),
            f"""
            select document_id, reason, detail from marts.credit_outcomes
            where state = 'blocked' order by reason, document_id limit {SHOWN}""",
            nothing="Nothing is blocked.",
        )
        self._table(
            "Waiting and skipped",
            ("state", "reason", "documents"),
            """
            select state, reason, count(*) from marts.credit_outcomes
            where state in ('waiting', 'skipped') group by state, reason order by state desc, reason""",
            nothing="Nothing waits.",
        )

    def _table(
        self,
        title: str,
        headings: Sequence[str],
        sql: str,
        nothing: str,
        shown: Callable[[tuple[Any, ...]], tuple[Any, ...]] = lambda row: row,
        **values: str | None,
    ) -> None:
        from rich import box
        from rich.table import Table

        rows = self._warehouse.execute(sql, values or None).fetchall()
        self._console.print(title if rows else nothing, style="bold")
        if rows:
            table = Table(box=box.ASCII2)
            for heading in headings:
                is_number = heading in ("documents", "amount", "rows")
                table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
            for row in rows:
                table.add_row(*("" if value is None else str(value) for value in shown(row)))
            self._console.print(table)
        self._console.print()


def _major(minor: int, exponent: int | None) -> str:
    """An amount as people write it; a currency nobody knows stays in its minor unit."""
    return f"{minor:,} minor units" if exponent is None else f"{Decimal(minor).scaleb(-exponent):,f}"


def _sentence(done: PushReport) -> str:
    counts = [f"{number} {record_type} {status}" for (record_type, status), number in sorted(done.counts.items())]
    return f"{', '.join(counts) or 'nothing to post'} ({done.requests} requests, {done.seconds:.1f} s)"


def _console() -> Console:
    from rich.console import Console

    # A log has no width of its own; 150 keeps sentences in few lines.
    return Console(width=None if sys.stdout.isatty() else 150, highlight=False)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    app()
