"""Works out the few formulas that the workbook has, so that a test needs no spreadsheet program."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from openpyxl.utils import range_boundaries

RANGE = re.compile(r"(?:(\w+)!)?(\$?[A-Z]+\$?\d+(?::\$?[A-Z]+\$?\d+)?)")


class Formulas:
    """The formulas of a workbook that openpyxl read with its formulas, as it is when it is asked first."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._values: dict[tuple[str, str], Any] = {}
        self._areas: dict[tuple[str, str], list[Any]] = {}

    def value(self, sheet: str, cell: str) -> Any:
        """The value of a cell: a Decimal for a number or a formula, else what stands there."""
        if (sheet, cell) not in self._values:
            self._values[sheet, cell] = self._value(sheet, cell)
        return self._values[sheet, cell]

    def _value(self, sheet: str, cell: str) -> Any:
        content = self._workbook[sheet][cell.replace("$", "")].value
        if isinstance(content, str) and content.startswith("=") and self._workbook[sheet][cell].data_type == "f":
            return self._formula(sheet, content[1:])
        return Decimal(str(content)) if isinstance(content, int | float) else content

    def _cells(self, sheet: str, reference: str) -> list[Any]:
        if (sheet, reference) not in self._areas:
            self._areas[sheet, reference] = self._area(sheet, reference)
        return self._areas[sheet, reference]

    def _area(self, sheet: str, reference: str) -> list[Any]:
        named, area = RANGE.fullmatch(reference).groups()
        first_column, first, last_column, last = range_boundaries(area.replace("$", ""))
        page = self._workbook[named or sheet]
        return [
            self.value(named or sheet, page.cell(row, column).coordinate)
            for row in range(first, last + 1)
            for column in range(first_column, last_column + 1)
        ]

    def _formula(self, sheet: str, text: str) -> Any:
        if text == "0":
            return Decimal(0)
        if text.startswith("ABS("):
            return sum(abs(self.value(sheet, cell)) for cell in re.findall(r"ABS\((\w+)\)", text))
        name, arguments = re.fullmatch(r"(SUMIFS|SUM|ROUND|IF)\((.*)\)", text).groups()
        if name == "SUM":
            return sum(number for number in self._cells(sheet, arguments) if isinstance(number, Decimal))
        if name == "SUMIFS":
            return self._sum_ifs(sheet, arguments.split(","))
        if name == "ROUND":
            difference, places = arguments.rsplit(",", 1)
            first, *others = (self.value(sheet, cell) for cell in difference.split("-"))
            return (first - sum(others)).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
        typed, rest = re.fullmatch(r'ISBLANK\((\w+)\),"",(.*)', arguments).groups()
        return "" if self.value(sheet, typed) is None else self._formula(sheet, rest)

    def _sum_ifs(self, sheet: str, arguments: list[str]) -> Decimal:
        numbers, *pairs = arguments
        columns = [
            (self._cells(sheet, area), criterion[1:-1] if criterion[0] == '"' else self.value(sheet, criterion))
            for area, criterion in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        return sum(
            (
                number
                for row, number in enumerate(self._cells(sheet, numbers))
                if isinstance(number, Decimal) and all(cells[row] == wanted for cells, wanted in columns)
            ),
            Decimal(0),
        )
