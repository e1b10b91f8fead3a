"""Every posted record is compared with NetSuite."""

from __future__ import annotations

import json
from decimal import Decimal

from rich.console import Console

from load_netsuite.push import push
from load_netsuite.reconcile import reconcile
from load_netsuite.tables import LAST_RECONCILED
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
            f"where reconciled_at = ({LAST_RECONCILED}) order by all"
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
