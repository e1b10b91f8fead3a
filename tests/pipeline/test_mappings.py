"""`make mappings`: from empty mapping files, one round leaves nothing unmapped, under every setting that says what a
document needs; nothing that somebody filled in is lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from load_netsuite.tables import ensure_tables
from mapping_files.reader import create_missing, read_mappings
from pipeline.exit_codes import DONE
from pipeline.mappings import WORKBOOK, propose_mappings
from pipeline.stages import StageResults
from pipeline.transform import mappings_for_dbt, run_dbt
from sandbox.demo.netsuite import ACCOUNTS, ITEMS
from settings import Settings
from tests.pipeline.test_commands import start
from tests.support import warehouse as testing

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

# All that says which document lacks what; and the tests that stop a run at a row which an accountant got wrong.
MODELS = (*("+int_findings_mapping", "+books_mapping_needs", "+credit_outcomes", "+parsed_stripe__products"),
          *("+books_netsuite_customers", "+books_netsuite_invoices"))  # fmt: skip
NO_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company's warehouse after an extract with mapping files that hold their headers only."""
    folder = tmp_path_factory.mktemp("demo")
    create_missing(folder / "empty")
    code, lines = start("extract", folder / "first.duckdb", MAPPINGS_DIR=str(folder / "empty"))
    assert code == 0, lines
    return folder


class Office:
    """A copy of the demo company with mapping files of its own."""

    def __init__(self, demo: Path, name: str, variables: dict[str, Any]) -> None:
        self.folder = demo / name
        shutil.copytree(demo / "empty", self.folder / "mappings")
        shutil.copy(demo / "first.duckdb", demo / f"{name}.duckdb")
        with testing.opened(demo / f"{name}.duckdb") as connection:
            ensure_tables(connection)
        self.settings = Settings(
            _env_file=None,
            warehouse_path=demo / f"{name}.duckdb",
            mappings_dir=self.folder / "mappings",
            report_dir=self.folder / "reports",
            pipeline_vars=variables,
        )
        self.workbook = self.folder / "reports" / WORKBOOK

    def build(self, *select: str) -> None:
        read_mappings(self.settings.mappings_dir).write_for_dbt(mappings_for_dbt(self.settings))
        excluded = () if select else NO_TESTS
        selected = (word for each in select or MODELS for word in ("--select", each))
        assert run_dbt(self.settings, "build", *excluded, *selected) == []

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


@pytest.mark.parametrize("variables", SETTINGS, ids=lambda each: each["missing_item"])
def test_one_round_from_empty_files_leaves_nothing_unmapped(
    demo: Path, variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    office = Office(demo, variables["missing_item"], variables)
    office.build()
    hidden = {row["reason"] for row in office.unmapped()}
    assert hidden == {"item_unmapped", "account_unmapped"} | (
        {"tax_rate_unmapped"} if variables["tax_strategy"] != "none" else set()
    )
    before = {path.name: path.read_bytes() for path in office.settings.mappings_dir.iterdir()}
    office.mappings()
    assert {path.name: path.read_bytes() for path in office.settings.mappings_dir.iterdir()} == before
    said = capsys.readouterr().out
    assert office.fill() > 10
    office.mappings(apply=office.workbook)
    assert "next: `make plan`" in capsys.readouterr().out
    office.know_records()
    office.build()
    office.build("path:tests/mapping")
    left = office.unmapped()
    if variables["missing_item"] == "block":
        assert left and all("price (none)" in row["detail"] for row in left)
        assert f"{len(left)} documents wait for an item, but Stripe names neither price nor product" in said
    else:
        assert left == []
    office.mappings()
    said = capsys.readouterr().out
    assert "default_items" not in said and "tax_map" not in said and "account_map" not in said
    assert ("item_map" in said) == (variables["missing_item"] == "block" and "prod_" in said)
