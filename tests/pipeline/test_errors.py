"""What a command says of errors: sentences and exit codes, in this process, and nothing made where nothing is."""

from __future__ import annotations

import errno
from pathlib import Path

import duckdb
import pytest

from pipeline import command, logs, stages
from pipeline.alerts import Ended
from pipeline.exit_codes import FAILED, SETTINGS_WRONG
from pipeline.stages import Stage, StageResults
from pipeline.stop_signal import StopSignal
from settings import Settings
from warehouse.connection import open_warehouse


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings but the path of the warehouse, which is returned; logs of their own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(logs, "LOGS", tmp_path / "logs")
    path = tmp_path / "books" / "w.duckdb"
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    return path


def run(*stages: Stage, must_exist: bool = False) -> int:
    results = StageResults(run_id="r1")
    return command._exit_code([], stages, True, True, must_exist, "", StopSignal(), Ended("run", "r1", 0), results)


ERRORS = (
    (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data"), "DuckDB had too little memory"),
    (duckdb.IOException("IO Error: No space left on device"), "w.duckdb is full: make room"),
    (duckdb.FatalException("FATAL Error: database has been invalidated"), "w.duckdb is damaged"),
    (OSError(errno.ENOSPC, "No space left on device", "plan.json"), "plan.json: No space left on device: mend this"),
    (PermissionError(errno.EACCES, "Permission denied", "w.lock"), "w.lock: Permission denied: mend this"),
    (MemoryError(), "too little free memory"),
    (ZeroDivisionError("odd \x07 words"), "unexpected ZeroDivisionError: odd \ufffd words (see "),
)


@pytest.mark.parametrize(("error", "words"), ERRORS, ids=[words for _, words in ERRORS])
def test_an_error_that_no_stage_foresaw_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, words: str
) -> None:
    def stage(settings: Settings, results: StageResults) -> int:
        raise error

    assert run(stage) == FAILED
    printed = capsys.readouterr()
    assert words in printed.err and "Traceback" not in printed.out + printed.err
    assert "Traceback" in (tmp_path / "logs" / "r1-run.log").read_text()


def test_an_error_is_said_where_no_log_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file in its place")

    def stage(settings: Settings, results: StageResults) -> int:
        raise ZeroDivisionError("odd")

    assert run(stage) == FAILED
    assert capsys.readouterr().err == "unexpected ZeroDivisionError: odd\n"


@pytest.mark.parametrize("stage", [stages.push, stages.reconcile, stages.compact])
def test_a_reader_makes_nothing_where_there_is_no_warehouse(
    environment: Path, capsys: pytest.CaptureFixture[str], stage: Stage
) -> None:
    assert run(stage, must_exist=True) == FAILED
    assert capsys.readouterr().err == f"there is no warehouse at {environment} yet: run `make run`\n"
    assert not environment.parent.exists()


@pytest.mark.parametrize("content", [b"", b"text " * 1000])
def test_a_file_that_is_no_warehouse_stops_a_command(
    environment: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    environment.parent.mkdir()
    environment.write_bytes(content)
    assert run(stages.compact, must_exist=True) == FAILED
    assert f"{environment} is" in capsys.readouterr().err
    assert environment.read_bytes() == content


def test_a_file_of_another_program_stops_a_command(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_warehouse(environment) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.credit_outcomes (a integer)")
    assert run(stages.compact, must_exist=True) == SETTINGS_WRONG
    assert "has tables of another program" in capsys.readouterr().err
    with duckdb.connect(environment) as connection:
        assert connection.execute("select schema_name, table_name from duckdb_tables()").fetchall() == [
            ("marts", "credit_outcomes")
        ]
