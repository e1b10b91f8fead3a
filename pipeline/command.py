"""Runs the stages of one command: settings first, then one run at a time, then the exit code."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pipeline.console import printable, say
from pipeline.exit_codes import DONE, MEANING, SEVERITY, AnotherRun, StageFailed, explain
from pipeline.notes import noted
from pipeline.sandbox_process import connected
from pipeline.stages import Stage, StageResults
from pipeline.stop_signal import StopSignal
from pipeline.transform import transform
from settings import Service, Settings, load_settings
from warehouse.waiting import waiting


def run_command(
    require: Sequence[Service],
    *stages: Stage,
    locked: bool = True,
    needs_warehouse: bool = True,
    must_exist: bool = False,
    note_as: str = "",
) -> None:
    """Runs stages in order and ends the process with the most severe exit code; its meaning is the last line.

    require: the services whose credentials the command needs · locked: no other command may run meanwhile, and this one
    waits for other programs that have the warehouse open · needs_warehouse: False for a command that works without one,
    or reads what is published · must_exist: the command makes no warehouse, not even an empty file or folder, where
    there is none · note_as: the command's name in `marts.runs`; empty = it leaves no row.
    """
    os.umask(0o077)  # the books of a company are for the eyes of the user who runs this
    stop = StopSignal()
    stop.watch()
    code = _exit_code(require, stages, locked, needs_warehouse, must_exist, note_as, stop)
    say(f"exit code {code}: {MEANING[code]}")
    sys.exit(code)


class _OneLine(logging.Formatter):
    """Words of Stripe and NetSuite stand in the messages: no control character of theirs reaches a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(" ".join(super().format(record).split()))


def _exit_code(
    require: Sequence[Service],
    stages: Sequence[Stage],
    locked: bool,
    needs_warehouse: bool,
    must_exist: bool,
    note_as: str,
    stop: StopSignal,
) -> int:
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    warehouse: Path | None = None
    try:
        settings = load_settings(require)
        if not needs_warehouse:
            return _run(settings, stages, note_as, stop, has_lock=False)
        settings = _with_warehouse(settings)
        warehouse = settings.warehouse_path
        if must_exist and not warehouse.exists():
            raise StageFailed(f"there is no warehouse at {warehouse} yet: run `make run`")
        with (
            _run_lock(settings, locked),
            waiting(settings.warehouse_wait if locked else 0, say),
            connected(settings, bool(require)) as connected_settings,
        ):
            _require_own_books(connected_settings, locked)
            _import_dbt_ahead(stages)
            return _run(connected_settings, stages, note_as, stop, has_lock=locked)
    except (Exception, KeyboardInterrupt) as error:
        if stop.has_come(error):
            return stop.leave(getattr(error, "__notes__", []))
        assert isinstance(error, Exception)
        return explain(error, warehouse)


def _run(settings: Settings, stages: Sequence[Stage], note_as: str, stop: StopSignal, *, has_lock: bool) -> int:
    """The most severe exit code of the stages, run in order."""
    from load_netsuite.journal import new_run_id

    code, results = DONE, StageResults(run_id=new_run_id())
    with noted(settings, note_as, results, has_lock=has_lock) as run:
        for stage in stages:
            stop.stage = (stage.func if isinstance(stage, partial) else stage).__name__
            code = max(code, stage(settings, results), key=SEVERITY.index)
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
        say(f"{settings.warehouse_path} is in use: to which accounts it belongs was not checked")


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


def _import_dbt_ahead(stages: Sequence[Stage]) -> None:
    """Imports dbt while the extract waits for answers: the import takes two seconds."""
    if transform in stages[1:]:
        threading.Thread(target=lambda: __import__("dbt.cli.main"), daemon=True).start()
