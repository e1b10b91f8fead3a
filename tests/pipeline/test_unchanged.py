"""A transform starts no build where it would derive what is there, and one where anything is not as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline import transform as module
from pipeline.stages import StageResults
from settings import Settings
from tests.dbt.conftest import made_once
from tests.support import warehouse as testing
from tests.support.warehouse import EmptyWorld


def no_build(*_: object, **__: object) -> list[str]:
    """In the place of a dbt command: it does nothing and succeeds."""
    return []


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse as a transform left it, with two customers in it."""
    world = EmptyWorld(
        tmp_path_factory.mktemp("unchanged"), copy_of=made_once(tmp_path_factory, "empty_world", EmptyWorld)
    )
    settings = Settings(_env_file=None, warehouse_path=world.warehouse, mappings_dir=world.project / "seeds")
    with testing.opened(settings.warehouse_path) as connection:
        testing.land_stripe(connection, "customers", [{"id": "cus_1", "created": 1}, {"id": "cus_2", "created": 2}])
        testing.land_netsuite(connection, "items", [{"id": "7", "isinactive": "F"}, {"id": "8", "isinactive": "F"}])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "run_dbt", no_build)
        transform(settings)
    return settings


@pytest.fixture(autouse=True)
def builds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The dbt commands that a transform starts. They do nothing and succeed. Nothing is published."""
    started: list[str] = []

    def run_dbt(settings: Settings, command: str, *options: str, **_: object) -> list[str]:
        started.append(command)
        return no_build()

    monkeypatch.setattr(module, "run_dbt", run_dbt)
    monkeypatch.setattr(module, "tell_readers", lambda *_: None)
    yield started


def transform(settings: Settings) -> None:
    assert module.transform(settings, StageResults(run_id="r")) == 0


CHANGES = [
    "insert into raw_stripe.customers select * replace ('cus_3' as id) from raw_stripe.customers where id = 'cus_1'",
    "update raw_stripe.customers set content_hash = 'other' where id = 'cus_1'",
    "delete from raw_stripe.customers where id = 'cus_2'",
    "update raw_netsuite.items set isinactive = 'T' where id = '7'",
    "insert into raw_stripe.extract_gone values ('cn_1', 'credit_note', now())",
    "insert into load_netsuite.load_log (attempt_id, status, external_id, position) values ('1', 'attempted', 'x', 1)",
    "update load_netsuite.load_log set status = 'created'",
    "create or replace view marts.runs as select 1 as run_id",
    "drop view marts.credit_outcomes",
    "comment on column marts.credit_memos.currency is 'x'",
    "insert into books.names (customer_key) values ('cus_1')",
    "drop table books.memos",
    "alter table raw_netsuite.items add column more text",
]


def test_a_build_where_anything_changed_and_none_where_nothing_did(settings: Settings, builds: list[str]) -> None:
    transform(settings)
    assert builds == [], "the transform of the fixture left all this"
    for number, change in enumerate(CHANGES, start=1):
        with duckdb.connect(settings.warehouse_path) as warehouse:
            warehouse.execute(change)
        transform(settings)
        assert len(builds) == number, change
        transform(settings)
        assert len(builds) == number, change


def test_the_same_rows_in_another_order_are_no_change(settings: Settings, builds: list[str]) -> None:
    transform(settings)
    builds.clear()
    with duckdb.connect(settings.warehouse_path) as warehouse:
        warehouse.execute("create table other as from raw_netsuite.items order by id desc")
        warehouse.execute("delete from raw_netsuite.items")
        warehouse.execute("insert into raw_netsuite.items from other")
        warehouse.execute("drop table other")
    transform(settings)
    assert builds == []


def test_other_vars_other_mapping_files_and_a_full_refresh_are_built(
    settings: Settings, builds: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    transform(settings)
    builds.clear()
    transform(settings.model_copy(update={"pipeline_vars": {"go_live_date": "2026-01-01"}}))
    assert len(builds) == 1
    for file in settings.mappings_dir.iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    with (tmp_path / "customer_map.csv").open("a") as file:
        file.write("cus_1,101\n")
    transform(settings.model_copy(update={"mappings_dir": tmp_path}))
    assert len(builds) == 2
    monkeypatch.setenv("FULL_REFRESH", "1")
    transform(settings)
    assert len(builds) == 3


def test_another_rule_or_data_test_is_built(
    settings: Settings, builds: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(testing.PROJECT, tmp_path / "p", ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr("extract.last_transform.PROJECT", tmp_path / "p")
    transform(settings)
    builds.clear()
    for number, folder in enumerate(("models", "macros", "tests"), start=1):
        changed = min((tmp_path / "p" / folder).rglob("*.sql"))
        changed.write_text(changed.read_text() + "-- another law\n")
        transform(settings)
        assert len(builds) == number, changed


def test_after_a_failed_build_the_next_transform_builds(
    settings: Settings, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning of a build takes the note away (tests/dbt/test_created_views.py)."""
    transform(settings)
    with duckdb.connect(settings.warehouse_path) as warehouse:
        warehouse.execute("drop table books.last_transform")
    builds.clear()
    transform(settings)
    assert builds == ["build"]


def test_all_raw_tables_that_a_build_reads_are_compared(settings: Settings) -> None:
    read = {row["relation"] for row in testing.rows(settings.warehouse_path, "from books.sources_read")}
    assert {"raw_netsuite.items", "raw_stripe.credit_notes", "load_netsuite.load_log"} <= read
    assert not any(relation.startswith("books.") for relation in read)
