"""The strictness that only some accounts have: each switch of `Books.configure` and `service.Options`, off and on."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.netsuite import errors
from sandbox.netsuite.errors import Refused
from sandbox.netsuite.suiteql import SuiteQL
from tests.sandbox.netsuite.company import DAY, applied, apply, company, credit, line, open_amount, refund, sale
from tests.sandbox.netsuite.test_server import RECORD, SUITEQL, client, serve  # noqa: F401

JOURNAL = {
    "subsidiary": "1",
    "tranDate": DAY,
    "line": {"items": [{"account": "30", "debit": 5}, {"account": "20", "credit": 5}]},
}
ITEM = {"itemId": "New", "incomeAccount": "30", "subsidiary": {"items": [{"id": "1"}]}}


def refusal(act: Any, *arguments: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    return caught.value


# ---------------------------------------------------------------- fields of the schema


@pytest.mark.parametrize("field", ["otherRefNum", "message", "email", "autoApply", "payment", "source", "applied"])
def test_a_refund_has_no_such_field(field: str) -> None:
    books = company()
    memo = books.create("creditMemo", credit())
    body = refund(apply(memo, 5)) | {field: "1"}
    refused = refusal(books.write, "customerRefund", body, None, True)
    assert (refused.code, refused.path) == ("INVALID_CONTENT", field)


def test_a_refund_keeps_its_payment_method_and_form() -> None:
    books = company()
    memo = books.create("creditMemo", credit())
    id = books.create("customerRefund", refund(apply(memo, 5), paymentOption={"id": "8"}, customForm="41"))
    shown = books.get("customerRefund", id)
    assert (shown["paymentOption"]["id"], shown["customForm"]["id"]) == ("8", "41")


@pytest.mark.parametrize("field", ["total", "status", "source", "taxTotal"])
def test_a_journal_has_no_such_field(field: str) -> None:
    assert refusal(company().write, "journalEntry", JOURNAL | {field: "1"}, None, True).path == field


def test_every_line_of_a_journal_is_a_main_line() -> None:
    books = company()
    id = books.create("journalEntry", JOURNAL)
    q = f"SELECT id, mainline, foreignamount FROM transactionline WHERE transaction = {id} ORDER BY id"
    shown = [(row["mainline"], row["foreignamount"]) for row in SuiteQL(books).query(q)["items"]]
    assert shown == [("T", "5"), ("T", "-5")]


# ---------------------------------------------------------------- fields that a form makes mandatory


@pytest.mark.parametrize(
    ("level", "field", "record_type", "body", "given", "label"),
    [
        ("customerRefund", "paymentOption", "customerRefund", None, {"id": "8"}, "Payment Method"),
        ("customerRefund", "customForm", "customerRefund", None, {"id": "41"}, "Custom Form"),
        ("creditMemo", "department", "creditMemo", credit(), "7", "Department"),
        ("serviceSaleItem", "taxSchedule", "serviceSaleItem", ITEM, "1", "Tax Schedule"),
        ("journalEntry", "location", "journalEntry", JOURNAL, "9", "Location"),
    ],
)
def test_a_mandatory_field_of_a_record(
    level: str, field: str, record_type: str, body: dict[str, Any] | None, given: Any, label: str
) -> None:
    books = company()
    books.add("department", id=7, name="Sales")
    books.add("location", id=9, name="Here")
    body = body or refund(apply(books.create("creditMemo", credit()), 5))
    books.configure(required_fields={level: [field]})
    refused = refusal(books.create, record_type, body)
    assert refused.detail == f"Error while accessing a resource. Please enter value(s) for: {label}"
    assert (refused.status, refused.code, refused.path) == (400, "USER_ERROR", field)
    id = books.create(record_type, body | {field: given})
    books.update(record_type, id, {"memo" if record_type != "serviceSaleItem" else "displayName": "x"})
    assert label in refusal(books.update, record_type, id, {field: None}).detail
    books.configure(required_fields={})
    fresh = {"itemId": "Newer"} if record_type == "serviceSaleItem" else {}
    assert books.create(record_type, body | fresh)


@pytest.mark.parametrize("field", ["department", "class", "location"])
@pytest.mark.parametrize(
    ("level", "record_type", "body", "sublist"),
    [
        ("creditMemo.item", "creditMemo", credit(line(), line(-10, item="51")), "item"),
        ("invoice.item", "invoice", sale(line(), line(-10, item="51")), "item"),
        ("journalEntry.line", "journalEntry", JOURNAL, "line"),
    ],
)
def test_a_mandatory_field_of_each_row(
    level: str, record_type: str, body: dict[str, Any], sublist: str, field: str
) -> None:
    books = company()
    books.add(field, id=7, name="Seven")
    books.configure(required_fields={level: [field]})
    first, second = body[sublist]["items"]
    for rows, at in (([first, second], 0), ([first | {field: "7"}, second], 1)):
        refused = refusal(books.create, record_type, body | {field: "7", sublist: {"items": rows}})
        assert refused.path == f"{sublist}.items[{at}]"
    rows = [first | {field: "7"}, second | {field: {"id": "7"}}]
    assert books.create(record_type, body | {sublist: {"items": rows}})


@pytest.mark.parametrize(
    "wrong",
    [
        {"required_fields": {"creditMemo": ["departement"]}},
        {"required_fields": {"creditMemos": ["department"]}},
        {"hidden_columns": ["item.subsidiaries"]},
        {"hidden_columns": ["subsidiary"]},
    ],
)
def test_a_switch_for_something_unknown_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no "):
        company().configure(**wrong)


def test_settings_are_kept_in_the_books(tmp_path: Any) -> None:
    company(tmp_path / "books.sqlite").configure(exact_names=True, language="de")
    books = company.__globals__["Books"](tmp_path / "books.sqlite")
    assert (books.company()["exactnames"], books.company()["language"]) == (True, "de")


# ---------------------------------------------------------------- names, apply rows, accounts


def test_field_names_can_depend_on_case() -> None:
    books = company()
    body = credit(custbody_note="x") | {"trandate": DAY}
    assert books.write("creditMemo", body, None, True).dropped == []
    books.configure(exact_names=True)
    assert refusal(books.write, "creditMemo", body, None, True).path == "trandate"
    assert books.write("creditMemo", body).dropped == ["trandate"]
    assert books.write("creditMemo", credit(custbody_note="x"), None, True).dropped == []
    assert refusal(books.write, "creditMemo", credit(CustBody_Note="x"), None, True).path == "CustBody_Note"


def test_apply_rows_can_be_refused_in_the_post_of_a_memo() -> None:
    books = company()
    invoice = books.create("invoice", sale())
    books.configure(refuses_apply_in_post=True)
    refused = refusal(books.create, "creditMemo", credit(**applied(apply(invoice, 10))))
    assert (refused.status, refused.code, refused.path) == (400, "USER_ERROR", "apply")
    memo = books.create("creditMemo", credit())
    books.update("creditMemo", memo, applied(apply(invoice, 10)))
    assert open_amount(books, invoice) == 90
    assert books.create("customerRefund", refund(apply(memo, 5)))  # a refund is nothing without its rows


def test_an_account_in_another_currency_is_refused() -> None:
    books = company()
    memo = books.create("creditMemo", credit(currency="2"))
    for currency, is_taken in (("3", False), ("2", True), ("1", True), (None, True)):
        books.change("account", 20, currency=currency)
        if is_taken:
            books.create("customerRefund", refund(apply(memo, 5), currency="2"))
        else:
            detail = refusal(books.create, "customerRefund", refund(apply(memo, 5), currency="2")).detail
            assert "The Clearing account cannot be used with the currency" in detail
    books.change("account", 20, currency="3")
    assert "currency" in refusal(books.create, "journalEntry", JOURNAL | {"currency": "2"}).detail


# ---------------------------------------------------------------- SuiteQL


def test_a_hidden_column_and_the_second_way_to_it() -> None:
    books = company()
    engine = SuiteQL(books)
    q = "SELECT id, subsidiary FROM item ORDER BY id"
    assert engine.query(q)["items"][3]["subsidiary"] == "2"
    books.configure(hidden_columns=["item.subsidiary"])
    for asked in (q, "SELECT i.subsidiary FROM item i", "SELECT id FROM item WHERE subsidiary = '2'"):
        refused = refusal(engine.query, asked)
        assert "'subsidiary' for record 'item'" in refused.detail and "NOT_EXPOSED" in refused.detail
    assert engine.query("SELECT id, itemid FROM item")["count"] == 4
    q = "SELECT item, subsidiary FROM itemsubsidiarymap WHERE item IN (50, 53) ORDER BY item, subsidiary"
    pairs = lambda: [(row["item"], row["subsidiary"]) for row in engine.query(q)["items"]]  # noqa: E731
    assert pairs() == [("50", "1"), ("50", "2"), ("53", "2")]
    books.add("subsidiary", id=3, name="New", currency=1)
    assert pairs() == [("50", "1"), ("50", "2"), ("50", "3"), ("53", "2")]
    books.change("item", 53, subsidiary=[1])
    assert pairs()[-1] == ("53", "1")


def test_a_query_over_the_row_limit_can_be_refused() -> None:
    books = company()
    for _ in range(6):
        books.create("invoice", sale())
    q = "SELECT id FROM transaction ORDER BY id"
    cut = SuiteQL(books, row_limit=4)
    assert cut.query(q, limit=2, offset=2)["hasMore"] is False
    refusing = SuiteQL(books, row_limit=4, refuses_long_queries=True)
    for asked in (q, "SELECT id FROM transaction"):
        assert refusal(refusing.query, asked, (), 2).status == 400
    assert refusing.query(q.replace("ORDER", "WHERE id < 5 ORDER"), limit=2)["totalResults"] == 4


def test_suiteql_can_lag_behind() -> None:
    books = company()
    time = [datetime(2026, 1, 20, 12, tzinfo=UTC)]
    books.now = lambda: time[0]  # type: ignore[method-assign]
    invoice = books.create("invoice", sale())
    engine = SuiteQL(books, lag=20)
    q = "SELECT id, foreignamountunpaid AS open FROM transaction ORDER BY id"
    links = "SELECT nextdoc FROM nexttransactionlinelink"

    def seen() -> tuple[list[tuple[str, str | None]], int]:
        rows = [(row["id"], row.get("open")) for row in engine.query(q)["items"]]
        return rows, engine.query(links)["totalResults"]

    assert seen() == ([(invoice, "100")], 0)
    memo = books.create("creditMemo", credit(**applied(apply(invoice, 10))))
    assert seen() == ([(invoice, "100")], 0)
    time[0] += timedelta(seconds=19)
    assert seen() == ([(invoice, "100")], 0)
    assert books.get("creditMemo", memo)["id"] == memo  # records show at once
    time[0] += timedelta(seconds=1)
    assert seen() == ([(invoice, "90"), (memo, None)], 1)
    books.delete(books.create("creditMemo", credit()))
    books.unapply(memo)
    assert seen() == ([(invoice, "90"), (memo, None)], 1)
    time[0] += timedelta(seconds=20)
    assert seen() == ([(invoice, "100"), (memo, None)], 0)


def test_a_lag_can_begin_before_the_first_query() -> None:
    books = company()
    engine = SuiteQL(books)
    engine.lag = 20
    books.create("invoice", sale())
    assert engine.query("SELECT id FROM transaction")["totalResults"] == 0


def test_journals_can_have_no_total() -> None:
    books = company()
    books.create("journalEntry", JOURNAL)
    books.create("invoice", sale())
    engine = SuiteQL(books)
    totals = lambda: [  # noqa: E731
        row.get("foreigntotal") for row in engine.query("SELECT id, foreigntotal FROM transaction ORDER BY id")["items"]
    ]
    assert totals() == ["5", "100"]
    books.configure(hides_journal_totals=True)
    assert totals() == [None, "100"]


def test_an_invoice_can_be_voided_rejected_or_pending() -> None:
    books = company()
    ids = [books.create("invoice", sale(approvalStatus=status)) for status in ("1", "2", "3")]
    ids.append(books.create("invoice", sale()))
    books.void(ids[3])
    q = "SELECT status, approvalstatus, voided, foreigntotal AS total FROM transaction ORDER BY id"
    assert [(r["status"], r["approvalstatus"], r["voided"], r["total"]) for r in SuiteQL(books).query(q)["items"]] == [
        ("D", "1", "F", "100"),
        ("A", "2", "F", "100"),
        ("E", "3", "F", "100"),
        ("V", "2", "T", "0"),
    ]
    for id in (ids[0], ids[2], ids[3]):
        assert refusal(books.create, "creditMemo", credit(**applied(apply(id, 1)))).path == "apply"
    assert "voided" in refusal(books.update, "invoice", ids[3], {"memo": "x"}).detail
    books.create("creditMemo", credit(**applied(apply(ids[1], 1))))
    assert "dependent" in refusal(books.void, ids[1]).detail
    books.update("invoice", ids[0], {"approvalStatus": "2"})
    assert books.create("creditMemo", credit(**applied(apply(ids[0], 1))))


# ---------------------------------------------------------------- another language

_ARGUMENTS = {"path": "item.items[0]", "owner": "entity", "of_target": True, "precision": 2, "offset": 5, "limit": 2}


_REFUSALS = [
    name for name, made in inspect.getmembers(errors, inspect.isfunction) if made.__module__ == errors.__name__
]
_ENGLISH = {"the", "is", "not", "already", "exists", "please", "enter", "invalid", "exist", "of", "more", "and", "your"}


@pytest.mark.parametrize("name", _REFUSALS)
def test_every_refusal_has_foreign_words(name: str) -> None:
    make = getattr(errors, name)
    given = {p: _ARGUMENTS.get(p, "VALUE") for p in inspect.signature(make).parameters}
    refused = make(**given)
    if not isinstance(refused, Refused):
        return
    english, foreign = refused.body(), refused.body(in_english=False)
    [before], [after] = english["o:errorDetails"], foreign["o:errorDetails"]  # type: ignore[misc]
    assert {k: v for k, v in before.items() if k != "detail"} == {k: v for k, v in after.items() if k != "detail"}
    if name == "wrong_language":
        assert before == after
        return
    foreign_text = f"{after['detail']} {foreign['title']}".partition("NOT_EXPOSED")[0]
    words = re.findall(r"\w+", before["detail"])
    threes = [" ".join(words[i : i + 3]) for i in range(len(words) - 2)]
    text = " ".join(re.findall(r"\w+", foreign_text))
    assert [three for three in threes if f" {three} " in f" {text} "] == []
    assert not set(text.lower().split()) & _ENGLISH
    assert after["detail"] != before["detail"] and foreign["title"] != english["title"]
    assert after["detail"].count("VALUE") in (before["detail"].count("VALUE"), 0)


def test_answers_in_another_language(serve: Any) -> None:  # noqa: F811
    books = company()
    books.create("creditMemo", credit(externalId="cn_1"))
    books.configure(language="de")
    server = serve(books)
    session = client(server)
    answer = session.post(f"{server.url}{RECORD}/creditMemo", json=credit(externalId="cn_1"), timeout=10)
    shown = answer.json()
    assert (answer.status_code, shown["title"]) == (400, "Fehlerhafte Anforderung")
    assert shown["o:errorDetails"][0] == {
        "detail": "Fehler beim Zugriff auf eine Ressource. Dieser Datensatz ist schon vorhanden.",
        "o:errorCode": "USER_ERROR",
    }
    refused = requests.get(f"{server.url}{RECORD}/customer/1", timeout=10)
    assert refused.json()["o:errorDetails"][0]["detail"] == "Ungültiger Anmeldeversuch."


@pytest.mark.parametrize(
    ("headers", "write", "read"),
    [
        ({}, "Content-Language", "Accept-Language"),
        ({"Accept-Language": "pt"}, "Content-Language", "Accept-Language"),
        ({"Content-Language": "pt_BR"}, "Accept-Language", "Accept-Language"),
        ({"Content-Language": "pt_BR", "Accept-Language": "en"}, "Accept-Language", "Accept-Language"),
        ({"Content-Language": "en", "Accept-Language": "pt_BR"}, "Content-Language", None),
        ({"Content-Language": "pt_BR", "Accept-Language": "pt_BR"}, None, None),
        ({"Content-Language": "pt-br", "Accept-Language": "pt-BR;q=1, en"}, None, None),
    ],
)
def test_an_account_can_demand_its_language(
    serve: Any,  # noqa: F811
    headers: dict[str, str],
    write: str | None,
    read: str | None,
) -> None:
    books = company()
    books.configure(language="pt_BR", wants_language=True)
    server = serve(books)
    session = client(server)
    posted = session.post(f"{server.url}{RECORD}/creditMemo", json=credit(), headers=headers, timeout=10)
    got = session.get(f"{server.url}{RECORD}/customer/1", headers=headers, timeout=10)
    for answer, refused_header in ((posted, write), (got, read)):
        assert answer.ok == (refused_header is None)
        if refused_header:
            [error] = answer.json()["o:errorDetails"]
            assert (answer.status_code, error["o:errorCode"]) == (400, "INVALID_HEADER")
            assert error["o:errorHeader"] == refused_header
            assert f"Provide the {refused_header} header" in error["detail"] and "'pt_BR'" in error["detail"]
    assert len(books.transactions()) == (write is None)
    query = {"q": "SELECT id FROM customer"}
    assert session.post(server.url + SUITEQL, json=query, headers={"Prefer": "transient"}, timeout=10).ok


# ---------------------------------------------------------------- metadata catalog


def test_the_catalog_shows_the_fields_of_this_account(serve: Any) -> None:  # noqa: F811
    server = serve()
    session = client(server)
    url = f"{server.url}{RECORD}/metadata-catalog"
    accept = {"Accept": "application/swagger+json"}
    answer = session.get(f"{url}?select=creditMemo,customerRefund", headers=accept, timeout=10)
    schemas = answer.json()["components"]["schemas"]
    body, row = schemas["creditMemo"]["properties"], schemas["creditMemo-itemElement"]["properties"]
    assert {"tranDate", "externalId", "custbody_note"} <= body.keys() and "custcol_from" not in body
    assert {"taxCode", "revRecStartDate", "custcol_from"} <= row.keys() and "custbody_note" not in row
    assert body["tranDate"] == {"type": "string", "format": "date"}
    rows = body["item"]["$ref"].rpartition("/")[2]
    assert schemas[rows]["properties"]["items"]["items"]["$ref"].endswith("/creditMemo-itemElement")
    refunds = schemas["customerRefund"]["properties"]
    assert {"paymentOption", "customForm"} <= refunds.keys() and not {"otherRefNum", "email"} & refunds.keys()
    assert "custbody_note" not in schemas["creditMemo-applyElement"]["properties"] and "invoice" not in schemas
    everything = session.get(url, headers=accept, timeout=10).json()["components"]["schemas"]
    assert {"invoice", "journalEntry-lineElement", "serviceSaleItem"} <= everything.keys()
    assert session.get(f"{url}?select=creditMemo", timeout=10).status_code == 400
    assert session.get(f"{url}?select=unicorn", headers=accept, timeout=10).status_code == 404
    assert session.post(url, json={}, timeout=10).status_code in (404, 405)
