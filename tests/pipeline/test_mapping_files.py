"""Mapping files as accountants leave them, through real builds: the first one and later ones.

What the reader makes of every file in every state: tests/mapping_files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mapping_files.reader import MappingsRefused, create_missing
from mapping_files.schema import USED
from pipeline import stages
from pipeline.exit_codes import DONE, StageFailed
from pipeline.stages import StageResults
from pipeline.transform import transform
from settings import Settings
from tests.dbt.company import VARIABLES, Company, customers_in_scope, marts
from tests.mapping_files.cases import WAYS, write
from tests.pipeline.test_commands import PRODUCTION, start
from tests.support import warehouse as testing
from tests.support.quick_dbt import quick_dbt

HEADERS = {name: header.split(",") for name, header in testing.MAPPING_HEADERS.items()}


class Office:
    """A company and the folder of its mapping files, which the pipeline builds from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mappings"
        self.warehouse = folder / "w.duckdb"
        create_missing(self.folder)
        company = Company()
        for name, netsuite_id in (("Node", "71"), ("Mode", "72"), ("Else", "73")):
            company.full(name)
            company.transaction(f"T{name}", externalid=f"in_{name}", entity=netsuite_id)
            company.netsuite["customers"][netsuite_id] = {
                "id": netsuite_id, "subsidiary": "1", "receivablesaccount": "11", "isinactive": "F"
            }  # fmt: skip
            company.map("customer_map", f"cus_{name},{netsuite_id}")
        company.transaction("990", type="CustCred", entity="71")
        company.netsuite["customers"]["74"] = company.netsuite["customers"]["73"] | {"id": "74"}
        for number in range(200, 205):
            company.netsuite["items"][str(number)] = {"id": str(number), "isinactive": "F"}
        for number in (21, 41, 42):
            company.netsuite["accounts"][str(number)] = {"id": str(number), "isinactive": "F"}
        company.netsuite["items"]["301"] = {"id": "301", "isinactive": "F"}
        company.stripe["prices"]["price_Node"] = {"id": "price_Node", "product": "prod_Node"}
        company.map("manual_decisions", "cn_Else,skip,by hand")
        company.map("item_map", "price_Node,200")
        company.land(self.warehouse, folder / "copy" / "dbt_project")
        self.rows = {name: [row.split(",") for row in company.mappings.get(name, [])] for name in USED}
        for name in USED:
            self.leave(name, "plain")

    def leave(self, name: str, way: str) -> None:
        """Write a file in this way."""
        (self.folder / f"{name}.csv").write_bytes(WAYS[way]([HEADERS[name], *self.rows[name]]))

    def settings(self) -> Settings:
        return Settings(
            _env_file=None, warehouse_path=self.warehouse, mappings_dir=self.folder, pipeline_vars=VARIABLES
        )

    def transform(self) -> int:
        with quick_dbt():
            return transform(self.settings(), StageResults())

    def outcomes(self) -> dict[str, str]:
        rows = testing.rows(self.warehouse, "select document_id, reason from marts.credit_outcomes")
        return {row["document_id"]: row["reason"] for row in rows}


def rows_about(name: str, found: dict[str, list[str]]) -> list[str]:
    """Rows of the marts that hold an id of a customer's object."""
    return [f"{mart}: {row}" for mart, rows in found.items() for row in rows if f"_{name}" in row]


