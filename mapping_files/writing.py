"""Adds rows to mapping files. What a file holds stays as it is, byte for byte; rows follow in its own form.

rows = [NewRow("item_map", {"stripe_id": "price_1", "netsuite_item_id": "7"}, "item_map!B2")]
added = add_rows(folder, rows)    # all of them, or RowsRefused and no file is touched
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from file_access import give_same_access
from mapping_files.decoding import decode, encoding_of
from mapping_files.reader import Layout, cell_problem, layout_of, read_mappings, shown
from mapping_files.schema import SCHEMAS, Schema


@dataclass(frozen=True)
class NewRow:
    """A row for a file. cells: column → text, absent = empty · place: where it comes from, for messages."""

    file: str
    cells: Mapping[str, str]
    place: str

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(self.cells.get(column, "") for column in SCHEMAS[self.file].key_columns)


class RowsRefused(Exception):
    """Rows cannot be added, so none was. `problems`: a sentence each."""

    def __init__(self, problems: Sequence[str]):
        self.problems = list(problems)
        super().__init__("\n".join(["Rows to mend, nothing was written:", *(f"  - {each}" for each in self.problems)]))


def add_rows(folder: Path, rows: Iterable[NewRow]) -> dict[str, list[NewRow]]:
    """Appends the rows that the files of a folder do not hold yet; returns them by file.

    Each file is put in its place by a rename, after all of them were made. Raises RowsRefused, MappingsRefused,
    SettingsError if there is no such folder, OSError.
    """
    new, problems = _new_rows(folder, rows)
    made: dict[Path, Path] = {}
    try:
        for name, additions in new.items():
            path = (folder / f"{name}.csv").resolve()  # of a link, the file that it leads to
            data = path.read_bytes()
            text, refusals = _appended(decode(data)[0], SCHEMAS[name], additions)
            problems += refusals
            if not problems:
                made[path] = _beside(path, data, text)
        if problems:
            raise RowsRefused(problems)
        for path, written in made.items():
            written.replace(path)
    finally:
        for written in made.values():
            with contextlib.suppress(FileNotFoundError):
                written.unlink()
    return new


def open_rows(folder: Path, rows: Iterable[NewRow]) -> list[NewRow]:
    """The rows whose keys the files of a folder do not hold. Raises MappingsRefused, SettingsError."""
    mappings = read_mappings(folder)
    there = {
        (name, tuple(row.cells.get(column, "") for column in file.schema.key_columns))
        for name, file in mappings.files.items()
        for row in file.rows
    }
    return [row for row in rows if (row.file, row.key) not in there]


def _new_rows(folder: Path, rows: Iterable[NewRow]) -> tuple[dict[str, list[NewRow]], list[str]]:
    """The rows that are not there yet, by file, and what is wrong with any row."""
    mappings = read_mappings(folder)
    known: dict[tuple[str, tuple[str, ...]], tuple[Mapping[str, str], str]] = {
        (name, tuple(row.cells.get(column, "") for column in file.schema.key_columns)): (
            row.cells,
            f"{name}.csv, line {row.line}",
        )
        for name, file in mappings.files.items()
        for row in file.rows
    }
    new: dict[str, list[NewRow]] = defaultdict(list)
    problems: list[str] = []
    for row in rows:
        for column, cell in row.cells.items():
            if problem := cell_problem(column, cell):
                problems.append(f'{row.place}, column {column}: "{shown(cell)}" {problem}.')
        there = known.setdefault((row.file, row.key), (row.cells, row.place))
        if there[1] == row.place:
            new[row.file].append(row)
        elif any(there[0].get(column, "") != row.cells.get(column, "") for column in SCHEMAS[row.file].columns):
            problems.append(
                f"{row.place} contradicts {there[1]}, which has other ids for "
                f"{shown(' '.join(filter(None, row.key)) or 'every other id')}; change one of them."
            )
    return dict(new), problems


def _appended(text: str, schema: Schema, rows: Sequence[NewRow]) -> tuple[str, list[str]]:
    """What follows the text, and what the file has no place for."""
    layout = layout_of(text, schema)
    problems = [
        f"{row.place}, column {column}: {schema.name}.csv has no such column; add it to its first line."
        for row in rows
        for column, cell in row.cells.items()
        if cell and column not in layout.columns
    ]
    out = io.StringIO()
    if text and not text.endswith(("\n", "\r")):
        out.write(layout.line_end)
    writer = csv.writer(out, delimiter=layout.delimiter, lineterminator=layout.line_end)
    writer.writerows(_in_order(row, layout) for row in rows)
    return out.getvalue(), problems


def _in_order(row: NewRow, layout: Layout) -> list[str]:
    return [row.cells.get(column, "") for column in layout.columns]


def _beside(path: Path, data: bytes, text: str) -> Path:
    """A file beside `path`, with its permissions, that holds its bytes and then the text."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data + text.encode(encoding_of(data)))
        file.flush()
        os.fsync(file.fileno())
    give_same_access(path, Path(name))
    return Path(name)
