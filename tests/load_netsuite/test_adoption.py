"""A record that NetSuite has already is adopted if it is as expected (P6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from load_netsuite.push import push
from load_netsuite.reconcile import reconcile
from tests.support.company import Company


def test_a_record_as_expected_is_adopted_and_completed(company: Company) -> None:
    company.want_memo("cn_1", "10.00", company.invoice)
    id = company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))
    push(company.settings())
    assert company.log() == [
        ("cn_1", "look_up", "adopted"),
        ("cn_1", "apply", "attempted"),
        ("cn_1", "apply", "applied"),
        ("cn_1", "read_back", "verified"),
    ]
    assert company.books.transaction(id).applications == {int(company.invoice): 10}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        ({"name": "cn_1", "amount": "11.00"}, "has the total 11.00 USD"),
        ({"name": "CN_1", "amount": "10.00"}, "takes for the same"),
    ],
)
def test_a_record_that_differs_is_left_alone(company: Company, existing: dict[str, str], words: str) -> None:
    company.want_memo("cn_1", "10.00", company.invoice)
    id = company.books.create("creditMemo", company.sale(existing["name"], existing["amount"], autoApply=False))
    report = push(company.settings())
    assert company.writes() == 0 and words in report.refused[0][2] and id in report.refused[0][2]
    assert company.log() == [("cn_1", "look_up", "differs")]
    company.next_round()
    assert push(company.settings()).refused, "looked at again, once a round"


def test_another_type_under_our_external_id_differs(company: Company) -> None:
    company.want_memo("in_1", "10.00")
    report = push(company.settings())
    assert "is a CustInvc" in report.refused[0][2]


def test_a_refund_is_adopted_within_what_stripe_links(company: Company) -> None:
    for name in ("cn_1", "cn_2"):
        company.want_memo(name, "10.00")
    company.want_refund("re_1", "15.00")
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    company.want_application("cn_2", "customer_refund", "re_1", "6.00")
    memo = company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))
    company.books.create(
        "customerRefund",
        {
            "customer": company.customer,
            "account": company.bank,
            "arAcct": company.receivables,
            "externalId": "re_1",
            "tranDate": "2026-03-05",
            "apply": {"items": [{"doc": memo, "apply": True, "amount": 10}]},
        },
    )
    report = push(company.settings())
    assert "would grow to 16" in report.refused[0][2], "10 in NetSuite, 6 missing, 15 linked"
    assert company.ours("CustRfnd")["re_1"].total == 10


@pytest.mark.parametrize(("amount", "status"), [(0, "adopted"), (5, "differs")])
def test_an_existing_invoice_is_adopted_if_its_total_is_zero(company: Company, amount: int, status: str) -> None:
    existing = company.add_invoice("made by hand", amount)
    company.insert(
        "wanted.zero_invoices",
        **company.head,
        external_id="in_zero",
        netsuite_customer_id=company.customer,
        netsuite_account_id=company.receivables,
        memo_text="Stripe: in_zero.",
        existing_netsuite_id=existing,
    )
    push(company.settings())
    assert company.writes() == 0
    assert company.log("status, internal_id")[0] == (status, existing)


@pytest.mark.parametrize("external_id", ["ns_memo:cn_1", None])
def test_a_memo_of_the_connector_keeps_its_name_and_gets_what_it_lacks(
    company: Company, external_id: str | None
) -> None:
    """K2: taken over by its internal id, with its invoice; a later customer refund is applied to it too."""
    body = company.sale(external_id or "", "10.00", autoApply=False)
    memo = company.books.create("creditMemo", body if external_id else body | {"externalId": None})
    connector = {
        "existing_netsuite_id": memo,
        "is_connector": True,
        "netsuite_external_id": external_id or "cn_1",
    }
    company.want_memo("cn_1", "10.00", **connector)
    company.want_application("cn_1", "invoice", "in_1", "6.00", company.invoice)
    company.want_refund("re_1", "4.00")
    company.want_application("cn_1", "customer_refund", "re_1", "4.00")
    push(company.settings())
    assert company.log()[:3] == [
        ("cn_1", "look_up", "adopted"),
        ("cn_1", "apply", "attempted"),
        ("cn_1", "apply", "applied"),
    ]
    memos = [t for t in company.books.transactions() if t.type == "CustCred"]
    assert [(str(t.id), t.external_id, t.total) for t in memos] == [(memo, external_id, 10)], "no second memo"
    refund = company.ours("CustRfnd")["re_1"]
    assert memos[0].applications == {int(company.invoice): 6} and refund.applications == {int(memo): 4}
    written = company.writes()
    company.next_round()
    assert not push(company.settings()).refused and company.writes() == written
    assert reconcile(company.settings()) == []


def test_a_memo_of_the_connector_that_differs_is_left_alone(company: Company) -> None:
    """K2."""
    memo = company.books.create("creditMemo", company.sale("ns_memo:cn_1", "11.00", autoApply=False))
    company.want_memo("cn_1", "10.00", company.invoice, existing_netsuite_id=memo, is_connector=True)
    push(company.settings())
    assert company.log() == [("cn_1", "look_up", "differs")] and company.writes() == 0


@pytest.mark.parametrize(("total", "lacks"), [("4.00", False), ("4.00", True), ("7.00", False)])
def test_a_customer_refund_of_the_connector_is_adopted_by_its_internal_id(
    company: Company, total: str, lacks: bool
) -> None:
    """K1, R3: metadata names it, whatever its own external id; what it lacks is added within what Stripe links."""
    parts = (("cn_1", "4.00"), ("cn_2", "2.00"))[: 1 + lacks]
    for name, amount in parts:
        company.want_memo(name, "10.00")
        company.want_application(name, "customer_refund", "re_1", amount)
    memo = company.books.create("creditMemo", company.sale("cn_1", "10.00", autoApply=False))
    body = {
        "customer": company.customer,
        "account": company.bank,
        "arAcct": company.receivables,
        "externalId": "made by the connector",
        "tranDate": "2026-03-04",
        "apply": {"items": [{"doc": memo, "apply": True, "amount": total}]},
    }
    refund = company.books.create("customerRefund", body)
    company.want_refund("re_1", "6.00", existing_netsuite_id=refund, is_connector=True)
    report = push(company.settings())
    found = company.books.transactions("CustRfnd")
    assert [str(t.id) for t in found] == [refund], "no second refund"
    rows = [row[1:] for row in company.log("external_id, status, internal_id") if row[0] == "re_1"]
    if total == "7.00":
        assert (
            rows == [("differs", refund)] and "would grow to 7.00 USD, more than the 6.00 USD" in report.refused[0][2]
        )
        return
    assert rows[0] == ("adopted", refund) and rows[-1] == ("verified", refund) and not report.refused
    assert found[0].total == (6 if lacks else 4) == sum(found[0].applications.values())
    written = company.writes()
    company.next_round()
    assert not push(company.settings()).refused and company.writes() == written
    assert reconcile(company.settings()) == []


@pytest.mark.parametrize(
    ("amounts", "is_lost", "lacks"),
    [
        (("10.00",), True, False),
        (("10.00", "6.00"), True, False),
        (("10.00", "6.00"), False, False),
        (("10.00", "6.00"), False, True),
    ],
)
def test_a_refund_that_suiteql_shows_without_its_applications_is_judged_by_the_record_itself(
    company: Company, monkeypatch: pytest.MonkeyPatch, amounts: tuple[str, ...], is_lost: bool, lacks: bool
) -> None:
    """SuiteQL shows the links of no refund, however often it is asked. P5, R3: what is in the refund is not missing,
    and what it lacks, a mere candidate on its form, is added."""
    for number, amount in enumerate(amounts):
        company.want_memo(f"cn_{number}", amount)
        company.want_application(f"cn_{number}", "customer_refund", "re_1", amount, from_round=1 + number)
    company.want_refund("re_1", "18.00")
    if lacks:
        company.want_memo("cn_late", "2.00")
        company.want_application("cn_late", "customer_refund", "re_1", "2.00", from_round=2)
    push(company.settings())
    refund = company.ours("CustRfnd")["re_1"].id
    for number in range(1, len(amounts)):
        memo = company.ours()[f"cn_{number}"].id
        body = {"apply": {"items": [{"doc": {"id": memo}, "apply": True, "amount": amounts[number]}]}}
        company.books.update("customerRefund", str(refund), body)
    if is_lost:
        with company.warehouse() as warehouse:
            warehouse.execute("delete from load_netsuite.load_log")
    company.next_round()
    hide_links(company, monkeypatch, "previousdoc", str(refund))
    written = company.writes()
    with monkeypatch.context() as patched:  # the read-back waits for SuiteQL by itself (test_recovery.py)
        patched.setattr("load_netsuite.push.read_back", lambda *_: iter(()))
        report = push(company.settings())
    assert not report.refused and company.writes() == written + lacks
    rows = [row for row in company.log() if row[0] == "re_1"]
    assert rows[-3 if lacks else -1] == ("re_1", "look_up", "adopted")
    assert company.ours("CustRfnd")["re_1"].total == sum(map(Decimal, amounts)) + 2 * lacks


def hide_links(company: Company, monkeypatch: pytest.MonkeyPatch, side: str, id: str) -> None:
    really = company.server.service.suiteql.query

    def query(*arguments: Any, **options: Any) -> dict[str, Any]:
        page = really(*arguments, **options)
        return page | {"items": [row for row in page["items"] if row.get(side) != id]}

    monkeypatch.setattr(company.server.service.suiteql, "query", query)
