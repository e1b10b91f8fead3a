"""What a command leaves besides its work: its row among the runs, the history of outcomes, and the marts for readers.
None of it changes how the command ends."""

from __future__ import annotations

import gc
from pathlib import Path

import duckdb
import pytest

from history.beside import folder_of
from history.runs import KILLED
from load_netsuite.push import PushReport
from pipeline import stages
from pipeline.exit_codes import FAILED, REFUSED, UNDER_WAY, AnotherRun, StageFailed
from pipeline.notes import note_failure, noted, readers_told, tell_readers
from pipeline.stages import StageResults
from publish.reading import published_path
from settings import Settings, SettingsError, default_warehouse
from warehouse.connection import WarehouseLocked, open_warehouse
from warehouse.ownership import Books, WrongBooks, note_books

MARTS = """
create schema marts; create schema history;
create table history.runs (
    run_id varchar, command varchar, started_at timestamptz, ended_at timestamptz, exit_code integer,
    objects_read bigint, documents_blocked bigint, failure varchar, position bigint
);
create table marts.credit_outcomes as select 'cn_1' as document_id, 'blocked' as state, 'item_unmapped' as reason;
create view marts.runs as select * from history.runs;
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb")


def create_marts(settings: Settings) -> None:
    with open_warehouse(settings.warehouse_path) as warehouse:
        warehouse.execute(MARTS)


def rows(path: Path, query: str = "select command, exit_code, failure from history.runs order by position") -> list:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def run(settings: Settings, command: str, run_id: str, error: BaseException | None = None, code: int = 0) -> None:
    results = StageResults(run_id=run_id, failure="NetSuite refused rows" if code else None, objects_read=3)
    with noted(settings, command, results, has_lock=True) as noted_run:
        if error:
            raise error
        assert noted_run
        noted_run.exit_code = code


def test_commands_that_end_fail_and_stop_are_noted(settings: Settings) -> None:
    run(settings, "extract", "r1")
    run(settings, "push", "r2", code=REFUSED)
    with pytest.raises(StageFailed):
        run(settings, "transform", "r3", StageFailed("transform: nothing was pushed"))
    with pytest.raises(ZeroDivisionError):
        run(settings, "plan", "r4", ZeroDivisionError("by zero"))
    with pytest.raises(KeyboardInterrupt):
        run(settings, "run", "r5", KeyboardInterrupt())
    assert rows(settings.warehouse_path) == [
        ("extract", 0, None),
        ("push", REFUSED, "NetSuite refused rows"),
        ("transform", FAILED, "transform: nothing was pushed"),
        ("plan", FAILED, "unexpected ZeroDivisionError: by zero"),
        ("run", FAILED, "stopped by hand"),
    ]


def test_a_killed_command_is_noted_by_the_next(settings: Settings) -> None:
    killed = noted(settings, "run", StageResults(run_id="r1"), has_lock=True)
    killed.__enter__()
    run(settings, "push", "r2")
    assert rows(settings.warehouse_path) == [("run", None, KILLED), ("push", 0, None)]


def read_only(settings: Settings, run_id: str, command: str = "report", error: BaseException | None = None) -> None:
    """A command without the run lock."""
    with noted(settings, command, StageResults(run_id=run_id), has_lock=False):
        if error:
            raise error


def test_commands_beside_a_run_are_noted_by_the_next_one_that_has_the_lock(settings: Settings) -> None:
    """The run lock and the warehouse's own are both held meanwhile; at the end of the run, its rows are published."""
    create_marts(settings)
    results = StageResults(run_id="r1")
    with noted(settings, "run", results, has_lock=True), open_warehouse(settings.warehouse_path):
        tell_readers(settings, results)
        read_only(settings, "r2", "trace")
        with pytest.raises(StageFailed):
            read_only(settings, "r3", "export", StageFailed("export: no"))
        with pytest.raises(KeyboardInterrupt):
            read_only(settings, "r4", "doctor", KeyboardInterrupt())
    found = [("run", 0, None), ("trace", 0, None), ("export", 1, "export: no"), ("doctor", 1, "stopped by hand")]
    assert rows(settings.warehouse_path) == found
    query = "select command, exit_code, failure from marts.runs where ended_at >= started_at order by position"
    assert rows(published_path(settings.warehouse_path), query) == found
    assert not list(folder_of(settings.warehouse_path).iterdir())


def test_a_command_that_could_not_begin_is_noted_once(settings: Settings) -> None:
    create_marts(settings)
    for failure in (AnotherRun("another run is under way"), SettingsError(["MONTH is wrong"])):
        note_failure(settings, "push", StageResults(run_id="r1"), failure)
    note_failure(settings, "push", StageResults(run_id="r2", is_noted=True), StageFailed("noted by itself"))
    run(settings, "compact", "r3")
    assert rows(settings.warehouse_path) == [("push", UNDER_WAY, "another run is under way"), ("compact", 0, None)]


def test_a_command_with_the_settings_of_another_account_leaves_nothing(settings: Settings) -> None:
    create_marts(settings)
    with open_warehouse(settings.warehouse_path) as warehouse:
        note_books(warehouse, settings.warehouse_path, Books(is_live=True, netsuite_account="1"))
    with pytest.raises(WrongBooks):
        read_only(settings, "r1", error=WrongBooks("belongs to 1"))
    other = settings.model_copy(update={"netsuite_account_id": "2"})
    killed = noted(other, "trace", StageResults(run_id="r2"), has_lock=False)
    killed.__enter__()
    del killed  # the lock goes with it, as with a process
    gc.collect()
    own = settings.model_copy(update={"netsuite_account_id": "1"})
    read_only(own, "r3")
    run(own, "compact", "r4")
    assert rows(settings.warehouse_path) == [("report", 0, None), ("compact", 0, None)]


