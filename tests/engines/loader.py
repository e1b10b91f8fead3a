"""`make engines`: the loader's journal in Postgres.

The simulated histories of tests/simulation are played on a warehouse in Postgres: processes of the loader are killed
around their commits, and so is Postgres itself. The invariants are the same: nothing is posted twice, no request leaves
without a committed attempt, nothing is lost.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from load_netsuite.errors import JournalError
from load_netsuite.journal import Journal
from load_netsuite.tables import ONE_WRITER, ensure_tables
from sandbox.netsuite.books import Books
from tests.bench import bench_push
from tests.engines.server import Server
from tests.simulation import world
from tests.simulation.history import History
from warehouse.connection import WarehouseLocked
from warehouse.postgres_connection import PostgresError, PostgresWarehouse, open_postgres
from warehouse.query import ask

HISTORIES = int(os.environ.get("HISTORIES", "200"))
RECORDS, CONCURRENCY = 200, 4

CRASHES = 0.02
"""Chance that Postgres crashes around a commit of the journal, in a history with faults."""

#: What marts.sql spells as DuckDB does, and Postgres's words for it.
WORDS = (
    (r"generated always as \(external_id\)", "generated always as (external_id) stored"),
    (
        r"arg_max\((\w+), position\) (filter \(where status in \([^)]*\))\)",
        r"(array_agg(\1 order by position desc) \2))[1]",
    ),
    (
        r"unnest\(from_json\((.*), '.*'\)\.apply\.items\)\.doc\.id as doc",
        r"jsonb_array_elements(cast(\1 as jsonb) #> '{apply,items}') #>> '{doc,id}' as doc",
    ),
    (
        r"memos\.\* exclude \(external_id, netsuite_external_id\)",
        "memos.from_round, memos.created_at, memos.currency, memos.netsuite_customer_id, memos.netsuite_currency_id, "
        "memos.netsuite_currency_precision, memos.netsuite_subsidiary_id, memos.netsuite_account_id, "
        "memos.netsuite_posting_period_id, memos.tran_date, memos.memo_text, memos.amount_minor, memos.amount, "
        "memos.existing_netsuite_id, memos.is_connector",
    ),
)  # fmt: skip


def marts() -> str:
    """The tables and views of a simulated world, for Postgres."""
    text = (Path(world.__file__).parent / "marts.sql").read_text()
    for pattern, words in WORDS:
        text, count = re.subn(pattern, words, text)
        assert count, pattern
    return text


class Crashing(History):
    """A history whose warehouse is in Postgres, which crashes now and then."""

    crashes = 0

    def __init__(self, seed: int, server: Server, warehouse: PostgresWarehouse) -> None:
        self._server = server
        super().__init__(seed, on_engine=True, warehouse=warehouse)

    def maybe_kill(self, where: str) -> None:
        super().maybe_kill(where)
        if "commit" in where and self.faults.kill and self.chance.random() < CRASHES:
            self.tell(f"  Postgres crashes {where}")
            self.crashes += 1
            self._server.stop()
            self._server.start()
            self.warehouse = PostgresWarehouse(self._server.url("simulation"), "the next round")
            if where == "after a commit":
                raise PostgresError("the answer to the commit is lost")


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[str]:
    server.create("simulation")
    with PostgresWarehouse(server.url("simulation"), "test") as warehouse:
        ensure_tables(warehouse)
        warehouse.execute(ONE_WRITER)
        warehouse.execute(marts())
    return "simulation"


def test_histories_end_well_though_the_loader_and_postgres_are_killed(server: Server, database: str) -> None:
    failures, crashes = [], 0
    for seed in range(HISTORIES):
        with PostgresWarehouse(server.url(database), "push") as warehouse:
            history = Crashing(seed, server, warehouse)
            try:
                history.run()
            except Exception as failure:
                failures.append(f"seed {seed}: {type(failure).__name__}: {failure}")
            crashes += history.crashes
    print(f"{HISTORIES} histories, {crashes} crashes of Postgres")
    assert failures == []
    assert crashes >= HISTORIES / 20


def test_a_second_host_waits_for_the_lock_and_is_told_who_has_it(server: Server) -> None:
    server.create("locked")
    with (
        open_postgres(server.url("locked"), "push"),
        pytest.raises(WarehouseLocked, match=r"held by stripe-credit-to-netsuite push on this machine"),
        open_postgres(server.url("locked"), "plan"),
    ):
        pass
    with open_postgres(server.url("locked"), "plan") as held:
        # Postgres frees it a moment after the end of a session, too late for the next stage
        held.close = lambda: None  # type: ignore[method-assign]
    with open_postgres(server.url("locked"), "push"):
        pass


def test_a_journal_whose_session_ended_writes_no_more_though_postgres_is_back(server: Server) -> None:
    """The lock went with the session, so another host may push now."""
    server.create("lost")
    with open_postgres(server.url("lost"), "push") as warehouse:
        ensure_tables(warehouse)
        journal = Journal(warehouse)
        journal.attempted("creditMemo", "cn_1", "create", "{}")
        server.stop()
        server.start()
        for _ in range(2):
            with pytest.raises(JournalError, match=r"nothing more was sent"):
                journal.attempted("creditMemo", "cn_2", "create", "{}")
    with open_postgres(server.url("lost"), "push") as warehouse:
        assert ask(warehouse, "select external_id, position from load_netsuite.load_log") == [("cn_1", 1)]


def test_texts_arrive_as_they_are(server: Server) -> None:
    """Marks of both drivers in values, and what neither may take for one."""
    server.create("texts")
    with open_postgres(server.url("texts"), "push") as warehouse:
        ensure_tables(warehouse)
        for text in ("100 % of ?", "%s", "'; drop table x; --", "Zoë 👩‍👩‍👧", '{"a": "\\u00e4"}'):
            Journal(warehouse).attempted("creditMemo", text, "create", text)
            found = ask(warehouse, "select payload from load_netsuite.load_log where external_id = ?", [text])
            assert found == [(text,)]


def test_a_push_from_postgres_waits_for_netsuite_alone(server: Server, tmp_path: Path) -> None:
    """At least 90 % of concurrency / latency; printed beside the same push from a file."""
    server.create("bench")
    shares = []
    with PostgresWarehouse(server.url("bench"), "test") as warehouse:
        ensure_tables(warehouse)
        warehouse.execute(marts())
        bench_push.fill(warehouse, RECORDS, bench_push.create_company(Books(None)))
    url = f"postgresql://postgres@localhost:5432/bench?host={server.folder}&sslmode=disable"
    for name, place in (("file", None), ("postgres", url)):
        took = bench_push.measure(tmp_path / name, RECORDS, CONCURRENCY, bench_push.LATENCY, place)
        shares.append(RECORDS / took["seconds"] / (CONCURRENCY / bench_push.LATENCY))
    print("push, share of concurrency / latency: file {:.1%}, Postgres {:.1%}".format(*shares))
    assert shares[1] >= 0.9 * min(1.0, shares[0] / 0.95)
