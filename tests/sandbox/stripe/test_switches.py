"""What only some accounts and keys show: sessions, modes, other accounts, odd ids, odd statuses, wrong clocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from sandbox.stripe import server as stand_in
from sandbox.stripe.account import Account, Refused
from sandbox.stripe.api import Api
from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart
from sandbox.stripe.server import Fault, StripeServer

Ask = Callable[..., requests.Response]


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[StripeServer, Ask]]]:
    """A function that starts a server; it returns the server, and a function that asks it."""
    servers: list[StripeServer] = []

    def begin(billing: Billing, **options: Any) -> tuple[StripeServer, Ask]:
        server = stand_in.start(billing, endpoint_rate=None, total_rate=None, **options)
        servers.append(server)

        def ask(path: str, key: str = server.api_key, **parameters: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {key}"}
            return requests.get(server.url + path, params=parameters, headers=headers, timeout=10)

        return server, ask

    yield begin
    for server in servers:
        server.stop()


def paid_through_checkout(billing: Billing, customer: str) -> tuple[str, str]:
    """An invoice of 20.00 that the balance pays through Checkout. Returns invoice and session."""
    billing.adjust_balance(customer, -2000)
    invoice = billing.draft_invoice(customer, [Line(2000)])
    billing.finalize_invoice(invoice, through_checkout=True)
    [row] = billing.owned(invoice, "customer_balance_transactions")
    assert row["invoice"] is None
    return invoice, row["checkout_session"]


# ---------------------------------------------------------------- Checkout sessions, account


def test_a_checkout_session_names_its_invoice(billing: Billing, customer: str, serve: Any) -> None:
    invoice, session = paid_through_checkout(billing, customer)
    server, ask = serve(billing)
    shown = ask(f"/v1/checkout/sessions/{session}").json()
    assert (shown["object"], shown["invoice"], shown["amount_total"]) == ("checkout.session", invoice, 2000)
    rows = ask(f"/v1/customers/{customer}/balance_transactions", **{"expand[]": "data.checkout_session"}).json()["data"]
    assert rows[0]["checkout_session"]["invoice"] == invoice
    missing = ask("/v1/checkout/sessions/cs_none")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "resource_missing")
    assert server.requests["checkout/sessions"] == 2
    billing.tamper("checkout_sessions", session, invoice=None)
    assert ask(f"/v1/checkout/sessions/{session}").json()["invoice"] is None


def test_a_key_can_lack_a_permission(billing: Billing, customer: str, serve: Any) -> None:
    _, session = paid_through_checkout(billing, customer)
    server, ask = serve(billing, lacking=["checkout/sessions", "account"])
    assert [ask(f"/v1/checkout/sessions/{session}").status_code, ask("/v1/account").status_code] == [403, 403]
    assert ask("/v1/invoices").status_code == 200
    server.lacking.clear()
    assert ask(f"/v1/checkout/sessions/{session}").status_code == 200


def test_the_account_has_an_id(billing: Billing, serve: Any) -> None:
    _, ask = serve(billing)
    assert (ask("/v1/account").json()["id"], ask("/v1/account").json()["object"]) == (billing.id, "account")
    assert ask("/v1/account", limit=1).status_code == 400


def test_an_older_file_is_read(billing: Billing, customer: str, tmp_path: Path) -> None:
    billing.id = "acct_other"
    del billing._objects["checkout_sessions"]
    billing.save(tmp_path / "stripe.json")
    loaded = Billing.load(tmp_path / "stripe.json")
    assert (loaded.id, loaded.objects("checkout_sessions"), list(loaded.objects("customers"))) == (
        "acct_other",
        {},
        [customer],
    )


# ---------------------------------------------------------------- modes and other accounts


def test_a_live_key_shows_livemode_on_every_object(billing: Billing, paid: str, serve: Any) -> None:
    billing.credit_note(paid, amount=500, refunds=[RefundPart(500)])
    billing.update("invoices", paid, metadata={"x": '"livemode":false'})
    _, ask = serve(billing, other_keys={"rk_live_1": billing})

    def modes(value: Any) -> set[Any]:
        if isinstance(value, list):
            return set().union(*map(modes, value))
        if not isinstance(value, dict):
            return set()
        return {v for k, v in value.items() if k == "livemode"}.union(*map(modes, value.values()))

    for path in ("/v1/invoices", "/v1/credit_notes", "/v1/customers", "/v1/events", f"/v1/invoices/{paid}/lines"):
        expand = {"expand[]": "data.customer"} if path in ("/v1/invoices", "/v1/credit_notes") else {}
        assert modes(ask(path, **expand).json()) == {False}
        assert modes(ask(path, key="rk_live_1", **expand).json()) == {True}
    assert ask(f"/v1/invoices/{paid}", key="rk_live_1").json()["metadata"] == {"x": '"livemode":false'}
    billing.tamper("credit_notes", next(iter(billing.objects("credit_notes"))), livemode=True)
    assert ask("/v1/credit_notes").json()["data"][0]["livemode"] is True


def test_another_accounts_key_sees_another_account(billing: Billing, paid: str, serve: Any) -> None:
    note = billing.credit_note(paid, amount=500, refunds=[RefundPart(500)])
    other = Billing()
    other.id = "acct_other"
    _, ask = serve(billing, other_keys={"rk_test_other": other})
    assert ask(f"/v1/credit_notes/{note}").status_code == 200
    foreign = ask(f"/v1/credit_notes/{note}", key="rk_test_other")
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (404, "resource_missing")
    assert ask("/v1/account", key="rk_test_other").json()["id"] == "acct_other"
    assert ask("/v1/account", key="rk_test_unknown").status_code == 401


def test_a_single_object_can_be_gone(billing: Billing, paid: str, serve: Any) -> None:
    notes = [billing.credit_note(paid, amount=100, refunds=[RefundPart(100)]) for _ in "12"]
    billing.lose("credit_notes", notes[0])
    _, ask = serve(billing)
    assert ask(f"/v1/credit_notes/{notes[0]}").status_code == 404
    assert [row["id"] for row in ask("/v1/credit_notes").json()["data"]] == [notes[1]]
    assert [row["id"] for row in ask("/v1/credit_notes", invoice=paid).json()["data"]] == [notes[1]]


def test_a_ledger_can_answer_404(billing: Billing, customer: str, serve: Any) -> None:
    _, ask = serve(billing, faults=[Fault(f"/v1/customers/{customer}/balance_transactions", 404, times=None)])
    answer = ask(f"/v1/customers/{customer}/balance_transactions")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")
    assert ask(f"/v1/customers/{customer}").status_code == 200


# ---------------------------------------------------------------- ids, statuses, quantities, accounts of version 2


@pytest.mark.parametrize("id", ["team#7", "who?7", "50%off", "a/b", 'it\'s "x"', "50%2Foff", "name with é"])
def test_ids_with_any_characters(billing: Billing, serve: Any, id: str) -> None:
    billing.create_customer(id=id, currency="usd")
    billing.adjust_balance(id, -1200)
    billing.pay(billing.invoice(id, [Line(1500)]))
    _, ask = serve(billing)
    path = f"/v1/customers/{quote(id, safe='')}"
    assert ask(path).json()["id"] == id
    rows = ask(f"{path}/balance_transactions").json()["data"]
    assert [row["amount"] for row in rows] == [1200, -1200]
    assert ask(f"{path}/balance_transactions/{rows[0]['id']}").json() == rows[0]
    assert len(ask("/v1/invoices", customer=id).json()["data"]) == 1


def test_statuses_that_are_missing_or_new(billing: Billing, paid: str, serve: Any) -> None:
    note = billing.credit_note(paid, amount=500, refunds=[RefundPart(500)])
    refund = billing.get("credit_notes", note)["refunds"][0]["refund"]
    billing.tamper("refunds", refund, status=None)
    billing.tamper("credit_notes", note, status="on_hold")
    billing.tamper("invoices", paid, status="frozen")
    _, ask = serve(billing)
    assert ask(f"/v1/refunds/{refund}").json()["status"] is None
    assert ask("/v1/refunds").json()["data"][0]["status"] is None
    assert ask(f"/v1/credit_notes/{note}").json()["status"] == "on_hold"
    assert ask("/v1/invoices", status="frozen").json()["data"][0]["id"] == paid
    types = [event["type"] for event in ask("/v1/events").json()["data"][:3]]
    assert types == ["invoice.updated", "credit_note.updated", "refund.updated"]


def test_decimal_quantities(billing: Billing, customer: str) -> None:
    price = billing.create_price(billing.create_product("Plan"), unit_amount=2000, currency="usd")
    lines = [Line(price=price, quantity_decimal="1.5"), Line(500, quantity_decimal="0.25"), Line(700, quantity=7)]
    invoice = billing.invoice(customer, lines)
    billing.pay(invoice)
    rows = billing.get("invoices", invoice)["lines"]["data"]
    assert [(row["quantity"], row["quantity_decimal"], row["amount"]) for row in rows] == [
        (1, "1.5", 3000),
        (0, "0.25", 500),
        (7, "7", 700),
    ]
    credited = [CreditLine(rows[0]["id"], quantity_decimal="0.75"), CreditLine(rows[1]["id"], amount=500)]
    note = billing.credit_note(invoice, lines=[*credited, CreditLine(rows[2]["id"], quantity=3)], credit=2300)
    shown = billing.get("credit_notes", note)["lines"]["data"]
    assert [(row["quantity"], row.get("quantity_decimal"), row["amount"]) for row in shown] == [
        (0, "0.75", 1500),
        (None, None, 500),
        (3, None, 300),
    ]
    with pytest.raises(Refused):
        billing.credit_note(invoice, lines=[CreditLine(rows[0]["id"], quantity_decimal="1.6")], credit=3200)
    billing.check()


def test_objects_can_name_an_account_instead_of_a_customer(billing: Billing, serve: Any) -> None:
    customer = billing.create_customer(currency="usd", customer_account="acct_c7")
    billing.adjust_balance(customer, -300)
    invoice = billing.invoice(customer, [Line(1000)])
    billing.pay(invoice)
    note = billing.credit_note(invoice, amount=500, refunds=[RefundPart(500)])
    refund = billing.get("credit_notes", note)["refunds"][0]["refund"]
    _, ask = serve(billing)
    paths = [f"/v1/invoices/{invoice}", f"/v1/credit_notes/{note}", f"/v1/refunds/{refund}"]
    ledger = f"/v1/customers/{customer}/balance_transactions"
    shown = [*(ask(path).json() for path in paths), *ask(ledger).json()["data"]]
    assert {(obj["customer"], obj["customer_account"]) for obj in shown} == {(customer, "acct_c7")}
    billing.name_by_account(customer, "acct_c7")
    shown = [*(ask(path).json() for path in paths), *ask(ledger).json()["data"]]
    assert {(obj["customer"], obj["customer_account"]) for obj in shown} == {(None, "acct_c7")}
    assert [row["id"] for row in ask("/v1/credit_notes", customer_account="acct_c7").json()["data"]] == [note]


def test_the_date_header_can_be_another_than_the_clients(billing: Billing, serve: Any) -> None:
    server, ask = serve(billing, date_offset=-200 * 86_400)
    assert 199 < (time.time() - parsedate_to_datetime(ask("/v1/invoices").headers["Date"]).timestamp()) / 86_400 < 201
    server.date_offset = 0.0
    assert abs(time.time() - parsedate_to_datetime(ask("/v1/invoices").headers["Date"]).timestamp()) < 60


def test_an_empty_account_answers_empty_lists() -> None:
    assert b'"data":[]' in Api(Account(), None).get("/v1/credit_notes", {})
