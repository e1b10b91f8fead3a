"""`make mappings`: from empty mapping files, one round leaves nothing unmapped, under every setting that says what a
document needs; nothing that somebody filled in is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from load_netsuite.tables import ensure_tables
from mapping_files.reader import create_missing, read_mappings
from mapping_files.schema import USED
from pipeline.exit_codes import DONE, StageFailed
from pipeline.mappings import WORKBOOK, propose_mappings
from pipeline.stages import StageResults
from pipeline.transform import mappings_for_dbt, run_dbt
from sandbox.demo.netsuite import ACCOUNTS, ITEMS
from settings import Settings, SettingsError
from tests.pipeline.test_commands import PRODUCTION, start
from tests.support import warehouse as testing
from tests.support.quick_dbt import quick_dbt
from warehouse.connection import open_warehouse
from warehouse.ownership import Books, note_books

# What an accountant of the demo company fills in: by the key of a row, else by its column.
RIGHT = {
    **{role: str(201 + number) for number, role in enumerate((
        "unallocated_invoice_item", "custom_credit_note_line", "credit_note", "customer_balance", "discount_posting",
        "discount_non_posting", "billing_credit", "shipping"))},
    **{"prod_Team": "101", "prod_Seat": "102", "prod_Legacy": "103", "txr_Vat20": "301", "txr_City": "302"},
    **{"WELCOME10": "401", "LOYAL5": "401", "TENOFF": "401"},
    **{"netsuite_item_id": "303", "netsuite_tax_code_id": "5", "netsuite_tax_type_id": "3"},
    **{"refund": "21", "item_income": "41"},
}  # fmt: skip

SETTINGS = [
    {"missing_item": "unallocated", "tax_strategy": "tax_lines", "discount_posting": "non_posting"},
    {"missing_item": "create", "tax_strategy": "suitetax_override", "discount_posting": "posting"},
    {"missing_item": "block", "tax_strategy": "none", "discount_posting": "posting"},
]

# All that says which document lacks what.
MODELS = (*("+int_findings_mapping", "+books_mapping_needs", "+credit_outcomes", "+parsed_stripe__products"),
          *("+books_netsuite_customers", "+books_netsuite_invoices"))  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company's warehouse after an extract with mapping files that hold their headers only."""
    folder = tmp_path_factory.mktemp("demo")
    create_missing(folder / "empty")
    (folder / "first").mkdir()
    code, lines = start("extract", folder / "first" / "warehouse.duckdb", MAPPINGS_DIR=str(folder / "empty"))
    assert code == 0, lines
    return folder


@pytest.fixture(scope="module", autouse=True)
def own_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for what dbt parsed, which no other process writes to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(tmp_path_factory.mktemp("target")))
        yield


class Office:
    """A copy of a warehouse of the demo company, with mapping files of its own.

    Each one takes the place of the one before: dbt parses the whole project again for a warehouse elsewhere.
    """

    def __init__(self, demo: Path, name: str, variables: dict[str, Any], copy_of: str = "first") -> None:
        self.folder = demo / name
        shutil.copytree(demo / "empty", self.folder / "mappings")
        warehouse = demo / "office" / "warehouse.duckdb"
        warehouse.parent.mkdir(exist_ok=True)
        shutil.copy(demo / copy_of / warehouse.name, warehouse)
        self.settings = Settings(
            _env_file=None,
            warehouse_path=warehouse,
            mappings_dir=self.folder / "mappings",
            report_dir=self.folder / "reports",
            pipeline_vars=variables,
        )
        self.workbook = self.folder / "reports" / WORKBOOK

    def build(self) -> None:
        """Builds the models, and runs the tests that stop a run at a wrong row of a mapping file."""
        read_mappings(self.settings.mappings_dir).write_for_dbt(mappings_for_dbt(self.settings))
        with testing.opened(self.settings.warehouse_path) as connection:
            ensure_tables(connection)
        selection = ("--exclude-resource-type", "unit_test", "--indirect-selection", "empty")
        with quick_dbt():
            assert run_dbt(self.settings, "build", *selection, "--select", *MODELS, "path:tests/mapping") == []

    def files(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in self.settings.mappings_dir.iterdir()}

    def mappings(self, **more: Any) -> None:
        assert propose_mappings(self.settings.model_copy(update=more), StageResults()) == DONE

    def fill(self) -> int:
        """Fills in every cell that waits for an id, but those of customers and invoices; returns the number."""
        workbook, filled = openpyxl.load_workbook(self.workbook), 0
        for name in {"default_items", "item_map", "tax_map", "account_map"} & set(workbook.sheetnames):
            header, *rows = workbook[name].iter_rows()
            for row in rows:
                for heading, cell in zip(header, row, strict=True):
                    if str(heading.value).startswith("netsuite_") and cell.value is None:
                        cell.value = int(RIGHT.get(row[0].value, RIGHT.get(heading.value, "0")))
                        filled += 1
        workbook.save(self.workbook)
        return filled

    def know_records(self) -> None:
        """What the extract after the round reads: the records that the files name now."""
        with testing.opened(self.settings.warehouse_path) as connection:
            known = connection.execute("select id from raw_netsuite.items").fetchall()
            rows = [(id, "F") for id in ITEMS if (id,) not in known]
            connection.executemany("insert into raw_netsuite.items (id, isinactive) values (?, ?)", rows)
            accounts = [(id, "F") for id in ACCOUNTS]
            connection.executemany("insert into raw_netsuite.accounts (id, isinactive) values (?, ?)", accounts)

    def unmapped(self) -> list[dict[str, Any]]:
        return testing.rows(
            self.settings.warehouse_path,
            "select distinct findings.* from build.int_findings_mapping as findings "
            "inner join marts.credit_outcomes as outcomes using (document_id) where outcomes.state <> 'skipped'",
        )


