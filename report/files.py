"""The files that `make report` writes into REPORT_DIR."""

from __future__ import annotations

from pathlib import Path

import duckdb

from report.figures import Figures, figures
from report.links import Links
from report.month import Month
from report.page import write_page
from report.workbook import write_workbook
from settings import Settings


def write_files(
    warehouse: duckdb.DuckDBPyConnection, settings: Settings, links: Links | None = None
) -> tuple[list[Path], Figures]:
    """Writes the month's workbook and the page; returns their paths, and the figures of the page.

    links: the accounts whose pages are linked. Raises ReportError; duckdb.CatalogException or BinderException when the
    marts do not exist, or are those of an earlier version.
    """
    month = Month.named(settings.month) if settings.month else Month.last_whole(settings.vars["accounting_timezone"])
    workbook = settings.report_dir / f"{settings.target}-{month}.xlsx"
    write_workbook(warehouse, workbook, month, settings.target)
    found = figures(warehouse, month, settings.target)
    page = settings.report_dir / f"{settings.target}.html"
    write_page(warehouse, page, found, links or Links())
    return [workbook, page], found
