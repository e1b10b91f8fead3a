"""What dbt's tests of the mapping files refuse, doctor says before: without an error of doctor, a run can post."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

from doctor.finding import Finding
from doctor.rows import check_decisions, check_rows
from mapping_files.schema import SCHEMAS, USED
from settings import ROOT
from tests.support.warehouse import MAPPING_HEADERS


def write(folder: Path, file: str, *rows: str) -> None:
    (folder / f"{file}.csv").write_text("\n".join([MAPPING_HEADERS[file], *rows]) + "\n")


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.subject, finding.message) for finding in findings if finding.level == "error"]


@pytest.mark.parametrize(
    ("file", "rows", "column", "message"),
    [
        ("default_items", ["shiping,7"], "role", '"shiping" is not one of unallocated_invoice_item, '),
        ("default_items", ["shipping,"], "netsuite_item_id", "the empty cell must hold a value (row of shipping)"),
        ("item_map", ["price_1,7", "price_1,8"], "stripe_id", '"price_1" repeats item_map.csv, line 2; keep one'),
        ("tax_map", [",7,,", ",8,,"], "stripe_tax_rate_id", "the empty cell repeats tax_map.csv, line 2"),
        ("tax_map", ["txr_1,,5,"], "netsuite_item_id", "the empty cell must hold a value (row of txr_1)"),
        ("account_map", ["refnd,,7"], "purpose", '"refnd" is not one of refund, '),
        ("account_map", ["refund,USD,7"], "currency", '"USD" must be in lower case (row of refund)'),
        ("account_map", ["refund,usd,7", "refund,usd,8"], "purpose", '"refund" repeats account_map.csv, line 2'),
        ("customer_map", ["cus_1,7", "cus_1,7"], "stripe_customer_id", '"cus_1" repeats customer_map.csv, line 2'),
        ("invoice_map", [",7"], "stripe_invoice_id", "the empty cell must hold a value"),
        ("field_map", ["memmo,class,reference,,7"], "target", '"memmo" is not one of memo, '),
        (
            "field_map",
            ["memo,class,reference,invoice.number,7"],
            "constant",
            '"7" stands beside a source; keep one of the two',
        ),
        ("field_map", ["memo,class,reference,,"], "source", "must hold a source, or the column constant a value"),
        ("manual_decisions", ["cn_1,skipp,"], "decision", '"skipp" is not one of skip, out_of_band (row of cn_1)'),
        (
            "manual_decisions",
            ["cn_1,skip,", "cn_1,skip,x"],
            "document_id",
            '"cn_1" repeats manual_decisions.csv, line 2',
        ),
    ],
)
def test_what_stops_a_run_is_an_error(tmp_path: Path, file: str, rows: list[str], column: str, message: str) -> None:
    write(tmp_path, file, *rows)
    ((subject, words),) = told(list(check_rows({}, tmp_path)))
    assert subject == f"{file}.csv, line {len(rows) + 1}, {column}" and message in words


def test_the_settings_say_what_a_tax_rate_needs(tmp_path: Path) -> None:
    write(tmp_path, "tax_map", "txr_1,,,")
    columns = {
        strategy: [subject.rpartition(" ")[2] for subject, _ in told(list(check_rows(settings, tmp_path)))]
        for strategy in ("tax_lines", "suitetax_override", "none")
        if (settings := {"tax_strategy": strategy})
    }
    assert columns == {
        "tax_lines": ["netsuite_item_id"],
        "suitetax_override": ["netsuite_tax_code_id", "netsuite_tax_type_id"],
        "none": [],
    }


def test_the_demos_files_need_no_mending() -> None:
    findings = list(check_rows({}, ROOT / "dbt_project" / "seeds"))
    assert [(finding.level, finding.subject) for finding in findings] == [
        ("not checked", "field_map.csv, sources and constants")
    ]


def test_a_decision_about_no_document_is_an_error_with_the_nearest_ids(tmp_path: Path) -> None:
    write(tmp_path, "manual_decisions", "cn_Lat,skip,", "cn_Other,skip,")
    ((subject, words),) = told(list(check_decisions({"cn_Late", "cn_Other"}, tmp_path)))
    assert subject == "manual_decisions.csv, line 2, document_id"
    assert words.startswith('"cn_Lat" is no credit document of the last transform; nearest: cn_Late: correct the id')
    assert told(list(check_decisions((), tmp_path))) == [], "before the first transform nothing is known"


def asked_of_dbt(file: str) -> dict[str, Any]:
    """What dbt's test of a file gives to the macro that all of them call."""
    found: dict[str, Any] = {}

    def mapping_file_problems(name: str, **given: Any) -> str:
        found.update(given, name=name)
        return ""

    test = ROOT / "dbt_project" / "tests" / "mapping" / f"test_{file}_rows_are_usable.sql"
    jinja2.Template(test.read_text()).render(
        mapping_file_problems=mapping_file_problems,
        var=lambda name: "tax_lines",
        cell=str,
        ref=str,
        tax_map_columns=lambda: ["netsuite_item_id"],
    )
    return found


@pytest.mark.parametrize("file", USED)
def test_dbts_tests_have_the_same_keys_and_lists(file: str) -> None:
    asked, schema = asked_of_dbt(file), SCHEMAS[file]
    assert asked["name"] == file
    assert tuple(asked.get("key") or [asked["key_column"]]) == schema.unique and asked["key_column"] == schema.key
    assert {column: tuple(values) for column, values in asked.get("allowed", {}).items()} == schema.values
    if file != "tax_map":
        assert asked["required"] == schema.required
