"""Rows for each mapping file, ways to write them that mean the same, and defects that must be refused.

`python -m tests.mapping_files.cases` prints what the reader makes of each file in each way, with each defect.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mapping_files.reader import MappingFile, read_file
from mapping_files.schema import SCHEMAS, USED

Table = list[list[str]]
"""the header, then the rows"""

ROWS: Mapping[str, Table] = {
    "default_items": [["shipping", "208"], ["credit_note", "203"]],
    "item_map": [["price_1", "101"], ["Rabatt-Übermaß", "102"]],
    "tax_map": [["txr_1", "301", "-8", "3"], ["txr_2", "302", "5", ""]],
    "account_map": [["refund", "usd", "21"], ["refund", "eur", "22"]],
    "customer_map": [["cus_1", "9001"], ["team#7é", "9002"]],
    "invoice_map": [["in_1", "71"], ["in_2", "72"]],
    "field_map": [["memo", "class", "text", "", "Café, 1;2"], ["memo", "custbody_a", "text", "invoice.number", ""]],
    "manual_decisions": [["cn_1", "skip", 'Müller said "no",\nthen yes'], ["cn_2", "out_of_band", "1;2"]],
}


def table(name: str) -> Table:
    return [list(SCHEMAS[name].columns), *(list(row) for row in ROWS[name])]


def write(table: Table, delimiter: str = ",", end: str = "\n", quote: bool = False) -> str:
    """The table as a spreadsheet writes it."""

    def cell(text: str) -> str:
        text = text.replace("\n", end)
        needs_quotes = quote or any(mark in text for mark in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if needs_quotes else text

    return "".join(delimiter.join(map(cell, row)) + end for row in table)


def _swapped(rows: Table) -> Table:
    return [row[::-1] for row in rows]


def _padded(rows: Table) -> Table:
    return [[f" \t{cell}\u00a0\u200b" for cell in row] for row in rows]


# way to write a file → its bytes; each must mean the rows themselves
WAYS: Mapping[str, Callable[[Table], bytes]] = {
    "plain": lambda rows: write(rows).encode(),
    "UTF-8 with BOM": lambda rows: write(rows).encode("utf-8-sig"),
    "UTF-16 LE with BOM": lambda rows: b"\xff\xfe" + write(rows, "\t", "\r\n").encode("utf-16-le"),
    "UTF-16 BE with BOM": lambda rows: b"\xfe\xff" + write(rows, "\t", "\r\n").encode("utf-16-be"),
    "UTF-16 without BOM": lambda rows: write(rows, "\t").encode("utf-16-le"),
    "UTF-16 BE without BOM": lambda rows: write(rows).encode("utf-16-be"),
    "cp1252": lambda rows: write(rows, ";", "\r\n").encode("cp1252"),
    "semicolon": lambda rows: write(rows, ";").encode(),
    "tab": lambda rows: write(rows, "\t").encode(),
    "CRLF": lambda rows: write(rows, end="\r\n").encode(),
    "CR alone": lambda rows: write(rows, end="\r").encode(),
    "all in quotes": lambda rows: write(rows, quote=True).encode(),
    "columns in another order": lambda rows: write(_swapped(rows)).encode(),
    "header in capitals": lambda rows: write([[name.upper() for name in rows[0]], *rows[1:]]).encode(),
    "spaces around cells": lambda rows: write(_padded(rows)).encode(),
    "blank lines and rows": lambda rows: (
        "\n" + write([rows[0], [""] * len(rows[0]), *rows[1:2], [" "] * len(rows[0]), *rows[2:]]) + "\n \n"
    ).encode(),
    "no end of the last line": lambda rows: write(rows).rstrip("\n").encode(),
    "unnamed empty column at the end": lambda rows: write([[*row, ""] for row in rows]).encode(),
    "Excel's line sep=;": lambda rows: ("sep=;\r\n" + write(rows, ";", "\r\n")).encode("utf-8-sig"),
}


@dataclass(frozen=True)
class Defect:
    """A file that must be refused: its bytes, and what the first sentence must hold after the name of the file."""

    data: Callable[[str, Table], bytes]
    words: Callable[[str, Table], tuple[str, ...]]


def _with_cell(rows: Table, column: int, text: str, row: int = 2) -> bytes:
    changed = [list(cells) for cells in rows]
    changed[row][column] = text
    return write(changed).encode()


def _id_column(name: str) -> int:
    """The column of a NetSuite id; of a file without any, that of another id, or -1."""
    columns = SCHEMAS[name].columns
    ids = [column for column in columns if column.endswith("_id")]
    return columns.index(sorted(ids, key=lambda column: not column.startswith("netsuite_"))[0]) if ids else -1


def _line(name: str, row: int = 2) -> str:
    """The line of a row in the plain file: the note of the first decision has two."""
    return f"line {row + 1 + (name == 'manual_decisions' and row > 1)}"


def _spoilt(text: str, words: str) -> Defect:
    shown = text.replace("\u200b", "\\u200b")
    return Defect(
        lambda name, rows: _with_cell(rows, _id_column(name), text),
        lambda name, rows: (_line(name), f"column {rows[0][_id_column(name)]}", f'"{shown}"', words, *_whose(name)),
    )


def _whose(name: str) -> tuple[str, ...]:
    """The Stripe id of the spoilt row, where it is not itself spoilt."""
    schema = SCHEMAS[name]
    is_key = schema.columns[_id_column(name)] == schema.key
    return () if is_key else (f"(row of {ROWS[name][1][schema.columns.index(schema.key)]})",)


def _misspelt(rows: Table) -> Table:
    name = rows[0][1]
    return [[rows[0][0], name[:3] + name[4:], *rows[0][2:]], *rows[1:]]


DEFECTS: Mapping[str, Defect] = {
    "empty file": Defect(lambda *_: b"", lambda name, rows: ("the file is empty", ",".join(rows[0]))),
    "blank lines alone": Defect(lambda *_: b"\xef\xbb\xbf\r\n \r\n", lambda *_: ("the file is empty",)),
    "too few cells": Defect(
        lambda name, rows: write([*rows[:2], rows[2][:-1]]).encode(),
        lambda name, rows: (
            _line(name),
            f"has {len(rows[0]) - 1} cells where the header names {len(rows[0])} columns",
            rows[2][0],
        ),
    ),
    "too many cells": Defect(
        lambda name, rows: write([*rows[:2], [*rows[2], "x"]]).encode(),
        lambda name, rows: (_line(name), f"has {len(rows[0]) + 1} cells where", rows[2][0]),
    ),
    "a cell below no name": Defect(
        lambda name, rows: write([[*rows[0], ""], [*rows[1], ""], [*rows[2], "x"]]).encode(),
        lambda name, rows: (_line(name), f"the header names {len(rows[0])} columns"),
    ),
    "misspelt header": Defect(
        lambda name, rows: write(_misspelt(rows)).encode(),
        lambda name, rows: ("line 1", f'column "{_misspelt(rows)[0][1]}" is no column', f"is it {rows[0][1]}?"),
    ),
    "unknown column": Defect(
        lambda name, rows: write([[*row, "x" if n else "colour"] for n, row in enumerate(rows)]).encode(),
        lambda *_: ("line 1", 'column "colour" is no column of this file', "the columns are "),
    ),
    "doubled header": Defect(
        lambda name, rows: write([[*row, row[0]] for row in rows]).encode(),
        lambda name, rows: ("line 1", f"column {rows[0][0]} stands there more than once"),
    ),
    "column without a name": Defect(
        lambda name, rows: write([["", *rows[0]], *([["x", *row] for row in rows[1:]])]).encode(),
        lambda *_: ("line 1", "column 1 has no name"),
    ),
    "missing column": Defect(
        lambda name, rows: write([row[1:] for row in rows]).encode(),
        lambda name, rows: ("line 1", f"column {rows[0][0]} is missing"),
    ),
    "no header": Defect(lambda name, rows: write(rows[1:]).encode(), lambda *_: ("line 1", "column ")),
    "UTF-8 cut inside a letter": Defect(
        lambda name, rows: write([*rows, ["Zoë", *rows[1][1:]]]).encode() + "é".encode()[:1],
        lambda *_: ("is damaged", "line "),
    ),
    "UTF-8 and cp1252 mixed": Defect(
        lambda name, rows: write([rows[0], ["é", *rows[1][1:]]]).encode() + "ü".encode("cp1252"),
        lambda *_: ("is damaged: it is UTF-8 except for some bytes", "line "),
    ),
    "byte of no encoding": Defect(
        lambda name, rows: b"\n".join([",".join(rows[0]).encode(), b"\x81" * 3]),
        lambda *_: ("line 2", "0x81"),
    ),
    "letter lost before": Defect(
        lambda name, rows: _with_cell(rows, 0, "caf\ufffd", row=1), lambda *_: ("line 2", "was lost")
    ),
    "UTF-16 cut": Defect(
        lambda name, rows: b"\xff\xfe" + write(rows).encode("utf-16-le")[:-1], lambda *_: ("is damaged", "UTF-16")
    ),
    "NUL byte": Defect(lambda name, rows: _with_cell(rows, 0, "a\0b", row=1), lambda *_: ("line 2", "NUL byte")),
    "quote never closed": Defect(
        lambda name, rows: (write(rows[:1]) + '"x,1\n' + write(rows[1:])).encode(), lambda *_: ("quote",)
    ),
    "quotes not paired": Defect(
        lambda name, rows: (write(rows[:1]) + '"x"y,1\n').encode(), lambda *_: ("line 2", "quotes are not paired")
    ),
    "workbook": Defect(lambda *_: b"PK\x03\x04rest", lambda *_: ("is a workbook",)),
    "scientific notation": _spoilt("1.5E+04", "is an id in scientific notation"),
    "scientific notation, comma": _spoilt("1,5E+04", "is an id in scientific notation"),
    "decimals": _spoilt("203.0", "is an id with decimals"),
    "error of a spreadsheet": _spoilt("#N/A", "is an error of a spreadsheet"),
    "formula": _spoilt('="203"', "is a formula"),
    "invisible character": _spoilt("20\u200b3", "holds an invisible character (U+200B)"),
    "letters in an internal id": _spoilt("2O3", "is no internal id of NetSuite"),
    "thousands separator": _spoilt("1,203", "is no internal id of NetSuite"),
}
IDS = ("scientific notation", "scientific notation, comma", "decimals", "error of a spreadsheet", "formula")
INTERNAL_IDS = ("letters in an internal id", "thousands separator")


def applies(name: str, defect: str) -> bool:
    """field_map has no id of its own: its values are tested by dbt; the id of a decision is Stripe's."""
    if name == "field_map":
        return defect not in (*IDS, *INTERNAL_IDS, "invisible character")
    return name != "manual_decisions" or defect not in INTERNAL_IDS


def read(folder: Path, name: str, data: bytes) -> MappingFile:
    path = folder / f"{name}.csv"
    path.write_bytes(data)
    return read_file(path)


def matrix() -> str:
    """A Markdown table: what the reader makes of each file in each state."""
    lines = [f"| state | {' | '.join(USED)} |", "|---|" + "---|" * len(USED)]
    with tempfile.TemporaryDirectory() as folder:
        for way, data in WAYS.items():
            found = {name: read(Path(folder), name, data(table(name))) for name in USED}
            expected = {name: read(Path(folder), name, write(table(name)).encode()) for name in USED}
            cells = [
                "wrong"
                if found[name].problems or found[name].text() != expected[name].text()
                else "read, warning"
                if found[name].warnings
                else "read"
                for name in USED
            ]
            lines.append(f"| {way} | {' | '.join(cells)} |")
        for kind, defect in DEFECTS.items():
            cells = []
            for name in USED:
                told = "n/a"
                if applies(name, kind):
                    problems = read(Path(folder), name, defect.data(name, table(name))).problems
                    words = defect.words(name, table(name))
                    is_told = len(problems) == 1 and all(word in problems[0] for word in words)
                    told = "refused" if is_told else "wrong"
                cells.append(told)
            lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(matrix())
