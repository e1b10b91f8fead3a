"""The first sheet of the workbook: what a month comes to, a row per figure and a column per currency.

A figure is a formula over the other sheets, over the month's own rows at the end of this sheet, or over figures above
it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from report.cells import Cells, Tally, key_text
from report.sheets import LINES
from report.summary_figures import Check, Figure, Heading, Rest, Rows, Sum, Typed, figures

DIFFERENCES, CURRENCIES = 3, 5
"""The rows, from 0, of the checks together and of the currencies; the figures follow."""
ACCOUNT = ("record type", "NetSuite account", "NetSuite item")


class SummarySheet:
    """Writes the sheet. tallies: of the other sheets · lines: the answers to the question of `LINES`."""

    def __init__(self, cells: Cells, page: Any, tallies: Mapping[str, Tally], lines: Sequence[tuple[Any, ...]]) -> None:
        self._cells, self._page, self._lines = cells, page, lines
        line, *account = (
            LINES.index(name) + 1 for name in ("line", "record type", "NetSuite account", "NetSuite item")
        )
        accounts = {tuple(key_text(row[place]) for place in account) for row in lines if row[line] == "ledger"}
        self._figures = figures(sorted(accounts))
        self._rows = {
            figure.key: row
            for row, figure in enumerate(self._figures, CURRENCIES + 1)
            if not isinstance(figure, Heading)
        }
        self._header_of_lines = CURRENCIES + len(self._figures) + 4
        own = Tally(LINES, self._header_of_lines + 2)
        for values in lines:
            own.add(values)
        self._tallies = {**tallies, LINES.name: own}
        self._decimals: dict[str, int | None] = {}
        for tally in self._tallies.values():
            self._decimals |= tally.decimals
        self._columns = {currency: column for column, currency in enumerate(sorted(self._decimals), 1)}
        self._values = {currency: self._values_of(currency) for currency in self._columns}

    def write(self, title: Sequence[str]) -> None:
        """Writes everything from the top down: with constant memory there is no way back. title: two lines."""
        cells, page = self._cells, self._page
        page.set_column(0, 0, 66)
        page.set_column(1, max(len(self._columns), len(LINES.columns)), 20)
        cells.print_as(page, CURRENCIES)
        page.freeze_panes(CURRENCIES + 1, 1)
        for row, text in enumerate([*title, *self._too_large()]):
            cells.text(page, row, 0, text, None if row else cells.title)
        self._write_differences()
        cells.text(page, CURRENCIES, 0, "in the major unit of each currency", cells.header)
        for currency, column in self._columns.items():
            cells.text(page, CURRENCIES, column, currency, cells.header)
        for row, figure in enumerate(self._figures, CURRENCIES + 1):
            cells.text(page, row, 0, figure.label, cells.header if isinstance(figure, Heading) else None)
            for currency, column in self._columns.items():
                self._write_figure(figure, row, column, currency)
        cells.text(page, self._header_of_lines - 1, 0, "The month's rows (marts.month_end_tie_out)", cells.title)
        cells.write_rows(page, LINES, self._lines, self._header_of_lines)

    def _too_large(self) -> list[str]:
        number = sum(tally.too_large for tally in self._tallies.values())
        note = f"Amounts of more than 15 digits: {number}. They stand as text, and no total counts them."
        return [note] if number else []

    def _values_of(self, currency: str) -> dict[str, int]:
        """What the formulas of a currency come to, in minor units, by figure."""
        values: dict[str, int] = {}
        for figure in self._figures:
            if isinstance(figure, Rows):
                values[figure.key] = self._tallies[figure.sheet].total(figure.amount, currency, figure.criteria)
            elif isinstance(figure, Sum):
                values[figure.key] = sum(values[key] for key in figure.of)
            elif isinstance(figure, Check):
                values[figure.key] = values[figure.figure] - (values[figure.less] if figure.less else 0)
        return values

    def _cell(self, key: str, column: int) -> str:
        return str(xl_rowcol_to_cell(self._rows[key], column))

    def _write_figure(self, figure: Figure, row: int, column: int, currency: str) -> None:
        decimals, values = self._decimals[currency], self._values[currency]
        if isinstance(figure, Heading):
            return
        if isinstance(figure, Typed):
            self._page.write_blank(row, column, None, self._cells.money_format(decimals, "typed"))
            return
        cells = self._cells
        if isinstance(figure, Rest):
            typed = self._cell(figure.typed, column)
            less = "".join(f"-{self._cell(key, column)}" for key in figure.less)
            formula = f'=IF(ISBLANK({typed}),"",ROUND({typed}{less},{decimals or 0}))'
            self._page.write_formula(row, column, formula, cells.money_format(decimals, "check"), "")
            return
        look = "total" if isinstance(figure, Sum) else "check" if isinstance(figure, Check) else ""
        cells.formula(
            self._page, row, column, self._formula(figure, column, decimals), values[figure.key], decimals, look
        )

    def _formula(self, figure: Rows | Sum | Check, column: int, decimals: int | None) -> str:
        if isinstance(figure, Rows):
            head = xl_rowcol_to_cell(CURRENCIES, column, row_abs=True)
            return self._tallies[figure.sheet].formula(figure.amount, head, figure.criteria, LINES.name)
        if isinstance(figure, Sum):
            return (
                f"=SUM({self._cell(figure.of[0], column)}:{self._cell(figure.of[-1], column)})" if figure.of else "=0"
            )
        less = f"-{self._cell(figure.less, column)}" if figure.less else ""
        return f"=ROUND({self._cell(figure.figure, column)}{less},{decimals or 0})"

    def _write_differences(self) -> None:
        """All checks together: the first thing to look at."""
        checks = [figure.key for figure in self._figures if isinstance(figure, Check)]
        self._cells.text(
            self._page, DIFFERENCES, 0, "all checks together: 0 when the month ties out", self._cells.header
        )
        for currency, column in self._columns.items():
            formula = "=" + "+".join(f"ABS({self._cell(key, column)})" for key in checks)
            total = sum(abs(self._values[currency][key]) for key in checks)
            self._cells.formula(self._page, DIFFERENCES, column, formula, total, self._decimals[currency], "total")
