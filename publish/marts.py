"""Copies the marts, as tables with their comments, into a DuckDB file that readers open read-only.

    with new_publication(warehouse, path) as publication:
        publication.copy_marts()
        publication.put_in_place()

A reader never meets the warehouse's lock: the file is written under another name and put in place by one rename. Who
has the old file open goes on reading the old one.

Most marts are views over the same views of schema `outcomes`, which read the whole journal. Each of these views is
asked once: its result becomes a table, and the views that read it get that table instead (`_searching_copies`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from file_access import give_same_access
from warehouse.query import ask, quoted, text

Relation = tuple[str, str]
"""Schema and name."""

SCHEMA = "marts"
SHARED = "outcomes"
"""The schema of the views that several marts read."""

ALSO_COPIED: tuple[Relation, ...] = (
    ("main", "belongs_to"),
    ("reference", "currencies"),
    ("outcomes", "unmatched_mapping_rows"),
    ("load_netsuite", "reconciliations"),
)
"""What `make report` reads besides the marts, where it exists."""

# Catalogs. No schema and no warehouse file has such a name.
COPY, SCRATCH = "copy_for_readers", "scratch_for_readers"

RELATIONS = """
select schema_name, view_name as name, comment, regexp_replace(sql, '^CREATE VIEW .*? AS (.*?);?\\s*$', '\\1', 's')
from duckdb_views() where database_name = current_database() and not internal
union all
select schema_name, table_name, comment, null from duckdb_tables() where database_name = current_database()
order by schema_name, name
"""

COLUMNS = """
select schema_name, table_name, column_name, comment from duckdb_columns()
where database_name = current_database() and comment is not null
"""


class NotPublished(Exception):
    """The marts could not be copied for readers, who go on with the old file. The message names the file."""


@contextmanager
def new_publication(
    warehouse: duckdb.DuckDBPyConnection, path: Path, *, from_old: bool = False
) -> Iterator[Publication]:
    """A file that takes the place of `path` with `put_in_place`. from_old: it begins as a copy of the one at `path`.

    Every error of DuckDB or of the disk inside the block becomes NotPublished.
    """
    new = path.with_suffix(".new")
    try:
        _remove(new)
        if from_old:
            shutil.copyfile(path, new)
        # Readers may have older releases of DuckDB: each since 1.0 reads this format. A file that is not complete is
        # thrown away, so it needs no write-ahead log, whose hundreds of commits would each wait for the disk.
        options = "storage_version 'v1.0.0', recovery_mode 'no_wal_writes'"
        warehouse.execute(f"attach {text(str(new))} as {COPY} ({options})")
        warehouse.execute(f"attach ':memory:' as {SCRATCH}")
        try:
            yield Publication(warehouse, path, new)
        finally:
            for catalog in (COPY, SCRATCH):
                warehouse.execute(f"detach database if exists {catalog}")
            _remove(new)
    except (duckdb.Error, OSError) as error:
        words = str(error).splitlines()[0]
        raise NotPublished(f"{path} could not be written ({words}): readers go on with what it had before") from error


class Publication:
    """The new file. Each mart is copied once; what it reads of other marts is copied before it."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, path: Path, new: Path) -> None:
        self._warehouse, self._path, self._new = warehouse, path, new
        ((self._own,),) = warehouse.execute("select current_database()").fetchall()
        self._comments: dict[Relation, str | None] = {}
        self._queries: dict[Relation, str] = {}
        self._copied: set[Relation] = set()
        for schema, name, comment, query in warehouse.execute(RELATIONS).fetchall():
            if schema in (SCHEMA, SHARED) or (schema, name) in ALSO_COPIED:
                self._comments[schema, name] = comment
                self._queries[schema, name] = query or f"select * from {quoted(self._own, schema, name)}"
        self._columns: dict[Relation, list[tuple[str, str]]] = {}  # names and comments
        for schema, name, column, comment in warehouse.execute(COLUMNS).fetchall():
            self._columns.setdefault((schema, name), []).append((column, comment))

    def copy_marts(self) -> None:
        """Copies every relation of schema `marts` that is not copied yet, and `ALSO_COPIED`.

        A view that an earlier version left behind may read what is no more: it is no mart any longer, and left out.
        """
        for relation in self._comments:
            if _is_for_readers(relation):
                with suppress(duckdb.BinderException, duckdb.CatalogException):
                    self._copy(relation)

    def copy_mart(self, name: str) -> str:
        """Copies one mart; returns the name of the copy for SQL. Raises duckdb.CatalogException if there is none."""
        if (SCHEMA, name) not in self._comments:
            raise duckdb.CatalogException(f"there is no {SCHEMA}.{name}")
        self._copy((SCHEMA, name))
        return quoted(COPY, SCHEMA, name)

    def put_in_place(self) -> None:
        """Puts the file in the place of the old one; nothing can be copied after that."""
        self._warehouse.execute(f"checkpoint {COPY}; detach {COPY}")
        if self._path.exists():
            give_same_access(self._path, self._new)  # who opened the file to a group of readers did so for good
        self._new.replace(self._path)

    def _copy(self, relation: Relation) -> None:
        if relation in self._copied:
            return
        self._copied.add(relation)
        query = self._queries[relation]
        for parent in self._parents(query):
            self._copy(parent)
        catalog = COPY if _is_for_readers(relation) else SCRATCH
        self._warehouse.execute(f"create schema if not exists {quoted(catalog, relation[0])}")
        with self._searching_copies():
            ask(self._warehouse, f"create or replace table {quoted(catalog, *relation)} as {query}")
        if catalog == COPY:
            self._comment(relation)

    def _parents(self, query: str) -> list[Relation]:
        """What a query reads of the marts, and of what they share."""
        ((tree,),) = self._warehouse.execute("select json_serialize_sql($query)", {"query": query}).fetchall()
        return sorted(self._queries.keys() & set(_tables_in(json.loads(tree))))

    @contextmanager
    def _searching_copies(self) -> Iterator[None]:
        """The views name their schemas without a catalog, so they find copies of marts and of shared views first."""
        schemas = "select database_name, schema_name from duckdb_schemas() where not internal or schema_name = 'main'"
        found = self._warehouse.execute(schemas).fetchall()
        copies = [(COPY, SCHEMA), (COPY, SHARED), (SCRATCH, SHARED)]
        path = [
            *(place for place in copies if place in found),
            *((self._own, name) for at, name in found if at == self._own),
        ]
        self._warehouse.execute(f"set search_path = {text(','.join(quoted(*place) for place in path))}")
        try:
            yield
        finally:
            self._warehouse.execute("reset search_path")

    def _comment(self, relation: Relation) -> None:
        copy, words = quoted(COPY, *relation), self._comments[relation]
        comments = [f"comment on table {copy} is {text(words)}"] if words else []
        for column, words in self._columns.get(relation, []):
            comments.append(f"comment on column {copy}.{quoted(column)} is {text(words)}")
        if comments:
            self._warehouse.execute("; ".join(comments))


def _is_for_readers(relation: Relation) -> bool:
    return relation[0] == SCHEMA or relation in ALSO_COPIED


def _tables_in(tree: Any) -> Iterator[Relation]:
    """The tables and views that DuckDB's syntax tree of a query names without a catalog."""
    if isinstance(tree, dict):
        if tree.get("type") == "BASE_TABLE" and not tree["catalog_name"]:
            yield tree["schema_name"], tree["table_name"]
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _tables_in(branch)


def _remove(file: Path) -> None:
    """Removes a file of DuckDB that nobody has open."""
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
