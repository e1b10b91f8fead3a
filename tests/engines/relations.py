"""The same relations on two engines: their rows as text, hashed, and the first row that differs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import duckdb

LAYERS = ("reference", "books", "outcomes", "marts")
#: What a build notes for itself: fingerprints are an engine's own, and so is the text of a view.
NOTES = ("inputs", "names", "created_views", "parsed_code", "sources_read", "last_transform")
OWN = {("books", name) for name in NOTES}


@dataclass
class Comparison:
    """How many relations and rows are there, their hash, and a sentence for each relation that differs."""

    relations: int = 0
    rows: int = 0
    hash: str = ""
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.relations} relations, {self.rows} rows, {self.hash[:16]}"


class Engine(Protocol):
    """The other engine: its name, the columns of the layers, and the rows of a relation."""

    name: str

    def columns(self) -> Iterable[Sequence[str]]:
        """Schema, relation and column, in the order of the columns."""

    def rows(self, relation: str, columns: Sequence[str]) -> Iterable[Sequence[Any]]: ...


class OnPostgres:
    """connection: of psycopg."""

    name = "Postgres"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def columns(self) -> Iterable[Sequence[str]]:
        return self._connection.execute(_COLUMNS).fetchall()

    def rows(self, relation: str, columns: Sequence[str]) -> Iterable[Sequence[Any]]:
        return self._connection.execute(f"select {_list(columns)} from {relation}").fetchall()


def compare(warehouse: Path, other: Engine) -> Comparison:
    """Every relation of the layers."""
    found, total = Comparison(), hashlib.sha256()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        here, there = _columns(connection.execute(_COLUMNS).fetchall()), _columns(other.columns())
        for name in sorted(here.keys() ^ there.keys()):
            found.differences.append(f"{'.'.join(name)} is on {'DuckDB' if name in here else other.name} alone")
        for name in sorted(here.keys() & there.keys()):
            if here[name] != there[name]:
                found.differences.append(
                    f"{'.'.join(name)} has the columns {here[name]}, on {other.name} {there[name]}"
                )
                continue
            columns, relation = here[name], ".".join(name)
            rows = canonical(connection.execute(f"select {_list(columns)} from {relation}").fetchall())
            if difference := first_difference(columns, rows, canonical(other.rows(relation, columns)), other.name):
                found.differences.append(f"{relation}: {difference}")
            found.relations += 1
            found.rows += rows.total()
            total.update(f"{name} {digest(rows)}\n".encode())
    found.hash = total.hexdigest()
    return found


_COLUMNS = (
    "select table_schema, table_name, column_name from information_schema.columns "
    f"where table_schema in {LAYERS} order by table_schema, table_name, ordinal_position"
)


def _columns(rows: Iterable[Sequence[str]]) -> dict[tuple[str, str], list[str]]:
    columns: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in rows:
        if (schema, table) not in OWN:
            columns.setdefault((schema, table), []).append(column)
    return columns


def _list(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def canonical(rows: Iterable[Sequence[Any]]) -> Counter[tuple[str, ...]]:
    """Rows as texts, and how often each is there."""
    return Counter(tuple(text(value) for value in row) for row in rows)


def text(value: Any) -> str:
    """A value as every engine's driver gives it, written in one way: 1.50 is 1.5, null is told apart from a text."""
    if value is None:
        return "∅"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return number(value)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, str | date):
        return repr(str(value))
    raise TypeError(f"no relation of the outer layers holds a {type(value).__name__}")


def number(value: int | Decimal) -> str:
    """All digits, without zeros at the end of the decimals."""
    shown = format(value, "f") if isinstance(value, Decimal) else str(value)
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def digest(rows: Counter[tuple[str, ...]]) -> str:
    total = hashlib.sha256()
    for row in sorted(rows.elements()):
        total.update("\x1f".join(row).encode() + b"\n")
    return total.hexdigest()


def first_difference(
    columns: Sequence[str], here: Counter[tuple[str, ...]], there: Counter[tuple[str, ...]], other_name: str
) -> str | None:
    """What the first row is that one engine has and the other lacks; of two rows alike, the columns that differ."""
    if here == there:
        return None
    only_here, only_there = sorted((here - there).elements()), sorted((there - here).elements())
    words = f"{here.total()} rows, on {other_name} {there.total()}; "
    if not only_here or not only_there:
        row, engine = (only_here or only_there)[0], "DuckDB" if only_here else other_name
        return words + f"{engine} alone has {dict(zip(columns, row, strict=True))}"
    row = only_here[0]
    other = max(only_there, key=lambda each: sum(a == b for a, b in zip(row, each, strict=True)))
    differing = [
        f"{column} {a}, on {other_name} {b}" for column, a, b in zip(columns, row, other, strict=True) if a != b
    ]
    same = dict(list(zip(columns, row, strict=True))[:3])
    return words + f"the row {same} has {'; '.join(differing)}"
