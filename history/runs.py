"""`history.runs`: one row per command, written when it begins and completed when it ends.

A row without `ended_at` is of a command that is under way, or of one that was killed; the next command that begins
tells these apart, since no two run at once. `position` is the order of the rows (rule P9); the times are the clock's.
What a push posted is not counted here: its rows in the load log have the same `run_id`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import duckdb

from history.tables import ensure_tables

FAILURE_LENGTH = 2000
"""Characters of what failed that are kept. The list of a failed data test may be long."""

KILLED = "The command was killed, or the machine stopped: it noted no end. A later command found this."

BEGIN = """
insert into history.runs (run_id, command, started_at, position)
select $run_id, $command, $started_at, coalesce(max(position), 0) + 1 from history.runs
having count(*) filter (where run_id = $run_id) = 0
"""

END = """
update history.runs set
    ended_at = greatest(now(), started_at), exit_code = $exit_code, objects_read = $objects_read, failure = $failure
where run_id = $run_id
"""


@dataclass
class Run:
    """One command. objects_read: objects of Stripe, None if it read none · failure: what failed, in a sentence."""

    run_id: str
    command: str
    started_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    exit_code: int = 0
    objects_read: int | None = None
    failure: str | None = None


def begin_run(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Notes that a command begins, and that those whose row has no end were killed. No other command may be under way.

    Raises duckdb.Error.
    """
    ensure_tables(connection)
    connection.execute(
        "update history.runs set failure = $failure where ended_at is null and failure is null", {"failure": KILLED}
    )
    _insert(connection, run)


def end_run(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Notes how a command ended, also one whose beginning could not be noted. Raises duckdb.Error."""
    ensure_tables(connection)
    _insert(connection, run)
    failure = run.failure and run.failure[:FAILURE_LENGTH]
    connection.execute(
        END,
        {"run_id": run.run_id, "exit_code": run.exit_code, "objects_read": run.objects_read, "failure": failure},
    )


def note_objects_read(connection: duckdb.DuckDBPyConnection, run_id: str, objects_read: int) -> None:
    """Notes what the extract of a command read while the command goes on, so that its own report knows of it.

    Raises duckdb.Error.
    """
    values = {"run_id": run_id, "objects_read": objects_read}
    connection.execute("update history.runs set objects_read = $objects_read where run_id = $run_id", values)


def _insert(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Inserts the row of a run, unless it is there."""
    connection.execute(BEGIN, {"run_id": run.run_id, "command": run.command, "started_at": run.started_at})
