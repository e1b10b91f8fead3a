"""Waits for a file of DuckDB that another program has open: a notebook, a query tool, dbt by hand.

with waiting(300, say):          # in this process, until the block ends
    open_warehouse(path)         # waits up to 300 seconds, says for whom, then raises WarehouseLocked
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

PAUSE = 0.5
"""Seconds between two looks."""

# Not the bare word: a path may hold it.
LOCKED = re.compile(r"could not set lock|lock is (already )?held|used by another process", re.IGNORECASE)

# DuckDB: `Conflicting lock is held in /usr/bin/python3.11 (PID 17)`, without the program where it cannot be read.
HOLDER = re.compile(r"held in (?:(?P<program>.+?) \(PID (?P<pid>\d+)\)|PID (?P<only_pid>\d+))")


@dataclass
class Patience:
    """seconds: how long this process waits for others · tell: takes a sentence for the terminal."""

    seconds: float = 0.0
    tell: Callable[[str], None] = print
    told: str | None = None  # the program that was named last


_patience = Patience()


def patience() -> Patience:
    """What `waiting` allows now; no time by default."""
    return _patience


@contextmanager
def waiting(seconds: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Lets this process wait for files that others have open. tell: takes a sentence for the terminal."""
    global _patience
    before, _patience = _patience, Patience(seconds, tell)
    try:
        yield
    finally:
        _patience = before


def connect_when_free(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to the file, as soon as no other process keeps it from us. Raises duckdb.IOException as
    `duckdb.connect`, of a lock only when the time is up (`waiting`; at once by default)."""
    until = time.monotonic() + _patience.seconds
    while True:
        try:
            return duckdb.connect(path, read_only=read_only)
        except duckdb.IOException as error:
            holder = holder_of(error)
            if holder is None or time.monotonic() >= until:
                raise
        if holder != _patience.told:
            seconds = f"{_patience.seconds:.0f} s at most (WAREHOUSE_WAIT)"
            _patience.tell(f"{path} is open in {holder}: waiting until it is closed there, {seconds}")
            _patience.told = holder
        time.sleep(min(PAUSE, max(0.0, until - time.monotonic())))


def holder_of(error: Exception) -> str | None:
    """The program that keeps a file from us, such as `python3.11 (process 17)`; None if the error is about no lock.

    The system does not always tell which one.
    """
    text = str(error)
    if not LOCKED.search(text):
        return None
    found = HOLDER.search(text)
    if found is None:
        return "unknown to this machine"
    if found["only_pid"]:
        return f"process {found['only_pid']}"
    return f"{Path(found['program']).name} (process {found['pid']})"
