"""Ids are opaque: each is percent-encoded in a path, quoted in a query, and printed on one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from doctor import stripe as doctor
from extract.errors import Inconsistent, StripeRefused
from extract.netsuite.suiteql import in_list
from extract.stripe.paths import endpoint_of, object_path, printable
from extract.stripe.report import StripeReport
from settings import Settings
from tests.extract.fake_stripe import T0, FakeStripe, credit_note, customer, invoice, ledger_row

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]
ODD_IDS = ("team#7", "who?7", "a/b", "50%25", 'it\'s "x"', "Ümlaut 7", "x&y=z", "*")


def test_the_ledger_of_a_customer_with_an_odd_id_is_read(stripe: FakeStripe, read: Read, query: Query) -> None:
    for number, id in enumerate(ODD_IDS):
        used = {"total": 1200 + number, "amount_due": 0, "starting_balance": -1200 - number}
        stripe.add("customers", customer(id, balance=-1200 - number))
        stripe.add("invoices", invoice(f"in_{number}", customer=id, **used))
        row = ledger_row(f"cbtxn_{number}", 1200 + number, invoice=f"in_{number}")
        stripe.add(f"customers/{id}/balance_transactions", row)

    def hook(path: str, params: dict[str, str]) -> Any:  # a customer that no list shows is read by its own path
        return (200, {}, {"data": [], "has_more": False}) if path == "/v1/customers" else None

    stripe.hook = hook
    report = read()
    ledgers = query("select id, parent_id from raw_stripe.customer_balance_transactions order by id")
    assert ledgers == [(f"cbtxn_{number}", id) for number, id in enumerate(ODD_IDS)]
    balances = dict(query("select id, (payload->>'balance') from raw_stripe.customers"))
    assert balances == {id: str(-1200 - number) for number, id in enumerate(ODD_IDS)}
    assert report.unread_ledgers == []


def test_a_coupon_with_an_odd_id_that_is_gone_is_marked_deleted(stripe: FakeStripe, read: Read, query: Query) -> None:
    coupons = [{"id": id, "object": "coupon", "created": T0, "percent_off": 5} for id in (*ODD_IDS, "stays")]
    stripe.add("coupons", *coupons)
    read()
    for coupon in coupons[:-1]:
        stripe.lists["coupons"][coupon["id"]] = {**coupon, "deleted": True}
    read()
    gone = dict(query("select id, arg_max(payload->>'deleted', fetched_at) from raw_stripe.coupons group by id"))
    assert gone == {**dict.fromkeys(ODD_IDS, "true"), "stays": None}


def test_doctor_asks_for_the_ledger_of_a_customer_with_an_odd_id(stripe: FakeStripe, settings: Settings) -> None:
    stripe.add("customers", customer("team#7"))
    findings = {finding.subject: finding for finding in doctor.check(settings)}
    assert findings["Stripe /v1/customers/*/balance_transactions"].level == "ok"
    assert "/v1/customers/team%237/balance_transactions" in {path for path, _ in stripe.requests}


@pytest.mark.parametrize("identifier", [".", "..", ""])
def test_an_id_that_would_be_another_path_is_refused(identifier: str) -> None:
    with pytest.raises(StripeRefused, match="another id"):
        object_path("customers", identifier, "balance_transactions")


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/v1/invoices", "/v1/invoices"),
        (object_path("customers", "a/b", "balance_transactions"), "/v1/customers/*/balance_transactions"),
        (object_path("checkout/sessions", "cs_1"), "/v1/checkout/sessions/*"),
        ("/v1/account", "/v1/account"),
    ],
)
def test_an_endpoint_is_the_path_without_ids(path: str, endpoint: str) -> None:
    assert endpoint_of(path) == endpoint


def test_ids_are_quoted_in_suiteql() -> None:
    assert in_list("externalid", ["O'Neil", "team#7", "who?7"]) == (
        "LOWER(externalid) IN ('o''neil', 'team#7', 'who?7')"
    )


def test_a_ledger_that_is_another_list_is_refused(stripe: FakeStripe, read: Read) -> None:
    stripe.add("customers", customer("cus_1", balance=-5))
    stripe.add("customers/cus_1/balance_transactions", credit_note("cn_1"))
    with pytest.raises(Inconsistent, match="cn_1 is a credit_note, not a customer_balance_transaction"):
        read()


def test_no_id_forges_a_line_of_the_log(stripe: FakeStripe, read: Read) -> None:
    stripe.add("customers", customer("cus\nexit code 0: done", total="5"))
    with pytest.raises(Inconsistent, match=r"cus\\nexit code 0: done: total is 5") as caught:
        read()
    assert "\n" not in str(caught.value)
    assert printable("cus\x1b[2J") == "cus\\x1b[2J"
    assert printable("Ümlaut 7") == "Ümlaut 7"
