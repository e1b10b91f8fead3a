"""The journal is on disk before the next step, even if the process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from load_netsuite.errors import JournalError
from load_netsuite.journal import Entry, Journal
from load_netsuite.tables import ensure_tables, open_with_journal
from netsuite.concurrency import Clock
from warehouse.query import memory_limit

WRITER = """
import sys
from pathlib import Path
from load_netsuite.journal import Journal
from load_netsuite.tables import open_with_journal
with open_with_journal(Path(sys.argv[1])) as warehouse:
    journal = Journal(warehouse)
    for number in range(100_000):
        attempt = journal.attempted("creditMemo", f"cn_{number}", "create", "{}")
        print(number, flush=True)
        journal.write(attempt.result("created", internal_id=str(number)))
"""


def test_kill_9_loses_no_row_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    acknowledged = 0
    while acknowledged < 40:
        acknowledged = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().split())])
    writer.wait()
    with open_with_journal(path) as warehouse:
        rows = warehouse.execute("select external_id, status from load_netsuite.load_log order by position").fetchall()
    assert {f"cn_{number}" for number in range(acknowledged + 1)} <= {
        name for name, status in rows if status == "attempted"
    }
    assert {f"cn_{number}" for number in range(acknowledged)} <= {name for name, status in rows if status == "created"}


def test_many_threads_share_commits(tmp_path: Path) -> None:
    with open_with_journal(tmp_path / "warehouse.duckdb") as warehouse:
        journal = Journal(warehouse)
        commits = []
        really = journal._insert

        def insert(entries: list[Entry]) -> None:
            commits.append(len(entries))
            really(entries)

        journal._insert = insert  # type: ignore[assignment,method-assign]

        def work(thread: int) -> None:
            for number in range(10):
                journal.attempted("creditMemo", f"cn_{thread}_{number}", "create", "{}")

        threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (found,) = warehouse.execute("select count(*), count(distinct position) from load_netsuite.load_log").fetchall()
    assert found == (200, 200) and sum(commits) == 200
    assert len(commits) < 150, f"{len(commits)} commits for 200 rows"


def test_a_failed_commit_closes_the_journal(tmp_path: Path) -> None:
    with open_with_journal(tmp_path / "warehouse.duckdb") as warehouse:
        journal = Journal(warehouse)

        def full(_: object) -> None:
            raise duckdb.IOException("No space left on device")

        really, journal._insert = journal._insert, full  # type: ignore[assignment,method-assign]
        with pytest.raises(JournalError, match="No space left"):
            journal.attempted("creditMemo", "cn_1", "create", "{}")
        journal._insert = really  # type: ignore[method-assign]
        with pytest.raises(JournalError, match="nothing more was sent"):
            journal.attempted("creditMemo", "cn_2", "create", "{}")
        assert warehouse.execute("select count(*) from load_netsuite.load_log").fetchone() == (0,)


def test_a_stop_in_the_middle_of_a_commit_lets_no_other_request_leave(tmp_path: Path) -> None:
    """Rows of other threads are in the same commit: they must not pass for written."""
    ends: list[str] = []
    is_open = threading.Event()

    class Stopped:
        """The first commit waits until two further rows are there, the second one is stopped by Ctrl-C."""

        commits = 0

        def __init__(self, warehouse: Any) -> None:
            self._warehouse = warehouse

        def execute(self, sql: str, *values: Any) -> Any:
            if sql.startswith("insert"):
                Stopped.commits += 1
                if Stopped.commits == 2:
                    raise KeyboardInterrupt
                is_open.wait(10)
            return self._warehouse.execute(sql, *values)

    def attempt(journal: Journal, name: str) -> None:
        try:
            journal.attempted("creditMemo", name, "create", "{}")
            ends.append("sent")
        except (KeyboardInterrupt, JournalError) as error:
            ends.append(type(error).__name__)

    with open_with_journal(tmp_path / "warehouse.duckdb") as warehouse:
        journal = Journal(Stopped(warehouse))  # type: ignore[arg-type]
        threads = [threading.Thread(target=attempt, args=(journal, f"cn_{number}")) for number in range(3)]
        threads[0].start()
        while not Stopped.commits:
            pass
        for thread in threads[1:]:
            thread.start()
        while len(journal._queue) < 2:
            pass
        is_open.set()
        for thread in threads:
            thread.join(10)
        attempt(journal, "cn_4")
        assert sorted(ends) == ["JournalError", "JournalError", "KeyboardInterrupt", "sent"]
        assert warehouse.execute("select external_id from load_netsuite.load_log").fetchall() == [("cn_0",)]


def test_a_clock_set_back_does_not_reorder_the_log() -> None:
    warehouse = duckdb.connect(":memory:")
    ensure_tables(warehouse)
    time = SimpleNamespace(now=2_000_000_000.0)
    for now in (2_000_000_000.0, 1_000_000_000.0, 1_500_000_000.0):
        time.now = now
        journal = Journal(warehouse, Clock(now=lambda: time.now))
        journal.attempted("creditMemo", f"at {now}", "create", "{}")
    rows = warehouse.execute("select external_id from load_netsuite.load_log order by position").fetchall()
    assert rows == [("at 2000000000.0",), ("at 1000000000.0",), ("at 1500000000.0",)]


def test_tables_are_made_once_and_kept() -> None:
    warehouse = duckdb.connect(":memory:")
    ensure_tables(warehouse)
    Journal(warehouse).attempted("creditMemo", "cn_1", "create", "{}")
    ensure_tables(warehouse)
    assert warehouse.execute("select count(*) from load_netsuite.load_log").fetchone() == (1,)


class Short:
    """A cursor whose first insert fails for want of memory, before or after it took effect."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, error: Exception, is_done: bool) -> None:
        self.cursor, self.error, self.is_done = cursor, error, is_done
        self.failures = 0

    def execute(self, sql: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
        if not sql.startswith("insert") or self.failures:
            return self.cursor.execute(sql, *parameters)
        self.failures += 1
        if self.is_done:
            self.cursor.execute(sql, *parameters)
        raise self.error


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        duckdb.OutOfMemoryException("could not allocate block of size 256.0 KiB"),
        duckdb.TransactionException("Failed to commit: failed to allocate data of size 512 bytes"),
    ],
)
def test_a_query_that_took_all_memory_does_not_end_the_push(tmp_path: Path, error: Exception, is_done: bool) -> None:
    with open_with_journal(tmp_path / "w.duckdb") as warehouse:
        journal = Journal(warehouse)
        short = Short(journal._cursor, error, is_done)
        journal._cursor = short  # type: ignore[assignment]
        before = memory_limit(warehouse)
        journal.write(*(Entry("creditMemo", f"cn_{n}", "create", "attempted") for n in range(3)))
        assert short.failures == 1 and memory_limit(warehouse) > before
        rows = warehouse.execute("select count(*), count(distinct external_id) from load_netsuite.load_log")
        assert rows.fetchall() == [(3, 3)]
