"""Rows are added in the form that a file has; what it holds stays as it is; a refused row leaves every file alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mapping_files.reader import MappingsRefused, create_missing, read_file
from mapping_files.writing import NewRow, RowsRefused, add_rows
from tests.mapping_files.cases import ROWS, WAYS, table

NEW = {
    "default_items": {"role": "customer_balance", "netsuite_item_id": "204"},
    "item_map": {"stripe_id": 'SUMMER "26";,', "netsuite_item_id": "105"},
    "tax_map": {"stripe_tax_rate_id": "txr_3", "netsuite_tax_code_id": "-8", "netsuite_tax_type_id": "3"},
    "account_map": {"purpose": "refund", "currency": "gbp", "netsuite_account_id": "23"},
    "customer_map": {"stripe_customer_id": "cus_3", "netsuite_customer_id": "9003"},
    "invoice_map": {"stripe_invoice_id": "in_3", "netsuite_invoice_id": "73"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_missing(tmp_path)
    return tmp_path


def row(file: str, place: str = "row 2", **cells: str) -> NewRow:
    return NewRow(file, cells or NEW[file], place)


def rows_of(folder: Path, file: str) -> list[dict[str, str]]:
    read = read_file(folder / f"{file}.csv")
    assert not read.problems
    return [{column: cell for column, cell in row.cells.items() if cell} for row in read.rows]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", NEW)
def test_a_row_follows_in_the_form_of_the_file(folder: Path, file: str, way: str) -> None:
    path = folder / f"{file}.csv"
    try:
        before = WAYS[way](table(file))
    except UnicodeEncodeError:
        pytest.skip("these rows have letters that the encoding lacks")
    path.write_bytes(before)
    path.chmod(0o640)
    assert [len(own) for own in add_rows(folder, [row(file)]).values()] == [1]
    assert path.read_bytes().startswith(before)
    old = [dict(zip(table(file)[0], cells, strict=True)) for cells in ROWS[file]]
    assert rows_of(folder, file) == [{k: v for k, v in cells.items() if v} for cells in old] + [NEW[file]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert add_rows(folder, [row(file)]) == {}
    assert sorted(each.name for each in folder.iterdir() if each.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("way", "end"),
    [("CRLF", b"\r\n"), ("cp1252", b";204\r\n"), ("tab", b"\t204\n"), ("no end of the last line", b"\n")],
)
def test_delimiter_and_line_end(folder: Path, way: str, end: bytes) -> None:
    path = folder / "default_items.csv"
    path.write_bytes(WAYS[way](table("default_items")))
    add_rows(folder, [row("default_items")])
    last = path.read_bytes().splitlines(keepends=True)[-1]
    assert last.endswith(end) and last.startswith(b"customer_balance")


def test_a_link_keeps_leading_to_its_file(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    real = tmp_path_factory.mktemp("elsewhere") / "items.csv"
    (folder / "item_map.csv").rename(real)
    (folder / "item_map.csv").symlink_to(real)
    add_rows(folder, [row("item_map")])
    assert (folder / "item_map.csv").is_symlink() and '""26""' in real.read_text()


def test_the_same_row_twice_is_added_once(folder: Path) -> None:
    added = add_rows(folder, [row("item_map", "row 2"), row("item_map", "row 7")])
    assert [len(own) for own in added.values()] == [1] and len(rows_of(folder, "item_map")) == 1


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (row("account_map", purpose="refund", currency="usd", netsuite_account_id="99"),
         "row 2 contradicts account_map.csv, line 2, which has other ids for refund usd; change one of them."),
        (row("tax_map", stripe_tax_rate_id="txr_9", netsuite_item_id="3O1"),
         'row 2, column netsuite_item_id: "3O1" is no internal id of NetSuite, which is a number.'),
        (row("item_map", stripe_id="=1+1", netsuite_item_id="7"), "is a formula of a spreadsheet"),
        (row("tax_map", netsuite_tax_code_id="5"), "tax_map.csv has no such column; add it to its first line."),
    ],
)  # fmt: skip
def test_a_refused_row_leaves_every_file_as_it_is(folder: Path, refused: NewRow, words: str) -> None:
    (folder / "account_map.csv").write_text("purpose,currency,netsuite_account_id\nrefund,usd,21\n")
    (folder / "tax_map.csv").write_text("stripe_tax_rate_id,netsuite_item_id\n")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RowsRefused) as error:
        add_rows(folder, [row("default_items", "row 1"), refused])
    assert words in str(error.value)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_rows_that_contradict_each_other_are_refused(folder: Path) -> None:
    one, other = ({"stripe_id": "price_1", "netsuite_item_id": id} for id in ("7", "8"))
    with pytest.raises(RowsRefused, match="row 3 contradicts row 2, which has other ids for price_1"):
        add_rows(folder, [row("item_map", "row 2", **one), row("item_map", "row 3", **other)])


def test_a_damaged_file_stops_it(folder: Path) -> None:
    (folder / "item_map.csv").write_text("stripe_id,netsuite_item\n")
    with pytest.raises(MappingsRefused, match="is it netsuite_item_id"):
        add_rows(folder, [row("default_items")])
