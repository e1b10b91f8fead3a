"""Commands without the warehouse: each has one row in the end, whatever happens to it, and waits for nobody."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from history.beside import AT_ONCE, begin_note, drop_note, end_note, folder_of, take_notes
from history.runs import FAILURE_LENGTH, KILLED, Run

OURS = (True, "1234567")

BEGUN_ELSEWHERE = """
import sys
from pathlib import Path
from history.beside import AT_ONCE, begin_note
from history.runs import Run
note = begin_note(Path(sys.argv[1]), Run("elsewhere", "doctor"), (True, "1234567"))
print("begun", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def rows(warehouse: duckdb.DuckDBPyConnection) -> list[tuple]:
    return warehouse.execute(
        "select run_id, command, exit_code, failure, ended_at is not null from history.runs order by position"
    ).fetchall()


def leave(path: Path, run: Run, owner: tuple[bool | None, str | None] = OURS) -> None:
    end_note(begin_note(path, run, owner), run)


def test_commands_that_have_ended_become_rows_once(tmp_path: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
    path = tmp_path / "w.duckdb"
    began = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)
    leave(path, Run("r1", "trace", began))
    leave(path, Run("r2", "export", exit_code=1, failure="x" * 10_000))
    assert [take_notes(warehouse, path, OURS) for _ in range(2)] == [2, 0]
    assert rows(warehouse) == [("r1", "trace", 0, None, True), ("r2", "export", 1, "x" * FAILURE_LENGTH, True)]
    assert warehouse.execute("select started_at from history.runs where run_id = 'r1'").fetchall() == [(began,)]
    assert not list(folder_of(path).iterdir())


def test_a_command_under_way_is_left_alone_and_a_killed_one_is_noted(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    path = tmp_path / "w.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", BEGUN_ELSEWHERE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdout.readline() == "begun\n"
        leave(path, Run("here", "trace"))  # two at once
        assert take_notes(warehouse, path, OURS) == 1
        assert [found.suffix for found in sorted(folder_of(path).iterdir())] == [".json", ".lock"]
        other.kill()
    assert take_notes(warehouse, path, OURS) == 1
    assert rows(warehouse) == [("here", "trace", 0, None, True), ("elsewhere", "doctor", None, KILLED, False)]
    assert not list(folder_of(path).iterdir())


def test_a_row_that_was_committed_before_a_kill_is_not_repeated(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    path = tmp_path / "w.duckdb"
    for _ in range(2):
        leave(path, Run("r1", "trace"))
        take_notes(warehouse, path, OURS)
    assert len(rows(warehouse)) == 1


def test_commands_of_one_second_are_in_the_order_of_their_beginnings(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """A run id tells the second, and chance."""
    began = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)
    leave(tmp_path / "w.duckdb", Run("20260301T060000Z-f", "report", began))
    leave(tmp_path / "w.duckdb", Run("20260301T060000Z-a", "trace", began + dt.timedelta(milliseconds=5)))
    take_notes(warehouse, tmp_path / "w.duckdb", OURS)
    assert [command for _, command, *_ in rows(warehouse)] == ["report", "trace"]


def test_many_commands_become_rows_in_their_order(tmp_path: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
    path = tmp_path / "w.duckdb"
    for number in range(AT_ONCE + 1):
        leave(path, Run(f"r{number:04}", "trace"))
    assert take_notes(warehouse, path, OURS) == AT_ONCE + 1
    assert [row[0] for row in rows(warehouse)] == [f"r{number:04}" for number in range(AT_ONCE + 1)]
    assert not list(folder_of(path).iterdir())


@pytest.mark.parametrize(
    ("owner", "is_taken"),
    [((True, None), True), ((None, "1234567"), True), ((False, "1234567"), False), ((True, "1234567_SB1"), False)],
)
def test_a_command_for_another_account_is_no_row(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, owner: tuple[bool | None, str | None], is_taken: bool
) -> None:
    path = tmp_path / "w.duckdb"
    leave(path, Run("r1", "trace"), owner)
    assert take_notes(warehouse, path, OURS) == is_taken
    assert take_notes(warehouse, path, owner) == 0
    assert not list(folder_of(path).iterdir())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"run_id": 1}', json.dumps({"owner": [None, None], "exit_code": "x"})]
)
def test_a_damaged_file_is_no_row(tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, text: str) -> None:
    path = tmp_path / "w.duckdb"
    folder_of(path).mkdir()
    (folder_of(path) / "r1.json").write_text(text)
    assert take_notes(warehouse, path, OURS) == 0
    assert not list(folder_of(path).iterdir())


def test_a_file_for_which_there_is_no_room_raises_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        begin_note(tmp_path / "w.duckdb", Run("r1", "trace"), OURS)
    assert not list(folder_of(tmp_path / "w.duckdb").iterdir())


def test_a_dropped_command_leaves_nothing(tmp_path: Path) -> None:
    drop_note(begin_note(tmp_path / "w.duckdb", Run("r1", "trace"), OURS))
    assert not list(folder_of(tmp_path / "w.duckdb").iterdir())
