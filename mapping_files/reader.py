"""Mapping files as rows: columns by the names of the header, spaces stripped, each refusal a sentence.

    folder = read_folder(settings.mappings_dir)    # every file, with its problems and warnings
    folder = read_mappings(settings.mappings_dir)  # the same; MappingsRefused if there is a problem
    folder.write_for_dbt(target)                   # what dbt loads as seeds

dbt's tests say what is wrong with a value (an unknown role, an id that NetSuite lacks, a row that repeats another).
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mapping_files.decoding import Unreadable, decode
from mapping_files.schema import SCHEMAS, USED, Schema
from settings import SettingsError

DELIMITERS = ",;\t"
# The first line that Excel writes for itself.
SEPARATOR_LINE = re.compile('"?sep=([,;\t])"?[^\r\n]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"  # copied from web pages; str.strip takes all other spaces
INTERNAL_ID = re.compile(r"[0-9]{1,18}")
AS_TEXT = "format the column as text and type the id anew"
# What spreadsheets make of ids.
SPREADSHEET = (
    (re.compile(r"-?[0-9]+(?:[.,][0-9]+)?[Ee][+-][0-9]+"), f"is an id in scientific notation: {AS_TEXT}"),
    (re.compile(r"-?[0-9]+[.,]0+"), f"is an id with decimals that a spreadsheet added: {AS_TEXT}"),
    (re.compile(r"#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NULL!|NUM!)"), "is an error of a spreadsheet: type the id"),
    (re.compile(r"=.*", re.DOTALL), "is a formula of a spreadsheet: type the id alone"),
)
LONGEST_SHOWN = 80

Record = tuple[int, list[str]]
"""(line that it begins at, cells, stripped)"""


@dataclass(frozen=True)
class Row:
    """A row: the line of the file that it begins at, the first being 1; column → stripped text."""

    line: int
    cells: dict[str, str]


@dataclass
class MappingFile:
    """What was read of one file. `problems` and `warnings`: sentences that name the file, and line and column."""

    schema: Schema
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The file as dbt loads it: commas, each column in its place, equal for equal values."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.schema.columns)
        writer.writerows([row.cells.get(column, "") for column in self.schema.columns] for row in self.rows)
        return out.getvalue()


@dataclass(frozen=True)
class MappingFolder:
    """The mapping files of a folder by name. `strangers`: warnings about other files in it."""

    files: dict[str, MappingFile]
    strangers: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [problem for file in self.files.values() for problem in file.problems]

    @property
    def warnings(self) -> list[str]:
        return [*(warning for file in self.files.values() for warning in file.warnings), *self.strangers]

    def values(self, name: str, column: str) -> set[str]:
        """The values of a column, without empty cells."""
        return {row.cells.get(column, "") for row in self.files[name].rows} - {""}

    def text(self) -> str:
        """Everything that dbt loads: equal for equal values, however the files are written."""
        return "".join(self.files[name].text() for name in USED)

    def write_for_dbt(self, folder: Path) -> None:
        """Write the files as dbt loads them. One that holds the same already is not touched. Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in USED:
            path, data = folder / f"{name}.csv", self.files[name].text().encode()
            if not path.is_file() or path.read_bytes() != data:
                path.write_bytes(data)

    def with_lines(self, message: str) -> str:
        """A message of a dbt test, with the lines of the files as they are. dbt sees no blank line and no cell of
        several lines, so it takes each row to be one line."""

        def line(match: re.Match[str]) -> str:
            file, index = self.files.get(match[1]), int(match[2]) - 2
            is_known = file is not None and 0 <= index < len(file.rows)
            return f"{match[1]}.csv, line {file.rows[index].line if file and is_known else match[2]}"

        return re.sub(r"\b(\w+)\.csv, line (\d+)", line, message)


