"""Cells of a workbook: texts that stay texts, amounts that keep every digit, and lists of rows with their totals.

Every text is written as text, whatever it begins with. Amounts are whole minor units until they are written; a cell
holds the major unit as a number. One that a spreadsheet cannot hold exactly (15 digits) is written as text, and no
total counts it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from report.new_file import ReportError
from report.sheets import Column, Sheet

LAST_ROW = 1_048_576
"""Rows of a sheet; 1,000 of them are left for totals."""
LONGEST_TEXT = 32_000
"""Letters of a cell; Excel takes 32,767."""
EXACT_BELOW = 10**15
"""Spreadsheets keep 15 digits."""
NONE = "(none)"
"""What a cell that totals ask for says where there is nothing: no formula can ask for an empty cell."""
NUMBER_FORMATS = {0: "#,##0", 2: "#,##0.00", 3: "#,##0.000", None: '#,##0" minor units"'}
FORMULA_STARTS = frozenset("=+-@\t\r\n")
NO_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
LOOKS: dict[str, dict[str, Any]] = {
    "": {},
    "total": {"bold": True, "top": 1},
    "check": {"italic": True},
    "typed": {"bg_color": "#FFF2CC", "border": 1},
}


def cell_text(text: str) -> str:
    """A text as a cell can hold it: no character that XML lacks, none too many.

    XlsxWriter takes a text between <r> and </r> for its own markup and does not escape it; a space ends that.
    """
    text = NO_XML.sub("\ufffd", text)
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


def key_text(value: object) -> str:
    """The text of a cell that totals ask for."""
    return NONE if value is None else cell_text(str(value))


def is_exact(minor: int) -> bool:
    """Whether a spreadsheet keeps every digit of an amount."""
    return abs(minor) < EXACT_BELOW


def major(minor: int, decimals: int | None) -> float:
    """The number nearest to the amount in the major unit; with 15 digits it shows as the amount itself."""
    return float(Decimal(minor).scaleb(-(decimals or 0)))


class Tally:
    """The amounts of a sheet's rows by the values of its keys, and the place of these rows.

    first, last: row numbers as people count them · amounts: heading → values of the keys → minor units · decimals: of
    each currency · too_large: amounts that stand as text.
    """

    def __init__(self, sheet: Sheet, first: int) -> None:
        self.sheet = sheet
        self.first = first
        self.last = first
        self.amounts: dict[str, Counter[tuple[str, ...]]] = {heading: Counter() for heading in sheet.money}
        self.decimals: dict[str, int | None] = {}
        self.too_large = 0
        self._rows = 0

    def add(self, row: Sequence[Any]) -> None:
        """Counts one row of the sheet's question, the decimals first."""
        decimals, *values = row
        self.decimals[key_text(values[self.sheet.index("currency")])] = decimals
        keys = tuple(key_text(value) for column, value in zip(self.sheet.columns, values, strict=True) if column.is_key)
        for column, value in zip(self.sheet.columns, values, strict=True):
            if column.kind == "money" and value is not None:
                if is_exact(value):
                    self.amounts[column.heading][keys] += value
                else:
                    self.too_large += 1
        self._rows += 1
        self.last = self.first + self._rows - 1

    def groups(self) -> list[tuple[str, str]]:
        """The groups that have a total of their own: value of `totals_by` ("" where there is none), currency."""
        keys = [column.heading for column in self.sheet.columns if column.is_key]
        name, currency = self.sheet.totals_by, keys.index("currency")
        rows = {keys for amounts in self.amounts.values() for keys in amounts}
        return sorted({(row[keys.index(name)] if name else "", row[currency]) for row in rows})

    def total(self, amount: str, currency: str, criteria: Sequence[tuple[str, str]] = ()) -> int:
        """The sum of the rows of a currency that meet the criteria, in minor units."""
        keys = [column.heading for column in self.sheet.columns if column.is_key]
        wanted = [(keys.index(heading), value) for heading, value in [("currency", currency), *criteria]]
        return sum(
            minor
            for values, minor in self.amounts[amount].items()
            if all(values[place] == value for place, value in wanted)
        )

    def formula(self, amount: str, currency_cell: str, criteria: Sequence[tuple[str, str]], here: str) -> str:
        """The same sum as a formula. here: the sheet that holds it · criteria: values of ours, without quotes."""
        place = "" if self.sheet.name == here else f"{self.sheet.name}!"

        def cells(heading: str) -> str:
            letter = self.sheet.letter(heading)
            return f"{place}${letter}${self.first}:${letter}${self.last}"

        asked = [f"{cells('currency')},{currency_cell}"]
        asked += [f'{cells(heading)},"{value}"' for heading, value in criteria]
        return f"=SUMIFS({cells(amount)},{','.join(asked)})"


