"""Totals, applications and lines are read back; a correct memo never seems wrong (P5); a wrong id is found."""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from load_netsuite.push import push
from sandbox.netsuite import service, suiteql_tables
from sandbox.netsuite.service import Fault, Request
from tests.support.company import Company


def want_memo_of_two_lines(company: Company, **of_lines: Any) -> None:
    """cn_1 over 10.00: lines of 4.00 and 6.00."""
    company.want_memo("cn_1", "10.00")
    with company.warehouse() as warehouse:
        warehouse.execute("delete from marts.credit_memo_lines")
    for number, amount in ((1, "4.00"), (2, "6.00")):
        line = {
            "external_id": "cn_1",
            "line_number": number,
            "netsuite_item_id": company.item,
            "quantity": 1,
            "amount": Decimal(amount),
            "is_gross": False,
            "is_taxable": False,
        }
        company.insert("marts.credit_memo_lines", **line | of_lines)


def before_the_lines_are_read(company: Company, edit: Callable[[], None]) -> None:
    """Someone edits the memo between the write and its read-back."""
    left = [edit]

    def watch(request: Request) -> Fault | None:
        if left and b"FROM transactionline" in request.body:
            left.pop()()
        return None

    company.fault = watch


def edit(company: Company, *rows: dict[str, Any]) -> None:
    company.books.update("creditMemo", company.ours()["cn_1"].id, {"item": {"items": list(rows)}})


def make_older(company: Company) -> None:
    """As if all that is in the log had happened an hour ago."""
    with company.warehouse() as warehouse:
        warehouse.execute('update load_netsuite.load_log set "at" = "at" - interval 1 hour')


def checks(company: Company) -> list[str]:
    return [status for _, operation, status in company.log() if operation == "read_back"]


def test_lines_as_sent_are_verified(company: Company) -> None:
    want_memo_of_two_lines(company)
    asked = []
    before_the_lines_are_read(company, lambda: asked.append(True))
    assert not push(company.settings()).refused
    assert asked and checks(company) == ["verified"]


def test_another_item_or_amount_on_a_line_differs_and_says_which(company: Company) -> None:
    other = company.books.add("item", itemid="Other", itemtype="Service", incomeaccount=company.income)
    want_memo_of_two_lines(company)
    before_the_lines_are_read(
        company, lambda: edit(company, {"line": 1, "item": other}, {"line": 2, "amount": Decimal(6)})
    )
    ((_, name, words),) = push(company.settings()).refused
    assert name == "cn_1"
    assert words.endswith(f"lacks 1 of the 2 lines sent: item {company.item} over 4.00 USD")
    edit(company, {"line": 1, "item": company.item})
    push(company.settings())
    assert checks(company) == ["differs", "verified"]


def test_an_amount_moved_from_line_to_line_differs(company: Company) -> None:
    want_memo_of_two_lines(company)
    before_the_lines_are_read(
        company,
        lambda: edit(company, {"line": 1, "amount": Decimal(5)}, {"line": 2, "amount": Decimal(5)}),
    )
    assert "lacks 2 of the 2 lines sent" in push(company.settings()).refused[0][2]


def test_a_memo_that_differs_gets_no_refund_in_the_same_run(company: Company) -> None:
    want_memo_of_two_lines(company)
    company.want_refund("re_1", "10.00")
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    before_the_lines_are_read(
        company,
        lambda: edit(company, {"line": 1, "amount": Decimal(5)}, {"line": 2, "amount": Decimal(5)}),
    )
    push(company.settings())
    assert not company.ours("CustRfnd")
    edit(company, {"line": 1, "amount": Decimal(4)}, {"line": 2, "amount": Decimal(6)})
    push(company.settings())  # finds it right at its end
    push(company.settings())
    assert company.ours("CustRfnd")["re_1"].total == 10


def test_a_later_change_of_an_item_is_no_difference(company: Company) -> None:
    other = company.books.add("item", itemid="Other", itemtype="Service", incomeaccount=company.income)
    want_memo_of_two_lines(company)
    push(company.settings())
    edit(company, {"line": 1, "item": other})
    company.want_application("cn_1", "invoice", "in_1", "10.00", company.invoice)
    assert not push(company.settings()).refused
    assert checks(company) == ["verified", "verified"]


