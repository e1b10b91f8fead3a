"""Readers get the published file, whatever a run does with the warehouse."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from publish.reading import damage_told, open_for_reading, published_path
from tests.warehouse.test_waiting import reader
from warehouse.connection import WarehouseError, WarehouseLocked, open_warehouse


def sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (a)")


def fill(path: Path, value: str) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.runs as select '{value}' as run_id, timestamptz '2026-01-01' as at")


def test_what_is_published_comes_before_the_warehouse_and_does_not_wait_for_it(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    fill(path, "of the warehouse")
    with open_for_reading(path) as connection:
        assert connection.execute("select run_id from marts.runs").fetchall() == [("of the warehouse",)]
    fill(published_path(path), "published")
    with open_for_reading(path, is_published=False) as connection:
        assert connection.execute("select run_id from marts.runs").fetchall() == [("of the warehouse",)]
    with reader(path), open_for_reading(path) as connection:
        assert connection.execute("select run_id from marts.runs").fetchall() == [("published",)]
        assert connection.execute("select current_setting('timezone')").fetchall() == [("UTC",)]
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("delete from marts.runs")


def test_nothing_is_created_for_a_reader(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"there is no warehouse at .*w\.duckdb yet: run `make run`"):
        open_for_reading(tmp_path / "w.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_is_published_the_program_that_holds_the_warehouse_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with open_warehouse(path):
        asked = (
            "import sys; from pathlib import Path; import publish.reading as r; r.open_for_reading(Path(sys.argv[1]))"
        )
        done = subprocess.run([sys.executable, "-c", asked, str(path)], capture_output=True, text=True, check=False)
    assert WarehouseLocked.__name__ in done.stderr and "is open in python" in done.stderr


@pytest.mark.parametrize(
    "make", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"text" * 999), sqlite]
)
@pytest.mark.parametrize("name", ["w.duckdb", "w-published.duckdb"])
def test_a_file_that_is_no_database_is_named_with_what_to_do(
    tmp_path: Path, make: Callable[[Path], object], name: str
) -> None:
    """DuckDB would download an extension to read a file of SQLite."""
    make(tmp_path / name)
    with pytest.raises(WarehouseError, match=rf"{name} is (empty|no DuckDB file): .*move this one away"):
        open_for_reading(tmp_path / "w.duckdb")


@pytest.mark.parametrize(
    ("name", "advice"),
    [("w.duckdb", "Put a copy of it in its place"), ("w-published.duckdb", "move it away and run `make transform`")],
)
def test_damage_that_a_query_meets_is_a_sentence(tmp_path: Path, name: str, advice: str) -> None:
    path = tmp_path / name
    with duckdb.connect(path) as connection:
        connection.execute("create table numbers as select range as n, hash(range)::varchar as t from range(200000)")
    content = bytearray(path.read_bytes())
    content[12288 + 2**18 + 5000] ^= 0xFF  # inside the data
    path.write_bytes(content)
    with (
        pytest.raises(WarehouseError, match=rf"{name} is damaged \(.*{advice}"),
        damage_told(tmp_path / "w.duckdb"),
        open_for_reading(tmp_path / "w.duckdb") as connection,
    ):
        connection.execute("select max(n), max(t) from numbers").fetchall()
    with pytest.raises(duckdb.CatalogException), damage_told(tmp_path / "w.duckdb"):
        duckdb.execute("select * from no_such_table")
