"""A row whenever a document's state or reason changed, and none otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from history.outcomes import append_outcomes
from history.runs import Run, begin_run

Outcome = tuple[str, str, str]


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.credit_outcomes (document_id varchar, state varchar, reason varchar)")
        yield connection


def derive(warehouse: duckdb.DuckDBPyConnection, *outcomes: Outcome) -> None:
    warehouse.execute("delete from marts.credit_outcomes")
    for outcome in outcomes:
        warehouse.execute("insert into marts.credit_outcomes values (?, ?, ?)", outcome)


def history(warehouse: duckdb.DuckDBPyConnection) -> list[tuple]:
    return warehouse.execute(
        "select position, run_id, document_id, state, reason from history.credit_outcomes order by position"
    ).fetchall()


WAITING, BLOCKED, UNMAPPED = ("waiting", "invoice_open"), ("blocked", "item_unmapped"), ("blocked", "tax_rate_unmapped")


def test_a_document_has_a_row_per_change_of_its_state_or_reason(warehouse: duckdb.DuckDBPyConnection) -> None:
    derive(warehouse, ("cn_1", *WAITING), ("cn_2", *BLOCKED))
    assert append_outcomes(warehouse, "r1") == 2
    derive(warehouse, ("cn_1", *BLOCKED), ("cn_2", *BLOCKED))
    assert append_outcomes(warehouse, "r2") == 1
    derive(warehouse, ("cn_1", *UNMAPPED), ("cn_2", *BLOCKED))
    assert append_outcomes(warehouse, "r3") == 1
    assert history(warehouse) == [
        (1, "r1", "cn_1", *WAITING),
        (2, "r1", "cn_2", *BLOCKED),
        (3, "r2", "cn_1", *BLOCKED),
        (4, "r3", "cn_1", *UNMAPPED),
    ]


def test_a_second_look_appends_nothing(warehouse: duckdb.DuckDBPyConnection) -> None:
    derive(warehouse, ("cn_1", *WAITING))
    assert [append_outcomes(warehouse, run) for run in ("r1", "r2", "r2")] == [1, 0, 0]


def test_a_document_that_is_no_more_ends_without_state_and_may_come_back(warehouse: duckdb.DuckDBPyConnection) -> None:
    derive(warehouse, ("cn_1", *WAITING))
    append_outcomes(warehouse, "r1")
    derive(warehouse)
    assert [append_outcomes(warehouse, run) for run in ("r2", "r3")] == [1, 0]
    derive(warehouse, ("cn_1", *WAITING))
    assert append_outcomes(warehouse, "r4") == 1
    assert history(warehouse) == [
        (1, "r1", "cn_1", *WAITING),
        (2, "r2", "cn_1", None, None),
        (3, "r4", "cn_1", *WAITING),
    ]


def test_the_last_row_is_the_last_by_position_whatever_the_clock_said(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Rule P9."""
    derive(warehouse, ("cn_1", *WAITING))
    append_outcomes(warehouse, "ahead")
    warehouse.execute("update history.credit_outcomes set \"from\" = timestamptz '2999-01-01 00:00:00+00'")
    derive(warehouse, ("cn_1", *BLOCKED))
    assert [append_outcomes(warehouse, run) for run in ("r2", "r3")] == [1, 0]


def test_the_row_of_the_run_says_how_many_documents_are_blocked(warehouse: duckdb.DuckDBPyConnection) -> None:
    derive(warehouse, ("cn_1", *BLOCKED), ("cn_2", *BLOCKED), ("cn_3", *WAITING))
    for run_id in ("r1", "r2"):
        begin_run(warehouse, Run(run_id, "transform"))
        append_outcomes(warehouse, run_id)
        derive(warehouse, ("cn_1", *WAITING), ("cn_2", *BLOCKED))
    assert warehouse.execute("select documents_blocked from history.runs order by position").fetchall() == [(2,), (1,)]


def test_without_marts_nothing_is_appended(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("drop table marts.credit_outcomes")
    with pytest.raises(duckdb.CatalogException):
        append_outcomes(warehouse, "r1")
    assert history(warehouse) == []
