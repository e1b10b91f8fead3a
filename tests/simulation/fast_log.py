"""The loader's questions to the load log, answered from a list of rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from load_netsuite.bodies import Row
from load_netsuite.journal import EPOCH, LAST_POSITION, NO_EFFECT_SEEN, PRESENT, RESULTS, WRITTEN
from load_netsuite.journal_queries import NEWEST, PAYLOADS, UNCHECKED, UNSETTLED

MICROSECOND = dt.timedelta(microseconds=1)

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
    "position",
)


class FastLog:
    """A cursor: `execute` and `fetch...` as DuckDB's."""

    def __init__(self, log: list[Row]) -> None:
        self._log = log
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> FastLog:
        if sql == LAST_POSITION:
            self._rows = [(max((row["position"] for row in self._log), default=None),)]
        elif sql == NEWEST:
            self._rows = list(self._newest())
        elif sql == UNSETTLED:
            self._rows = sorted(self._unsettled(), key=lambda row: row[:2])
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
        written: dict[tuple[str, str], tuple[int, str, int]] = {}
        checked: dict[tuple[str, str], tuple[int, str, str | None]] = {}
        verified_once: set[tuple[str, str]] = set()
        unseen: dict[tuple[str, str], int] = {}
        for position, row in enumerate(self._log):
            key = row["record_type"], row["external_id"]
            if row["status"] in WRITTEN and row["record_type"] != "serviceSaleItem":
                written[key] = position, row["internal_id"] or written[key][1], row["at"]
            if row["operation"] == "read_back" and row["status"] in ("verified", "differs"):
                checked[key] = position, row["status"], row["error_detail"]
                verified_once |= {key} if row["status"] == "verified" else set()
            elif row["operation"] == "read_back":
                unseen[key] = position
        for key, (position, internal_id, at) in written.items():
            check = checked.get(key)
            if check is None or check[0] < position or check[1] == "differs":
                known = check[2] if check and check[0] > position else None
                written_at = (at - EPOCH) // MICROSECOND
                yield *key, internal_id, known, key not in verified_once, written_at, unseen.get(key, -1) > position

    def _newest(self) -> Iterator[tuple[Any, ...]]:
        """Records that are there, the newest first: internal id, and whether the last word on it was good."""
        rows: dict[tuple[str, str], list[Row]] = {}
        for row in self._log:
            if row["record_type"] != "serviceSaleItem":
                rows.setdefault((row["record_type"], row["external_id"]), []).append(row)
        for key, own in sorted(rows.items(), key=lambda item: -item[1][-1]["position"]):
            ids = [row["internal_id"] for row in own if row["status"] in PRESENT]
            words = [row["status"] for row in own if row["status"] in WRITTEN or row["operation"] == "read_back"]
            if ids:
                yield *key, ids[-1], words[-1] == "verified"

    def _unsettled(self) -> Iterator[tuple[Any, ...]]:
        """Attempts without a result, and creates that ended without a visible effect or for a taken name."""
        ended = {row["attempt_id"]: row["error_code"] for row in self._log if row["status"] in RESULTS}
        taken = {
            row["attempt_id"]
            for row in self._log
            if row["status"] == "unknown" and 400 <= (row["http_status"] or 0) < 500 and row["http_status"] != 408
        }
        present = {
            (row["record_type"], row["external_id"]): row["internal_id"]
            for row in self._log
            if row["status"] in PRESENT
        }
        for row in self._log:
            id, key = row["attempt_id"], (row["record_type"], row["external_id"])
            may_show = ended.get(id) == NO_EFFECT_SEEN or id in taken
            is_late = may_show and row["operation"] == "create" and key not in present
            if row["status"] == "attempted" and (id not in ended or is_late):
                internal_id = row["internal_id"] or present.get(key)
                yield *key, row["operation"], id, row["payload"], internal_id, id not in ended, id in taken

    def _payloads(self, record_type: str, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """(external id, status, body) of what was written; an adopted row holds the body itself."""
        sent = {row["attempt_id"]: row["payload"] for row in self._log if row["status"] == "attempted"}
        for row in self._log:
            if row["status"] in WRITTEN and row["record_type"] == record_type and row["external_id"] in names:
                body = row["payload"] if row["status"] == "adopted" else sent.get(row["attempt_id"], row["payload"])
                yield row["external_id"], row["status"], body