def create_missing(folder: Path) -> list[Path]:
    """Create the folder and each missing file that a run needs, with its header alone; returns the new files.

    What is there is never written. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    created = []
    for name in USED:
        path = folder / f"{name}.csv"
        with contextlib.suppress(FileExistsError), path.open("x", encoding="utf-8", newline="") as file:
            file.write(",".join(SCHEMAS[name].columns) + "\n")
            created.append(path)
    return created


class MappingsRefused(Exception):
    """Mapping files have to be mended. `problems`: a sentence each."""

    def __init__(self, problems: Sequence[str]):
        self.problems = list(problems)
        super().__init__("\n".join(["Mapping files to mend:", *(f"  - {problem}" for problem in self.problems)]))


def read_mappings(folder: Path) -> MappingFolder:
    """All mapping files of a folder. Raises MappingsRefused; SettingsError if there is no such folder."""
    found = read_folder(folder)
    if found.problems:
        raise MappingsRefused(found.problems)
    return found


def read_folder(folder: Path) -> MappingFolder:
    """All mapping files of a folder, with what is wrong with them. Raises SettingsError if there is no such folder."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise SettingsError(
            [
                f"MAPPINGS_DIR: the folder {folder} {what}: `make mappings` creates the mapping files with their "
                "headers; fill them then (docs/settings.md)"
            ]
        )
    others = sorted(path.name for path in folder.glob("*.csv") if path.stem not in SCHEMAS)
    files = {name: read_file(folder / f"{name}.csv") for name in SCHEMAS}
    return MappingFolder(files, [f"{folder / name} is not read: no mapping file has this name" for name in others])


def read_file(path: Path) -> MappingFile:
    """One mapping file; its name says which. What is wrong with it is in `problems`."""
    schema = SCHEMAS[path.stem]
    file = MappingFile(schema)
    try:
        text, warning = decode(path.read_bytes())
    except FileNotFoundError:
        if not schema.may_be_missing:
            file.problems.append(_missing(path))
        return file
    except OSError as error:
        file.problems.append(f"{path.name} cannot be read ({error.strerror}): {path}")
        return file
    except Unreadable as error:
        file.problems.append(f"{path.name}{f', line {error.line},' if error.line else ''} {error}.")
        return file
    if warning:
        file.warnings.append(f"{path.name} {warning}.")
    try:
        _read_rows(file, text)
    except _Malformed as error:
        file.problems.append(f"{path.name}{f', line {error.line}' if error.line else ''}: {error}.")
    if not schema.is_used and file.rows:
        file.problems.append(
            f"{path.name}, line {file.rows[0].line}: this version does not use the file yet; keep its header only."
        )
    return file


@dataclass(frozen=True)
class Layout:
    """How a file is written: its columns in their order ('' = one without a name), delimiter and line end."""

    columns: tuple[str, ...]
    delimiter: str
    line_end: str


def layout_of(text: str, schema: Schema) -> Layout:
    """The layout of a file that `read_file` reads without problems."""
    body, first_line, delimiter = _body(text, schema)
    header = next(_records(body, delimiter, first_line))
    line_end = re.search("\r\n|\n|\r", text)
    return Layout(tuple(_columns(schema, *header)), delimiter, line_end[0] if line_end else "\n")


class _Malformed(Exception):
    """The text is no table with a right header."""

    def __init__(self, line: int | None, message: str):
        super().__init__(message)
        self.line = line


def _missing(path: Path) -> str:
    near = difflib.get_close_matches(path.name, [other.name for other in path.parent.glob("*")], 1)
    hint = f"; is it {near[0]}?" if near and near[0].removesuffix(".csv") not in SCHEMAS else ""
    return f"{path.name} is missing in {path.parent}: `make mappings` creates it with its header{hint}"


# ---------- text to rows


def _read_rows(file: MappingFile, text: str) -> None:
    """Fill in rows and problems. Raises _Malformed where no row can be told."""
    schema = file.schema
    body, first_line, delimiter = _body(text, schema)
    records = _records(body, delimiter, first_line)
    header = next(records, None)
    if header is None:
        raise _Malformed(None, f"the file is empty; its first line must be {','.join(schema.columns)}")
    columns = _columns(schema, *header)
    for line, cells in records:
        position = columns.index(schema.key)
        whose = f" (row of {shown(cells[position])})" if position < len(cells) and cells[position] else ""
        if len(cells) != len(columns) or any(cell for name, cell in zip(columns, cells, strict=True) if not name):
            file.problems.append(f"{schema.name}.csv, line {line}{whose}: {_wrong_count(columns, cells)}.")
            continue
        row = Row(line, {name: cell for name, cell in zip(columns, cells, strict=True) if name})
        file.rows.append(row)
        for column, cell in row.cells.items():
            if problem := cell_problem(column, cell):
                told = whose if column != schema.key else ""
                file.problems.append(
                    f'{schema.name}.csv, line {line}, column {column}: "{shown(cell)}" {problem}{told}.'
                )


