"""The one look of tables and amounts: no frame, one line under the headings, so that 80 columns hold much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.box import Box
from rich.console import Console
from rich.table import Table

RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
NUMBERS = ("documents", "applications", "records", "rows", "amount", "debit", "credit")
"""Headings of columns that are flush right."""


def print_table(console: Console, title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a title, a table and an empty line. A cell is text, a number, or None for nothing; long words are folded,
    never cut off."""
    if title:
        console.print(title, style="bold")
    table = Table(box=RULED, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)
    console.print()


def major_units(minor: int, decimals: int | None) -> str:
    """An amount in the major unit with all its decimals; of an unknown currency (decimals None) in minor units."""
    return f"{minor:,} minor units" if decimals is None else f"{Decimal(minor).scaleb(-decimals):,f}"