def test_lines_of_an_item_created_in_the_run_are_compared(company: Company) -> None:
    company.insert(
        "marts.items_to_create",
        external_id="price_A",
        item_name="price_A",
        netsuite_income_account_id=company.income,
        netsuite_subsidiary_ids=company.subsidiary,
    )
    want_memo_of_two_lines(company, netsuite_item_id=None, item_external_id="price_A")
    before_the_lines_are_read(company, lambda: edit(company, {"line": 2, "item": company.item}))
    (refused,) = push(company.settings()).refused
    assert refused[2].endswith("over 6.00 USD")


def test_tax_that_netsuite_adds_is_no_difference(company: Company) -> None:
    """tax_strategy none: the total is Stripe's, the lines are net."""
    code = company.books.add("taxcode", itemid="Ten", rate="10")
    want_memo_of_two_lines(company, is_taxable=True, netsuite_tax_code_id=code)
    with company.warehouse() as warehouse:
        warehouse.execute("update wanted.memos set amount = 11, amount_minor = 1100")
    assert not push(company.settings()).refused
    assert checks(company) == ["verified"]


def test_gross_amounts_are_split_by_netsuite_and_only_their_items_compared(company: Company) -> None:
    code = company.books.add("taxcode", itemid="Twenty", rate="20")
    other = company.books.add("item", itemid="Other", itemtype="Service", incomeaccount=company.income)
    want_memo_of_two_lines(company, is_gross=True, is_taxable=True, netsuite_tax_code_id=code)
    assert not push(company.settings()).refused
    with company.warehouse() as warehouse:
        warehouse.execute("delete from load_netsuite.load_log where operation = 'read_back'")
    edit(company, {"line": 1, "item": other})
    (refused,) = push(company.settings()).refused
    assert refused[2].endswith(f"lacks 1 of the 2 lines sent: item {company.item}")


