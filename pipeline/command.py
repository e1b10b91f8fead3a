"""Runs the stages of one command: settings first, then one run at a time, then the exit code."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pipeline import logs
from pipeline.console import printable_json, say
from pipeline.exit_codes import DONE, MEANING, SEVERITY, AnotherRun, StageFailed, explain, sentence_of
from pipeline.notes import note_failure, noted
from pipeline.sandbox_process import connected
from pipeline.stages import Stage, StageResults
from pipeline.stop_signal import StopSignal
from pipeline.transform import transform
from settings import Service, Settings, SettingsError, load_settings
from warehouse.waiting import waiting

if TYPE_CHECKING:
    from pipeline.alerts import Ended


ALERTED = ("run", "push", "reconcile", "doctor")
"""Commands that tell ALERT_URLS how they ended."""


def run_command(
    require: Sequence[Service],
    *stages: Stage,
    locked: bool = True,
    needs_warehouse: bool = True,
    must_exist: bool = False,
    note_as: str = "",
    as_json: bool = False,
) -> None:
    """Runs stages in order and ends the process with the most severe exit code; its meaning is the last line.

    require: the services whose credentials the command needs · locked: no other command may run meanwhile, and this one
    waits for other programs that have the warehouse open · needs_warehouse: False for a command that works without one,
    or reads what is published · must_exist: the command makes no warehouse, not even an empty file or folder, where
    there is none · note_as: the command's name, in `marts.runs` too; empty = the stage's name, and it leaves no row ·
    as_json: stdout gets one JSON object at the end, and nothing else.
    """
    os.umask(0o077)  # the books of a company are for the eyes of the user who runs this
    from load_netsuite.journal import new_run_id
    from pipeline.alerts import Ended, alert

    stop = StopSignal()
    stop.watch()
    command = note_as or getattr(stages[0], "func", stages[0]).__name__
    ended = Ended(command, new_run_id(), DONE)
    results = StageResults(run_id=ended.run_id)
    stop.so_far = lambda: results.so_far()
    with _stdout_for_json(as_json, stop) as out:
        ended.exit_code = _exit_code(
            require, stages, locked, needs_warehouse, must_exist, note_as, stop, ended, results
        )
        ended.failure, ended.is_published = results.failure, results.is_published
        ended.findings = results.to_tell
        if command in ALERTED:
            alert(ended)
        say(f"exit code {ended.exit_code}: {MEANING[ended.exit_code]}")
        if out:
            found = {"failure": results.failure and logs.hidden(results.failure), **results.found}
            head = {"command": command, "run_id": ended.run_id, "exit_code": ended.exit_code}
            text = json.dumps({**head, **found}, indent=2, ensure_ascii=False, default=str)
            print(printable_json(text), file=out, flush=True)
    sys.exit(ended.exit_code)


@contextmanager
def _stdout_for_json(wanted: bool, stop: StopSignal) -> Iterator[TextIO | None]:
    """Keeps everything but one JSON object off stdout. Yields where the object goes; None if none is wanted."""
    if not wanted:
        yield None
        return
    out = stop.json_to = sys.stdout
    logs.repeat_what_is_said()
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield out


def _exit_code(
    require: Sequence[Service],
    stages: Sequence[Stage],
    locked: bool,
    needs_warehouse: bool,
    must_exist: bool,
    note_as: str,
    stop: StopSignal,
    ended: Ended,
    results: StageResults,
) -> int:
    warehouse: Path | None = None
    try:
        settings = ended.settings = _settings(require, ended)
        if not needs_warehouse:
            return _run(settings, stages, note_as, stop, results, has_lock=False)
        settings = ended.settings = _with_warehouse(settings)
        warehouse = settings.warehouse_path
        if must_exist and not warehouse.exists():
            raise StageFailed(f"there is no warehouse at {warehouse} yet: run `make run`")
        with (
            _run_lock(settings, locked),
            waiting(settings.warehouse_wait if locked else 0, logs.tell),
            connected(settings, bool(require)) as connected_settings,
        ):
            logs.hide_secrets_of(connected_settings)
            _require_own_books(connected_settings, locked)
            if transform in stages[1:]:
                results.on_news = _import_dbt_ahead
            return _run(connected_settings, stages, note_as, stop, results, has_lock=locked)
    except (Exception, KeyboardInterrupt) as error:
        note_failure(ended.settings, note_as, results, error)
        if stop.has_come(error):
            return stop.leave(getattr(error, "__notes__", []))
        assert isinstance(error, Exception)
        results.failure = sentence_of(error, warehouse)
        return explain(error, warehouse)


def _settings(require: Sequence[Service], ended: Ended) -> Settings:
    """The settings; from here on there are logs. Raises SettingsError."""
    try:
        settings = load_settings(require)
    except SettingsError as error:
        ended.settings = error.known
        logs.begin(error.known, ended.command, ended.run_id)
        raise
    logs.begin(settings, ended.command, ended.run_id)
    return settings


def _run(
    settings: Settings,
    stages: Sequence[Stage],
    note_as: str,
    stop: StopSignal,
    results: StageResults,
    *,
    has_lock: bool,
) -> int:
    """The most severe exit code of the stages, run in order."""
    code = DONE
    with noted(settings, note_as, results, has_lock=has_lock) as run:
        for stage in stages:
            stop.stage = getattr(stage, "func", stage).__name__
            logs.note_stage(stop.stage)
            code = max(code, stage(settings, results), key=SEVERITY.index)
        logs.note_stage("")
        if run:
            run.exit_code = code
    return code


def _with_warehouse(settings: Settings) -> Settings:
    """The settings with the warehouse of an earlier version, where there is one.

    Raises SettingsError, AnotherRun, WarehouseError.
    """
    from pipeline.books import with_warehouse
    from warehouse.connection import WarehouseLocked

    try:
        return with_warehouse(settings)
    except WarehouseLocked as locked:
        raise AnotherRun(str(locked)) from None


def _require_own_books(settings: Settings, locked: bool) -> None:
    """Stop before anything is read or written if the warehouse is another account's (rule I1). locked: no other command
    runs; without that, a run under way has the file open, and it has checked it."""
    from pipeline.books import require_own_books
    from warehouse.connection import WarehouseLocked

    try:
        require_own_books(settings)
    except WarehouseLocked:
        if locked:
            raise
        logs.tell(f"{settings.warehouse_path} is in use: to which accounts it belongs was not checked")


@contextmanager
def _run_lock(settings: Settings, wanted: bool) -> Iterator[None]:
    """One run at a time for a warehouse. The lock ends with the process, however the process ends."""
    if not wanted:
        yield
        return
    from filelock import FileLock, Timeout

    settings.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.warehouse_path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AnotherRun(
            f"another run is under way with {settings.warehouse_path}: let it end, then run again"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _import_dbt_ahead() -> None:
    """Imports dbt while the extract waits for answers: the import takes two seconds."""
    threading.Thread(target=lambda: __import__("dbt.cli.main"), daemon=True).start()
