"""The bench of the models fills the raw tables that the extract lands, whatever columns these have by now."""

from __future__ import annotations

from pathlib import Path

from tests.bench.bench_models import NETSUITE, fill
from tests.support import warehouse as testing


def test_the_rows_of_the_bench_fit_the_raw_tables(tmp_path: Path) -> None:
    with testing.opened(tmp_path / "bench.duckdb") as connection:
        testing.create_raw_tables(connection)
        fill(connection, 0, 10, version=0)
        connection.execute(NETSUITE.replace("range(200000)", "range(1)"))
        assert connection.execute("select count(*) from raw_stripe.credit_notes").fetchone() == (10,)
        assert connection.execute("select count(*) from raw_netsuite.transactions").fetchone() == (20,)