@pytest.mark.filterwarnings("ignore")
def test_first_and_later_builds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    office = Office(tmp_path)
    odd = ("columns in another order", "UTF-16 LE with BOM", "cp1252", "spaces around cells", "blank lines and rows")
    for number, name in enumerate(USED):
        office.leave(name, odd[number % len(odd)])
    assert office.transform() == DONE
    assert office.outcomes() == {"cn_Node": "ready", "cn_Mode": "ready", "cn_Else": "skipped_by_hand"}
    first = marts(office.warehouse)
    assert testing.rows(office.warehouse, "select * from mapping.customer_map order by 1") == [
        {"stripe_customer_id": f"cus_{name}", "netsuite_customer_id": id}
        for name, id in (("Else", "73"), ("Mode", "72"), ("Node", "71"))
    ]

    # the same values, written otherwise: nobody is derived anew
    for number, name in enumerate(USED):
        office.leave(name, odd[-1 - number % len(odd)])
    caplog.clear()
    with caplog.at_level("INFO"):
        assert office.transform() == DONE
    assert "transform: nothing has changed since the last one" in caplog.text
    assert marts(office.warehouse) == first

    # one row changes, and one matches nothing: only the customer of the first is derived anew
    office.rows["customer_map"][1] = ["cus_Mode", "74"]
    office.rows["customer_map"].append(["cus_Mine", "999"])
    office.leave("customer_map", "blank lines and rows")
    office.rows["invoice_map"].append(["in_Mine", "990"])  # a memo is no invoice
    office.leave("invoice_map", "plain")
    with testing.opened(office.warehouse) as warehouse:
        warehouse.execute("insert into raw_netsuite.asked_ids values ('transactions', '990')")
    caplog.clear()
    assert office.transform() == DONE
    assert customers_in_scope(office.warehouse) == {"cus_Mode"}
    assert office.outcomes()["cn_Mode"] == "invoice_customer_changed"
    before = marts(office.warehouse)
    for other in ("Node", "Else"):
        assert rows_about(other, before) == rows_about(other, first) != []
    told = caplog.text
    assert 'customer_map.csv, line 8, column stripe_customer_id: "cus_Mine" is no customer in Stripe.' in told
    assert (
        'line 8, column netsuite_customer_id: "999" is not in the last snapshot of NetSuite; run `make extract`' in told
    )

    assert 'netsuite_invoice_id: "990" is the internal id of no invoice in NetSuite (row of in_Mine).' in told

    # a mistyped decision stops the run before the push, and the books stay as they were
    office.rows["manual_decisions"] = [["cn_Else", "skip", "by hand"], ["cn_Nope", "skip", ""]]
    office.leave("manual_decisions", "blank lines and rows")
    with pytest.raises(StageFailed) as stopped:
        office.transform()
    assert (
        'manual_decisions.csv, line 6, column document_id: "cn_Nope" is no credit document of Stripe; nearest: '
        "cn_Node, cn_Mode." in str(stopped.value)
    )
    assert marts(office.warehouse) == before
    errors = [f.subject for f in stages._unmatched_mapping_rows(office.settings()) if f.level == "error"]
    assert errors == ["manual_decisions.csv, line 6, document_id"], "doctor says so before"

    # a file that cannot be read stops it before anything is built
    (office.folder / "manual_decisions.csv").write_text("document_id,decision\ncn_Else\n")
    with pytest.raises(MappingsRefused, match=r"manual_decisions\.csv, line 2 \(row of cn_Else\)"):
        office.transform()
    assert marts(office.warehouse) == before


@pytest.mark.parametrize("command", ["run", "plan", "extract", "transform", "doctor"])
def test_production_without_a_folder_of_mapping_files_stops_before_anything_is_read(
    tmp_path: Path, command: str
) -> None:
    code, lines = start(command, tmp_path / "w.duckdb", **PRODUCTION, MAPPINGS_DIR=str(tmp_path / "mappings"))
    assert code == 2, lines
    assert any("MAPPINGS_DIR: the folder" in line and "`make mappings` creates" in line for line in lines), lines
    assert lines[-1].startswith("exit code 2:")


def test_a_damaged_file_ends_with_1_before_anything_is_read(tmp_path: Path) -> None:
    create_missing(tmp_path / "mappings")
    (tmp_path / "mappings" / "item_map.csv").write_text("stripe_id,netsuite_item\nprice_1,7\n")
    code, lines = start("run", tmp_path / "w.duckdb", MAPPINGS_DIR=str(tmp_path / "mappings"))
    assert code == 1, lines
    assert any("item_map.csv, line 1: column" in line and "is it netsuite_item_id?" in line for line in lines), lines
    assert not any("Stripe" in line for line in lines), lines


def test_mappings_starts_the_folder_and_needs_no_credentials(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    code, lines = start("mappings", tmp_path / "w.duckdb", TARGET="production", MAPPINGS_DIR=str(folder))
    assert code == 0, lines
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.csv" for name in USED)
    assert sum(line.startswith("mappings: created ") for line in lines) == len(USED)
    (folder / "item_map.csv").write_text(write([HEADERS["item_map"], ["price_1", "7"]]))
    code, lines = start("mappings", tmp_path / "w.duckdb", TARGET="production", MAPPINGS_DIR=str(folder))
    assert code == 0 and "nothing was written" in lines[0], lines
    assert "price_1" in (folder / "item_map.csv").read_text()
