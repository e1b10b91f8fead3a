"""A plan shows what a push would post; a push keeps to it, and finishes one that was cut short."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from rich.console import Console

from load_netsuite.errors import PlanMoved
from load_netsuite.plan import plan
from load_netsuite.push import PushReport, push
from sandbox.netsuite import errors
from sandbox.netsuite.service import Request
from tests.support.company import Company


def make_plan(company: Company, path: Path) -> str:
    console = Console(record=True, width=200, markup=False, emoji=False)
    plan(company.settings(), path, console)
    return console.export_text()


def cells(company: Company, path: Path) -> list[list[str]]:
    """The rows of the tables that are shown."""
    found: list[list[str]] = []

    def take(_: Console, __: str, ___: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        found.extend([str(cell) for cell in row] for row in rows)

    with patch("load_netsuite.plan_tables.print_table", take):
        make_plan(company, path)
    return found


def records(path: Path) -> dict[str, dict[str, Any]]:
    return {record["external_id"]: record for record in json.loads(path.read_text())["records"]}


def want_everything(company: Company) -> None:
    company.want_memo("cn_1", "12.30", company.invoice)
    company.want_memo("cn_2", "5.00")
    company.want_refund("re_1", "5.00")
    company.want_application("cn_2", "customer_refund", "re_1", "5.00")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


# ---------------------------------------------------------------- what it shows


def test_a_plan_shows_the_records_and_posts_nothing(company: Company, path: Path) -> None:
    want_everything(company)
    shown = cells(company, path)
    assert [(name, record["action"], record["total"]) for name, record in records(path).items()] == [
        ("cn_1", "create", "12.30"),
        ("cn_2", "create", "5.00"),
        ("re_1", "create", "5.00"),
    ]
    period = f"Mar 2026 ({company.period})"
    bank, receivables, income = (
        f"{number} ({id})"
        for number, id in (("1000", company.bank), ("1100", company.receivables), ("4000", company.income))
    )
    assert ["creditMemo", "create", f"item Service ({company.item})", period, "2", "17.30 USD"] in shown
    assert ["customerRefund", "create", f"account {bank}", period, "1", "5.00 USD"] in shown
    assert [row for row in shown if row[2] == "USD"] == [
        [bank, period, "USD", "", "5.00"],
        [receivables, period, "USD", "5.00", "17.30"],
        [income, period, "USD", "17.30", ""],
    ]
    customer = f"One ({company.customer})"
    place, day = f"{customer}\n{bank}", f"2026-03-05\n{period}"
    assert ["create\ncustomerRefund", "re_1", place, day, "5.00 USD"] in shown
    assert company.writes() == 0 and not company.log()


def test_amounts_are_what_the_push_then_posts(company: Company, path: Path) -> None:
    """Customer refunds too whose memo is posted in the same run, and one that grows by a later part (R3)."""
    company.want_memo("cn_1", "5.00")
    company.want_refund("re_1", "9.00")
    company.want_application("cn_1", "customer_refund", "re_1", "5.00")
    push(company.settings())
    company.want_memo("cn_2", "4.00")
    company.want_application("cn_2", "customer_refund", "re_1", "4.00")
    company.want_memo("cn_3", "3.00")
    company.want_refund("re_3", "3.00")
    company.want_application("cn_3", "customer_refund", "re_3", "3.00")
    company.next_round()
    shown = cells(company, path)
    planned = {name: (record["action"], Decimal(record["total"])) for name, record in records(path).items()}
    before = {t.external_id: t.total for type in ("CustCred", "CustRfnd") for t in company.books.transactions(type)}
    push(company.settings(), path)
    after = {t.external_id: t.total for type in ("CustCred", "CustRfnd") for t in company.books.transactions(type)}
    assert {name: amount for name, (_, amount) in planned.items()} == {
        name: total - before.get(name, Decimal(0)) for name, total in after.items() if total != before.get(name)
    }
    assert planned["re_1"] == ("apply", Decimal(4)) and planned["re_3"] == ("create", Decimal(3))
    bank, period = f"1000 ({company.bank})", f"Mar 2026 ({company.period})"
    assert [bank, period, "USD", "", "7.00"] in shown


def test_nothing_is_summed_over_currencies_and_periods(company: Company, path: Path) -> None:
    euro = company.books.add("currency", symbol="EUR", name="Euro")
    april = company.books.add("accountingperiod", periodname="Apr 2026", startdate="2026-04-01", enddate="2026-04-30")
    company.want_memo("cn_1", "1.00")
    company.want_memo("cn_2", "2.00", currency="eur", netsuite_currency_id=euro)
    company.want_memo("cn_3", "4.00", netsuite_posting_period_id=april)
    shown = [row for row in cells(company, path) if row[0].startswith("1100")]
    receivables = f"1100 ({company.receivables})"
    assert shown == [
        [receivables, f"Mar 2026 ({company.period})", "EUR", "", "2.00"],
        [receivables, f"Mar 2026 ({company.period})", "USD", "", "1.00"],
        [receivables, f"Apr 2026 ({april})", "USD", "", "4.00"],
    ]


def test_a_sum_for_each_record_type_and_currency(company: Company, path: Path) -> None:
    euro = company.books.add("currency", symbol="EUR", name="Euro")
    want_everything(company)
    company.want_memo("cn_3", "2.00", currency="eur", netsuite_currency_id=euro)
    assert cells(company, path)[:3] == [
        ["creditMemo", "create", "1", "2.00 EUR"],
        ["creditMemo", "create", "2", "17.30 USD"],
        ["customerRefund", "create", "1", "5.00 USD"],
    ]


def test_a_record_that_is_there_books_nothing(company: Company, path: Path) -> None:
    """It is adopted, or differs; a record that cannot be sent books nothing either."""
    company.books.create("creditMemo", company.sale("cn_there", "5.00"))
    company.books.create("creditMemo", company.sale("cn_other", "6.00"))
    company.want_memo("cn_there", "5.00")
    company.want_memo("cn_other", "5.00")
    company.want_memo("cn_unsent", "7.00", netsuite_posting_period_id=None)
    shown = cells(company, path)
    assert {name: record["action"] for name, record in records(path).items()} == {
        "cn_there": "adopt",
        "cn_other": "differs",
        "cn_unsent": "cannot be sent",
    }
    assert not [row for row in shown if row[0].startswith(("1100", "4000"))]
    push(company.settings(), path)
    assert dict(company.log("external_id, status")) | {"cn_there": "adopted"} == {
        "cn_there": "adopted",
        "cn_other": "differs",
        "cn_unsent": "rejected",
    }


def test_journal_entries_tax_details_and_new_items(company: Company, path: Path) -> None:
    """A journal entry books both of its accounts; tax that NetSuite books by tax codes is said; a new item books
    nothing."""
    head = {key: value for key, value in company.head.items() if key != "from_round"}
    company.insert(
        "wanted.journals",
        **head,
        from_round=1,
        external_id="re_1_cn_9_income",
        netsuite_currency_precision=2,
        memo_text="Stripe: re_1.",
        debit_netsuite_account_id=company.income,
        credit_netsuite_account_id=company.bank,
        amount_minor=250,
        amount=Decimal("2.50"),
    )
    company.insert(
        "marts.items_to_create",
        external_id="price_new",
        item_name="New (price_new)",
        netsuite_income_account_id=company.income,
    )
    company.want_memo("cn_taxed", "12.00")
    with company.warehouse() as warehouse:
        warehouse.execute("update marts.credit_memo_lines set amount = 10 where external_id = 'cn_taxed'")
    shown = cells(company, path)
    period = f"Mar 2026 ({company.period})"
    bank, receivables, income = f"1000 ({company.bank})", f"1100 ({company.receivables})", f"4000 ({company.income})"
    assert [row for row in shown if row[2] == "USD"] == [
        [bank, period, "USD", "", "2.50"],
        [receivables, period, "USD", "", "12.00"],
        [income, period, "USD", "12.50", ""],
        ["tax, by its tax codes", period, "USD", "2.00", ""],
    ]
    assert ["serviceSaleItem", "create", "New (price_new)", "", "1", "0"] in shown
    assert records(path)["re_1_cn_9_income"]["total"] == "2.50"


def test_hidden_names_leave_the_ids(company: Company, path: Path) -> None:
    company.books.configure(
        hidden_columns=["item.incomeaccount", "account.acctnumber", "account.accountsearchdisplayname"]
    )
    want_everything(company)
    shown = cells(company, path)
    period = f"Mar 2026 ({company.period})"
    assert [company.bank, period, "USD", "", "5.00"] in shown
    assert [f"income account of item Service ({company.item})", period, "USD", "17.30", ""] in shown


def test_names_are_shown_as_they_are(company: Company, path: Path) -> None:
    company.books.change("item", company.item, itemid="[/b]Team :smile:")
    want_everything(company)
    assert f"item [/b]Team :smile: ({company.item})" in make_plan(company, path)


def test_an_empty_plan_says_so(company: Company, path: Path) -> None:
    assert make_plan(company, path).strip() == "Nothing would be posted to NetSuite."


# ---------------------------------------------------------------- a push keeps to it


def test_a_push_keeps_to_its_plan(company: Company, path: Path) -> None:
    want_everything(company)
    make_plan(company, path)
    report = push(company.settings(), path)
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
        (
            "update wanted.applications set amount = 4 where external_id = 'cn_2'",
            "customerRefund re_1 would be posted with another body",
        ),
    ],
)
def test_a_push_refuses_a_plan_that_no_longer_fits(company: Company, path: Path, change: str, words: str) -> None:
    want_everything(company)
    make_plan(company, path)
    with company.warehouse() as warehouse:
        warehouse.execute(change)
    with pytest.raises(PlanMoved, match=words):
        push(company.settings(), path)
    assert company.writes() == 0 and not company.log()


def test_a_new_document_is_not_in_the_plan(company: Company, path: Path) -> None:
    make_plan(company, path)
    company.want_memo("cn_9", "1.00")
    with pytest.raises(PlanMoved, match="cn_9 is ready now and not in the plan"):
        push(company.settings(), path)


def test_a_plan_for_another_account_is_refused(company: Company, path: Path) -> None:
    make_plan(company, path)
    with pytest.raises(PlanMoved, match="NETSUITE_ACCOUNT_ID"):
        push(company.settings(netsuite_account_id="1"), path)


def test_a_plan_of_an_earlier_version_is_refused(company: Company, path: Path) -> None:
    path.write_text('{"format": 1, "target": "sandbox", "netsuite_account_id": null, "records": []}')
    with pytest.raises(PlanMoved, match="make it anew with `make plan`"):
        push(company.settings(), path)


# ---------------------------------------------------------------- a plan that was posted, in whole or in part


@pytest.mark.parametrize("is_transformed_since", [False, True])
def test_a_plan_that_was_pushed_is_done(company: Company, path: Path, is_transformed_since: bool) -> None:
    want_everything(company)
    make_plan(company, path)
    push(company.settings(), path)
    if is_transformed_since:
        company.next_round()
        company.want_memo("cn_new", "1.00")  # not in the plan, which has nothing left to post
    writes = company.writes()
    report = push(company.settings(), path)
    assert report.plan and report.plan.posted == 3 and not report.is_refused
    assert company.writes() == writes


class Killed(BaseException):
    """The process ends here."""


def kill_at_write(company: Company, monkeypatch: pytest.MonkeyPatch, number: int, is_before: bool) -> None:
    """End the push at its n-th write: before it is sent, or when NetSuite has answered."""
    from netsuite.api import NetSuite

    seen = iter(range(1, 100))

    def dying(write: Callable[..., Any]) -> Callable[..., Any]:
        def send(*arguments: Any) -> Any:
            count = next(seen)
            if count == number and is_before:
                raise Killed
            answer = write(*arguments)
            if count == number:
                raise Killed
            return answer

        return send

    monkeypatch.setattr(NetSuite, "create", dying(NetSuite.create))
    monkeypatch.setattr(NetSuite, "update", dying(NetSuite.update))


@pytest.mark.parametrize("is_transformed_since", [False, True])
@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_plan_that_was_cut_short_is_finished(
    company: Company, path: Path, number: int, is_before: bool, is_transformed_since: bool
) -> None:
    want_everything(company)
    make_plan(company, path)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at_write(company, patch, number, is_before)
        push(company.settings(netsuite_concurrency=1), path)
    if is_transformed_since:
        company.next_round()
    report = push(company.settings(), path)
    assert report.plan and report.plan.posted == number - 1
    assert not report.is_refused and not report.unresolved
    assert {name: t.total for name, t in (company.ours() | company.ours("CustRfnd")).items()} == {
        "cn_1": Decimal("12.30"),
        "cn_2": Decimal("5.00"),
        "re_1": Decimal("5.00"),
    }
    again = push(company.settings(), path)
    assert again.plan and again.plan.posted == 3 and not again.posted


def test_a_record_that_was_posted_with_another_body_is_named(company: Company, path: Path) -> None:
    want_everything(company)
    make_plan(company, path)
    with company.warehouse() as warehouse:
        warehouse.execute("update wanted.memos set memo_text = 'other' where external_id = 'cn_1'")
        warehouse.execute("update wanted.memos set from_round = 2 where external_id = 'cn_2'")
    push(company.settings())
    company.next_round()
    with pytest.raises(PlanMoved, match="creditMemo cn_1 was posted since with another body"):
        push(company.settings(), path)


def refuse(company: Company, external_id: str) -> None:
    def answer(request: Request) -> None:
        if request.is_write and request.json().get("externalId") == external_id:
            raise errors.missing("Department")

    company.fault = answer


def test_what_netsuite_refused_is_named_and_its_refund_with_it(company: Company, path: Path) -> None:
    want_everything(company)
    make_plan(company, path)
    refuse(company, "cn_2")
    assert push(company.settings(), path).is_refused
    report = push(company.settings(), path)
    assert report.plan and report.plan.posted == 1
    assert {row[:2] for row in report.plan.refused} == {("creditMemo", "cn_2"), ("customerRefund", "re_1")}
    assert all("Department" in words for _, _, words in report.plan.refused)
    assert report.is_refused


def test_a_refused_record_is_tried_again_after_the_next_transform(company: Company, path: Path) -> None:
    want_everything(company)
    make_plan(company, path)
    refuse(company, "cn_2")
    push(company.settings(), path)
    company.fault = lambda request: None
    company.next_round()
    report: PushReport = push(company.settings(), path)
    assert report.posted == 2 and not report.is_refused


def test_a_plan_tells_how_far_it_is(company: Company, path: Path) -> None:
    """Until its tables are printed: a bar would stand between them."""
    want_everything(company)
    told: list[object] = []

    class Watcher:
        def expect(self, total: int) -> None:
            told.append(("of", total))

        def __call__(self, advance: int) -> None:
            told.append(advance)

    @contextmanager
    def watch() -> Iterator[Watcher]:
        yield Watcher()
        told.append("over")

    with patch("load_netsuite.plan.print_plan", lambda *_: told.append("tables")):
        plan(company.settings(), path, watch=watch)
    assert told[0] == ("of", 3) and told[-2:] == ["over", "tables"]
    assert sum(advance for advance in told if isinstance(advance, int)) == 3
