"""The loader's questions to the load log, answered from a list of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from load_netsuite.bodies import Row
from load_netsuite.journal import WRITTEN
from load_netsuite.journal_queries import PAYLOADS, UNCHECKED

LOG_COLUMNS = (
    "run_id",
    "attempt_id",
    "at",
    "record_type",
    "external_id",
    "operation",
    "status",
    "internal_id",
    "http_status",
    "error_code",
    "error_detail",
    "netsuite_operation_id",
    "payload",
    "duration_ms",
)


class FastLog:
    """A cursor: `execute` and `fetch...` as DuckDB's."""

    def __init__(self, log: list[Row]) -> None:
        self._log = log
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> FastLog:
        if sql.startswith("select epoch_us(max"):
            self._rows = [(max((row["at"] for row in self._log), default=None),)]
        elif sql == UNCHECKED:
            self._rows = sorted(self._unchecked())
        elif sql == PAYLOADS:
            self._rows = list(self._payloads(*parameters))
        else:
            raise AssertionError(f"no short cut for: {sql}")
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        first, self._rows = self._rows[:size], self._rows[size:]
        return first

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def _unchecked(self) -> Iterator[tuple[Any, ...]]:
        """Records written since their last read-back, or found to differ by it."""
        written: dict[tuple[str, str], tuple[int, str]] = {}
        checked: dict[tuple[str, str], tuple[int, str, str | None]] = {}
        verified_once: set[tuple[str, str]] = set()
        for position, row in enumerate(self._log):
            key = row["record_type"], row["external_id"]
            if row["status"] in WRITTEN and row["record_type"] != "serviceSaleItem":
                written[key] = position, row["internal_id"]
            if row["operation"] == "read_back":
                checked[key] = position, row["status"], row["error_detail"]
                verified_once |= {key} if row["status"] == "verified" else set()
        for key, (position, internal_id) in written.items():
            check = checked.get(key)
            if check is None or check[0] < position or check[1] == "differs":
                known = check[2] if check and check[0] > position else None
                yield *key, internal_id, known, key not in verified_once

    def _payloads(self, record_type: str, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """(external id, status, body) of what was written; an adopted row holds the body itself."""
        sent = {row["attempt_id"]: row["payload"] for row in self._log if row["status"] == "attempted"}
        for row in self._log:
            if row["status"] in WRITTEN and row["record_type"] == record_type and row["external_id"] in names:
                yield (
                    row["external_id"],
                    row["status"],
                    row["payload"] if row["status"] == "adopted" else sent[row["attempt_id"]],
                )
