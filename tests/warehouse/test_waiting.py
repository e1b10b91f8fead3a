"""A file of DuckDB that another program has open is waited for, and that program is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import WarehouseLocked, open_warehouse
from warehouse.waiting import connect_when_free, holder_of, waiting

HOLD = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); sys.stdin.read()"
)


@contextmanager
def reader(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that reads the file until its standard input is closed."""
    with duckdb.connect(path):
        pass
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdout.readline() == "open\n"
        yield other
        if other.stdin and not other.stdin.closed:
            other.stdin.close()


def test_a_file_is_opened_as_soon_as_the_other_program_has_closed_it(tmp_path: Path) -> None:
    told: list[str] = []
    path = tmp_path / "w.duckdb"
    with reader(path) as other:

        def tell(sentence: str) -> None:
            told.append(sentence)
            other.stdin.close()

        with waiting(60, tell), open_warehouse(path) as warehouse:
            assert warehouse.execute("select 1").fetchall() == [(1,)]
    (sentence,) = told
    assert sentence.startswith(f"{path} is open in python")
    assert f"(process {other.pid}): waiting until it is closed there, 60 s at most (WAREHOUSE_WAIT)" in sentence


def test_when_the_time_is_up_the_error_names_the_program(tmp_path: Path) -> None:
    told: list[str] = []
    path = tmp_path / "w.duckdb"
    with reader(path) as other, waiting(0.7, told.append):
        for _ in range(2):
            with pytest.raises(WarehouseLocked, match=rf"open in another program \(python.* \(process {other.pid}\)\)"):
                open_warehouse(path)
    assert len(told) == 1, "one program is named once"


def test_nobody_waits_unless_told_to(tmp_path: Path) -> None:
    with reader(tmp_path / "w.duckdb"), pytest.raises(duckdb.IOException, match="lock"):
        connect_when_free(tmp_path / "w.duckdb")


def test_readers_do_not_keep_each_other_waiting(tmp_path: Path) -> None:
    with reader(tmp_path / "w.duckdb"), connect_when_free(tmp_path / "w.duckdb", read_only=True) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_what_is_no_lock_is_not_waited_for(tmp_path: Path) -> None:
    with waiting(600, pytest.fail), pytest.raises(duckdb.IOException):
        connect_when_free(tmp_path / "missing.duckdb", read_only=True)


@pytest.mark.parametrize(
    ("message", "holder"),
    [
        (
            'Could not set lock on file "w": Conflicting lock is held in /usr/bin/My Tool (x) (PID 17) by user a.',
            "My Tool (x) (process 17)",
        ),
        ('Could not set lock on file "w": Conflicting lock is held in PID 17. See also', "process 17"),
        ('Could not set lock on file "w": Resource temporarily unavailable', "unknown to this machine"),
        ("No space left on device", None),
    ],
)
def test_the_program_is_taken_from_what_duckdb_says(message: str, holder: str | None) -> None:
    assert holder_of(duckdb.IOException(message)) == holder
