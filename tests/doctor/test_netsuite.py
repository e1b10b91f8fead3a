"""The checks of a set-up against the stand-in over loopback."""

from __future__ import annotations

import re
from pathlib import Path

from doctor import mappings
from doctor import netsuite as doctor
from netsuite import lookup
from sandbox.netsuite import errors
from sandbox.netsuite.service import Request
from tests.support.company import Company


def test_doctor_names_file_row_and_cell(company: Company, tmp_path: Path) -> None:
    for file, column, _ in mappings.MAPPED:
        tmp_path.joinpath(file).write_text(f"{column}\n{company.item}\n" if "item" in column else f"{column}\n1\n")
    inactive = company.books.add("item", itemid="Old", itemtype="Service", isinactive=True)
    tmp_path.joinpath("item_map.csv").write_text(
        f"stripe_id,netsuite_item_id\nprice_1,{company.item}\nprice_2,{inactive}\nprice_3,999\nprice_4,x\n"
    )
    findings = doctor.check(company.settings(), tmp_path)
    wrong = [(finding.subject, finding.message) for finding in findings if finding.level == "error"]
    assert wrong == [
        ("item_map.csv, row 5, netsuite_item_id", "'x' is no NetSuite internal id"),
        ("item_map.csv, row 3, netsuite_item_id", f"item {inactive} is inactive in NetSuite"),
        ("item_map.csv, row 4, netsuite_item_id", "item 999 is not there in NetSuite"),
    ]
    assert company.writes() == 0


def test_doctor_and_docs_cover_every_table_and_record_type() -> None:
    root = Path(doctor.__file__).parents[1]
    sources = [path for room in ("netsuite", "load_netsuite", "extract") for path in (root / room).rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    asked = set(re.findall(r"\bFROM ([a-z]+)", text)) | set(re.findall(r'_(?:table|select)\(\s*"(\w+)"', text))
    assert asked == {*doctor.TABLES, doctor.LINKS}
    permissions = (root / "docs" / "permissions.md").read_text()
    assert not [table for table in asked if f"`{table}`" not in permissions]
    for record_type in lookup.SUITEQL_TYPES:
        name = re.sub("(?=[A-Z])", " ", record_type).title().replace("Service Sale Item", "Lists: Items")
        assert name in permissions, name


def test_doctor_checks_each_table_and_names_the_permission(company: Company, tmp_path: Path) -> None:
    lacking = "transactionline"

    def refuse(request: Request) -> None:
        if f"FROM {lacking} ".encode() in request.body:
            raise errors.bad_query("Record was not found")

    company.fault = refuse
    findings = {finding.subject: finding for finding in doctor.check(company.settings(), tmp_path)}
    assert {f"SuiteQL {table}" for table in (*doctor.TABLES, doctor.LINKS)} <= findings.keys()
    refused = findings.pop(f"SuiteQL {lacking}")
    assert refused.level == "error" and "Find Transaction" in refused.message
    assert not [f for f in findings.values() if f.subject.startswith("SuiteQL") and f.level != "ok"]


def test_doctor_reports_a_refused_login(company: Company, tmp_path: Path) -> None:
    (finding,) = [
        f for f in doctor.check(company.settings(netsuite_certificate_id="x"), tmp_path) if f.level == "error"
    ]
    assert "NETSUITE_CERTIFICATE_ID" in finding.message
