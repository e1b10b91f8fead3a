"""The warehouse as the loader gets it: a commit to the log can fail, and the process can die around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from tests.simulation.fast_log import LOG_COLUMNS, FastLog

if TYPE_CHECKING:
    from tests.simulation.history import History


class FaultyWarehouse:
    """A connection or cursor: on DuckDB, or on the log that the history keeps."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._cursor = history.warehouse.cursor() if history.on_engine else FastLog(history.log)

    def cursor(self) -> FaultyWarehouse:
        return FaultyWarehouse(self._history)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if not sql.startswith("insert into load_netsuite.load_log"):
            return self._cursor.execute(sql, parameters)
        history = self._history
        history.maybe_kill("before a commit")
        if history.faults.disk and history.chance.random() < history.faults.disk:
            history.tell("  the disk is full")
            raise duckdb.IOException("No space left on device")
        if history.on_engine:
            self._cursor.execute(sql, parameters)
        width = len(LOG_COLUMNS)
        for start in range(0, len(parameters), width):
            history.log.append(dict(zip(LOG_COLUMNS, parameters[start : start + width], strict=True)))
        history.maybe_kill("after a commit")
        return None
