"""Each mapping file is read in each way of writing it, and refused with each defect in one sentence (`cases.py`).

The last part tries what people report in public of CSV files and spreadsheets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mapping_files.reader import (
    MappingsRefused,
    create_missing,
    read_folder,
    read_mappings,
)
from mapping_files.schema import SCHEMAS, USED
from settings import SettingsError
from tests.mapping_files.cases import DEFECTS, ROWS, WAYS, applies, read, table, write
from tests.support.warehouse import MAPPING_HEADERS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", USED)
def test_the_same_rows_are_read_however_they_are_written(tmp_path: Path, name: str, way: str) -> None:
    data = WAYS[way](table(name))
    file = read(tmp_path, name, data)
    assert file.problems == []
    columns = SCHEMAS[name].columns
    assert [[row.cells[column] for column in columns] for row in file.rows] == ROWS[name]
    assert bool(file.warnings) == (way == "cp1252" and not data.isascii())
    assert all(warning.startswith(f"{name}.csv ") for warning in file.warnings)


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.parametrize("name", USED)
def test_a_defect_is_refused_in_a_sentence(tmp_path: Path, name: str, defect: str) -> None:
    if not applies(name, defect):
        pytest.skip("the file has no such column")
    rows = table(name)
    (problem,) = read(tmp_path, name, DEFECTS[defect].data(name, rows)).problems
    assert problem.startswith(f"{name}.csv") and problem.endswith(".") and "\n" not in problem
    for words in DEFECTS[defect].words(name, rows):
        assert words in problem


def test_the_files_are_those_of_the_interfaces() -> None:
    assert {name: ",".join(SCHEMAS[name].columns) for name in USED} == MAPPING_HEADERS


@pytest.mark.parametrize("name", USED)
def test_optional_columns_may_be_left_out(tmp_path: Path, name: str) -> None:
    required = SCHEMAS[name].required
    file = read(tmp_path, name, write([required, ["1"] * len(required)]).encode())
    assert file.problems == []
    assert file.text().splitlines() == [
        ",".join(SCHEMAS[name].columns),
        ",".join("1" if column in required else "" for column in SCHEMAS[name].columns),
    ]


def test_a_missing_file_is_named_with_what_lies_there_instead(tmp_path: Path) -> None:
    create_missing(tmp_path)
    (tmp_path / "manual_decisions.csv").rename(tmp_path / "manual-decisions (1).csv")
    folder = read_folder(tmp_path)
    (problem,) = folder.problems
    assert "manual_decisions.csv is missing in" in problem and "is it manual-decisions (1).csv?" in problem
    (warning,) = folder.warnings
    assert "manual-decisions (1).csv is not read" in warning


def test_a_file_of_a_later_version_may_be_missing_and_holds_no_rows(tmp_path: Path) -> None:
    create_missing(tmp_path)
    assert read_folder(tmp_path).problems == []
    later = tmp_path / "opening_credit_map.csv"
    later.write_text("stripe_customer_id,currency,netsuite_credit_memo_id\n")
    assert read_folder(tmp_path).problems == []
    later.write_text("stripe_customer_id,currency,netsuite_credit_memo_id\ncus_1,usd,7\n")
    (problem,) = read_folder(tmp_path).problems
    assert problem.startswith("opening_credit_map.csv, line 2: this version does not use the file yet")


def test_a_missing_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MAPPINGS_DIR: .*nowhere does not exist: `make mappings` creates"):
        read_mappings(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="is a file, not a folder"):
        read_mappings(tmp_path / "file")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    create_missing(tmp_path)
    (tmp_path / "item_map.csv").write_text("stripe_id,netsuite_item_id\nprice_1,1.0\nprice_2,x\n")
    (tmp_path / "tax_map.csv").write_text("")
    (tmp_path / "invoice_map.csv").unlink()
    (tmp_path / "invoice_map.csv").mkdir()
    with pytest.raises(MappingsRefused) as refused:
        read_mappings(tmp_path)
    assert len(refused.value.problems) == 4
    assert "invoice_map.csv cannot be read" in str(refused.value)


def test_missing_files_are_created_and_others_are_never_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "mappings"
    assert len(create_missing(folder)) == len(USED)
    assert read_mappings(folder).values("item_map", "stripe_id") == set()
    own = folder / "item_map.csv"
    own.write_text("mine")
    (folder / "tax_map.csv").unlink()
    assert create_missing(folder) == [folder / "tax_map.csv"]
    assert own.read_text() == "mine"


def test_what_dbt_loads_is_written_only_when_values_change(tmp_path: Path) -> None:
    source, target = tmp_path / "mappings", tmp_path / "it's a folder" / "for dbt"
    create_missing(source)
    own = source / "customer_map.csv"
    own.write_bytes(WAYS["UTF-16 LE with BOM"](table("customer_map")))
    read_mappings(source).write_for_dbt(target)
    written = target / "customer_map.csv"
    before = written.stat().st_mtime_ns
    own.write_bytes(WAYS["columns in another order"](table("customer_map")))
    read_mappings(source).write_for_dbt(target)
    assert written.stat().st_mtime_ns == before
    assert written.read_text() == write(table("customer_map"))
    own.write_bytes(write(table("customer_map")[:2]).encode())
    read_mappings(source).write_for_dbt(target)
    assert written.read_text() == write(table("customer_map")[:2])


def test_messages_of_dbt_get_the_lines_of_the_file(tmp_path: Path) -> None:
    create_missing(tmp_path)
    (tmp_path / "manual_decisions.csv").write_text(
        'document_id,decision,note\n\ncn_1,skip,"two\nlines"\n,,\ncn_2,skip,\ncn_3,skip,\n'
    )
    message = "manual_decisions.csv, line 4, column document_id: cn_3 repeats manual_decisions.csv, line 3, or line 3."
    assert read_folder(tmp_path).with_lines(message) == (
        "manual_decisions.csv, line 7, column document_id: cn_3 repeats manual_decisions.csv, line 6, or line 3."
    )
    assert read_folder(tmp_path).with_lines("other.csv, line 9; item_map.csv, line 9") == (
        "other.csv, line 9; item_map.csv, line 9"
    )


# ---------- what people report in public


def test_excel_quotes_whole_lines_when_a_csv_was_opened_as_one_column(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "item_map", b'"stripe_id,netsuite_item_id"\r\n"price_1,101"\r\n').problems
    assert 'column "stripe_id,netsuite_item_id" is no column of this file' in problem


def test_excel_drops_delimiters_of_empty_cells_at_the_end_after_sixteen_rows(tmp_path: Path) -> None:
    rows = [f"cn_{n},skip,no" if n < 16 else f"cn_{n},skip" for n in range(18)]
    problems = read(tmp_path, "manual_decisions", "\n".join(["document_id,decision,note", *rows]).encode()).problems
    assert [problem.partition(":")[0] for problem in problems] == [
        "manual_decisions.csv, line 18 (row of cn_16)",
        "manual_decisions.csv, line 19 (row of cn_17)",
    ]


def test_long_ids_that_excel_rounded_are_refused(tmp_path: Path) -> None:
    (problem,) = read(
        tmp_path, "customer_map", b"stripe_customer_id;netsuite_customer_id\ncus_1;9,00719925474099E+15\n"
    ).problems
    assert '"9,00719925474099E+15" is an id in scientific notation' in problem and "(row of cus_1)" in problem


def test_a_marker_of_byte_order_in_the_middle_is_taken_off(tmp_path: Path) -> None:
    """Files joined with `cat` or `copy` keep the mark of the second one."""
    file = read(tmp_path, "item_map", b"stripe_id,netsuite_item_id\n\xef\xbb\xbfprice_1,101\n")
    assert (file.problems, file.rows[0].cells["stripe_id"]) == ([], "price_1")


def test_a_decimal_comma_in_a_file_of_commas_is_one_cell_too_many(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "item_map", b"stripe_id,netsuite_item_id\nprice_1,1,5E+04\n").problems
    assert "line 2 (row of price_1)" in problem and "has 3 cells" in problem


@pytest.mark.parametrize("coupon", ["1E5", "22E1", "25OFF", "00123", "12-24", "SEP-24", "+1", "@home", "NULL", "TRUE"])
def test_a_coupon_keeps_its_id(tmp_path: Path, coupon: str) -> None:
    """Merchants choose these ids: a reader that guesses types makes numbers, dates and nulls of them."""
    file = read(tmp_path, "item_map", f"stripe_id,netsuite_item_id\n{coupon},101\n".encode())
    assert (file.problems, file.rows[0].cells["stripe_id"]) == ([], coupon)


def test_a_part_number_that_excel_took_for_a_number_is_refused(tmp_path: Path) -> None:
    """22E1 becomes 2.20E+02."""
    (problem,) = read(tmp_path, "item_map", b"stripe_id,netsuite_item_id\n2.20E+02,101\n").problems
    assert 'line 2, column stripe_id: "2.20E+02" is an id in scientific notation' in problem


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;;"])
def test_a_line_that_names_the_delimiter_is_no_header(tmp_path: Path, first: str) -> None:
    file = read(tmp_path, "item_map", f"{first}\r\nstripe_id;netsuite_item_id\r\na,b;x\r\n".encode())
    (problem,) = file.problems
    assert problem.startswith("item_map.csv, line 3, column netsuite_item_id") and "(row of a,b)" in problem


def test_a_message_shows_no_control_character(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "item_map", b"stripe_id,netsuite_item_id\nprice\x1b[2J,101\n").problems
    assert "\x1b" not in problem and r"price\u001b[2J" in problem
