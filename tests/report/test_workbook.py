"""The month-end workbook, read back: its figures are those of the marts, and no text becomes a formula."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from report import cells
from report.month import Month
from report.new_file import ReportError
from report.workbook import SHEETS, write_workbook
from tests.report.formulas import Formulas
from tests.report.marts import fill_march, insert, with_marts

MARCH = Month.named("2026-03")
TEXTS = (
    *("=1+1", "+1", "@SUM(A1)", "-1", "\t=1+1", "\r=1", '=HYPERLINK("https://x.example","x")', "https://x.example"),
    *("00123", "1e5", "TRUE", "2026-03-01", "_x0041_", "a < b & c", " kept ", "Überweisung 税 🧾"),
)


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        with_marts(connection)
        yield connection


def write(marts: duckdb.DuckDBPyConnection, folder: Path) -> Path:
    path = folder / "reports" / "sandbox-2026-03.xlsx"
    write_workbook(marts, path, MARCH, "sandbox")
    return path


def rows_of(path: Path, sheet: str) -> list[dict[str, Any]]:
    """The rows of a list, up to the totals."""
    header, *rows = openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True)
    end = next((number for number, row in enumerate(rows) if not any(row)), len(rows))
    return [dict(zip(header, row, strict=True)) for row in rows[:end]]


def figures(path: Path) -> dict[tuple[str, str], list[Any]]:
    """(label, currency) → the cells of the summary that have this label, from the top down, as a spreadsheet shows
    them."""
    page = openpyxl.load_workbook(path, data_only=True)["summary"]
    _, *currencies = [cell.value for cell in page[6]]
    found: dict[tuple[str, str], list[Any]] = {}
    for label, *values in page.iter_rows(values_only=True):
        for currency, value in zip(currencies, values, strict=True):
            if label and currency:
                found.setdefault((label, currency), []).append(value)
    return found


def assert_formulas_show_their_values(path: Path) -> int:
    """Every formula comes to the value that is stored with it; returns their number."""
    formulas, shown = Formulas(openpyxl.load_workbook(path)), openpyxl.load_workbook(path, data_only=True)
    number = 0
    for page in openpyxl.load_workbook(path):
        for row in page.iter_rows():
            for cell in (cell for cell in row if cell.data_type == "f"):
                stored = shown[page.title][cell.coordinate].value
                worked_out = formulas.value(page.title, cell.coordinate)
                assert (worked_out or 0) == Decimal(str(stored or 0)), f"{page.title}!{cell.coordinate} {cell.value}"
                number += 1
    return number


def test_the_sheets_are_those_of_the_interfaces(marts, tmp_path):
    fill_march(marts)
    assert openpyxl.load_workbook(write(marts, tmp_path)).sheetnames == [
        *("summary", "posted", "open", "refunds", "balances", "tax"),
    ]
    assert SHEETS == ("summary", "posted", "open", "refunds", "balances", "tax")


def test_a_month_that_ties_out_shows_no_difference(marts, tmp_path):
    fill_march(marts)
    path = write(marts, tmp_path)
    assert assert_formulas_show_their_values(path) > 150
    found = figures(path)
    checks = {key: values for key, values in found.items() if key[0].startswith(("check", "all checks"))}
    assert len(checks) == 2 * 8 and all(value == 0 for values in checks.values() for value in values)
    assert found["in Stripe", "USD"] == [15.5, 0, 0]
    assert found["in Stripe", "JPY"] == [0, 700, 0]
    assert found["in the customer's balance", "USD"] == [5, 0]
    assert found["blocked", "USD"] == [0.5, 0, 0, 0.5]
    assert found["credit memos (sheet posted)", "USD"] == [10.25]
    assert found["of documents of other months", "USD"] == [0.25]
    assert found["customer refunds (sheet posted)", "USD"] == [3]
    assert found["not seen yet: posted since NetSuite was last read, or gone", "USD"] == [0.25]
    assert found["less or more than was posted", "JPY"] == [50]
    assert found["credit memos in the snapshot that are not ours", "USD"] == [0.99]
    assert found["creditMemo, account 11", "USD"] == [-10.25]
    assert found["creditMemo, item 101", "JPY"] == [700]
    assert found["creditMemo, tax details", "USD"] == [1]
    assert found["opening", "USD"] == [0.48] and found["closing", "USD"] == [5.38]
    assert found["closing, where the ledger is not complete", "USD"] == [0.08]
    assert found["31-60 days old", "USD"] == [0.5]
    assert found["customer refunds in NetSuite", "USD"] == [3]
    assert found["reversed by rows of the memos", "USD"] == [1]
    assert found["not reversed: book it by hand (rule B5)", "JPY"] == [7]


@pytest.mark.parametrize(
    ("broken", "currency", "difference"),
    [
        ("update marts.month_end_tie_out set amount_minor = 999 where position = 'kept_in_balance'", "USD", 4.99),
        ("update marts.month_end_tie_out set position = 'difference' where position = 'kept_in_balance'", "USD", 5),
        ("update marts.credit_memos set amount_minor = 701 where document_id = 'in_1_balance'", "JPY", 2),
        ("delete from marts.credit_memos where document_id = 'cn_0'", "USD", 0.5),
        ("delete from marts.customer_refunds", "USD", 3),
        ("update marts.month_end_tie_out set amount_minor = 924 where netsuite_item_id = '101' and currency = 'usd'",
         "USD", 0.01),
        ("update marts.customer_credit_roll_forward set closing_minor = 531 where closing_minor = 530", "USD", 0.01),
        ("update marts.open_documents_aging set age_bucket = 'old'", "USD", 0.5),
        ("delete from marts.credit_memo_tax_details", "USD", 1),
    ],
)  # fmt: skip
def test_a_difference_shows_at_the_top(marts, tmp_path, broken, currency, difference):
    fill_march(marts)
    marts.execute(broken)
    path = write(marts, tmp_path)
    assert figures(path)["all checks together: 0 when the month ties out", currency] == [difference]
    if "roll_forward" not in broken:  # there the cell's formula is right, and the mart is not
        assert_formulas_show_their_values(path)


def test_what_a_person_types_in_is_compared(marts, tmp_path):
    fill_march(marts)
    path = write(marts, tmp_path)
    workbook = openpyxl.load_workbook(path)
    page = workbook["summary"]
    places = {cell.value: cell.row for cell in page["A"] if cell.value}
    typed = places["all credit memos of the month: type in the total of NetSuite's saved search"]
    rest = f"C{places['of them not ours and not in the snapshot']}"
    assert Formulas(workbook).value("summary", rest) == ""
    page[f"C{typed}"] = 12.34
    assert Formulas(workbook).value("summary", rest) == Decimal("1.10")


def test_lists_hold_the_rows_of_the_marts(marts, tmp_path):
    fill_march(marts)
    posted = {"tran_date": "2026-03-03", "currency": "usd", "state": "posted"}
    insert(marts, "journal_entries", posted | {"external_id": "je_1", "netsuite_internal_id": "8", "amount_minor": 60})
    insert(marts, "zero_amount_invoices", posted | {"external_id": "in_9", "netsuite_internal_id": "9"})
    path = write(marts, tmp_path)
    assert [(row["record type"], row["external id"], row["amount"]) for row in rows_of(path, "posted")] == [
        ("creditMemo", "cn_0", 0.25),
        ("creditMemo", "in_1_balance", 700),
        ("creditMemo", "cn_1", 10),
        ("customerRefund", "re_1", 3),
        ("journalEntry", "je_1", 0.6),
        ("invoice", "in_9", 0),
    ]
    assert [row["refund"] for row in rows_of(path, "refunds")] == ["re_1"]
    assert [(row["Stripe customer"], row["opening"], row["closing"]) for row in rows_of(path, "balances")] == [
        ("cus_1", 0.4, 5.3),
        ("cus_2", 0.08, 0.08),
    ]
    assert [(row["document"], row["created"]) for row in rows_of(path, "open")] == [("cn_2", datetime(2026, 3, 1))]
    assert [(row["tax"], row["amount"]) for row in rows_of(path, "tax")] == [("reversed", 1), ("not reversed", 7)]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_the_text_that_it_is(marts, tmp_path, text):
    fill_march(marts)
    marts.execute(
        "update marts.open_documents_aging set detail = $1, document_id = $1, stripe_customer_id = $1", [text]
    )
    page = openpyxl.load_workbook(write(marts, tmp_path))["open"]
    found = [page.cell(2, column) for column in (1, 11, 13)]
    assert [(cell.data_type, unescape(cell.value)) for cell in found] == [("s", text.replace("\r", "\ufffd"))] * 3
    assert all(cell.quotePrefix == (text[0] in "=+-@\t") or text[0] == "\r" for cell in found)


@pytest.mark.parametrize("column", ["currency", "state", "age_bucket", "document_type"])
def test_a_key_that_looks_like_a_formula_stays_a_text(marts, tmp_path, column):
    fill_march(marts)
    marts.execute(f"update marts.open_documents_aging set {column} = '=1+1'")
    for page in openpyxl.load_workbook(write(marts, tmp_path)):
        assert [cell.coordinate for row in page.iter_rows() for cell in row if cell.data_type == "f"
                and not str(cell.value).startswith(("=SUM", "=ROUND", "=ABS", "=IF", "=0"))] == []  # fmt: skip


def test_a_text_in_the_markup_of_xlsxwriter_is_no_markup(marts, tmp_path):
    fill_march(marts)
    cell = '<r><t>x</t></r></is></c><c r="Z9"><f>1+1</f></c><c><is><r></r>'
    marts.execute("update marts.open_documents_aging set detail = ?", [cell])
    page = openpyxl.load_workbook(write(marts, tmp_path))["open"]
    assert page["M2"].value == cell + " " and page["Z9"].value is None


def test_characters_that_xml_lacks_do_not_break_the_file(marts, tmp_path):
    fill_march(marts)
    marts.execute(
        "update marts.open_documents_aging set detail = ?", ["a\x00b\x1b[31m\ufffe\uffff\x7f\n" + "x" * 40_000]
    )
    text = openpyxl.load_workbook(write(marts, tmp_path))["open"]["M2"].value
    assert text.startswith("a\ufffdb\ufffd[31m\ufffd\ufffd\x7f\nxxx") and text.endswith("x…") and len(text) == 32_000


@pytest.mark.parametrize(
    ("decimals", "minor", "value", "number_format"),
    [
        (0, 1234, 1234, "#,##0"),
        (2, -1234, -12.34, "#,##0.00"),
        (3, 1, 0.001, "#,##0.000"),
        (None, 1234, 1234, '#,##0" minor units"'),
        (2, 999_999_999_999_999, 9_999_999_999_999.99, "#,##0.00"),
        (2, 1_000_000_000_000_000, "10000000000000.00", "General"),
        (3, -(2**63), "-9223372036854775.808", "General"),
    ],
)
def test_an_amount_keeps_every_digit(marts, tmp_path, decimals, minor, value, number_format):
    fill_march(marts)
    marts.execute(
        "update marts.open_documents_aging set currency = 'xyz', currency_decimals = ?, amount_minor = ?",
        [decimals, minor],
    )
    path = write(marts, tmp_path)
    cell = openpyxl.load_workbook(path)["open"]["G2"]
    assert (cell.value, cell.number_format) == (value, number_format)
    assert_formulas_show_their_values(path)
    note = openpyxl.load_workbook(path)["summary"]["A3"].value
    assert (note is not None) == isinstance(value, str)
    if note:
        assert note == "Amounts of more than 15 digits: 1. They stand as text, and no total counts them."


def test_totals_stand_apart_by_what_must_not_be_mixed(marts, tmp_path):
    fill_march(marts)
    page = openpyxl.load_workbook(write(marts, tmp_path), data_only=True)["posted"]
    totals = {row[0]: row[7] for row in page.iter_rows(values_only=True) if str(row[0]).startswith("total")}
    assert totals == {"total creditMemo JPY": 700, "total creditMemo USD": 10.25, "total customerRefund USD": 3}


@pytest.mark.parametrize("text", ["CM 7", "=1+1", "<b>*?~"])
def test_numbers_and_names_stand_beside_the_ids(marts, tmp_path, text):
    fill_march(marts)
    insert(
        marts,
        "netsuite_names",
        {"record_kind": "transaction", "netsuite_id": "1", "record_number": text},
        {"record_kind": "account", "netsuite_id": "11", "shown_as": text},
    )
    insert(marts, "netsuite_items", {"netsuite_item_id": "101", "item_name": "Basic plan"})
    path = write(marts, tmp_path)
    row = next(row for row in rows_of(path, "posted") if row["document"] == "cn_1")
    assert (row["number"], row["name of the account"]) == (text, text)
    assert {row["name of account or item"] for row in month_rows(path)} == {None, text, "Basic plan"}
    assert_formulas_show_their_values(path)


def month_rows(path: Path) -> list[dict[str, Any]]:
    """The month's rows of month_end_tie_out, below the figures of the first sheet."""
    rows = list(openpyxl.load_workbook(path)["summary"].iter_rows(values_only=True))
    first = next(number for number, row in enumerate(rows) if row[0] == "line")
    return [dict(zip(rows[first], row, strict=True)) for row in rows[first + 1 :] if row[0]]


