"""The month-end workbook: what an accountant needs to close a month, with formulas over the workbook's own rows.

The same warehouse gives the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from report.cells import Cells
from report.month import Month
from report.new_file import new_file
from report.sheets import ALL_ROWS, LAST_READ, LINES, LISTS, MONTH_ROWS, Sheet
from report.summary_sheet import SummarySheet
from warehouse.query import ask, ask_in_bulks

SHEETS = ("summary", *(sheet.name for sheet in LISTS))
ROWS_AT_A_TIME = 5_000


def write_workbook(marts: duckdb.DuckDBPyConnection, path: Path, month: Month, target: str) -> None:
    """Writes the workbook of a month, for its owner alone, and puts it in its place by one rename.

    marts: a connection with schema `marts`, which may be read-only. Raises ReportError; duckdb.CatalogException or
    duckdb.BinderException when the marts are not those of this version.
    """
    with new_file(path, "the workbook", (XlsxWriterException,)) as part:
        _write(marts, part, month, target)


def _write(marts: duckdb.DuckDBPyConnection, path: Path, month: Month, target: str) -> None:
    ask(marts, ALL_ROWS)
    ask(marts, MONTH_ROWS.format(start=month.first))
    ((read_on,),) = ask(marts, LAST_READ)
    workbook = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    # without these, the file would hold the time of this moment
    created = datetime.combine(read_on or month.first, time())
    workbook.set_properties(
        {"title": f"Stripe credit in NetSuite, {month} ({target})", "author": "", "created": created}
    )
    cells = Cells(workbook)
    pages = {name: workbook.add_worksheet(name) for name in SHEETS}
    tallies = {sheet.name: cells.write_list(pages[sheet.name], sheet, _rows(marts, sheet, month)) for sheet in LISTS}
    summary = SummarySheet(cells, pages["summary"], tallies, list(_rows(marts, LINES, month)))
    summary.write(_title(month, target, read_on))
    workbook.close()


def _rows(marts: duckdb.DuckDBPyConnection, sheet: Sheet, month: Month) -> Iterator[tuple[Any, ...]]:
    for rows in ask_in_bulks(marts, sheet.question(month), ROWS_AT_A_TIME):
        yield from rows


def _title(month: Month, target: str, read_on: date | None) -> list[str]:
    if read_on is None:
        read = "There are no documents yet: run `make run`."
    else:
        read = f"Stripe and NetSuite were last read on {read_on}."
        if read_on < month.next_first:
            read += f" {month} was not over then: run `make run` before you close it."
    return [f"Stripe credit in NetSuite: {month} ({target})", read]