class Cells:
    """Writes the cells of one workbook with its formats."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._plain = workbook.add_format({"valign": "top"})
        self._quoted = workbook.add_format({"valign": "top", "quote_prefix": True})  # an editor keeps it as text
        self._date = workbook.add_format({"valign": "top", "num_format": "yyyy-mm-dd"})
        self._money: dict[tuple[int | None, str], Any] = {}
        self.header = workbook.add_format({"bold": True, "bottom": 1, "valign": "top", "text_wrap": True})
        self.title = workbook.add_format({"bold": True, "font_size": 14})

    def money_format(self, decimals: int | None, look: str = "") -> Any:
        """The number format of a currency. look: a name of `LOOKS`."""
        key = (decimals if decimals in NUMBER_FORMATS else None, look)
        if key not in self._money:
            self._money[key] = self._workbook.add_format(
                {"valign": "top", "num_format": NUMBER_FORMATS[key[0]], **LOOKS[look]}
            )
        return self._money[key]

    def text(self, page: Any, row: int, column: int, value: object, look: Any = None) -> None:
        """Writes a text that stays one."""
        text = cell_text(str(value))
        page.write_string(row, column, text, look or (self._quoted if text[:1] in FORMULA_STARTS else self._plain))

    def money(self, page: Any, row: int, column: int, minor: int, decimals: int | None) -> None:
        """Writes an amount: a number where a spreadsheet keeps every digit of it, else text."""
        if is_exact(minor):
            page.write_number(row, column, major(minor, decimals), self.money_format(decimals))
        else:
            self.text(page, row, column, f"{Decimal(minor).scaleb(-(decimals or 0)):f}")

    def formula(
        self, page: Any, row: int, column: int, formula: str, minor: int, decimals: int | None, look: str = ""
    ) -> None:
        """Writes a formula with the value that it has. minor: that value in minor units."""
        page.write_formula(row, column, formula, self.money_format(decimals, look), major(minor, decimals))

    def print_as(self, page: Any, header_row: int) -> None:
        """A page in landscape, as wide as the sheet, its header on each."""
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(header_row)
        page.set_footer("&L&A&R&P / &N")

    def write_list(self, page: Any, sheet: Sheet, rows: Iterable[Sequence[Any]]) -> Tally:
        """Writes a whole sheet: header, rows, and a total per currency below them. Raises ReportError."""
        for number, column in enumerate(sheet.columns):
            page.set_column(number, number, column.width)
        self.print_as(page, 0)
        page.freeze_panes(1, 1)
        tally = self.write_rows(page, sheet, rows, 0)
        page.autofilter(0, 0, tally.last - 1, len(sheet.columns) - 1)
        for row, (name, currency) in enumerate(tally.groups(), tally.last + 1):
            self._write_total(page, tally, name, currency, row)
        return tally

    def write_rows(self, page: Any, sheet: Sheet, rows: Iterable[Sequence[Any]], header_row: int) -> Tally:
        """Writes a header and rows. Raises ReportError when there are more than a sheet holds."""
        for number, column in enumerate(sheet.columns):
            page.write_string(header_row, number, column.heading, self.header)
        tally = Tally(sheet, header_row + 2)
        for row, values in enumerate(rows, header_row + 1):
            if row >= LAST_ROW - 1_000:
                raise ReportError(
                    f"sheet {sheet.name} has more rows than a spreadsheet holds; ask the marts instead "
                    "(docs/month_end.md)"
                )
            tally.add(values)
            decimals, *fields = values
            for number, (column, value) in enumerate(zip(sheet.columns, fields, strict=True)):
                self._write_cell(page, row, number, sheet, column, value, decimals)
        return tally

    def _write_cell(
        self, page: Any, row: int, number: int, sheet: Sheet, column: Column, value: Any, decimals: int | None
    ) -> None:
        if column.is_key:
            self.text(page, row, number, key_text(value))
        elif value is None:
            return
        elif column.heading == sheet.summed:
            first, last = sheet.letter(sheet.money[0]), sheet.letter(sheet.columns[number - 1].heading)
            self.formula(page, row, number, f"=SUM({first}{row + 1}:{last}{row + 1})", value, decimals)
        elif column.kind == "money":
            self.money(page, row, number, value, decimals)
        elif column.kind == "date":
            page.write_datetime(row, number, value, self._date)
        elif column.kind == "integer":
            page.write_number(row, number, value, self._plain)
        else:
            self.text(page, row, number, value)

    def _write_total(self, page: Any, tally: Tally, name: str, currency: str, row: int) -> None:
        sheet, decimals = tally.sheet, tally.decimals[currency]
        criteria = [(sheet.totals_by, name)] if sheet.totals_by else []
        self.text(page, row, 0, f"total {name} {currency}".replace("  ", " "), self.header)
        for number, column in enumerate(sheet.columns):
            if column.heading == "currency":
                self.text(page, row, number, currency, self.header)
            elif column.kind == "money" and column.has_total:
                cell = f"${sheet.letter('currency')}${row + 1}"
                formula = tally.formula(column.heading, cell, criteria, sheet.name)
                total = tally.total(column.heading, currency, criteria)
                self.formula(page, row, number, formula, total, decimals, "total")
