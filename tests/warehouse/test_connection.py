"""Files that are no warehouse, or a damaged one: a sentence each, and nothing is made or changed."""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from settings import ROOT, SCHEMAS
from warehouse.connection import WarehouseError, WarehouseLocked, open_warehouse, what_duckdb_means
from warehouse.ownership import Books, WrongBooks, note_books, require_warehouse

PAGE = 4096


def warehouse_bytes(folder: Path) -> bytearray:
    path = folder / "good.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create table numbers as select range as n, repeat('x', 100) as t from range(50000)")
    return bytearray(path.read_bytes())


def _sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (a)")


def _truncated(path: Path) -> None:
    content = warehouse_bytes(path.parent)
    path.write_bytes(content[: len(content) // 2])


def _damaged(path: Path) -> None:
    content = warehouse_bytes(path.parent)
    for start in range(3 * PAGE, len(content) - 64, PAGE):
        content[start : start + 64] = os.urandom(64)
    path.write_bytes(content)


def _newer(path: Path) -> None:
    """A file of a later DuckDB: the next storage versions in its header, with the right checksum."""
    content = warehouse_bytes(path.parent)
    content[12:20] = struct.pack("<Q", 10_000)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", content[8:PAGE]):
        checksum ^= word * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    content[:8] = struct.pack("<Q", checksum)
    path.write_bytes(content)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "is empty: set WAREHOUSE_PATH to another file"),
    "text": (lambda path: path.write_text("hello " * 5000), "is no DuckDB file: set WAREHOUSE_PATH"),
    "cut after the checksum": (lambda path: path.write_bytes(bytes(9)), "is no DuckDB file"),
    "sqlite": (_sqlite, "is no DuckDB file"),
    "truncated": (_truncated, r"is damaged \(.*Put a copy of it in its place"),
    "damaged": (_damaged, r"is damaged \(.*Put a copy of it in its place"),
    "newer": (_newer, "was written by another release of DuckDB"),
    "folder": (lambda path: path.mkdir(), "is not a file"),
    "in a file": (lambda path: path.parent.joinpath("f").write_text(""), "f cannot be used"),
}


@pytest.mark.parametrize(("make", "words"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_warehouse_is_a_sentence(tmp_path: Path, make: Callable[[Path], object], words: str) -> None:
    path = tmp_path / "w.duckdb"
    make(path)
    path = tmp_path / "f" / "w.duckdb" if not path.exists() else path
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(WarehouseError, match=words) as caught, open_warehouse(path) as warehouse:
        try:
            warehouse.execute("select count(distinct n), count(distinct t) from numbers").fetchall()
        except duckdb.Error as error:  # data that is damaged, not the header, is found by a query
            raise WarehouseError(what_duckdb_means(error, path)) from None
    assert not isinstance(caught.value, WarehouseLocked)
    assert (path.read_bytes() if path.is_file() else b"") == before


ERRORS = (
    (duckdb.IOException("IO Error: Could not write file: No space left on device"), "the disk of w is full"),
    (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data"), "too little memory"),
    (duckdb.IOException('IO Error: Cannot open file "w": Permission denied'), "cannot be written by this user"),
    (duckdb.InternalException("INTERNAL Error: Failure while replaying WAL file"), "w is damaged"),
    (duckdb.BinderException('Binder Error: Referenced column "n" not found'), "not as this version makes them"),
    (duckdb.ConstraintException("Constraint Error: odd\nLINE 1"), "DuckDB failed on w: Constraint Error: odd$"),
)


@pytest.mark.parametrize(("error", "words"), ERRORS, ids=[words for _, words in ERRORS])
def test_an_error_of_duckdb_says_what_to_do(error: duckdb.Error, words: str) -> None:
    import re

    assert re.search(words, what_duckdb_means(error, Path("w")))


@pytest.mark.parametrize("table", ["marts.credit_outcomes", "raw_stripe.invoices", "main.belongs_to"])
def test_tables_of_another_program_are_never_replaced(tmp_path: Path, table: str) -> None:
    with duckdb.connect(tmp_path / "w.duckdb") as connection:
        connection.execute(f"create schema if not exists {table.split('.')[0]}")
        connection.execute(f"create table {table} (a integer)")
        with pytest.raises(WrongBooks, match=f"tables of another program .*{table}"):
            require_warehouse(connection, tmp_path / "w.duckdb", SCHEMAS)


def test_a_warehouse_and_tables_elsewhere_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with open_warehouse(path) as connection:
        connection.execute("create table notes (a integer)")
        require_warehouse(connection, path, SCHEMAS)
        note_books(connection, path, Books("acct_1"))
        connection.execute("create schema marts")
        connection.execute("create table marts.credit_outcomes (a integer)")
        require_warehouse(connection, path, SCHEMAS)


def test_every_schema_of_the_project_is_known() -> None:
    project = (ROOT / "dbt_project" / "dbt_project.yml").read_text()
    declared = {line.split(":")[1].strip() for line in project.splitlines() if line.strip().startswith("+schema:")}
    assert declared and declared <= SCHEMAS
