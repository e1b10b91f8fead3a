"""Rows arrive in the warehouse unchanged, once, and in declared columns only."""

from __future__ import annotations

import queue
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

import extract.landing.landing
from extract.errors import LandingFailed
from extract.landing.arrow_rows import arrow_of
from extract.landing.dlt_pipeline import DltPipeline
from extract.landing.landing import Landing
from extract.landing.landing_queue import LandingQueue
from extract.raw_tables import STRIPE_COLUMNS, declare_all
from extract.stripe.rows import Row, row_of
from warehouse.connection import WarehouseLocked, dlt_directory, open_warehouse

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def row(identifier: str, content: str, minute: int = 0) -> Row:
    item = {"id": identifier, "object": "refund", "created": 1_767_225_600, "text": content}
    return row_of(item, NOW + timedelta(minutes=minute), "2026-10-28.endive")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w.duckdb"


def land(path: Path, *rows: Row) -> dict[str, int]:
    with open_warehouse(path) as connection:
        declare_all(connection)
        with Landing(connection, path) as landing:
            landing.put("refunds", list(rows))
        return landing.landed


TEXTS = [
    "2026-01-02T03:04:05.000Z",
    "2026-01-02",
    "0B0F6C7E-1111-2222-3333-000000000001",
    "0010.50",
    "1e5",
    "null",
    "",
    " x ",
    "\u0000",
    'é\U0001f600 "quoted" \\',
    "12:34",
    "true",
    "[1]",
    "x" * 100_000,
]


def test_text_is_stored_byte_by_byte(path: Path) -> None:
    rows = [row(f"re_{n}", text) for n, text in enumerate(TEXTS)]
    land(path, *rows)
    with duckdb.connect(path) as connection:
        found = connection.execute("""
            select id, parent_id, created, fetched_at, api_version, content_hash, payload
            from raw_stripe.refunds order by rowid""").fetchall()
    for expected, got in zip(rows, found, strict=True):
        assert got == tuple(getattr(expected, name) for name in STRIPE_COLUMNS)


def test_equal_versions_are_landed_once(path: Path) -> None:
    assert land(path, row("re_1", "a"), row("re_2", "a"), row("re_1", "a", 1), row("re_1", "b", 2)) == {"refunds": 3}
    assert land(path, row("re_1", "b", 3), row("re_2", "a", 3)) == {}
    assert land(path, row("re_1", "a", 4)) == {"refunds": 1}, "back to an earlier state is a new version"


def test_that_there_is_something_new_is_told_once(path: Path) -> None:
    told: list[str] = []
    with open_warehouse(path) as connection:
        declare_all(connection)
        for content in ("a", "a", "b"):
            with Landing(connection, path, lambda content=content: told.append(content)) as landing:
                for table in ("refunds", "payouts"):
                    landing.put(table, [row("re_1", content)])
                    landing.flush()
    assert told == ["a", "b"]


def test_a_row_that_is_missing_in_the_warehouse_stops_the_landing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = DltPipeline.load
    monkeypatch.setattr(
        DltPipeline,
        "load",
        lambda pipeline, tables: load(pipeline, {name: rows[:-1] for name, rows in tables.items()}),
    )
    with pytest.raises(LandingFailed, match="refunds: 3 objects were read, 2 are in the warehouse"):
        land(path, row("re_1", "a"), row("re_2", "a"), row("re_3", "a"))


def test_any_error_in_the_landing_thread_ends_the_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(ImportError):
        land(path, row("re_1", "a"))


