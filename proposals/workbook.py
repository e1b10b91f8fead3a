"""The proposed rows as a workbook to fill in, and the rows that were filled in.

A sheet per mapping file has the columns of the file, then what helps to fill them in. Whatever a text of Stripe or
NetSuite holds, its cell is text, never a formula or a link. Ids are text, so that a spreadsheet leaves them alone.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mapping_files.reader import cell_problem, shown, stripped
from mapping_files.schema import SCHEMAS, USED, Schema
from mapping_files.writing import NewRow
from proposals.needs import money, needed_cells, what_follows
from proposals.rows import ProposedRow

if TYPE_CHECKING:
    import xlsxwriter
    from openpyxl.cell.cell import Cell

HELP, LISTS = "start here", "lists"
HELPERS = ("what it is", "documents", "amount", "candidates in NetSuite", "without a row")
_WIDTHS = (28, 11, 28, 60, 60)
MOST_ROWS = 20_000
"""Rows of a sheet. Whoever needs more has no use for a workbook."""

_CHOICE = re.compile(r"([0-9]{1,18}) \| .*", re.DOTALL)  # an entry of a drop-down list
_DIGITS_KEPT = 10**15  # a spreadsheet rounds greater numbers

_HELP = (
    "Each sheet is a mapping file: its columns first, then what helps to fill them in.",
    "Fill in the yellow cells with NetSuite internal ids, or choose from their lists. "
    "An id that is there already is the only record of that name or external id.",
    "A row for a product serves all its prices. To tell them apart, write the price's id in its place, a row each.",
    "A row of account_map with an empty currency serves every currency; one of tax_map with an empty id every rate.",
    "Rows that are not complete stay behind. Save the workbook, then take the rest over:",
)


def write_workbook(path: Path, rows: Sequence[ProposedRow], settings: Mapping[str, Any], command: str) -> None:
    """Writes the workbook and puts it in its place by a rename. command: that takes it over. Raises OSError."""
    import xlsxwriter

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(beside, options) as workbook:
        sheet = workbook.add_worksheet(HELP)
        sheet.set_column(0, 0, 120)
        for number, line in enumerate((*_HELP, command)):
            sheet.write_string(number, 0, line)
        lists = _Lists(workbook)
        for name in USED:
            own = [row for row in rows if row.file == name][:MOST_ROWS]
            if own:
                _write_sheet(workbook, SCHEMAS[name], own, settings, lists)
        lists.add()
    beside.replace(path)


class _Lists:
    """The entries of the drop-down lists, on a sheet of their own: in a cell's own list they may have 255 letters."""

    def __init__(self, workbook: xlsxwriter.Workbook):
        self._workbook = workbook
        self._places: dict[tuple[str, ...], str] = {}
        self._entries: list[str] = []

    def place(self, entries: tuple[str, ...]) -> str:
        if entries not in self._places:
            first = len(self._entries) + 1
            self._entries += entries
            self._places[entries] = f"={LISTS}!$A${first}:$A${len(self._entries)}"
        return self._places[entries]

    def add(self) -> None:
        """Adds the sheet, last."""
        sheet = self._workbook.add_worksheet(LISTS)
        sheet.hide()
        for number, entry in enumerate(self._entries):
            sheet.write_string(number, 0, entry)


