"""The exit codes of the commands (interfaces, section 1), and the exit code of an error."""

from __future__ import annotations

import traceback
from pathlib import Path

from pipeline.console import say
from settings import ROOT, SettingsError

LOGS = ROOT / "logs"

DONE, FAILED, SETTINGS_WRONG, REFUSED, UNDER_WAY = 0, 1, 2, 3, 4
SEVERITY = (DONE, REFUSED, FAILED, SETTINGS_WRONG)  # UNDER_WAY: no stage has run
MEANING = {
    DONE: "done",
    FAILED: "failed, run it again once the cause above is fixed",
    SETTINGS_WRONG: "settings wrong, see above",
    REFUSED: "finished, but NetSuite refused rows in this run or does not show them as they were posted: see above",
    UNDER_WAY: "another run is under way, nothing was read or written",
}


class StageFailed(Exception):
    """A stage did not do its whole job. The message says why and how to fix it."""


class AnotherRun(Exception):
    """Another run is under way with the same warehouse. The message names the file."""


def explain(error: Exception, warehouse: Path | None = None) -> int:
    """Prints an error and returns its exit code. An error that no stage foresaw also leaves its traceback in the log.

    warehouse: the path of the warehouse, for errors of DuckDB.
    """
    if _is_expected(error):
        say(str(error))
        return code_of(error)
    say(f"{sentence_of(error, warehouse)}{_logged(error)}")
    return FAILED


def sentence_of(error: BaseException, warehouse: Path | None = None) -> str:
    """What an error says to people."""
    import duckdb

    from warehouse.connection import what_duckdb_means

    if isinstance(error, KeyboardInterrupt):
        return "stopped by hand"
    if _is_expected(error):
        return str(error)
    if isinstance(error, duckdb.Error) and warehouse:
        return what_duckdb_means(error, warehouse)
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: " if error.filename else ""
        return f"{what}{error.strerror}: mend this (space, permissions, path), then run again"
    if isinstance(error, MemoryError):
        return "this machine has too little free memory: close other programs, then run again"
    return f"unexpected {type(error).__name__}: {error}"


def _logged(error: Exception) -> str:
    """Appends the traceback to the log, and says where it is; nothing where no log can be written."""
    try:
        LOGS.mkdir(exist_ok=True)
        with (LOGS / "pipeline.log").open("a", encoding="utf-8", errors="replace") as log:
            traceback.print_exception(error, file=log)
    except OSError:
        return ""
    return f" (see {LOGS.name}/pipeline.log)"


def code_of(error: BaseException) -> int:
    """The exit code of an error."""
    from warehouse.ownership import WrongBooks

    if isinstance(error, SettingsError | WrongBooks):
        return SETTINGS_WRONG
    return UNDER_WAY if isinstance(error, AnotherRun) else FAILED


def _is_expected(error: BaseException) -> bool:
    """Whether the message of an error is a sentence for people."""
    from extract.errors import ExtractError
    from load_netsuite.errors import LoaderError
    from mapping_files.reader import MappingsRefused
    from netsuite.errors import NetSuiteError
    from publish.parquet import NotExported
    from warehouse.connection import WarehouseError

    known = ExtractError | LoaderError | MappingsRefused | NetSuiteError | NotExported | WarehouseError
    return isinstance(error, known | SettingsError | AnotherRun | StageFailed)
