"""The one look of tables and amounts: no frame, one line under the headings, so that 80 columns hold much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from rich.box import Box
from rich.console import Console
from rich.table import Table

RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
NUMBERS = ("documents", "applications", "records", "rows", "amount", "debit", "credit")
"""Headings of columns that are flush right."""
LONGEST_ID = 32
"""Letters of an id that is never broken, so that it can be copied."""


def print_table(console: Console, title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a title, a table and an empty line. A cell is text, a number, or None for nothing; long words are folded,
    never cut off. A column of ids stays whole."""
    if title:
        console.print(title, style="bold")
    table = Table(box=RULED, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    for number, heading in enumerate(headings):
        own = [row[number] for row in cells]
        justify: Literal["left", "right"] = "right" if heading in NUMBERS else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=_holds_ids(own))
    for row in cells:
        table.add_row(*row)
    console.print(table)
    console.print()


def _holds_ids(cells: Iterable[str]) -> bool:
    """Whether a column has ids, and so little besides that it can stay whole."""
    lines = [line for cell in cells for line in cell.splitlines()]
    return any("_" in line for line in lines) and max(map(len, lines)) <= LONGEST_ID


def major_units(minor: int, decimals: int | None) -> str:
    """An amount in the major unit with all its decimals; of an unknown currency (decimals None) in minor units."""
    return f"{minor:,} minor units" if decimals is None else f"{Decimal(minor).scaleb(-decimals):,f}"
