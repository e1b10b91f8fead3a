"""Parquet files: a reader finds the old set or the new one, and nothing of anybody else's is removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from publish.parquet import NotExported, export


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "create schema marts; create table marts.runs as select 'r1' as run_id; "
            "create view marts.history as select 'cn_1' as document_id, null::timestamptz as \"to\""
        )
        yield connection


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_mart_is_a_file(marts, tmp_path) -> None:
    folder = tmp_path / "data" / "export" / "sandbox"
    assert export(marts, folder) == ["history", "runs"]
    assert names(folder) == ["history.parquet", "runs.parquet"]
    assert duckdb.sql(f"select document_id, \"to\" from '{folder}/history.parquet'").fetchall() == [("cn_1", None)]


def test_a_new_set_takes_the_place_of_the_old_one(marts, tmp_path) -> None:
    folder = tmp_path / "sandbox"
    export(marts, folder)
    old = folder.resolve()
    with (folder / "runs.parquet").open("rb") as opened:
        marts.execute("insert into marts.runs values ('r2'); drop view marts.history")
        export(marts, folder)
        assert opened.read().startswith(b"PAR1"), "who has an old file open reads on"
    assert names(folder) == ["runs.parquet"]
    assert duckdb.sql(f"select count(*) from '{folder}/runs.parquet'").fetchall() == [(2,)]
    assert not old.exists()
    assert len(names(tmp_path)) == 2, "the link and its set"


def test_sets_of_other_folders_stay(marts, tmp_path) -> None:
    for name in ("sandbox", "sandbox.eu", "sandbox"):
        export(marts, tmp_path / name)
    assert names(tmp_path / "sandbox.eu") == ["history.parquet", "runs.parquet"]


def test_the_set_of_an_export_that_was_killed_goes(marts, tmp_path) -> None:
    (tmp_path / ".sandbox.0123abcd").mkdir()
    (tmp_path / ".sandbox.notes").mkdir()
    export(marts, tmp_path / "sandbox")
    assert not (tmp_path / ".sandbox.0123abcd").exists()
    assert (tmp_path / ".sandbox.notes").exists()


def test_an_empty_folder_is_taken(marts, tmp_path) -> None:
    (tmp_path / "sandbox").mkdir()
    export(marts, tmp_path / "sandbox")
    assert names(tmp_path / "sandbox") == ["history.parquet", "runs.parquet"]


def test_a_folder_with_other_files_is_refused(marts, tmp_path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "mine.txt").write_text("mine")
    with pytest.raises(NotExported, match=r"sandbox holds files that no export made: choose another folder with DIR="):
        export(marts, tmp_path / "sandbox")
    assert names(tmp_path) == ["sandbox"] and names(tmp_path / "sandbox") == ["mine.txt"]


def test_a_link_to_somewhere_else_is_refused(marts, tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "sandbox").symlink_to("mine")
    with pytest.raises(NotExported, match="which no export made"):
        export(marts, tmp_path / "sandbox")
    assert (tmp_path / "sandbox").readlink() == Path("mine")


def test_a_failure_leaves_the_old_set(marts, tmp_path) -> None:
    folder = tmp_path / "sandbox"
    export(marts, folder)
    marts.execute("create view marts.zz_broken as select error('no such luck') as x")
    with pytest.raises(NotExported, match=r"sandbox could not be written .*what was there before is there still"):
        export(marts, folder)
    assert names(folder) == ["history.parquet", "runs.parquet"]
    assert len(names(tmp_path)) == 2


def test_damage_of_what_is_read_is_not_blamed_on_the_folder(marts, tmp_path) -> None:
    marts.execute("create view marts.zz_damaged as select error('Corrupt database file') as x")
    with pytest.raises(duckdb.Error, match="Corrupt database file"):
        export(marts, tmp_path / "sandbox")
    assert names(tmp_path) == []


def test_without_marts_nothing_is_written(tmp_path) -> None:
    with duckdb.connect(":memory:") as empty, pytest.raises(duckdb.CatalogException):
        export(empty, tmp_path / "sandbox")
    assert names(tmp_path) == []