def _write_sheet(
    workbook: xlsxwriter.Workbook,
    schema: Schema,
    rows: Sequence[ProposedRow],
    settings: Mapping[str, Any],
    lists: _Lists,
) -> None:
    text, bold = workbook.add_format({"num_format": "@"}), workbook.add_format({"bold": True, "bottom": 1})
    to_fill = workbook.add_format({"num_format": "@", "bg_color": "#FFF2CC", "border": 1, "border_color": "#BF9000"})
    sheet = workbook.add_worksheet(schema.name)
    headings = (*schema.columns, *HELPERS)
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, bold)
    sheet.set_column(0, len(schema.columns) - 1, 30, text)
    for column, width in enumerate(_WIDTHS, len(schema.columns)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(rows), len(headings) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:F{len(rows) + 1}"})
    for number, row in enumerate(rows, 1):
        for column, name in enumerate(schema.columns):
            form = to_fill if name in row.needed else text
            if row.cells[name]:
                sheet.write_string(number, column, row.cells[name], form)
            else:
                sheet.write_blank(number, column, None, form)
            if row.candidates and name in row.needed and name in ("netsuite_item_id", "netsuite_account_id"):
                source = lists.place(tuple(str(record) for record in row.candidates))
                # any other id may be typed in
                sheet.data_validation(
                    number, column, number, column, {"validate": "list", "source": source, "show_error": False}
                )
        for column, value in enumerate(_helpers(row, settings), len(schema.columns)):
            if isinstance(value, int):
                sheet.write_number(number, column, value)
            else:
                sheet.write_string(number, column, value)


def _helpers(row: ProposedRow, settings: Mapping[str, Any]) -> tuple[str | int, ...]:
    return (
        row.name,
        row.missing.documents,
        waiting_amounts(row),
        "; ".join(str(record) for record in row.candidates),
        what_follows(row.missing.kind, settings) if row.missing.documents else "no document needs it yet",
    )


def waiting_amounts(row: ProposedRow) -> str:
    """The amounts of the documents that wait for a row, by currency."""
    return ", ".join(money(minor, digits, currency) for currency, _, minor, digits in row.missing.waiting)


# ---------- filled in


@dataclass
class FilledIn:
    """What a workbook holds. rows: complete · to_do: rows that lack an id · begun: of these, rows that have another ·
    problems: refused cells, a sentence each · warnings: sheets that are no mapping file."""

    rows: list[NewRow] = field(default_factory=list)
    to_do: int = 0
    begun: int = 0
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class NoWorkbook(Exception):
    """The file is no workbook that can be read. The message names it."""


def read_workbook(path: Path, settings: Mapping[str, Any]) -> FilledIn:
    """The rows of the sheets that bear the names of mapping files. Raises NoWorkbook."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    found = FilledIn()
    try:
        values = openpyxl.load_workbook(path, read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(path, read_only=True)
    except FileNotFoundError:
        raise NoWorkbook(f"{path} is not there") from None
    except (OSError, InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise NoWorkbook(f"{path} is no workbook (.xlsx) that can be read ({type(error).__name__})") from None
    try:
        for name in values.sheetnames:
            if name in USED:
                pairs = zip(values[name].iter_rows(), formulas[name].iter_rows(), strict=False)
                _read_sheet(found, path.name, SCHEMAS[name], pairs, needed_cells(name, settings))
            elif name not in (HELP, LISTS):
                found.warnings.append(f"{path.name}, sheet {shown(name)} was not read: no mapping file has this name")
    finally:
        values.close()
        formulas.close()
    return found


Line = tuple[tuple["Cell", ...], tuple["Cell", ...]]
"""The cells of a row, with values and with formulas."""


def _read_sheet(found: FilledIn, workbook: str, schema: Schema, lines: Iterator[Line], needed: Sequence[str]) -> None:
    header = next(lines, None)
    names = [stripped(str(cell.value or "")).lower() for cell in header[0]] if header else []
    lacking = [name for name in (*schema.key_columns, *needed) if name not in names]
    if lacking:
        found.problems.append(
            f"{workbook}, sheet {schema.name}: column {', '.join(lacking)} is missing in its first row; "
            f"the columns are {', '.join(schema.columns)}"
        )
        return
    columns = {name: names.index(name) for name in schema.columns if name in names}
    for number, (values, formulas) in enumerate(lines, 2):
        cells: dict[str, str] = {}
        problems: list[str] = []
        for name, position in columns.items():
            if position < len(values):
                text, problem = _text(name, values[position].value, formulas[position].value)
                cells[name] = text
                if problem:
                    place = f"{workbook}, {schema.name}!{_letters(position)}{number}"
                    problems.append(f'{place}, column {name}: "{shown(text)}" {problem}.')
        if not any(cells.get(name) for name in needed) and not problems:
            found.to_do += any(cells.values())
        elif problems:
            found.problems += problems
        elif not cells.get(schema.key) and schema.name != "tax_map":
            place = f"{workbook}, {schema.name}!{_letters(columns[schema.key])}{number}"
            found.problems.append(f"{place}, column {schema.key}: the empty cell must hold a value.")
        elif all(cells.get(name) for name in needed):
            place = f"{workbook}, sheet {schema.name}, row {number}"
            found.rows.append(NewRow(schema.name, {name: cell for name, cell in cells.items() if cell}, place))
        else:
            found.to_do += 1
            found.begun += 1


def _text(column: str, value: object, formula: object) -> tuple[str, str | None]:
    """The cell as a mapping file has it, and what is wrong with it."""
    if value is None:
        if isinstance(formula, str) and formula.startswith("="):
            return formula, "is a formula without a value: open the workbook in a spreadsheet and save it again"
        return "", None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return str(value), "is no text or whole number: format the cell as text and type the id anew"
    if isinstance(value, str):
        text = stripped(value)
        choice = _CHOICE.fullmatch(text) if column.startswith("netsuite_") else None
        text = choice[1] if choice else text
    elif abs(value) >= _DIGITS_KEPT:
        return str(value), "has more digits than a spreadsheet keeps: format the cell as text and type the id anew"
    else:
        text = str(int(value)) if value == int(value) else str(value)
    return text, cell_problem(column, text)


def _letters(position: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(position + 1))