def _body(text: str, schema: Schema) -> tuple[str, int, str]:
    """The text below Excel's own first line, the line that it begins at, the delimiter."""
    if separator := SEPARATOR_LINE.match(text):
        return text[separator.end() :], 2, separator[1]
    return text, 1, _delimiter(text, schema)


def _wrong_count(columns: Sequence[str], cells: Sequence[str]) -> str:
    names = [name for name in columns if name]
    advice = "put a value that holds the delimiter in quotes" if len(cells) > len(names) else "add what is missing"
    return (
        f'"{shown(", ".join(cells))}" has {len(cells)} cells where the header names {len(names)} columns, '
        f"{', '.join(names)}; {advice}"
    )


def _delimiter(text: str, schema: Schema) -> str:
    """The delimiter that makes most columns of the first line, those with right names before others."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")

    def known(delimiter: str) -> tuple[int, int]:
        names = [stripped(stripped(name).strip('"')).lower() for name in first.split(delimiter)]
        return len(set(names) & set(schema.columns)), len(names)

    return max(DELIMITERS, key=known)


def _records(text: str, delimiter: str, first_line: int) -> Iterator[Record]:
    """The records of the text, without those that hold nothing. Raises _Malformed."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = first_line
    try:
        for cells in reader:
            texts = [stripped(cell) for cell in cells]
            if any(texts):
                yield line, texts
            line = reader.line_num + first_line
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise _Malformed(line, 'a quote (") opens here and is never closed; close it') from None
        raise _Malformed(line, f"the quotes are not paired ({error}); write a quote inside a cell twice") from None


def stripped(cell: str) -> str:
    """The cell without spaces and invisible characters around it, its lines ended by newlines."""
    before, cell = None, re.sub("\r\n?", "\n", cell)
    while cell != before:
        before, cell = cell, cell.strip().strip(INVISIBLE)
    return cell


def _columns(schema: Schema, line: int, header: Sequence[str]) -> list[str]:
    """The columns in the order of the file; '' = a column without a name at the end. Raises _Malformed."""
    columns = [name.lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    unnamed = len(header) - len(columns)
    right = f"the columns are {', '.join(schema.columns)}"
    if "" in columns:
        raise _Malformed(line, f"column {columns.index('') + 1} has no name; {right}")
    absent = [column for column in schema.columns if column not in columns]
    problems = [f'column "{shown(name)}" {_unknown(name, absent)}' for name in columns if name not in schema.columns]
    if problems:
        raise _Malformed(line, "; ".join([*problems, right]))
    if doubled := [name for name, count in Counter(columns).items() if count > 1]:
        raise _Malformed(line, f"column {', '.join(doubled)} stands there more than once; keep one")
    if lacking := [column for column in schema.required if column in absent]:
        raise _Malformed(line, f"column {', '.join(lacking)} is missing; {right}")
    return columns + [""] * unnamed


def _unknown(name: str, absent: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, absent, 1)
    return f"is no column of this file; is it {near[0]}?" if near else "is no column of this file"


def cell_problem(column: str, cell: str) -> str | None:
    """What is wrong with the form of a cell. Only ids have more of a form; dbt's tests judge all else."""
    is_id = column.endswith("_id")
    unwanted = ("Cc", "Cf") if is_id else ("Cc",)
    for character in cell:
        if unicodedata.category(character) in unwanted and (is_id or character not in "\n\t"):
            return f"holds an invisible character (U+{ord(character):04X}): type it anew"
    if not cell or not is_id:
        return None
    for form, problem in SPREADSHEET:
        if form.fullmatch(cell):
            return problem
    # NetSuite's own tax codes have negative ids, such as -8.
    number = cell.removeprefix("-") if column.startswith("netsuite_tax_") else cell
    if column.startswith("netsuite_") and not INTERNAL_ID.fullmatch(number):
        return "is no internal id of NetSuite, which is a number"
    return None


def shown(cell: str) -> str:
    """A cell as a message shows it: one line, not too long, without characters that a terminal would obey."""
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cell)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
