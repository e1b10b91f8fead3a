"""Refusals that are met by another way, or that say what to do (P3, P8, R1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from load_netsuite.push import PushReport, push
from sandbox.netsuite import service
from sandbox.netsuite.service import Request
from tests.support.company import Company

STATIC = "You have attempted an invalid sublist or line item operation."


def refuse(company: Company, when: Callable[[Request], bool], detail: str, **error: str) -> None:
    """NetSuite refuses these writes."""
    really = company.server.service._act  # type: ignore[attr-defined]
    body = {"o:errorDetails": [{"detail": detail, "o:errorCode": "USER_ERROR"} | error]}

    def act(request: Request) -> service.Answer:
        if request.is_write and when(request):
            return service.Answer(400, [("Content-Type", "application/json")], json.dumps(body).encode())
        return really(request)

    company.server.service._act = act  # type: ignore[attr-defined]


def applies(request: Request) -> bool:
    return "apply" in request.json()


def push_with_apply_refused(company: Company, when: Callable[[Request], bool], path: str = "apply") -> PushReport:
    company.want_memo("cn_1", "10.00", company.invoice)
    refuse(company, when, STATIC, **{"o:errorPath": path})
    return push(company.settings())


@pytest.mark.parametrize("path", ["apply", "apply.items[0]"])
def test_a_memo_whose_apply_rows_are_refused_is_created_without_and_applied_after(company: Company, path: str) -> None:
    report = push_with_apply_refused(company, lambda request: request.method == "POST" and applies(request), path)
    assert company.ours()["cn_1"].applications == {int(company.invoice): 10}
    assert company.log("operation, status") == [
        ("create", "attempted"),
        ("create", "rejected"),
        ("create", "attempted"),
        ("create", "created"),
        ("apply", "attempted"),
        ("apply", "applied"),
        ("read_back", "verified"),
    ]
    assert not report.is_refused and not report.refused, "apply rows that went in by PATCH do not count"
    rows = company.log()
    push(company.settings())
    assert company.log() == rows


def test_apply_rows_that_are_refused_twice_leave_the_memo_alone_until_the_next_run(company: Company) -> None:
    report = push_with_apply_refused(company, applies)
    assert company.ours()["cn_1"].applications == {} and report.is_refused
    ((_, name, words),) = report.refused
    assert name == "cn_1" and STATIC in words
    assert company.log("operation, status")[-2:] == [("apply", "rejected"), ("read_back", "verified")]
    company.next_round()
    push(company.settings())
    assert [row for row in company.log("operation, status") if row[0] == "apply"][-2:] == [
        ("apply", "attempted"),
        ("apply", "rejected"),
    ]


def test_apply_rows_that_do_not_fit_the_invoice_block_the_memo_as_a_whole(company: Company) -> None:
    company.want_memo("cn_1", "100.01", company.invoice)
    report = push(company.settings())
    assert not company.ours() and report.is_refused and company.writes() == 1


def test_another_refusal_of_a_memo_with_apply_rows_is_final(company: Company) -> None:
    report = push_with_apply_refused(company, applies, path="item.items[0].item")
    assert not company.ours() and company.writes() == 1 and report.is_refused


@pytest.mark.parametrize(
    ("detail", "path"),
    [("Please enter value(s) for: Payment Method.", ""), ("Introduzca un valor.", "paymentOption")],
)
def test_a_refund_that_needs_a_payment_method_says_which_row_gives_it(company: Company, detail: str, path: str) -> None:
    company.want_memo("cn_1", "10.00")
    company.want_refund("re_1", "10.00")
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    refuse(company, lambda request: request.path.endswith("customerRefund"), detail, **{"o:errorPath": path})
    report = push(company.settings())
    ((_, name, words),) = report.refused
    assert name == "re_1" and detail in words
    assert "customer_refund,paymentOption,reference,,<internal id of the payment method> to field_map.csv" in words


def test_the_payment_method_of_field_map_is_sent(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    company.want_refund("re_1", "10.00")
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    company.insert(
        "marts.netsuite_field_values",
        record_type="customerRefund",
        external_id="re_1",
        netsuite_field="paymentOption",
        value_type="reference",
        value="8",
    )
    bodies: list[dict[str, Any]] = []
    company.fault = lambda request: bodies.append(request.json()) if request.path.endswith("customerRefund") else None
    push(company.settings())
    assert bodies[0]["paymentOption"] == {"id": "8"}


def test_a_refusal_that_names_the_language_header_says_which_setting(company: Company) -> None:
    company.want_memo("cn_1", "10.00")
    refuse(company, lambda request: True, "Idioma no valido: Content-Language.")
    ((_, _, words),) = push(company.settings()).refused
    assert "set NETSUITE_LANGUAGE, for example to en or pt_BR" in words


@pytest.mark.parametrize("language", [None, "pt_BR"])
def test_the_language_is_sent_with_every_request(company: Company, language: str | None) -> None:
    company.want_memo("cn_1", "10.00")
    seen: list[tuple[str | None, str | None]] = []
    company.fault = lambda request: seen.append(
        (request.headers.get("content-language"), request.headers.get("accept-language"))
    )
    push(company.settings(netsuite_language=language))
    assert len(seen) > 3 and set(seen) == {(language, language)}


def test_a_refund_of_somebody_else_that_cannot_be_adopted_differs(company: Company) -> None:
    """R3. Its payload tells which parts are in it all the same."""
    company.want_memo("cn_1", "10.00")
    company.want_memo("cn_2", "10.00")
    push(company.settings())
    memo = company.ours()["cn_1"].id
    company.books.create(
        "customerRefund",
        {
            "customer": company.customer,
            "account": company.bank,
            "arAcct": company.receivables,
            "externalId": "re_1",
            "tranDate": "2026-03-06",
            "apply": {"items": [{"doc": str(memo), "apply": True, "amount": 10}]},
        },
    )
    company.want_refund("re_1", "15.00")
    company.want_application("cn_1", "customer_refund", "re_1", "10.00")
    company.want_application("cn_2", "customer_refund", "re_1", "6.00")
    report = push(company.settings())
    ((_, _, words),) = report.refused
    assert "would grow to 16" in words and not report.is_refused
    ((status, payload),) = [row[1:] for row in company.log("external_id, status, payload") if row[0] == "re_1"]
    assert status == "differs" and json.loads(payload)["apply"]["items"][0]["doc"] == {"id": str(memo)}
    assert len(company.ours("CustRfnd")["re_1"].applications) == 1
