"""The workbook to fill in: what is in its cells, and what is read of one that somebody filled in."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from proposals.needs import Missing
from proposals.records import Record
from proposals.rows import ProposedRow
from proposals.workbook import FilledIn, NoWorkbook, read_workbook, write_workbook

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "http://example.com", "{=1}")
HEADER = ("stripe_id", "netsuite_item_id")


def proposed(
    thing: str, id: str = "", *, kind: str = "prices", name: str = "Plan", candidates: Sequence[Record] = ()
) -> ProposedRow:
    missing = Missing(kind, thing, waiting=(("usd", 2, 124000, 2), ("jpy", 1, 900, 0)))
    key = {"prices": "stripe_id", "roles": "role"}[kind]
    return ProposedRow(missing, name, {key: thing, "netsuite_item_id": id}, ("netsuite_item_id",), tuple(candidates))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports" / "mappings-todo.xlsx"


def fill(path: Path, sheet: str, *rows: Sequence[Any], header: Sequence[str] = HEADER) -> None:
    """A workbook with one sheet, as a spreadsheet saves it."""
    workbook = openpyxl.Workbook()
    filled = workbook.active
    filled.title = sheet
    for row in (header, *rows):
        filled.append(row)
    path.parent.mkdir(exist_ok=True)
    workbook.save(path)


def read(path: Path, **settings: Any) -> FilledIn:
    return read_workbook(path, settings)


def test_what_a_sheet_shows(path: Path) -> None:
    candidates = [Record("7", "Plan"), Record("8", "Plan B")]
    rows = [proposed("prod_1", candidates=candidates), proposed("prod_2", "9"), proposed("shipping", kind="roles")]
    write_workbook(path, rows, {}, "make mappings APPLY=x.xlsx")
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == ["start here", "default_items", "item_map", "lists"]
    assert workbook["lists"].sheet_state == "hidden"
    assert "make mappings APPLY=x.xlsx" in [cell.value for (cell,) in workbook["start here"].iter_rows()]
    sheet = workbook["item_map"]
    first, second, third = sheet.iter_rows(values_only=True)
    assert first[:2] == HEADER and sheet.freeze_panes == "B2"
    assert second[:2] == ("prod_1", None) and third[:2] == ("prod_2", "9")
    assert second[2:] == (
        *("Plan", 3, "1,240.00 USD, 900 JPY", "7 | Plan; 8 | Plan B"),
        "they go to the item of role unallocated_invoice_item",
    )
    assert {sheet[cell].number_format for cell in ("A2", "B2", "B3")} == {"@"}
    (choices,) = sheet.data_validations.dataValidation
    assert str(choices.sqref) == "B2" and choices.formula1 == "lists!$A$1:$A$2" and not choices.showErrorMessage
    assert [cell.value for (cell,) in workbook["lists"].iter_rows()] == ["7 | Plan", "8 | Plan B"]


def test_no_text_becomes_a_formula_or_a_link(path: Path) -> None:
    rows = [proposed(text, name=text, candidates=[Record("7", text)]) for text in FORMULAS]
    write_workbook(path, rows, {}, FORMULAS[0])
    with zipfile.ZipFile(path) as parts:
        sheets = {name: parts.read(name).decode() for name in parts.namelist() if "worksheets/" in name}
    assert len(sheets) == 3
    for name, text in sheets.items():
        assert not re.search(r"<f>|<f |hyperlink", text), name
    shown = [row[0] for row in openpyxl.load_workbook(path)["item_map"].iter_rows(min_row=2, values_only=True)]
    assert shown == list(FORMULAS)


def test_an_untouched_workbook_holds_what_is_complete(path: Path) -> None:
    write_workbook(path, [proposed("prod_1"), proposed("prod_2", "9")], {}, "")
    found = read(path)
    assert [(row.file, row.cells, row.place) for row in found.rows] == [
        ("item_map", {"stripe_id": "prod_2", "netsuite_item_id": "9"}, "mappings-todo.xlsx, sheet item_map, row 3")
    ]
    assert (found.to_do, found.problems, found.warnings) == (1, [], [])


@pytest.mark.parametrize(
    ("cell", "id"),
    [(201, "201"), (201.0, "201"), ("201", "201"), (" 201\u00a0", "201"), ("7 | Plan | old", "7"), ("0201", "0201")],
)
def test_ids_as_a_spreadsheet_leaves_them(path: Path, cell: Any, id: str) -> None:
    fill(path, "item_map", ("prod_1", cell))
    (row,) = read(path).rows
    assert row.cells == {"stripe_id": "prod_1", "netsuite_item_id": id}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("prod_1", "2O1"), 'item_map!B2, column netsuite_item_id: "2O1" is no internal id of NetSuite'),
        (("prod_1", 201.5), '"201.5" is no internal id of NetSuite'),
        (("prod_1", "201.0"), "is an id with decimals that a spreadsheet added"),
        (("prod_1", "#N/A"), "is an error of a spreadsheet"),
        (("prod_1", True), "is no text or whole number"),
        (("prod_1", dt.datetime(2026, 1, 2)), "is no text or whole number"),
        (("prod_1", 12345678901234567890), "has more digits than a spreadsheet keeps"),
        (("prod_1", "=A1"), "is a formula without a value"),
        ((None, "7"), "item_map!A2, column stripe_id: the empty cell must hold a value."),
        (("prod\u202e1", "7"), "item_map!A2, column stripe_id:"),
    ],
)
def test_a_wrong_cell_is_named(path: Path, cells: Sequence[Any], words: str) -> None:
    fill(path, "item_map", cells, ("prod_2", "8"))
    found = read(path)
    (problem,) = found.problems
    assert words in problem and problem.startswith("mappings-todo.xlsx, item_map!") and len(found.rows) == 1


def test_the_value_of_a_formula_counts(path: Path) -> None:
    """As a spreadsheet saves it: the formula, and the value that it had."""
    fill(path, "item_map", ("prod_1", 7))
    with zipfile.ZipFile(path) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    content[sheet] = content[sheet].replace(b"<v>7</v>", b"<f>3+4</f><v>7</v>")
    with zipfile.ZipFile(path, "w") as parts:
        for name, data in content.items():
            parts.writestr(name, data)
    (row,) = read(path).rows
    assert row.cells["netsuite_item_id"] == "7"


def test_columns_go_by_their_names(path: Path) -> None:
    header = ("my notes", "NETSUITE_ITEM_ID", None, "stripe_id")
    fill(path, "item_map", ("see Ann", "7", None, "prod_1"), (None, None, None, None), ("later",), header=header)
    found = read(path)
    assert [row.cells for row in found.rows] == [{"stripe_id": "prod_1", "netsuite_item_id": "7"}]
    assert (found.to_do, found.problems) == (0, [])


def test_a_sheet_without_its_columns(path: Path) -> None:
    fill(path, "item_map", ("prod_1", "7"), header=("stripe_id", "item"))
    assert read(path).problems == [
        "mappings-todo.xlsx, sheet item_map: column netsuite_item_id is missing in its first row; the columns are "
        "stripe_id, netsuite_item_id"
    ]


def test_a_sheet_of_another_name_is_not_read(path: Path) -> None:
    fill(path, "Sheet1", ("prod_1", "7"))
    found = read(path)
    assert found.rows == [] and found.warnings == [
        "mappings-todo.xlsx, sheet Sheet1 was not read: no mapping file has this name"
    ]


@pytest.mark.parametrize(
    ("settings", "cells", "complete", "begun"),
    [
        ({"tax_strategy": "tax_lines"}, ("txr_1", "301", None, None), 1, 0),
        ({"tax_strategy": "suitetax_override"}, ("txr_1", "301", "5", None), 0, 1),
        ({"tax_strategy": "suitetax_override"}, ("txr_1", None, -8, 3), 1, 0),
        ({"tax_strategy": "tax_lines"}, (None, "301", None, None), 1, 0),
        ({"tax_strategy": "suitetax_override"}, ("txr_1", "301", None, None), 0, 0),
    ],
)
def test_a_tax_rate_needs_what_the_settings_say(
    path: Path, settings: dict[str, str], cells: Sequence[Any], complete: int, begun: int
) -> None:
    header = ("stripe_tax_rate_id", "netsuite_item_id", "netsuite_tax_code_id", "netsuite_tax_type_id")
    fill(path, "tax_map", cells, header=header)
    found = read(path, **settings)
    assert (len(found.rows), found.to_do, found.begun, found.problems) == (complete, 1 - complete, begun, [])


@pytest.mark.parametrize("content", [b"", b"stripe_id,netsuite_item_id\n", b"PK\x03\x04 no more"])
def test_what_is_no_workbook(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(NoWorkbook, match=r"mappings-todo\.xlsx is no workbook"):
        read(path)
    with pytest.raises(NoWorkbook, match="is not there"):
        read(path.with_name("other.xlsx"))
