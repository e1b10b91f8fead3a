"""The bench of what readers cost fills the journal and publishes, whatever columns the marts have by now."""

from __future__ import annotations

from pathlib import Path

from publish.reading import published_path
from tests.bench.bench_readers import POSTED, publish
from tests.report.marts import insert, with_marts
from tests.support import warehouse as testing


def test_the_journal_of_the_bench_fits_and_is_published(tmp_path: Path) -> None:
    path = tmp_path / "bench.duckdb"
    with testing.opened(path) as connection:
        testing.create_raw_tables(connection)
        with_marts(connection)
        insert(connection, "credit_memos", *({"external_id": f"cn_{n}", "state": "ready"} for n in range(20)))
        connection.execute(POSTED)
        counts = connection.execute("select count(*), count(distinct position) from load_netsuite.load_log").fetchall()
    assert counts == [(54, 54)]
    assert publish(path) > 0 and published_path(path).exists()
