"""The exit codes of the commands (interfaces, section 1), and the exit code of an error."""

from __future__ import annotations

import logging
from pathlib import Path

from pipeline.logs import file_shown
from settings import SettingsError

log = logging.getLogger("pipeline")

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
    """Logs an error and returns its exit code. One that no stage foresaw leaves its traceback in the file of the log.

    warehouse: the path of the warehouse, for errors of DuckDB.
    """
    if _is_expected(error):
        log.error("%s", error)
        return code_of(error)
    seen = f" (see {file_shown()})" if file_shown() else ""
    log.error("%s%s", sentence_of(error, warehouse), seen, exc_info=error)
    return FAILED


def sentence_of(error: BaseException, warehouse: Path | None = None) -> str:
    """What an error says to people."""
    import duckdb

    from warehouse.connection import what_duckdb_means

    if isinstance(error, KeyboardInterrupt):
        return "stopped by hand"
    if isinstance(error, SystemExit | BrokenPipeError):  # rich ends the process: `make trace ID=... | head`
        return "whoever read the output stopped before its end"
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