def test_an_empty_month_has_its_headers(marts, tmp_path):
    path = write(marts, tmp_path)
    workbook = openpyxl.load_workbook(path)
    assert [workbook[name].max_row for name in SHEETS[1:]] == [1] * 5
    assert workbook["summary"]["A2"].value == "There are no documents yet: run `make run`."


@pytest.mark.parametrize(("read_on", "is_early"), [("2026-03-31", True), ("2026-04-01", False)])
def test_a_month_that_was_not_over_when_stripe_was_read_says_so(marts, tmp_path, read_on, is_early):
    fill_march(marts)
    for mart in ("month_end_tie_out", "open_documents_aging"):
        marts.execute(f"update marts.{mart} set as_of_date = '{read_on}'")
    title = openpyxl.load_workbook(write(marts, tmp_path))["summary"]["A2"].value
    assert title.startswith(f"Stripe and NetSuite were last read on {read_on}.")
    assert ("2026-03 was not over then: run `make run` before you close it." in title) == is_early


def test_a_list_is_made_to_be_read_and_printed(marts, tmp_path):
    fill_march(marts)
    workbook = openpyxl.load_workbook(write(marts, tmp_path))
    for name in SHEETS:
        page = workbook[name]
        assert page.freeze_panes == ("B7" if name == "summary" else "B2")
        assert page.page_setup.orientation == "landscape" and page.page_setup.fitToHeight == 0
        assert page.print_title_rows == ("$6:$6" if name == "summary" else "$1:$1")
    assert workbook["posted"].auto_filter.ref == f"A1:O{5}"
    assert workbook.properties.creator in (None, "") and workbook.properties.lastModifiedBy in (None, "")
    assert workbook.properties.created == datetime(2026, 4, 3)


def test_the_same_warehouse_gives_the_same_file_for_its_owner_alone(marts, tmp_path):
    fill_march(marts)
    path = write(marts, tmp_path)
    first = path.read_bytes()
    assert write(marts, tmp_path).read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written_is_named(marts, tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(ReportError, match=r"sandbox-2026-03\.xlsx cannot be written \(.*set REPORT_DIR to a folder"):
        write(marts, tmp_path)


def test_a_failure_leaves_the_file_that_was_there_and_nothing_else(marts, tmp_path, monkeypatch):
    fill_march(marts)
    path = write(marts, tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(cells, "LAST_ROW", 1_003)
    with pytest.raises(ReportError, match="sheet posted has more rows than a spreadsheet holds"):
        write(marts, tmp_path)
    assert path.read_bytes() == before and [each.name for each in path.parent.iterdir()] == [path.name]
