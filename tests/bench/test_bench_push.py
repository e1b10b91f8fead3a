"""The bench of a push fills the tables of the simulation, whatever columns these have by now."""

from __future__ import annotations

from pathlib import Path

from sandbox.netsuite.books import Books
from tests.bench.bench_push import create_company, fill_file
from tests.support import warehouse as testing


def test_the_rows_of_the_bench_fit_the_marts(tmp_path: Path) -> None:
    path = tmp_path / "bench.duckdb"
    fill_file(path, 10, create_company(Books(None)))
    ready = testing.rows(path, "select count(*) as memos from marts.credit_memos where state = 'ready'")
    lines = testing.rows(path, "select count(*) as lines from marts.credit_memo_lines where document_id = 'cn_1'")
    assert (ready, lines) == ([{"memos": 10}], [{"lines": 3}])
