"""A push held to a plan; everything posted compared with NetSuite; what `doctor` finds."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from doctor import mappings
from doctor import netsuite as doctor
from load_netsuite.errors import PlanMoved
from load_netsuite.plan import plan
from load_netsuite.push import push
from load_netsuite.reconcile import reconcile
from netsuite import lookup
from sandbox.netsuite import errors
from sandbox.netsuite.service import Request
from tests.load_netsuite.conftest import Company


def make_plan(company: Company, path: Path) -> str:
    console = Console(record=True, width=140)
    plan(company.settings(), path, console)
    return console.export_text()


def want_everything(company: Company) -> None:
    company.want_memo("cn_1", "12.30", company.invoice)
    company.want_memo("cn_2", "5.00")
    company.want_refund("re_1", "5.00")
    company.want_application("cn_2", "customer_refund", "re_1", "5.00")


def test_a_plan_says_what_would_be_posted_and_posts_nothing(company: Company, tmp_path: Path) -> None:
    want_everything(company)
    shown = make_plan(company, tmp_path / "plan.json")
    records = json.loads((tmp_path / "plan.json").read_text())["records"]
    assert [(record["record_type"], record["external_id"], record["total"]) for record in records] == [
        ("creditMemo", "cn_1", "12.300"),
        ("creditMemo", "cn_2", "5.000"),
        ("customerRefund", "re_1", "0"),
    ]
    cells = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in shown.splitlines()]
    assert ["creditMemo", "create", "usd", f"item {company.item}", company.period, "2", "17.30"] in cells
    assert not company.server.log


def test_a_push_keeps_to_its_plan(company: Company, tmp_path: Path) -> None:
    want_everything(company)
    make_plan(company, tmp_path / "plan.json")
    report = push(company.settings(), tmp_path / "plan.json")
    assert report.count("created") == 3 and not report.refused


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "update wanted.memos set memo_text = 'other' where external_id = 'cn_1'",
            "creditMemo cn_1 would be posted with another body",
        ),
        ("delete from wanted.memos where external_id = 'cn_1'", "cn_1 is in the plan and not ready"),
        (
            "update wanted.applications set amount = 4 where external_id = 'cn_1'",
            "cn_1 would be posted with another body",
        ),
    ],
)
def test_a_push_refuses_when_the_world_has_moved(company: Company, tmp_path: Path, change: str, words: str) -> None:
    want_everything(company)
    make_plan(company, tmp_path / "plan.json")
    with company.warehouse() as warehouse:
        warehouse.execute(change)
    with pytest.raises(PlanMoved, match=words):
        push(company.settings(), tmp_path / "plan.json")
    assert company.writes() == 0 and not company.log()


def test_a_new_document_is_not_in_the_plan(company: Company, tmp_path: Path) -> None:
    make_plan(company, tmp_path / "plan.json")
    company.want_memo("cn_9", "1.00")
    with pytest.raises(PlanMoved, match="cn_9 is ready now and not in the plan"):
        push(company.settings(), tmp_path / "plan.json")


def test_a_plan_for_another_account_is_refused(company: Company, tmp_path: Path) -> None:
    make_plan(company, tmp_path / "plan.json")
    with pytest.raises(PlanMoved, match="NETSUITE_ACCOUNT_ID"):
        push(company.settings(netsuite_account_id="1"), tmp_path / "plan.json")


# ------------------------------------------------------------ reconcile


def drift(company: Company) -> list[tuple[str, str, int | None, int | None]]:
    reconcile(company.settings(), Console(quiet=True))
    with company.warehouse() as warehouse:
        rows = warehouse.execute(
            "select difference, external_id, expected_minor, found_minor from load_netsuite.drift order by all"
        )
        return rows.fetchall()


def test_nothing_has_drifted_after_a_push(company: Company) -> None:
    want_everything(company)
    push(company.settings())
    assert drift(company) == []


def test_what_people_changed_is_listed_with_amounts_and_forgotten_when_mended(company: Company) -> None:
    want_everything(company)
    company.want_memo("cn_3", "7.00")
    company.want_memo("cn_4", "8.00", company.invoice)
    company.want_memo("cn_5", "9.00", company.invoice)
    push(company.settings())
    ours = company.ours()
    company.books.unapply(ours["cn_1"].id)
    company.books.delete(ours["cn_3"].id)
    company.books.unapply(ours["cn_4"].id)
    company.books.apply_by_hand(ours["cn_4"].id, company.add_invoice("in_2"), "8.00")
    company.books.edit_amount(ours["cn_5"].id, "9.50")
    assert drift(company) == [
        ("applied_elsewhere", "cn_4", 800, 0),
        ("deleted", "cn_3", 700, 0),
        ("total_changed", "cn_5", 900, 950),
        ("unapplied", "cn_1", 1230, 0),
    ]
    company.books.apply_by_hand(ours["cn_1"].id, company.invoice, "12.30")
    assert [row[0] for row in drift(company)] == ["applied_elsewhere", "deleted", "total_changed"]


def test_a_record_that_came_back_under_another_id_is_named(company: Company) -> None:
    """Deleted by a person, and then NetSuite made it again from an attempt that it had kept waiting."""
    company.want_memo("cn_1", "7.00")
    push(company.settings())
    first = company.ours()["cn_1"]
    log = company.log("status, payload")
    body = next(json.loads(text, parse_float=Decimal) for status, text in log if status == "attempted")
    company.books.delete(first.id)
    again = company.books.create("creditMemo", body)
    assert drift(company) == [("deleted", "cn_1", 700, 700)]
    with company.warehouse() as warehouse:
        ((detail,),) = warehouse.execute("select detail from load_netsuite.drift").fetchall()
    assert detail.endswith(f"is not in NetSuite any more; {again} over 7 has its external id now")


def test_an_out_of_band_part_applied_by_hand_is_progress(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    memo = company.ours()["cn_1"].id
    company.books.create(
        "customerRefund",
        {
            "customer": company.customer,
            "account": company.bank,
            "arAcct": company.receivables,
            "tranDate": "2026-03-06",
            "apply": {"items": [{"doc": str(memo), "apply": True, "amount": 10}]},
        },
    )
    assert drift(company) == []


# ------------------------------------------------------------ doctor


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


def test_every_table_and_record_type_asked_for_is_checked_by_doctor_and_stands_in_the_docs() -> None:
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