def test_the_warehouse_of_an_earlier_version_gets_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("settings.ROOT", tmp_path)
    path = tmp_path / "data" / "production.duckdb"
    open_warehouse(path).close()
    settings = Settings(_env_file=None, target="production", netsuite_account_id="1")
    settings = settings.model_copy(update={"warehouse_path": default_warehouse(settings)})
    read_only(settings, "r1")
    assert [found.name for found in (tmp_path / "data").iterdir() if found.is_dir()] == ["production-commands"]


def test_a_folder_that_cannot_be_written_changes_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    create_marts(settings)
    folder_of(settings.warehouse_path).write_text("in the way")
    read_only(settings, "r1")
    run(settings, "compact", "r2")
    assert rows(settings.warehouse_path) == [("compact", 0, None)]
    assert not caplog.messages


@pytest.mark.parametrize("command", ["report", "compact", "push"])
def test_a_warehouse_is_not_created_for_the_note(settings: Settings, command: str) -> None:
    run(settings, command, "r1")
    read_only(settings, "r2", command)
    assert not list(settings.warehouse_path.parent.iterdir())


def test_a_command_without_a_name_leaves_no_row(settings: Settings) -> None:
    run_results = StageResults(run_id="r1")
    with noted(settings, "", run_results, has_lock=True) as nothing:
        assert nothing is None
    assert not settings.warehouse_path.exists()


def test_the_published_runs_show_how_the_command_ended(settings: Settings) -> None:
    create_marts(settings)
    results = StageResults(run_id="r1")
    with noted(settings, "transform", results, has_lock=True):
        tell_readers(settings, results)
        assert results.is_published
    published = published_path(settings.warehouse_path)
    query = "select command, exit_code, documents_blocked, ended_at is not null from marts.runs"
    assert rows(published, query) == [("transform", 0, 1, True)]


def test_a_report_of_a_run_knows_what_the_run_has_read(settings: Settings) -> None:
    create_marts(settings)
    results = StageResults(run_id="r1", objects_read=937)
    with noted(settings, "run", results, has_lock=True):
        tell_readers(settings, results)
        query = "select objects_read, ended_at from marts.runs where run_id = 'r1'"
        assert rows(published_path(settings.warehouse_path), query) == [(937, None)]


def test_a_file_that_cannot_be_published_is_a_warning_and_the_history_grows(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    create_marts(settings)
    published = published_path(settings.warehouse_path)
    published.mkdir()
    (published / "in the way").touch()
    results = StageResults(run_id="r1")
    tell_readers(settings, results)
    assert not results.is_published
    (said,) = caplog.messages
    assert said.startswith(f"warning: {published} could not be written (") and "readers go on" in said
    assert rows(settings.warehouse_path, "select document_id from history.credit_outcomes") == [("cn_1",)]


def test_before_the_first_transform_nobody_is_told_anything(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    results = StageResults(run_id="r1")
    with noted(settings, "extract", results, has_lock=True):
        tell_readers(settings, results)
    assert not caplog.messages
    assert not published_path(settings.warehouse_path).exists()


def test_a_damaged_warehouse_is_left_to_the_stages(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.warehouse_path.write_bytes(b"no database" * 1000)
    results = StageResults(run_id="r1")
    with noted(settings, "push", results, has_lock=True), readers_told(settings, results):
        pass
    said = caplog.text
    assert said.count(f"warning: the beginning of this run was not noted in {settings.warehouse_path}") == 1
    assert said.count("warning: ") == 3


@pytest.mark.parametrize(
    ("error", "is_told"),
    [(StageFailed("half of it"), True), (WarehouseLocked("held"), False), (KeyboardInterrupt(), False)],
    ids=["failed", "locked", "stopped"],
)
def test_readers_are_told_what_a_stage_that_failed_has_done(
    settings: Settings, error: BaseException, is_told: bool
) -> None:
    """Not if it could not begin, nor if somebody waits for its end."""
    create_marts(settings)
    with pytest.raises(type(error)), readers_told(settings, StageResults(run_id="r1")):
        raise error
    assert published_path(settings.warehouse_path).exists() == is_told


@pytest.mark.parametrize(("is_published", "counts", "is_told"), [(True, 0, False), (True, 1, True), (False, 0, True)])
def test_a_push_that_logged_nothing_publishes_nothing_again(
    settings: Settings, is_published: bool, counts: int, is_told: bool
) -> None:
    create_marts(settings)
    report = PushReport("r1")
    if counts:
        report.counts["creditMemo", "created"] += counts
    results = StageResults(run_id="r1", push=report, is_published=is_published)
    with readers_told(settings, results):
        pass
    assert published_path(settings.warehouse_path).exists() == is_told


def test_a_report_shows_what_could_not_be_published(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published file is then of an earlier time; the summary of a run is of its end."""
    create_marts(settings)
    with duckdb.connect(published_path(settings.warehouse_path)) as connection:
        connection.execute("create schema marts; create table marts.runs as select 1 as x")
    shown = []
    monkeypatch.setattr(
        "pipeline.summary.print_summary",
        lambda marts, *_: shown.extend(marts.execute("select current_database()").fetchall()),
    )
    monkeypatch.setattr("report.files.write_files", lambda *_: ([], {}))
    for is_published in (None, True, False):
        stages.report(settings, StageResults(run_id="r1", is_published=is_published))
    assert shown == [("w-published",), ("w-published",), ("w",)]
