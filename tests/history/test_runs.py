"""One row per command, in the order of their beginnings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest

from history.runs import FAILURE_LENGTH, KILLED, Run, begin_run, end_run


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        yield connection


def rows(warehouse: duckdb.DuckDBPyConnection) -> list[tuple]:
    return warehouse.execute(
        "select run_id, exit_code, failure, ended_at is not null, position from history.runs order by position"
    ).fetchall()


def test_a_command_that_ended_says_how(warehouse: duckdb.DuckDBPyConnection) -> None:
    run = Run("r1", "extract")
    begin_run(warehouse, run)
    assert rows(warehouse) == [("r1", None, None, False, 1)]
    run.exit_code, run.failure, run.objects_read = 1, "Stripe does not answer", 7
    end_run(warehouse, run)
    assert rows(warehouse) == [("r1", 1, "Stripe does not answer", True, 1)]
    kept = warehouse.execute("select command, objects_read, started_at from history.runs").fetchall()
    assert kept == [("extract", 7, run.started_at)]


def test_a_killed_command_is_noted_by_the_next_one_and_only_once(warehouse: duckdb.DuckDBPyConnection) -> None:
    for run_id in ("killed", "next", "last"):
        begin_run(warehouse, Run(run_id, "run"))
        if run_id != "killed":
            end_run(warehouse, Run(run_id, "run"))
    assert rows(warehouse) == [
        ("killed", None, KILLED, False, 1),
        ("next", 0, None, True, 2),
        ("last", 0, None, True, 3),
    ]


def test_a_command_whose_beginning_was_not_noted_has_a_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Of a command beside a run, or one that began before there was a warehouse: the run under way is not killed."""
    begin_run(warehouse, Run("under_way", "run"))
    end_run(warehouse, Run("report", "report"))
    assert rows(warehouse) == [("under_way", None, None, False, 1), ("report", 0, None, True, 2)]


def test_the_order_is_not_the_clocks_and_no_command_ends_before_it_began(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Rule P9: a machine whose clock was a year ahead for one run."""
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=365)
    for run in (Run("ahead", "push", ahead), Run("right", "push")):
        begin_run(warehouse, run)
        end_run(warehouse, run)
    assert [row[0] for row in rows(warehouse)] == ["ahead", "right"]
    assert warehouse.execute("select count(*) from history.runs where ended_at < started_at").fetchall() == [(0,)]


def test_a_long_failure_is_cut(warehouse: duckdb.DuckDBPyConnection) -> None:
    end_run(warehouse, Run("r1", "transform", exit_code=1, failure="x" * 10_000))
    assert rows(warehouse)[0][2] == "x" * FAILURE_LENGTH
