"""The loader reads in chunks, so its memory does not grow with the number of rows."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from load_netsuite.journal import ROWS_AT_ONCE, Entry, Journal
from load_netsuite.journal_queries import UNCHECKED, in_bulks
from load_netsuite.marts import Marts
from load_netsuite.readback import COLUMNS
from load_netsuite.records import Record
from load_netsuite.tables import ensure_tables, open_with_journal

MARTS = (Path(__file__).parents[1] / "simulation" / "marts.sql").read_text()
FEW, MANY = 1_500, 9_000
KEPT_OF_A_ROW = 150  # bytes: its external id, and the driver's row around it


def fill(path: Path, memos: int, is_posted: bool) -> None:
    with open_with_journal(path) as warehouse:
        ensure_tables(warehouse)
        warehouse.execute(MARTS)
        warehouse.execute("insert into wanted.world values (1, 0)")
        warehouse.execute(
            "insert into wanted.memos by name select 1 as from_round, timestamptz '2026-03-05' as "
            "created_at, 'cn_' || n as external_id, 'usd' as currency, '1' as netsuite_customer_id, 2 as "
            "netsuite_currency_precision, repeat('memo ', 20) as memo_text, 1000 as amount_minor, "
            f"10 as amount from range({memos}) as t(n)"
        )
        warehouse.execute(
            "insert into marts.credit_memo_lines by name select 'cn_' || n as external_id, line as "
            "line_number, '7' as netsuite_item_id, repeat('A service. ', 10) as description, "
            f"5 as amount, false as is_gross from range({memos}) as t(n), range(2) as l(line)"
        )
        warehouse.execute(
            "insert into wanted.applications select 1, 'cn_' || n, 'invoice', 'in_1', '9', 1000, 10 "
            f"from range({memos}) as t(n)"
        )
        if is_posted:
            warehouse.execute(
                "insert into load_netsuite.load_log by name select 'a' || n as attempt_id, now() as \"at\", "
                "'creditMemo' as record_type, 'cn_' || n as external_id, 'create' as operation, 'created' as "
                f"status, n::varchar as internal_id from range({memos}) as t(n)"
            )


def test_a_bulk_of_log_rows_is_written_in_small_statements(tmp_path: Path) -> None:
    """The rows are independent, so they need not be committed together."""
    with open_with_journal(tmp_path / "warehouse.duckdb") as warehouse:
        journal = Journal(warehouse)
        sizes = []
        really = journal._insert

        def insert(entries: Sequence[Entry]) -> None:
            sizes.append(len(entries))
            really(entries)

        journal._insert = insert  # type: ignore[method-assign]
        journal.write(*(Entry("creditMemo", f"cn_{n}", "read_back", "verified") for n in range(950)))
        found = warehouse.execute("select count(distinct external_id) from load_netsuite.load_log").fetchone()
    assert found == (950,) and len(sizes) == 10 and max(sizes) <= ROWS_AT_ONCE


def memos(path: Path) -> Iterator[int]:
    with open_with_journal(path) as warehouse:
        yield from sizes(Marts(warehouse).memos())


def late_applications(path: Path) -> Iterator[int]:
    with open_with_journal(path) as warehouse:
        yield from sizes(Marts(warehouse).late_applications())


def unchecked(path: Path) -> Iterator[int]:
    with open_with_journal(path) as warehouse:
        yield from map(len, in_bulks(warehouse, UNCHECKED, COLUMNS))


def sizes(chunks: Iterator[list[Record]]) -> Iterator[int]:
    for chunk in chunks:
        yield len(chunk)


@pytest.mark.parametrize("read", [memos, late_applications, unchecked], ids=lambda read: read.__name__)
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path, read: Callable[[Path], Iterator[int]]) -> None:
    peaks = []
    for rows in (FEW, MANY):
        path = tmp_path / f"{rows}.duckdb"
        fill(path, rows, is_posted=read is not memos)
        tracemalloc.start()
        try:
            assert sum(read(path)) == rows
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] - peaks[0] < KEPT_OF_A_ROW * (MANY - FEW), f"{peaks[0]} bytes at most, then {peaks[1]}"