def test_rows_that_netsuite_adds_for_itself_are_no_difference(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cost of goods of an inventory item: two rows that cancel out."""
    really = suiteql_tables.line_rows

    def rows(transaction: Any) -> Any:
        yield from really(transaction)
        for number, amount in ((8, "-3"), (9, "3")):
            yield {
                "transaction": transaction.id, "id": number, "mainline": "F", "taxline": "F", "iscogs": "T",
                "item": company.item, "foreignamount": Decimal(amount),
            }  # fmt: skip

    monkeypatch.setattr(suiteql_tables, "line_rows", rows)
    want_memo_of_two_lines(company)
    assert not push(company.settings()).refused


def test_a_role_that_may_not_read_lines_causes_a_warning(
    company: Company, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(suiteql_tables.COLUMNS, "transactionline")
    caplog.set_level(logging.WARNING)
    want_memo_of_two_lines(company)
    assert not push(company.settings()).refused
    assert "the lines of 1 records could not be read back" in caplog.text
    assert checks(company) == ["verified"]


def test_the_read_back_finds_that_an_answer_names_another_record(company: Company) -> None:
    """The other memo is right in itself, so only its external id shows the mistake."""
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    company.want_memo("cn_2", "10.00", company.invoice)
    company.fault = lambda request: service.OTHER_LOCATION if request.is_write else None
    report = push(company.settings())
    mine = str(company.ours()["cn_2"].id)
    assert [row[1:] for row in company.log("external_id, status, internal_id") if row[0] == "cn_2"] == [
        ("attempted", None),
        ("created", str(company.ours()["cn_1"].id)),
        ("adopted", mine),
        ("verified", mine),
    ]
    assert not report.refused and company.writes() == 2


def test_the_log_learns_the_right_id_although_a_person_removed_the_application(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    company.want_memo("cn_2", "10.00", company.invoice)

    def meanwhile(request: Any) -> Any:
        if request.is_write:
            return service.OTHER_LOCATION
        memo = company.ours().get("cn_2")
        if memo and memo.applications:
            company.books.unapply(memo.id)
        return None

    company.fault = meanwhile
    assert push(company.settings()).unresolved == 1, "the links may only lag behind"
    make_older(company)
    report = push(company.settings())
    mine = str(company.ours()["cn_2"].id)
    assert [row[1:] for row in company.log("external_id, status, internal_id") if row[0] == "cn_2"] == [
        ("attempted", None),
        ("created", str(company.ours()["cn_1"].id)),
        ("adopted", mine),
        ("unknown", mine),
        ("differs", mine),
    ]
    ((_, name, words),) = report.refused
    assert name == "cn_2" and "applies 0.00 USD to document" in words


def test_a_refund_is_not_applied_to_a_memo_that_netsuite_named_by_mistake(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    company.want_memo("cn_2", "10.00")
    company.want_refund("re_2", "10.00")
    company.want_application("cn_2", "customer_refund", "re_2", "10.00")
    company.fault = lambda request: (
        service.OTHER_LOCATION if request.is_write and request.path.endswith("/creditMemo") else None
    )
    push(company.settings())
    assert company.ours("CustRfnd")["re_2"].applications == {company.ours()["cn_2"].id: 10}


def test_an_answer_to_a_patch_that_names_another_record_leaves_the_effect_unknown(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    company.want_application("cn_1", "invoice", "in_1", "10.00", company.invoice)
    company.fault = lambda request: service.OTHER_LOCATION if request.is_write else None
    push(company.settings())
    assert [row[1:] for row in company.log()][-4:] == [
        ("apply", "attempted"),
        ("apply", "unknown"),
        ("apply", "applied"),
        ("read_back", "verified"),
    ]


def test_an_answer_that_names_another_record_while_ours_is_missing(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    company.want_memo("cn_2", "10.00")

    def undo(request: Request) -> Fault | None:
        if b"FROM transaction " in request.body and "cn_2" in company.ours():
            company.books.delete(company.ours()["cn_2"].id)
        return service.OTHER_LOCATION if request.is_write else None

    company.fault = undo
    assert push(company.settings()).unresolved == 1, "SuiteQL may only lag behind"
    make_older(company)
    ((_, name, words),) = push(company.settings()).refused
    assert name == "cn_2" and words.endswith("is not in NetSuite: that id belongs to cn_1")


def test_a_wrong_total_differs_until_it_is_corrected(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    push(company.settings())
    id = company.ours()["cn_1"].id
    company.books.edit_amount(id, "9.00")
    with company.warehouse() as warehouse:
        warehouse.execute("delete from load_netsuite.load_log where operation = 'read_back'")
    report = push(company.settings())
    assert "has the total 9.00 USD" in report.refused[0][2]
    push(company.settings())
    assert [row[2] for row in company.log() if row[1] == "read_back"] == ["differs"], "not logged twice"
    company.books.edit_amount(id, "10.00")
    push(company.settings())
    assert [row[2] for row in company.log() if row[1] == "read_back"] == ["differs", "verified"]


def test_a_record_that_is_gone_before_the_read_back_differs(company: Company) -> None:
    company.want_memo("cn_1", "10.00")

    def delete(request: Request) -> None:
        if b"FROM transaction WHERE id IN" in request.body and "cn_1" in company.ours():
            company.books.delete(company.ours()["cn_1"].id)

    company.fault = delete
    report = push(company.settings())
    assert report.unresolved == 1 and not report.refused, "SuiteQL may only lag behind"
    assert company.log()[-1] == ("cn_1", "read_back", "unknown")
    make_older(company)
    report = push(company.settings())
    ((_, name, words),) = report.refused
    assert name == "cn_1" and words.endswith("is not in NetSuite") and report.is_refused
    assert company.log()[-1] == ("cn_1", "read_back", "differs")


def test_more_applied_by_a_person_is_fine(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    company.want_application("cn_1", "invoice", "in_1", "4.00", company.invoice)
    push(company.settings())
    other = company.add_invoice("in_2")
    company.books.apply_by_hand(company.ours()["cn_1"].id, other, "6.00")
    with company.warehouse() as warehouse:
        warehouse.execute("delete from load_netsuite.load_log where operation = 'read_back'")
    assert not push(company.settings()).refused
