"""Compaction removes superseded versions only, and the next transform is a full refresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from extract.compact import compact, is_compacted
from extract.errors import ExtractError
from extract.last_transform import note_transform
from extract.raw_tables import current, declare_all
from extract.stripe.endpoints import TABLES
from extract.stripe.report import StripeReport
from pipeline import stages
from pipeline.exit_codes import StageFailed
from pipeline.stages import StageResults
from pipeline.transform import transform
from settings import Settings
from tests.extract.fake_stripe import T0, FakeStripe, customer, invoice
from warehouse.connection import open_warehouse

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def changed(stripe: FakeStripe, first_read: Read, read: Read) -> None:
    """300 invoices, 100 of them in two versions."""
    stripe.add("customers", customer("cus_1"))
    stripe.add("invoices", *(invoice(f"in_{n}", T0 + n, status="open") for n in range(300)))
    first_read()
    stripe.add("invoices", *(invoice(f"in_{n}", T0 + n, status="paid") for n in range(100)))
    read()


def contents(query: Query) -> dict[str, list[tuple[Any, ...]]]:
    return {table: query(f"select * from {current(table)} order by id") for table in TABLES}


def test_only_superseded_versions_go(changed: None, read: Read, query: Query, settings: Settings) -> None:
    before = contents(query)
    assert query("select count(*) from raw_stripe.invoices") == [(400,)]
    superseded = query("""
        select sum(strlen(payload)) from raw_stripe.invoices
        where id in (select id from raw_stripe.invoices group by id having count(*) = 2)
            and (payload->>'status') = 'open'""")
    with open_warehouse(settings.warehouse_path) as connection:
        done = compact(connection, settings.warehouse_path)
        again = compact(connection, settings.warehouse_path)
    assert (done.rows["invoices"], sum(done.rows.values())) == (100, 100)
    assert [(done.payload_bytes,)] == superseded
    assert sum(again.rows.values()) == 0
    assert contents(query) == before
    assert query("select count(*) from raw_stripe.invoices") == [(300,)]
    assert sum(read().landed.values()) == 0  # an extract does not miss the removed versions


def test_transforms_are_full_refreshes_until_one_succeeds(
    changed: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []
    fails = True

    def dbt(settings: Settings, *command: str, stage: object) -> list[str]:
        commands.append(command)
        return ["  it failed"] if fails else []

    monkeypatch.setattr("pipeline.transform.run_dbt", dbt)
    monkeypatch.delenv("FULL_REFRESH", raising=False)
    stages.compact(settings, StageResults())
    with pytest.raises(StageFailed):
        transform(settings, StageResults())
    fails = False
    transform(settings, StageResults())
    transform(settings, StageResults())
    assert ["--full-refresh" in command for command in commands] == [True, True, False]


def test_a_crash_removes_nothing(
    changed: None, query: Query, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = query("select count(*) from raw_stripe.invoices")
    monkeypatch.setattr("extract.compact.TABLES", (*TABLES, "no_such_table"))
    with open_warehouse(settings.warehouse_path) as connection:
        with pytest.raises(Exception, match="no_such_table"):
            compact(connection, settings.warehouse_path)
        assert not is_compacted(connection)
    assert query("select count(*) from raw_stripe.invoices") == before


def test_compact_refuses_after_a_stopped_extract(changed: None, query: Query, settings: Settings) -> None:
    query("""
        insert into raw_stripe.extract_runs (run_id, target, mode, started_at)
        values ('x', 'sandbox', 'later', now())""")
    with (
        open_warehouse(settings.warehouse_path) as connection,
        pytest.raises(ExtractError, match="make extract"),
    ):
        compact(connection, settings.warehouse_path)


def test_views_show_the_current_version(changed: None, query: Query, stripe: FakeStripe) -> None:
    assert query("""
        select (payload->>'status'), count(*) from raw_stripe.invoices_current
        group by all order by all""") == [("open", 200), ("paid", 100)]
    for table in TABLES:
        described = "select column_name, column_type from (describe raw_stripe.{})"
        assert query(described.format(f"{table}_current")) == query(described.format(table))


def test_a_successful_transform_ends_the_need_of_a_full_refresh(changed: None, settings: Settings) -> None:
    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        compact(connection, settings.warehouse_path)
        assert is_compacted(connection)
        note_transform(connection, "rules")
        assert not is_compacted(connection)