def test_a_full_disk_is_reported(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(landing: Landing) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(extract.landing.landing, "CHECKPOINT_ROWS", 1)
    with monkeypatch.context() as patch:
        patch.setattr(Landing, "_checkpoint", full)
        with pytest.raises(LandingFailed, match=r"cannot be written .*No space left.* run again"):
            land(path, row("re_1", "a"))
    assert land(path, row("re_1", "a"), row("re_2", "a")) == {"refunds": 1}


def test_checkpoints_run_while_rows_are_landed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract.landing.landing, "PACKAGE_BYTES", 1_000)
    monkeypatch.setattr(extract.landing.landing, "CHECKPOINT_ROWS", 20)
    log = path.with_name(path.name + ".wal")
    with open_warehouse(path) as connection:
        declare_all(connection)
        with Landing(connection, path) as landing:
            for number in range(3):
                landing.put("refunds", [row(f"re_{number}_{n}", "x" * 100) for n in range(20)])
                landing.flush()
                assert not log.exists() or not log.stat().st_size, "as often as that many rows have come"
            # A checkpoint does not wait for another writer: the next package tries again.
            with connection.cursor() as other:
                other.execute("begin; create table other (i integer)")
                landing.put("refunds", [row(f"re_x_{n}", "x" * 100) for n in range(20)])
                landing.flush()
                assert log.stat().st_size
                other.execute("commit")
            landing.put("refunds", [row("re_y", "a")])
            landing.flush()
            assert not log.exists() or not log.stat().st_size
        assert connection.execute("select count(*) from raw_stripe.refunds").fetchall() == [(81,)]


def test_the_queue_holds_the_bytes_of_a_package() -> None:
    page = arrow_of([row(f"re_{n}", "x" * 1_000) for n in range(10)])
    waiting = LandingQueue(2 * page.nbytes)
    for _ in range(2):
        waiting.put_nowait(("refunds", page))
    with pytest.raises(queue.Full):
        waiting.put_nowait(("refunds", page))
    with pytest.raises(queue.Full):
        waiting.put_nowait(None)
    waiting.get_nowait()
    waiting.put_nowait(None)
    waiting.get_nowait()
    assert waiting.get_nowait() is None
    assert waiting.empty()


def test_tables_have_the_declared_columns(path: Path) -> None:
    land(path, row("re_1", "a"))
    with duckdb.connect(path) as connection:
        columns = connection.execute("""
            select column_name, data_type from information_schema.columns
            where table_schema = 'raw_stripe' and table_name = 'refunds'""").fetchall()
        strange = connection.execute("""
            select column_name from information_schema.columns
            where column_name like '%\\_\\_v\\_%' escape '\\'
            """).fetchall()
    assert [name for name, _ in columns] == list(STRIPE_COLUMNS)
    assert strange == []


def test_a_new_file_starts_with_new_dlt_state(path: Path) -> None:
    land(path, row("re_1", "a"))
    assert dlt_directory(path).is_dir()
    path.unlink()
    assert land(path, row("re_1", "a")) == {"refunds": 1}


def test_a_package_that_dlt_cannot_finish_is_dropped_and_read_again(path: Path) -> None:
    land(path, row("re_1", "a"))
    directory = dlt_directory(path)
    (directory / "raw_stripe.loading").touch()
    for step in ("new", "normalized"):  # a kill between two renames: the package is in both folders
        package = directory / "raw_stripe" / "load" / step / "1700000000.1"
        package.mkdir(parents=True)
        (package / "package_completed.json").write_text("not json")
    assert land(path, row("re_1", "a"), row("re_2", "a")) == {"refunds": 1}


def test_rows_that_dlt_loaded_twice_are_deleted(path: Path) -> None:
    land(path, row("re_1", "a"))
    with duckdb.connect(path) as connection:
        connection.execute("insert into raw_stripe.refunds select * from raw_stripe.refunds")
    (dlt_directory(path) / "raw_stripe.loading").touch()
    assert land(path) == {}
    with duckdb.connect(path) as connection:
        assert connection.execute("select count(*) from raw_stripe.refunds").fetchone() == (1,)


def test_a_locked_file_is_named(path: Path) -> None:
    import subprocess
    import sys

    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; c = duckdb.connect({str(path)!r}); print(1, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout and holder.stdin
    holder.stdout.readline()
    with pytest.raises(WarehouseLocked, match="open in another program"):
        open_warehouse(path)
    holder.stdin.close()
    holder.wait()
