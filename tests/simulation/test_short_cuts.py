"""The fast short cuts answer as the stand-in's SuiteQL and the views in DuckDB do.

A history with DuckDB takes half a second: `make test` plays a third of those that `make soak` plays.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import pytest

from load_netsuite.journal import LAST_POSITION
from load_netsuite.journal_queries import NEWEST, UNCHECKED, UNSETTLED
from load_netsuite.marts import STEPS, Marts
from netsuite import lookup
from sandbox.netsuite.suiteql import SuiteQL
from tests.simulation.fast_log import FastLog
from tests.simulation.fast_marts import FastMarts
from tests.simulation.fast_query import FastQuery
from tests.simulation.history import History


class Direct:
    """The reading half of the NetSuite client, without requests."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def suiteql(self, sql: str) -> list[dict[str, str]]:
        rows = self._engine.query(sql)["items"]
        return [{name: value for name, value in row.items() if name != "links"} for row in rows]


SEEDS = range(50, 1000, 50)


@pytest.mark.parametrize("seed", SEEDS if os.environ.get("SOAK") == "1" else SEEDS[::3])
def test_short_cuts_agree_with_duckdb(seed: int) -> None:
    logging.disable()
    try:
        history = History(seed, on_engine=True)
        history.run()
    finally:
        logging.disable(logging.NOTSET)
    books = history.company.books
    names = list(history.wanted.records)
    ids = [str(t.id) for t in books.transactions()]
    real, fast = Direct(SuiteQL(books)), Direct(FastQuery(books))
    for ask in (
        lambda client: lookup.find_transactions(client, names),
        lambda client: lookup.find_by_internal_id(client, ids),
        lambda client: lookup.find_items(client, names),
        lambda client: lookup.find_links(client, "creditMemo", ids),
        lambda client: lookup.find_links(client, "customerRefund", ids),
    ):
        assert ask(real) == ask(fast)
    history.marts.run_id = "none"
    for length in (len(history.log), len(history.log) // 2, len(history.log) // 3, 0):
        _rewind(history, length)
        in_duckdb, in_python = Marts(history.warehouse, "none"), history.marts
        for name, read in STEPS:
            assert list(read(in_duckdb)) == list(read(in_python)), f"{name} after {length} rows of the log"
        for read in (Marts.held_memos, Marts.held_refunds):
            assert list(read(in_duckdb)) == list(read(in_python)), f"{read.__name__} after {length} rows of the log"
        for query in (UNCHECKED, UNSETTLED, NEWEST, LAST_POSITION):
            assert history.warehouse.execute(query).fetchall() == FastLog(history.log).execute(query).fetchall(), query


def _rewind(history: History, length: int) -> None:
    """The state after the first rows of the log; no round has begun since."""
    del history.log[length:]
    assert isinstance(history.marts, FastMarts)
    positions = "select position from load_netsuite.load_log order by 1"
    numbers = [position for (position,) in history.warehouse.execute(positions).fetchall()]
    if length < len(numbers):
        history.warehouse.execute("delete from load_netsuite.load_log where position >= ?", [numbers[length]])
    history.marts.built_at = length
    built = "coalesce((select max(position) from load_netsuite.load_log), 0)"
    history.warehouse.execute(f"update wanted.world set built_position = {built}")
