"""The files that `make report` writes into REPORT_DIR."""

from __future__ import annotations

from pathlib import Path

import duckdb

from report.month import Month
from report.workbook import write_workbook
from settings import Settings


def write_files(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> list[Path]:
    """Writes the files of the month and returns their paths.

    Raises WorkbookError; duckdb.CatalogException when the marts do not exist.
    """
    month = Month.named(settings.month) if settings.month else Month.last_whole(settings.vars["accounting_timezone"])
    workbook = settings.report_dir / f"{settings.target}-{month}.xlsx"
    write_workbook(warehouse, workbook, month, settings.target)
    return [workbook]
