"""A run reads the ledgers, payouts and objects that the landed objects refer to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from extract.stripe.report import StripeReport
from tests.extract.fake_stripe import T0, FakeStripe, credit_note, customer, invoice, ledger_row, payout, refund

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
