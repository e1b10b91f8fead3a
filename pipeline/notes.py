"""What a command leaves besides its work: its row in `history.runs`, changed outcomes, and the marts for readers.

None of it can fail a command: what could not be written is a warning that names the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

import duckdb

from pipeline.books import books_in, warehouse_there
from pipeline.exit_codes import SETTINGS_WRONG, code_of, sentence_of
from pipeline.logs import hidden, tell, warn
from pipeline.postgres import fetch, fetch_runs
from warehouse.connection import WarehouseError, WarehouseLocked, open_warehouse
from warehouse.ownership import Books, books_of
from warehouse.waiting import waiting

if TYPE_CHECKING:
    from history.runs import Run
    from pipeline.stages import StageResults
    from settings import Settings

STARTS_A_WAREHOUSE = ("run", "plan", "extract")
"""Commands that note their beginning where there is no warehouse file yet."""

RUNS = "runs"


@contextmanager
def noted(settings: Settings, command: str, results: StageResults, *, has_lock: bool) -> Iterator[Run | None]:
    """Notes a command for `history.runs`: its beginning, and how it ended. Yields its row, for the exit code.

    command: empty = the command leaves no row · has_lock: without the run lock, it is noted in a file beside the
    warehouse, of which the next command that has the lock makes a row. Raises WarehouseLocked when the time to wait is
    up.
    """
    if not command:
        yield None
        return
    from history.runs import Run

    run = Run(results.run_id, command)
    results.is_noted = True
    if not has_lock:
        with _noted_beside(settings, run):
            yield run
            run.failure = _failure_of(results.failure)
        return
    _begin(settings, run)
    try:
        yield run
    except BaseException as error:
        run.exit_code, run.failure = code_of(error), _failure_of(sentence_of(error, settings.warehouse_path))
        # Time to wait is up already; and a stop by hand must not take long.
        with waiting(0, tell) if isinstance(error, WarehouseLocked | KeyboardInterrupt) else nullcontext():
            _end(settings, run, results, is_told=isinstance(error, Exception))
        raise
    run.failure = _failure_of(results.failure)
    _end(settings, run, results, is_told=True)


def note_failure(settings: Settings | None, command: str, results: StageResults, error: BaseException) -> None:
    """Notes a command that ended before its first stage, as where another run is under way."""
    from history.runs import Run

    if settings and command and not results.is_noted and code_of(error) != SETTINGS_WRONG:
        with suppress(BaseException), _noted_beside(settings, Run(results.run_id, command)):
            raise error


@contextmanager
def _noted_beside(settings: Settings, run: Run) -> Iterator[None]:
    """Notes a command in a file beside the warehouse, which nobody waits for. Where there is no warehouse, or its
    folder cannot be written, nothing is noted."""
    from history.beside import begin_note, drop_note, end_note

    note, path = None, warehouse_there(settings)
    if path:
        with suppress(OSError):
            note = begin_note(path, run, _owner(books_in(settings)))
    try:
        yield
    except BaseException as error:
        run.exit_code, run.failure = code_of(error), _failure_of(sentence_of(error, path))
        raise
    finally:
        if note and run.exit_code == SETTINGS_WRONG:
            drop_note(note)  # settings that are wrong may name the warehouse of somebody else
        elif note:
            with suppress(OSError):
                end_note(note, run)


def _owner(books: Books) -> tuple[bool | None, str | None]:
    return books.is_live, books.netsuite_account


def _failure_of(sentence: str | None) -> str | None:
    return sentence and hidden(sentence)


@contextmanager
def readers_told(settings: Settings, results: StageResults) -> Iterator[None]:
    """Tells readers of what a stage changed, also when it failed on the way: what was posted is posted.

    Not after a push that logged nothing, if they have all that this command did before.
    """
    try:
        yield
    except WarehouseLocked:
        raise
    except Exception:
        tell_readers(settings, results)
        raise
    if not (results.is_published and results.push and not results.push.counts):
        tell_readers(settings, results)


def tell_readers(settings: Settings, results: StageResults) -> None:
    """Appends changed outcomes to the history and publishes the marts."""
    from history.outcomes import append_outcomes
    from history.runs import note_objects_read
    from publish.marts import NotPublished, new_publication
    from publish.reading import published_path

    results.is_published = False
    try:
        with open_warehouse(settings.warehouse_path) as warehouse:
            if results.objects_read is not None:
                note_objects_read(warehouse, results.run_id, results.objects_read)
        fetch(settings, lambda warehouse: append_outcomes(warehouse, results.run_id))
        with open_warehouse(settings.warehouse_path) as warehouse:
            try:
                with new_publication(warehouse, published_path(settings.warehouse_path)) as publication:
                    append_outcomes(warehouse, results.run_id, publication.copy_mart("credit_outcomes"))
                    publication.copy_marts()
                    publication.put_in_place()
                results.is_published = True
            except NotPublished as error:
                if not isinstance(error.__cause__, duckdb.CatalogException):
                    warn(str(error))
                append_outcomes(warehouse, results.run_id)
    except duckdb.CatalogException:
        return  # no transform has ended yet
    except (duckdb.Error, OSError, WarehouseError) as error:
        _warn(settings, "what changed was not noted in the history", error)


def _begin(settings: Settings, run: Run) -> None:
    from history.beside import take_notes
    from history.runs import begin_run

    if not settings.warehouse_path.exists() and run.command not in STARTS_A_WAREHOUSE:
        return
    try:
        with open_warehouse(settings.warehouse_path) as warehouse:
            take_notes(warehouse, settings.warehouse_path, _owner(books_of(warehouse)))
            begin_run(warehouse, run)
    except WarehouseLocked:
        raise
    except (duckdb.Error, OSError, WarehouseError) as error:
        _warn(settings, "the beginning of this run was not noted", error)


def _end(settings: Settings, run: Run, results: StageResults, is_told: bool) -> None:
    from history.beside import take_notes
    from history.runs import end_run
    from publish.marts import NotPublished, new_publication
    from publish.reading import published_path

    if not settings.warehouse_path.exists() or run.exit_code == SETTINGS_WRONG:
        return  # settings that are wrong may name the warehouse of somebody else
    run.objects_read = results.objects_read
    published = published_path(settings.warehouse_path)
    try:
        with open_warehouse(settings.warehouse_path) as warehouse:
            end_run(warehouse, run)
            take_notes(warehouse, settings.warehouse_path, _owner(books_of(warehouse)))
            fetch_runs(settings, warehouse)
            if is_told and published.exists():
                with new_publication(warehouse, published, from_old=True) as publication:
                    publication.copy_mart(RUNS)
                    publication.put_in_place()
    except NotPublished as error:
        if not isinstance(error.__cause__, duckdb.CatalogException):  # no transform of this version has ended yet
            warn(str(error))
    except (duckdb.Error, OSError, WarehouseError) as error:
        _warn(settings, "the end of this run was not noted", error)


def _warn(settings: Settings, what: str, error: Exception) -> None:
    warn(f"{what} in {settings.warehouse_path}: {str(error).splitlines()[0]}")
