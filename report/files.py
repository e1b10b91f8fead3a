"""The files that `make report` writes into REPORT_DIR."""

from __future__ import annotations

from pathlib import Path

import duckdb

from report.month import Month
from report.workbook import write_workbook
from settings import Settings
from warehouse.query import ask

LAST_EXTRACT = """
select timezone('UTC', started_at) from marts.runs where objects_read is not null order by position desc limit 1
"""


def write_files(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> list[Path]:
    """Writes the files of the month and returns their paths.

    Raises WorkbookError; duckdb.CatalogException when the marts do not exist.
    """
    month = Month.named(settings.month) if settings.month else Month.last_whole(settings.vars["accounting_timezone"])
    read_at = next((row[0] for row in ask(warehouse, LAST_EXTRACT)), None)
    workbook = settings.report_dir / f"{settings.target}-{month}.xlsx"
    write_workbook(warehouse, workbook, month, settings.target, read_at)
    return [workbook]
