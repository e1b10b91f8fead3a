"""DuckDB starts with little memory and gets more where a query needs it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from warehouse import query
from warehouse.connection import open_warehouse
from warehouse.query import ask, ask_in_bulks, memory_limit

# A list of that many numbers cannot be written to disk half-way: it takes some 200 MB.
GREEDY = "select len(list(n)) from range(8000000) as t(n)"


def test_a_query_gets_the_memory_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MEMORY_STEPS_MIB", (40, 1024))
    with open_warehouse(tmp_path / "w.duckdb", memory_mib=20) as warehouse:
        with pytest.raises(duckdb.OutOfMemoryException):
            warehouse.execute(GREEDY).fetchall()
        assert ask(warehouse.cursor(), "select ? + n from range(3) as t(n)", [5]) == [(5,), (6,), (7,)]
        assert memory_limit(warehouse) == 20, "no query needed more so far"
        assert ask(warehouse.cursor(), GREEDY) == [(8_000_000,)]
        assert memory_limit(warehouse) == 1024


def test_a_query_that_needs_too_much_memory_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MEMORY_STEPS_MIB", (40,))
    with open_warehouse(tmp_path / "w.duckdb", memory_mib=20) as warehouse, pytest.raises(duckdb.OutOfMemoryException):
        ask(warehouse.cursor(), GREEDY)


def test_rows_come_in_bulks(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", memory_mib=20) as warehouse:
        bulks = ask_in_bulks(warehouse.cursor(), "select n from range(5) as t(n) order by n", 2)
        assert list(bulks) == [[(0,), (1,)], [(2,), (3,)], [(4,)]]
