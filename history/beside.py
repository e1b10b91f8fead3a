"""Commands that do not have the warehouse: each leaves a small file beside it, and the next one that has it makes a row
of `history.runs` of that file.

    note = begin_note(path, run, owner)      # sandbox-commands/<run id>.json, for sandbox.duckdb
    end_note(note, run)
    take_notes(connection, path, owner)      # by a command that has the warehouse

A file belongs to its command as long as the lock beside it is held, which ends with the process however that ends. So a
file whose lock is free and that has no end is of a killed command. Nothing here waits, and nothing is made where there
is no warehouse.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from history.runs import FAILURE_LENGTH, KILLED, Run
from history.tables import ensure_tables

INSERT = """
insert into history.runs (run_id, command, started_at, ended_at, exit_code, failure, position)
select
    $run_id, $command, $started_at, if($ended_at is null, null, greatest($ended_at, $started_at)), $exit_code,
    $failure, coalesce(max(position), 0) + 1
from history.runs
having count(*) filter (where run_id = $run_id) = 0
"""

AT_ONCE = 200
"""Files whose locks are held at once."""

Owner = tuple[bool | None, str | None]
"""The mode of Stripe and the NetSuite account, of a command or of a warehouse; None: not known."""


@dataclass
class Note:
    """The file of a command under way, and its lock."""

    path: Path
    lock: FileLock
    owner: Owner


def folder_of(warehouse: Path) -> Path:
    """The folder of the files."""
    return warehouse.with_name(f"{warehouse.stem}-commands")


def begin_note(warehouse: Path, run: Run, owner: Owner) -> Note:
    """Notes that a command begins. Raises OSError where the folder cannot be written, or is on a disk without locks."""
    folder = folder_of(warehouse)
    folder.mkdir(mode=0o700, exist_ok=True)
    note = Note(folder / f"{run.run_id}.json", FileLock(folder / f"{run.run_id}.lock", timeout=0), owner)
    try:
        note.lock.acquire()
        _write(note, run, ended_at=None)
    except BaseException as error:
        drop_note(note)
        if isinstance(error, NotImplementedError | Timeout):  # filelock's word for a disk without locks
            raise OSError(str(error)) from None
        raise
    return note


def end_note(note: Note, run: Run) -> None:
    """Notes how a command ended. Raises OSError; the command counts as killed then."""
    try:
        _write(note, run, ended_at=dt.datetime.now(dt.UTC))
    finally:
        note.lock.release()


def drop_note(note: Note) -> None:
    """Leaves nothing of a command."""
    _remove(note.path)
    with suppress(OSError):
        note.lock.release()
    _remove(Path(note.lock.lock_file))


def take_notes(connection: duckdb.DuckDBPyConnection, warehouse: Path, owner: Owner) -> int:
    """Makes rows of the files of commands that have ended, in the order of their beginnings, and removes the files.
    Returns how many. owner: of the warehouse; a command for another one is left out.

    A file stays until its row is committed, and one that has its row already adds none. Raises duckdb.Error.
    """
    paths = sorted(folder_of(warehouse).glob("*.json"))
    return sum(_take(connection, paths[first : first + AT_ONCE], owner) for first in range(0, len(paths), AT_ONCE))


def _take(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], owner: Owner) -> int:
    """The same for some of the files, in one commit, which waits for the disk."""
    with ExitStack() as held:
        found: dict[Path, dict[str, Any] | None] = {}
        for path in paths:
            if _is_ended(path, held):
                with suppress(OSError):  # one that cannot be read stays
                    found[path] = _read(path)
        rows = [values for values in found.values() if values and _is_of(owner, values.pop("owner"))]
        rows.sort(key=lambda values: values["started_at"])  # a run id tells the second only
        if rows:
            ensure_tables(connection)
            connection.begin()
            try:
                for values in rows:
                    connection.execute(INSERT, values)
                connection.commit()
            except duckdb.Error:
                connection.rollback()
                raise
        for path in found:
            _remove(path)
    for path in found:
        _remove(path.with_suffix(".lock"))
    return len(rows)


def _is_ended(path: Path, held: ExitStack) -> bool:
    """Whether no command holds the file any more; then its lock is held until the end of `held`."""
    lock = FileLock(path.with_suffix(".lock"), timeout=0)
    try:
        lock.acquire()
    except (Timeout, OSError, NotImplementedError):
        return False
    held.callback(lock.release)
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _write(note: Note, run: Run, ended_at: dt.datetime | None) -> None:
    """Puts the file in place by one rename."""
    values = {
        "run_id": run.run_id,
        "command": run.command,
        "started_at": run.started_at.isoformat(),
        "ended_at": ended_at and ended_at.isoformat(),
        "exit_code": run.exit_code if ended_at else None,
        "failure": run.failure and run.failure[:FAILURE_LENGTH],
        "owner": note.owner,
    }
    new = note.path.with_suffix(".new")
    try:
        new.write_text(json.dumps(values), encoding="utf-8")
        new.replace(note.path)
    finally:
        new.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    """The values of a row, and `owner`. None if the file is not as `_write` makes it. Raises OSError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        is_live, netsuite_account = found["owner"]
        return {
            "run_id": str(found["run_id"]),
            "command": str(found["command"]),
            "started_at": dt.datetime.fromisoformat(found["started_at"]),
            "ended_at": found["ended_at"] and dt.datetime.fromisoformat(found["ended_at"]),
            "exit_code": int(found["exit_code"]) if found["ended_at"] else None,
            "failure": found["failure"] if found["ended_at"] else KILLED,
            "owner": (is_live, netsuite_account),
        }
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _is_of(warehouse: Owner, command: Owner) -> bool:
    """Whether nothing that both know differs."""
    return all(
        ours is None or theirs is None or ours == theirs for ours, theirs in zip(warehouse, command, strict=True)
    )
