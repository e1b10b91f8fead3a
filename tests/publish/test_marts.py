"""The marts for readers: complete, described, in place at once, and never a reason for a run to fail."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from publish.marts import NotPublished, new_publication
from publish.reading import published_path
from warehouse.connection import open_warehouse

WAREHOUSE = """
create schema books; create schema outcomes; create schema marts; create schema reference; create schema scope;
create table books.documents (document_id varchar, amount_minor bigint);
insert into books.documents values ('cn_1', 100), ('cn_2', 250);
create view outcomes.documents as
    select document_id, case document_id when 'cn_1' then 'posted' else 'blocked' end as state, uuid() as seen
    from books.documents;
create view outcomes.unmatched_mapping_rows as select 'item_map.csv' as mapping_file;
create view marts.credit_outcomes as
    select documents.document_id, documents.amount_minor, outcomes.state, outcomes.seen
    from books.documents as documents
    inner join outcomes.documents as outcomes on documents.document_id = outcomes.document_id;
create view marts."order" as select document_id as "from", seen as "a ""b"" c" from marts.credit_outcomes;
create view marts.documents as select document_id, seen from outcomes.documents;
create table marts.runs as select 'r1' as run_id;
comment on view marts.credit_outcomes is 'Every document''s state';
comment on column marts.credit_outcomes.state is 'One of five';
comment on column marts."order"."a ""b"" c" is 'Quoted';
comment on table marts.runs is 'Every command';
create view reference.currencies as select 'usd' as currency;
create table scope.customers as select 'cus_1' as customer_key;
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(tmp_path / "w.duckdb") as connection:
        connection.execute(WAREHOUSE)
        yield connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return published_path(tmp_path / "w.duckdb")


def publish(warehouse: duckdb.DuckDBPyConnection, path: Path) -> None:
    with new_publication(warehouse, path) as publication:
        publication.copy_marts()
        publication.put_in_place()


def read(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_all_marts_are_tables_with_their_comments_and_nothing_else_is_there(warehouse, path) -> None:
    publish(warehouse, path)
    tables = "select schema_name || '.' || table_name, comment from duckdb_tables() order by 1"
    assert read(path, tables) == [
        ("marts.credit_outcomes", "Every document's state"),
        ("marts.documents", None),
        ("marts.order", None),
        ("marts.runs", "Every command"),
        ("outcomes.unmatched_mapping_rows", None),
        ("reference.currencies", None),
    ]
    columns = "select column_name, comment from duckdb_columns() where comment is not null order by 1"
    assert read(path, columns) == [('a "b" c', "Quoted"), ("state", "One of five")]
    rows = "select document_id, amount_minor, state from marts.credit_outcomes order by 1"
    assert read(path, rows) == [("cn_1", 100, "posted"), ("cn_2", 250, "blocked")]


def test_a_view_that_several_marts_read_is_asked_once(warehouse, path) -> None:
    """Each time it is asked it gives other ids, so equal ids are of one answer."""
    publish(warehouse, path)
    seen = "select count(*) from marts.documents inner join marts.{} as other on {} = documents.seen::varchar"
    assert read(path, seen.format("credit_outcomes", "other.seen::varchar")) == [(2,)]
    assert read(path, seen.format('"order"', '(other."a ""b"" c")::varchar')) == [(2,)]


def test_a_reader_goes_on_with_the_old_file(warehouse, path) -> None:
    publish(warehouse, path)
    with duckdb.connect(path, read_only=True) as old:
        assert old.execute("select count(*) from marts.credit_outcomes").fetchall() == [(2,)]
        warehouse.execute("insert into books.documents values ('cn_3', 1)")
        publish(warehouse, path)
        assert old.execute("select count(*) from marts.documents").fetchall() == [(2,)]
    assert read(path, "select count(*) from marts.documents") == [(3,)]


def test_nothing_but_the_file_is_left(warehouse, path, tmp_path) -> None:
    (tmp_path / "w-published.new").write_bytes(b"of a run that was killed")
    (tmp_path / "w-published.new.wal").write_bytes(b"of a run that was killed")
    publish(warehouse, path)
    assert {file.name for file in tmp_path.iterdir()} - {"w.duckdb.wal"} == {"w.duckdb", "w-published.duckdb"}
    databases = warehouse.execute("select database_name from duckdb_databases() where not internal").fetchall()
    assert databases == [("w",)]
    assert warehouse.execute("select current_setting('search_path')").fetchall() == [("",)]


def test_single_marts_can_be_copied_into_what_is_published(warehouse, path) -> None:
    publish(warehouse, path)
    warehouse.execute("insert into marts.runs values ('r2')")
    warehouse.execute("insert into books.documents values ('cn_3', 1)")
    with new_publication(warehouse, path, from_old=True) as publication:
        publication.copy_mart("runs")
        publication.put_in_place()
    assert read(path, "select run_id from marts.runs order by 1") == [("r1",), ("r2",)]
    assert read(path, "select count(*) from marts.documents") == [(2,)]
    assert read(path, "select comment from duckdb_tables() where table_name = 'runs'") == [("Every command",)]


def test_a_copied_mart_can_be_read_before_the_file_is_in_place(warehouse, path) -> None:
    with new_publication(warehouse, path) as publication:
        name = publication.copy_mart("credit_outcomes")
        assert warehouse.execute(f"select count(*) from {name}").fetchall() == [(2,)]
        with pytest.raises(duckdb.CatalogException):
            publication.copy_mart("not_there")
    assert not path.exists(), "it was not put in place"


def test_a_file_that_was_opened_to_a_group_stays_open_to_it(warehouse, path) -> None:
    publish(warehouse, path)
    path.chmod(0o640)
    publish(warehouse, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator may give a file to any group")
@pytest.mark.parametrize("is_allowed", [True, False])
def test_the_group_is_kept_and_no_other_gets_its_rights(warehouse, path, monkeypatch, is_allowed: bool) -> None:
    publish(warehouse, path)
    os.chown(path, -1, 4321)
    path.chmod(0o640)
    if not is_allowed:

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr("os.chown", refuse)
    publish(warehouse, path)
    found = path.stat()
    assert (found.st_gid, stat.S_IMODE(found.st_mode)) == ((4321, 0o640) if is_allowed else (os.getegid(), 0o600))


def test_a_failure_leaves_the_old_file_and_names_it(warehouse, path, tmp_path) -> None:
    publish(warehouse, path)
    warehouse.execute("create view marts.zz_broken as select error('the disk is full') as x")
    with pytest.raises(NotPublished, match=r"w-published\.duckdb could not be written .*go on with what it had"):
        publish(warehouse, path)
    assert read(path, "select count(*) from marts.documents") == [(2,)]
    assert not (tmp_path / "w-published.new").exists()
    assert warehouse.execute("select count(*) from marts.documents").fetchall() == [(2,)]


def test_a_view_that_an_earlier_version_left_behind_is_left_out(warehouse, path) -> None:
    warehouse.execute("create table books.gone (x integer); create view marts.gone as select x from books.gone")
    warehouse.execute("create view marts.changed as select amount_minor from books.documents")
    warehouse.execute("drop table books.gone; drop view outcomes.documents; drop view marts.documents")
    publish(warehouse, path)
    tables = read(path, "select table_name from duckdb_tables() where schema_name = 'marts' order by 1")
    assert tables == [("changed",), ("runs",)]
