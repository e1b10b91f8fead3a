"""A plan shows what a push would post, and a push keeps to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from load_netsuite.errors import PlanMoved
from load_netsuite.plan import plan
from load_netsuite.push import push
from tests.support.company import Company


def make_plan(company: Company, path: Path) -> str:
    console = Console(record=True, width=140)
    plan(company.settings(), path, console)
    return console.export_text()


def want_everything(company: Company) -> None:
    company.want_memo("cn_1", "12.30", company.invoice)
    company.want_memo("cn_2", "5.00")
    company.want_refund("re_1", "5.00")
    company.want_application("cn_2", "customer_refund", "re_1", "5.00")


def test_a_plan_shows_the_records_and_posts_nothing(company: Company, tmp_path: Path) -> None:
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
def test_a_push_refuses_a_plan_that_no_longer_fits(company: Company, tmp_path: Path, change: str, words: str) -> None:
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
