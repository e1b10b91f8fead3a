"""The month-end workbook: what an accountant needs to close a month, with formulas over the workbook's own rows.

The same warehouse gives the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from report.cells import Cells
from report.month import Month
from report.new_file import new_file
from report.sheets import LINES, LISTS, MONTH_ROWS, Sheet
from report.summary_sheet import SummarySheet
from warehouse.query import ask, ask_in_bulks

SHEETS = ("summary", *(sheet.name for sheet in LISTS))
ROWS_AT_A_TIME = 5_000


def write_workbook(
    warehouse: duckdb.DuckDBPyConnection, path: Path, month: Month, target: str, read_at: datetime | None
) -> None:
    """Writes the workbook of a month, for its owner alone, and puts it in its place by one rename.

    read_at: when the last extract began (UTC), None before the first.
    Raises ReportError; duckdb.CatalogException when the marts do not exist.
    """
    with new_file(path, "the workbook", (XlsxWriterException,)) as part:
        _write(warehouse, part, month, target, read_at)


def _write(
    warehouse: duckdb.DuckDBPyConnection, path: Path, month: Month, target: str, read_at: datetime | None
) -> None:
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
    created = read_at.replace(tzinfo=None, microsecond=0) if read_at else datetime(*month.first.timetuple()[:3])
    workbook.set_properties(
        {"title": f"Stripe credit in NetSuite, {month} ({target})", "author": "", "created": created}
    )
    cells = Cells(workbook)
    pages = {name: workbook.add_worksheet(name) for name in SHEETS}
    ask(warehouse, MONTH_ROWS.format(start=month.first))
    tallies = {
        sheet.name: cells.write_list(pages[sheet.name], sheet, _rows(warehouse, sheet, month)) for sheet in LISTS
    }
    summary = SummarySheet(cells, pages["summary"], tallies, list(_rows(warehouse, LINES, month)))
    summary.write(_title(month, target, read_at))
    workbook.close()


def _rows(warehouse: duckdb.DuckDBPyConnection, sheet: Sheet, month: Month) -> Iterator[tuple[Any, ...]]:
    for rows in ask_in_bulks(warehouse, sheet.question(month), ROWS_AT_A_TIME):
        yield from rows


def _title(month: Month, target: str, read_at: datetime | None) -> list[str]:
    if read_at is None:
        read = "Stripe was never read into this warehouse: run `make run`."
    else:
        read = f"Stripe and NetSuite were last read at {read_at:%Y-%m-%d %H:%M} UTC."
        if read_at.date() <= month.next_first:
            read += f" {month} was not over then, or had just ended: run `make run` again before you close it."
    return [f"Stripe credit in NetSuite: {month} ({target})", read]