@pytest.fixture(scope="module")
def derived(demo: Path) -> Path:
    """The same after a build under the default settings."""
    office = Office(demo, "build", SETTINGS[0])
    office.build()
    (demo / "derived").mkdir()
    shutil.copy(office.settings.warehouse_path, demo / "derived")
    return demo


@pytest.fixture
def office(derived: Path, request: pytest.FixtureRequest) -> Office:
    return Office(derived, request.node.name, SETTINGS[0], copy_of="derived")


@pytest.mark.parametrize("variables", SETTINGS, ids=lambda each: each["missing_item"])
def test_one_round_from_empty_files_leaves_nothing_unmapped(
    derived: Path, variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    is_built = variables is SETTINGS[0]
    office = Office(derived, variables["missing_item"], variables, copy_of="derived" if is_built else "first")
    if not is_built:
        office.build()
    hidden = {row["reason"] for row in office.unmapped()}
    assert hidden == {"item_unmapped", "account_unmapped"} | (
        {"tax_rate_unmapped"} if variables["tax_strategy"] != "none" else set()
    )
    before = office.files()
    office.mappings()
    assert office.files() == before
    said = capsys.readouterr().out
    assert office.fill() > 10
    office.mappings(apply=office.workbook)
    assert "next: `make plan`" in capsys.readouterr().out
    office.know_records()
    office.build()
    left = office.unmapped()
    if variables["missing_item"] == "block":
        assert left and all("price (none)" in row["detail"] for row in left)
        assert f"{len(left)} documents wait for an item, but Stripe names neither price nor product" in said
    else:
        assert left == []
    office.mappings()
    said = capsys.readouterr().out
    assert {name for name in USED if f"{name}.csv: " in said} == {"customer_map", "invoice_map"}


def test_write_appends_just_the_rows_of_which_one_record_has_the_name(office: Office) -> None:
    environment = {"MAPPINGS_DIR": str(office.settings.mappings_dir), "REPORT_DIR": str(office.workbook.parent)}
    code, lines = start("mappings", office.settings.warehouse_path, WRITE="1", **environment)
    assert code == 0, lines
    assert "mappings: added 4 to default_items.csv, 1 to item_map.csv, 1 to tax_map.csv" in lines
    assert "mappings: next: `make plan` derives everything anew with these rows" in lines
    files = office.files()
    assert files["item_map"] == "stripe_id,netsuite_item_id\nprod_Team,101\n"
    assert files["tax_map"].splitlines()[1:] == ["txr_City,302,,"]
    assert "stripe_id,netsuite_item_id" in lines and "prod_Seat," in lines and "prod_Team,101" not in lines
    assert (office.workbook.stat().st_mode & 0o077, office.workbook.parent.stat().st_mode & 0o077) == (0, 0)
    code, lines = start("mappings", office.settings.warehouse_path, WRITE="1", **environment)
    assert code == 0 and "mappings: no row is complete, so none was appended" in lines
    assert office.files() == files


def test_a_workbook_that_somebody_filled_in_is_never_overwritten(office: Office) -> None:
    office.mappings()
    office.fill()
    filled_in = office.workbook.read_bytes()
    before = office.files()
    with pytest.raises(StageFailed, match=r"nothing was written: .* rows that were filled in and not taken over"):
        office.mappings(write=True)
    assert office.workbook.read_bytes() == filled_in and office.files() == before
    office.mappings(apply=office.workbook)
    office.mappings()
    assert office.workbook.read_bytes() != filled_in


def test_one_refused_row_and_nothing_is_written(office: Office) -> None:
    office.mappings()
    office.fill()
    workbook = openpyxl.load_workbook(office.workbook)
    workbook["tax_map"]["B2"] = "VAT 20"
    workbook.save(office.workbook)
    before = office.files()
    with pytest.raises(StageFailed, match=r'tax_map!B2, column netsuite_item_id: "VAT 20" is no internal id'):
        office.mappings(apply=office.workbook)
    (office.settings.mappings_dir / "item_map.csv").write_text("stripe_id,netsuite_item_id\nprod_Team,999\n")
    workbook["tax_map"]["B2"] = "301 | VAT 20 %"
    workbook.save(office.workbook)
    with pytest.raises(StageFailed, match=r"contradicts item_map\.csv, line 2, which has other ids for prod_Team"):
        office.mappings(apply=office.workbook)
    assert {**office.files(), "item_map": before["item_map"]} == before
    with pytest.raises(StageFailed, match=r"APPLY: .*nowhere\.xlsx is not there"):
        office.mappings(apply=office.folder / "nowhere.xlsx")
    with pytest.raises(SettingsError, match="WRITE and APPLY: set one of them"):
        office.mappings(apply=office.workbook, write=True)


def test_a_warehouse_of_another_account_stops_it(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with open_warehouse(path) as warehouse:
        note_books(warehouse, path, Books("acct_1", False, "1234567_SB1"))
    code, lines = start("mappings", path, **PRODUCTION, MAPPINGS_DIR=str(tmp_path / "mappings"))
    assert code == 2 and any("1234567_SB1, this run is for 1234567" in line for line in lines), lines
