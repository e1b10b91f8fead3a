"""The copy of raw rows to Postgres: complete, in order, and to be taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.engines.server import Server
from tests.support import warehouse as testing
from warehouse.raw_copy import CannotCopy, Copied, copy_raw

NOTE = {"id": "cn_1", "created": 1767225600, "memo": "a\0b"}


@pytest.fixture
def source() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        testing.create_raw_tables(connection)
        testing.land_stripe(connection, "credit_notes", [NOTE, {**NOTE, "id": "cn_2"}])
        testing.land_netsuite(connection, "accounts", [{"id": "7", "isinactive": "F"}, {"id": "8"}])
        yield connection


@pytest.fixture
def target(server: Server, request: pytest.FixtureRequest) -> Iterator[Any]:
    database = request.node.name[:60]
    server.create(database)
    with server.connect(database) as connection:
        yield connection


def copied(source: duckdb.DuckDBPyConnection, target: Any) -> dict[str, Copied]:
    return {each.relation: each for each in copy_raw(source, target)}


def notes(target: Any) -> list[tuple[str, str]]:
    query = "select id, payload from raw_stripe.credit_notes order by landed_position"
    return target.execute(query).fetchall()


def test_rows_arrive_as_they_are_and_once(source: duckdb.DuckDBPyConnection, target: Any) -> None:
    first = copied(source, target)
    assert first["raw_stripe.credit_notes"] == Copied("raw_stripe.credit_notes", 2, 2)
    assert notes(target) == source.execute("select id, payload from raw_stripe.credit_notes order by rowid").fetchall()
    (((created, fetched_at),)) = target.execute(
        "select distinct created, fetched_at from raw_stripe.credit_notes"
    ).fetchall()
    assert (created.isoformat(), fetched_at.isoformat()) == ("2026-01-01T00:00:00+00:00", "2026-06-01T00:00:00+00:00")
    assert {each.sent for each in copied(source, target).values()} == {0}


def test_new_versions_are_appended_and_a_changed_snapshot_replaced(
    source: duckdb.DuckDBPyConnection, target: Any
) -> None:
    copied(source, target)
    testing.land_stripe(source, "credit_notes", [{**NOTE, "status": "void"}], version=1)
    testing.land_netsuite(source, "accounts", [{"id": "8", "isinactive": "T"}])
    source.execute(
        "insert into load_netsuite.load_log (run_id, payload, position) values ('r', 'x' || chr(0) || 'y', 1)"
    )
    again = copied(source, target)
    assert {name for name, each in again.items() if each.sent} == {
        *("raw_stripe.credit_notes", "raw_netsuite.accounts", "load_netsuite.load_log"),
    }
    assert [id_ for id_, _ in notes(target)] == ["cn_1", "cn_2", "cn_1"]
    assert target.execute("select id, isinactive from raw_netsuite.accounts").fetchall() == [("8", "T")]
    # a text of Postgres holds no null character
    assert target.execute("select payload from load_netsuite.load_log").fetchall() == [("xy",)]
    assert {each.sent for each in copied(source, target).values()} == {0}


def test_versions_that_were_compacted_go(source: duckdb.DuckDBPyConnection, target: Any) -> None:
    testing.land_stripe(source, "credit_notes", [{**NOTE, "status": "void"}], version=1)
    copied(source, target)
    source.execute("delete from raw_stripe.credit_notes where fetched_at = '2026-06-01 00:00:00+00' and id = 'cn_1'")
    assert copied(source, target)["raw_stripe.credit_notes"] == Copied("raw_stripe.credit_notes", 0, 2)
    assert [id_ for id_, _ in notes(target)] == ["cn_2", "cn_1"]


def test_a_copy_that_was_killed_goes_on(source: duckdb.DuckDBPyConnection, target: Any) -> None:
    """Each table is a transaction: what was complete stays, a table in the middle is as before."""
    for each in copy_raw(source, target):
        if each.relation == "raw_netsuite.customers":
            break
    target.rollback()
    rest = copied(source, target)
    assert rest["raw_netsuite.accounts"].sent == 0
    assert rest["raw_stripe.credit_notes"].sent == 2
    assert len(notes(target)) == 2


def test_a_row_that_somebody_changed_in_postgres_is_put_right(source: duckdb.DuckDBPyConnection, target: Any) -> None:
    copied(source, target)
    target.execute("update raw_netsuite.accounts set isinactive = 'T'")
    target.execute("delete from raw_stripe.credit_notes where id = 'cn_2'")
    sent = {name: each.sent for name, each in copied(source, target).items() if each.sent}
    assert sent == {"raw_netsuite.accounts": 2, "raw_stripe.credit_notes": 1}


def test_a_type_that_postgres_lacks_is_named(source: duckdb.DuckDBPyConnection, target: Any) -> None:
    source.execute("create table raw_netsuite.odd (tags varchar[])")
    with pytest.raises(CannotCopy, match=r"raw_netsuite.odd: column tags has the type VARCHAR\[\]"):
        copied(source, target)
