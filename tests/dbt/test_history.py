"""The marts over the history and the journal, in the empty world: rows of the sources in, rows of the marts out."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.support import warehouse as testing


@pytest.fixture
def world(empty_world: testing.EmptyWorld) -> Iterator[duckdb.DuckDBPyConnection]:
    """A transaction that is taken back."""
    with testing.opened(empty_world.warehouse) as connection:
        connection.execute("set timezone = 'UTC'; begin")
        yield connection
        connection.execute("rollback")


def log(world: duckdb.DuckDBPyConnection, run_id: str, name: str, *statuses: str) -> None:
    for status in statuses:
        status, _, code = status.partition(" ")
        world.execute(
            "insert into load_netsuite.load_log (run_id, record_type, external_id, status, error_code) "
            "values (?, 'creditMemo', ?, ?, ?)",
            [run_id, name, status, code or None],
        )


@pytest.mark.parametrize(
    ("rows", "posted", "refused"),
    [
        ([], 0, 0),
        ([("cn_1", "attempted", "created", "verified"), ("cn_2", "attempted", "created", "applied")], 3, 0),
        ([("cn_1", "attempted", "rejected USER_ERROR"), ("cn_2", "rejected NOT_SENT")], 0, 2),
        ([("cn_1", "attempted", "rejected NO_EFFECT_SEEN")], 0, 0),  # ends an attempt, is no refusal (P2)
        ([("cn_1", "rejected USER_ERROR", "created")], 1, 0),  # created without its applications (P3)
        ([("cn_1", "adopted"), ("cn_2", "unknown"), ("cn_3", "differs")], 0, 0),
    ],
    ids=["nothing", "posted", "refused", "without effect", "in another way", "neither"],
)
def test_a_run_counts_its_own_rows_of_the_log(world, rows, posted, refused) -> None:
    world.execute("insert into history.runs (run_id, command, position) values ('r1', 'push', 1)")
    log(world, "another", "cn_9", "created", "rejected USER_ERROR")
    for name, *statuses in rows:
        log(world, "r1", name, *statuses)
    assert world.execute("select run_id, rows_posted, rows_refused from marts.runs").fetchall() == [
        ("r1", posted, refused)
    ]


def test_a_reconcile_says_what_it_compared(world) -> None:
    world.execute("insert into history.runs (run_id, position) values ('r1', 1), ('r2', 2)")
    world.execute("insert into load_netsuite.reconciliations values (now(), 78, 2, 'r1'), (now(), 5, 0, null)")
    found = "select run_id, records_compared, differences_found from marts.runs order by position"
    assert world.execute(found).fetchall() == [("r1", 78, 2), ("r2", None, None)]


def test_a_state_lasts_until_the_next_row_of_its_document_whatever_the_clock_said(world) -> None:
    """Rule P9: the second row was written by a clock that went back a month."""
    world.execute("""
        insert into history.credit_outcomes values
            ('r1', 'cn_1', timestamptz '2026-03-01 00:00:00+00', 'waiting', 'invoice_open', 1),
            ('r1', 'cn_2', timestamptz '2026-03-01 00:00:00+00', 'ready', 'ready', 2),
            ('r2', 'cn_1', timestamptz '2026-02-01 00:00:00+00', 'blocked', 'item_unmapped', 3),
            ('r3', 'cn_1', timestamptz '2026-03-03 00:00:00+00', null, null, 4)
    """)
    found = world.execute("""
        select document_id, state, strftime("from", '%m-%d'), strftime("to", '%m-%d')
        from marts.credit_outcome_history order by document_id, position
    """).fetchall()
    assert found == [
        ("cn_1", "waiting", "03-01", "02-01"),
        ("cn_1", "blocked", "02-01", "03-03"),
        ("cn_1", None, "03-03", None),
        ("cn_2", "ready", "03-01", None),
    ]
