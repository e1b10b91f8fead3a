"""Checks the rows of the mapping files by themselves: what dbt's tests of them would refuse, so that a run would stop.

dbt's tests are the law. What is too much to say twice, the sources and constants of field_map.csv, is left to them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from doctor.finding import Finding
from mapping_files.reader import Row, read_file, shown
from mapping_files.schema import SCHEMAS, USED, Schema
from proposals.needs import needed_cells


def check_rows(settings: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """A finding for each cell that dbt's tests refuse, by file, line and column. `settings` are the dbt vars."""
    for name in USED:
        schema, rows = SCHEMAS[name], read_file(folder / f"{name}.csv").rows
        yield from _repeats(schema, rows)
        for row in rows:
            yield from _cells(schema, row, settings)
    rows = read_file(folder / "field_map.csv").rows
    for row in rows:
        if row.cells.get("source") and row.cells.get("constant"):
            yield _finding(SCHEMAS["field_map"], row, "constant", "stands beside a source; keep one of the two")
        elif not row.cells.get("source") and not row.cells.get("constant"):
            words = "must hold a source, or the column constant a value"
            yield _finding(SCHEMAS["field_map"], row, "source", words)
    if rows:
        why = "`make transform` checks their form, and that a source is landed"
        yield Finding("not checked", "field_map.csv, sources and constants", why)


def check_decisions(documents: Collection[str], folder: Path) -> Iterator[Finding]:
    """A finding for each decision that is about none of these documents, those of the last transform."""
    for row in read_file(folder / "manual_decisions.csv").rows if documents else ():
        id = row.cells.get("document_id", "")
        if id and id not in documents:
            near = ", ".join(difflib.get_close_matches(id, documents, 3, 0.7))
            words = (
                f"is no credit document of the last transform{f'; nearest: {near}' if near else ''}: correct the id or "
                "take the row out; a run stops here, unless `make plan` finds it new"
            )
            yield _finding(SCHEMAS["manual_decisions"], row, "document_id", words)


def _repeats(schema: Schema, rows: list[Row]) -> Iterator[Finding]:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        cells = {column: row.cells.get(column, "") for column in schema.unique}
        key = tuple(cell.lower() if column == "currency" else cell for column, cell in cells.items())
        line = first.setdefault(key, row.line)
        if line != row.line and (row.cells.get(schema.key) or schema.name == "tax_map"):
            yield _finding(schema, row, schema.key, f"repeats {schema.name}.csv, line {line}; keep one of them")


def _cells(schema: Schema, row: Row, settings: Mapping[str, Any]) -> Iterator[Finding]:
    # A row of tax_map without a rate serves every other rate (rule L8).
    needed = needed_cells(schema.name, settings) if schema.name == "tax_map" else schema.required
    for column in needed:
        if not row.cells.get(column):
            yield _finding(schema, row, column, "must hold a value")
    for column, values in schema.values.items():
        if row.cells.get(column) and row.cells[column] not in values:
            yield _finding(schema, row, column, f"is not one of {', '.join(values)}")
    currency = row.cells.get("currency", "")
    if currency != currency.lower():
        yield _finding(schema, row, "currency", "must be in lower case")


def _finding(schema: Schema, row: Row, column: str, words: str) -> Finding:
    cell, key = row.cells.get(column, ""), row.cells.get(schema.key, "")
    what = f'"{shown(cell)}"' if cell else "the empty cell"
    whose = f" (row of {shown(key)})" if key and column != schema.key else ""
    return Finding("error", f"{schema.name}.csv, line {row.line}, {column}", f"{what} {words}{whose}")
