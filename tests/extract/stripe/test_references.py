"""A run reads the ledgers, payouts and objects that the landed objects refer to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from extract.errors import StripeRefused
from extract.stripe.report import StripeReport
from tests.extract.fake_stripe import (
    T0,
    FakeStripe,
    credit_note,
    customer,
    forbidden,
    invoice,
    ledger_row,
    missing,
    payout,
    refund,
)

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]


def test_ledgers_only_of_customers_that_can_have_one(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add("customers", *(customer(f"cus_{n}") for n in range(6)), customer("cus_balance", balance=-5))
    stripe.add(
        "invoices",
        invoice("in_0", customer="cus_0"),
        invoice("in_1", customer="cus_1", starting_balance=-100),
        invoice("in_2", customer="cus_2", amount_due=400),
        invoice("in_3", customer="cus_3", total=-100, amount_due=0),
        invoice("in_5", customer="cus_5", amount_due=600, pre_payment_credit_notes_amount=400),
    )
    stripe.add(
        "credit_notes",
        credit_note("cn_4", customer="cus_4", invoice="in_0", customer_balance_transaction={"id": "cbtxn_1"}),
    )
    for name in ("cus_1", "cus_4"):
        stripe.add(
            f"customers/{name}/balance_transactions",
            *(ledger_row(f"cbtxn_{name}_{n}", -1) for n in range(150)),
        )
    report = read()
    asked = {
        path.split("/")[3]
        for path, _ in stripe.requests
        if path.endswith("balance_transactions") and "customers" in path
    }
    assert asked == {"cus_1", "cus_2", "cus_3", "cus_4", "cus_balance"}
    assert (report.customers, report.ledgers_read) == (7, 5)
    assert query("""select parent_id, count(*) from raw_stripe.customer_balance_transactions
        group by parent_id order by parent_id""") == [("cus_1", 150), ("cus_4", 150)]

    report = read(full_ledger=True)
    assert report.ledgers_read == 7


def test_refunds_inside_payouts(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add("refunds", refund("re_1"))
    stripe.add("payouts", payout("po_small"), payout("po_large"), payout("po_manual", automatic=False))

    def transaction(identifier: str, kind: str, of: str) -> dict[str, Any]:
        return {"id": identifier, "object": "balance_transaction", "created": T0, "type": kind, "payout": of}

    stripe.add(
        "balance_transactions",
        transaction("txn_1", "refund", "po_small"),
        transaction("txn_2", "charge", "po_small"),
        transaction("txn_3", "payment_refund", "po_large"),
        *(transaction(f"txn_c{n}", "charge", "po_large") for n in range(150)),
        transaction("txn_4", "refund", "po_large"),
        transaction("txn_5", "refund", "po_manual"),
    )
    read()
    assert query("select id, parent_id from raw_stripe.balance_transactions order by id") == [
        ("txn_1", "po_small"),
        ("txn_3", "po_large"),
        ("txn_4", "po_large"),
    ]


def test_objects_that_documents_name_and_no_list_shows_are_read(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add(
        "credit_notes",
        credit_note(
            "cn_1",
            customer="cus_hidden",
            refunds=[{"refund": "re_gone", "amount_refunded": 5, "type": "refund"}, {"refund": None}],
        ),
    )
    stripe.add("customers", customer("cus_hidden", metadata={"netsuite_customer_id": "7"}))
    stripe.add("invoices", invoice("in_1", customer="cus_hidden"))

    def hook(path: str, params: dict[str, str]) -> Any:
        return (200, {}, {"data": [], "has_more": False}) if path == "/v1/customers" else None

    stripe.hook = hook  # a customer on a test clock exists and is not listed
    read()
    assert query("select id, (payload->>'$.metadata.netsuite_customer_id') from raw_stripe.customers") == [
        ("cus_hidden", "7")
    ]
    assert query("select id, (payload->>'deleted') from raw_stripe.refunds") == [("re_gone", "true")]


# ---------- ledgers that cannot be read (rule B6), customers without `customer` (rule X1)


def without_ledger(path: str, params: dict[str, str]) -> Any:
    """The ledger of a deleted customer, in some accounts."""
    return missing("cus_1") if path == "/v1/customers/cus_1/balance_transactions" else None


def test_a_ledger_that_answers_404_is_unread_and_keeps_what_was_landed(
    stripe: FakeStripe, read: Read, query: Query
) -> None:
    stripe.add("customers", customer("cus_1", balance=-5))
    stripe.add("customers/cus_1/balance_transactions", ledger_row("cbtxn_1", -5))
    stripe.hook = without_ledger
    report = read()
    assert (report.ledgers_read, report.unread_ledgers) == (0, ["cus_1"])
    assert any("1 balance ledgers answer 404 and are unread" in line and "cus_1" in line for line in report.lines())
    assert query("select customer_id from raw_stripe.extract_unread_ledgers") == [("cus_1",)]

    stripe.hook = lambda path, params: None
    report = read()  # nothing of the customer has changed: the ledger is asked for because it is unread
    assert (report.ledgers_read, report.unread_ledgers) == (1, [])
    assert query("select id from raw_stripe.customer_balance_transactions") == [("cbtxn_1",)]

    stripe.hook = without_ledger
    stripe.add("customers", customer("cus_1", balance=-7))
    assert read().unread_ledgers == ["cus_1"]
    assert query("select id from raw_stripe.customer_balance_transactions") == [("cbtxn_1",)]


def test_a_ledger_that_answers_403_fails_the_run_and_names_the_permission(stripe: FakeStripe, read: Read) -> None:
    stripe.add("customers", customer("cus_1", balance=-5))
    stripe.hook = lambda path, params: forbidden("rak_customer_read") if "cus_1/" in path else None
    with pytest.raises(StripeRefused, match=r"STRIPE_API_KEY the permission rak_customer_read"):
        read()


@pytest.mark.parametrize("answer", ["rows", 404, 400])
def test_an_object_without_customer_belongs_to_its_customer_account(
    stripe: FakeStripe, read: Read, query: Query, answer: str | int
) -> None:
    """Adjustment -1200, invoice 1200 paid by balance."""
    owner = {"customer": None, "customer_account": "acct_9"}
    stripe.add("invoices", invoice("in_1", total=1200, amount_due=0, **owner))
    stripe.add("credit_notes", credit_note("cn_1", **owner))
    rows = (ledger_row("cbtxn_1", -1200, **owner), ledger_row("cbtxn_2", 1200, invoice="in_1", **owner))
    stripe.add("customers/acct_9/balance_transactions", *rows)

    def hook(path: str, params: dict[str, str]) -> Any:
        is_ledger = path.endswith("transactions")
        if not path.startswith("/v1/customers/acct_9") or (answer == "rows" and is_ledger):
            return None
        return missing("acct_9") if answer != 400 else (400, {}, {"error": {"message": "No such customer"}})

    stripe.hook = hook
    stripe.lists["customers"] = {"acct_9": {"id": "acct_9", "object": "customer", "deleted": True}}
    report = read()
    landed = [("cbtxn_1", "acct_9"), ("cbtxn_2", "acct_9")] if answer == "rows" else []
    assert query("select id, parent_id from raw_stripe.customer_balance_transactions order by id") == landed
    assert report.unread_ledgers == ([] if answer == "rows" else ["acct_9"])
    assert query("select (payload->>'customer_account') from raw_stripe.invoices") == [("acct_9",)]
    assert query("select (payload->>'customer_account') from raw_stripe.credit_notes") == [("acct_9",)]


# ---------- Checkout sessions (rule B9)

PRIVATE = {"customer_details": {"email": "ada@private.example"}, "url": "https://checkout.example/secret"}


def checkout(identifier: str, invoice: str | None, **fields: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "object": "checkout.session",
        "created": T0,
        "livemode": False,
        "invoice": invoice,
        "client_secret": "hush",
        "client_reference_id": "Ada Private",
        **PRIVATE,
        **fields,
    }


@pytest.fixture
def two_checkouts(stripe: FakeStripe) -> FakeStripe:
    """Two first invoices of 20.00 through Checkout, both paid by balance, rows without `invoice`."""
    kind = {"type": "checkout_session_subscription_payment", "invoice": None}
    stripe.add("customers", customer("cus_1"))
    stripe.add("invoices", *(invoice(f"in_{n}", total=2000, amount_due=0) for n in (1, 2)))
    stripe.add(
        "customers/cus_1/balance_transactions",
        ledger_row("cbtxn_0", -5000),
        ledger_row("cbtxn_1", 2000, checkout_session="cs_test_1", **kind),
        ledger_row("cbtxn_2", 2000, checkout_session="cs_test_2", **kind),
        ledger_row("cbtxn_3", 1000, type="applied_to_invoice", invoice="in_9", checkout_session="cs_test_3"),
    )
    return stripe


SESSIONS = "select id, (payload->>'invoice') from raw_stripe.checkout_sessions_current order by id"


def asked_for(stripe: FakeStripe) -> list[str]:
    return sorted(path for path, _ in stripe.requests if path.startswith("/v1/checkout"))


def test_only_the_sessions_that_tell_an_invoice_are_read_once(
    two_checkouts: FakeStripe, read: Read, query: Query
) -> None:
    two_checkouts.add("checkout/sessions", checkout("cs_test_1", "in_1"), checkout("cs_test_2", "in_2"))
    read()
    assert query(SESSIONS) == [("cs_test_1", "in_1"), ("cs_test_2", "in_2")]
    assert asked_for(two_checkouts) == ["/v1/checkout/sessions/cs_test_1", "/v1/checkout/sessions/cs_test_2"]
    ((payload,),) = query("select string_agg(payload) from raw_stripe.checkout_sessions")
    assert not [word for word in ("private", "Private", "secret", "hush") if word in payload]
    two_checkouts.requests.clear()
    read()
    assert asked_for(two_checkouts) == []


def test_a_key_that_may_not_read_sessions_falls_through(two_checkouts: FakeStripe, read: Read, query: Query) -> None:
    permission = "rak_checkout_session_read"
    two_checkouts.hook = lambda path, params: forbidden(permission) if path.startswith("/v1/checkout") else None
    report = read()
    assert query(SESSIONS) == []
    assert asked_for(two_checkouts) == ["/v1/checkout/sessions/cs_test_1"]
    assert any("Checkout sessions" in line and permission in line for line in report.lines())
    two_checkouts.hook = lambda path, params: None
    two_checkouts.add("checkout/sessions", checkout("cs_test_1", "in_1"), checkout("cs_test_2", "in_2"))
    assert read().sessions_refused is None
    assert query(SESSIONS) == [("cs_test_1", "in_1"), ("cs_test_2", "in_2")]


def test_a_session_without_invoice_is_asked_for_again(two_checkouts: FakeStripe, read: Read, query: Query) -> None:
    two_checkouts.add("checkout/sessions", checkout("cs_test_1", None))
    read()
    assert query(SESSIONS) == [("cs_test_1", None), ("cs_test_2", None)]  # the second answers 404
    two_checkouts.add("checkout/sessions", checkout("cs_test_1", "in_1"))
    read()
    assert query(SESSIONS) == [("cs_test_1", "in_1"), ("cs_test_2", None)]


# ---------- what must survive landing


def test_decimal_quantities_and_unknown_states_land_as_they_are(stripe: FakeStripe, read: Read, query: Query) -> None:
    half = [{"id": "l_1", "object": "line_item", "amount": 3000, "quantity": 1, "quantity_decimal": "1.5"}]
    quarter = [{"id": "l_2", "object": "line_item", "amount": 500, "quantity": 0, "quantity_decimal": "0.25"}]
    stripe.add("invoices", {**invoice("in_1", status="frozen"), "lines": {"data": half}})
    stripe.add("credit_notes", {**credit_note("cn_1", status=None), "lines": {"data": quarter}})
    stripe.add("refunds", refund("re_1", status=None), refund("re_2", status="on_hold"))
    read()

    def quantity(table: str) -> list[tuple[Any, ...]]:
        path = "$.lines.data[0].quantity_decimal"
        return query(f"select (payload->>'{path}'), (payload->>'status') from raw_stripe.{table}")

    assert quantity("invoices") == [("1.5", "frozen")]
    assert quantity("credit_notes") == [("0.25", None)]
    assert query("select id, (payload->>'status') from raw_stripe.refunds order by id") == [
        ("re_1", None),
        ("re_2", "on_hold"),
    ]
