"""Whose books (rules I1, I2): another account or mode stops the extract before anything is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from extract.errors import StripeRefused
from extract.stripe.account import require_own_account
from extract.stripe.report import StripeReport
from settings import Settings
from tests.extract.fake_stripe import FakeStripe, credit_note, customer, invoice, refund
from warehouse.ownership import WrongBooks

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]
OWNER = "select account_id, livemode from belongs_to where service = 'stripe'"


def as_key(stripe: FakeStripe, settings: Settings, key: str) -> dict[str, Any]:
    return {"stripe_api_key": type(settings.stripe_api_key)(key)}  # type: ignore[misc]


def test_the_first_run_notes_account_and_mode(stripe: FakeStripe, read: Read, query: Query) -> None:
    read()
    assert query(OWNER) == [("acct_1", False)]


def test_another_account_stops_before_anything_is_read_or_landed(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add("customers", customer("cus_1"))
    read()
    stripe.account = {"id": "acct_2", "object": "account"}
    stripe.add("customers", customer("cus_2"))
    stripe.requests.clear()
    with pytest.raises(WrongBooks, match=r"Stripe account acct_1.*acct_2.*WAREHOUSE_PATH"):
        read()
    assert [path for path, _ in stripe.requests] == ["/v1/account"]
    assert query("select id from raw_stripe.customers") == [("cus_1",)]
    assert query("select count(*) from raw_stripe.extract_runs") == [(1,)]
    assert query(OWNER) == [("acct_1", False)]


def test_a_key_of_the_other_mode_stops_without_a_request(
    stripe: FakeStripe, settings: Settings, read: Read, query: Query
) -> None:
    read()
    stripe.requests.clear()
    with pytest.raises(WrongBooks, match=r"Stripe mode test.*live"):
        read(**as_key(stripe, settings, "rk_live_hush"))
    assert stripe.requests == []


def test_a_key_that_may_not_read_its_account_falls_through(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.account = None
    stripe.add("customers", customer("cus_1"))
    read()
    assert query(OWNER) == [(None, False)]
    assert query("select id from raw_stripe.customers") == [("cus_1",)]
    stripe.account = {"id": "acct_7", "object": "account"}
    read()
    assert query(OWNER) == [("acct_7", False)]
    stripe.account = None
    read()
    assert query(OWNER) == [("acct_7", False)]


def test_a_wrong_key_claims_nothing(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.hook = lambda path, params: (401, {}, {"error": {"message": "Invalid API Key"}})
    with pytest.raises(StripeRefused):
        read()
    stripe.hook = lambda path, params: None
    assert query("select count(*) from information_schema.tables where table_name = 'belongs_to'") == [(0,)]


def test_the_mode_of_a_key_without_one_is_that_of_its_objects(
    stripe: FakeStripe, settings: Settings, read: Read, query: Query
) -> None:
    key = as_key(stripe, settings, "opaque")
    stripe.add("customers", customer("cus_1", livemode=True))
    read(**key)
    assert query(OWNER) == [("acct_1", True)]
    stripe.add("customers", customer("cus_2", livemode=False))
    with pytest.raises(WrongBooks, match="customer cus_2 of test mode, and this run reads live mode"):
        read(**key)


@pytest.mark.parametrize(
    ("where", "item", "name"),
    [
        ("customers", customer("cus_1", livemode=True), "customer cus_1"),
        ("credit_notes", credit_note("cn_1", livemode=True), "credit_note cn_1"),
        ("refunds", refund("re_1", livemode=True), "refund re_1"),
        (
            "invoices",
            {**invoice("in_1"), "discounts": [{"id": "di_1", "object": "discount", "livemode": True}]},
            "di_1",
        ),
        ("credit_notes", credit_note("cn_1", customer_balance_transaction={"id": "cb_1", "livemode": True}), "cb_1"),
    ],
    ids=["customer", "credit note", "refund", "in a list", "expanded"],
)
def test_an_object_of_the_other_mode_stops_the_extract(
    stripe: FakeStripe, read: Read, query: Query, where: str, item: dict[str, Any], name: str
) -> None:
    stripe.add("customers", customer("cus_0", livemode=False))
    stripe.add(where, item)
    with pytest.raises(WrongBooks) as caught:
        read()
    assert name in str(caught.value)
    assert "live mode" in str(caught.value) and "test mode" in str(caught.value)
    assert query(f"select count(*) from raw_stripe.{where} where id = ?", item["id"]) == [(0,)]


def test_metadata_says_nothing_about_the_mode(stripe: FakeStripe, read: Read) -> None:
    stripe.add("customers", customer("cus_1", livemode=False, metadata={"livemode": True, "x": '"livemode":true'}))
    assert read().landed["customers"] == 1


def test_a_warehouse_of_an_earlier_version_has_the_mode_of_its_objects(
    stripe: FakeStripe, settings: Settings, read: Read, query: Query
) -> None:
    stripe.add("customers", customer("cus_1", livemode=False))
    read()
    query("drop table belongs_to")
    stripe.requests.clear()
    with pytest.raises(WrongBooks, match=r"Stripe mode test.*live"):
        read(**as_key(stripe, settings, "rk_live_hush"))
    assert stripe.requests == []
    read()
    assert query(OWNER) == [("acct_1", False)]


def test_doctor_stops_at_another_account(stripe: FakeStripe, settings: Settings, read: Read) -> None:
    require_own_account(settings)  # there is no warehouse yet
    read()
    require_own_account(settings)
    stripe.account = {"id": "acct_2", "object": "account"}
    with pytest.raises(WrongBooks, match=r"acct_1.*acct_2"):
        require_own_account(settings)
    stripe.account = None
    require_own_account(settings)
