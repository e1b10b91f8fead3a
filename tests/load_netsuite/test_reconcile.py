"""Every posted record is compared with NetSuite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from load_netsuite.errors import RecordsGone
from load_netsuite.push import push
from load_netsuite.reconcile import reconcile
from load_netsuite.tables import LAST_RECONCILIATION
from sandbox.netsuite import suiteql_tables
from tests.support.company import Company


def want_everything(company: Company) -> None:
    company.want_memo("cn_1", "12.30", company.invoice)
    company.want_memo("cn_2", "5.00")
    company.want_refund("re_1", "5.00")
    company.want_application("cn_2", "customer_refund", "re_1", "5.00")


def drift(company: Company) -> list[tuple[str, str, int | None, int | None]]:
    reconcile(company.settings(), Console(quiet=True))
    with company.warehouse() as warehouse:
        rows = warehouse.execute(
            "select difference, external_id, expected_minor, found_minor from load_netsuite.drift "
            f"where reconciled_at = (select reconciled_at from ({LAST_RECONCILIATION})) order by all"
        )
        return rows.fetchall()


def test_nothing_has_drifted_after_a_push(company: Company) -> None:
    want_everything(company)
    push(company.settings())
    assert drift(company) == []


def test_changes_by_people_are_listed_with_amounts_until_they_are_undone(company: Company) -> None:
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
    """A person deletes the record; then NetSuite creates it again from a delayed attempt."""
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
    assert detail.endswith(f"is not in NetSuite any more; {again} over 7.00 USD has its external id now")


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


def all_drift(company: Company) -> list[tuple[Any, ...]]:
    with company.warehouse() as warehouse:
        return warehouse.execute(
            "select reconciled_at, difference, external_id, internal_id from load_netsuite.drift order by all"
        ).fetchall()


def test_the_drift_keeps_its_history_and_each_comparison_its_time(company: Company) -> None:
    want_everything(company)
    push(company.settings())
    assert drift(company) == []
    company.books.unapply(company.ours()["cn_1"].id)
    for _ in range(2):
        assert [row[0] for row in drift(company)] == ["unapplied"]
    times = [row[0] for row in all_drift(company)]
    assert len(times) == 2 and times[0] < times[1]
    with company.warehouse() as warehouse:
        counts = warehouse.execute(
            "select records, differences from load_netsuite.reconciliations order by reconciled_at"
        ).fetchall()
        assert counts == [(3, 0), (3, 1), (3, 1)]
        assert warehouse.execute(LAST_RECONCILIATION).fetchone() == (times[1], 3, 1)


def test_a_record_that_is_gone_blocks_its_document(company: Company) -> None:
    want_everything(company)
    push(company.settings())
    company.books.unapply(company.ours()["cn_1"].id)
    company.books.delete(company.ours()["cn_1"].id)
    for _ in range(2):
        assert [row[:2] for row in drift(company)] == [("deleted", "cn_1")]
    assert [row for row in company.log() if row[2] == "differs"] == [("cn_1", "read_back", "differs")], "logged once"
    with company.warehouse() as warehouse:
        state = "select state, netsuite_internal_id is not null from marts.credit_memos where external_id = 'cn_1'"
        assert warehouse.execute(state).fetchall() == [("blocked", True)]


def test_a_record_under_our_external_id_that_no_document_names_is_listed(company: Company) -> None:
    """A warehouse is lost, then its document is skipped by hand; and an attempt whose effect shows late."""
    want_everything(company)
    company.want_memo("cn_3", "7.00")
    push(company.settings())
    memo = str(company.ours()["cn_3"].id)
    with company.warehouse() as warehouse:
        warehouse.execute("update wanted.memos set until_round = 1 where external_id = 'cn_3'")
        warehouse.execute("delete from load_netsuite.load_log where external_id = 'cn_3'")
    assert [row[:2] for row in drift(company)] == [("not_in_journal", "cn_3")]
    ((_, _, name, internal_id),) = all_drift(company)
    assert (name, internal_id) == ("cn_3", memo)


def test_a_record_that_the_journal_names_as_somebody_elses_is_no_news(company: Company) -> None:
    company.want_memo("cn_1", "7.00")
    company.books.create("creditMemo", company.sale("cn_1", "8.00", autoApply=False))
    push(company.settings())
    assert drift(company) == []


def test_reconcile_stops_where_nothing_of_what_was_posted_is_there(company: Company) -> None:
    for number in range(5):
        company.want_memo(f"cn_{number}", "1.00")
    push(company.settings())
    rows = company.log()
    for memo in company.ours().values():
        company.books.delete(memo.id)
    with pytest.raises(RecordsGone, match="none of 5 records"):
        drift(company)
    assert company.log() == rows and all_drift(company) == []


@pytest.mark.parametrize(("debit", "words"), [("10", None), ("11", "has the total 11.00 USD, expected 10.00 USD")])
def test_a_journal_is_judged_by_its_debit_lines(
    company: Company, monkeypatch: pytest.MonkeyPatch, debit: str, words: str | None
) -> None:
    """P5: what SuiteQL shows as the total of a journal is not documented."""
    row_of, lines_of = suiteql_tables.transaction_row, suiteql_tables.line_rows

    def row(books: Any, transaction: Any) -> dict[str, Any]:
        return row_of(books, transaction) | ({"foreigntotal": None} if transaction.journal else {})

    def lines(transaction: Any) -> Any:
        factor = Decimal(debit) / 10 if transaction.journal else 1
        for line in lines_of(transaction):
            yield line | {"foreignamount": (line["foreignamount"] * factor).quantize(Decimal("0.01"))}

    monkeypatch.setattr(suiteql_tables, "transaction_row", row)
    monkeypatch.setattr(suiteql_tables, "line_rows", lines)
    company.insert(
        "wanted.journals",
        **company.head,
        external_id="re_1_cn_1_income",
        netsuite_currency_precision=2,
        memo_text="Stripe: re_1.",
        debit_netsuite_account_id=company.income,
        credit_netsuite_account_id=company.bank,
        amount_minor=1000,
        amount=Decimal(10),
    )
    report = push(company.settings())
    assert [text.rpartition(": ")[2] for _, _, text in report.refused] == ([words] if words else [])
    assert report.is_refused == bool(words)
    assert drift(company) == ([("total_changed", "re_1_cn_1_income", 1000, 1100)] if words else [])
