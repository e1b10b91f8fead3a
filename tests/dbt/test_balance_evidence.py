"""Uses of customer balance whose ledger rows are missing or name no invoice (rules B6, B8, B9, O2), from raw rows.

What comes in a later build: changes.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.dbt.company import DAY, NOW, VARIABLES, Company
from tests.support import warehouse as testing

CHECKOUT = "checkout_session_subscription_payment"
INCOMPLETE = ("blocked", "balance_ledger_incomplete")


def company_of_the_issue() -> Company:
    company = Company()
    for name in ("unread", "paired", "read", "left", "gone"):
        company.customer(name, deleted=name == "gone")

    # no row of the ledger was read
    company.invoice("unread", 1200, amount_due=0)
    # Accounts v2: the customer is null
    company.invoice("v2", 1200, amount_due=0, customer=None, customer_account="acct_v2")
    company.ledger("cbt_v2", "acct_v2", "adjustment", -1200, -1200)
    company.stripe["customer_balance_transactions"]["cbt_v2"] |= {"customer": None, "customer_account": "acct_v2"}
    for name in ("unread", "v2"):
        company.netsuite["transactions"][f"T{name}"] |= {"foreigntotal": "12.00", "foreignamountunpaid": "12.00"}
    # nobody's: it blocks no other document
    company.invoice("nobody", 500, amount_due=0, customer=None)

    # two first invoices of 20.00 through Checkout
    company.ledger("cbt_p0", "cus_paired", "adjustment", -4000, -4000)
    company.invoice("paired", 2000, amount_due=0)
    company.invoice("paired2", 2000, amount_due=0, customer="cus_paired", at=NOW + DAY)
    company.ledger("cbt_p1", "cus_paired", CHECKOUT, 2000, -2000, checkout_session="cs_p1")
    company.ledger("cbt_p2", "cus_paired", CHECKOUT, 2000, 0, checkout_session="cs_p2")

    # the session names the later one of two invoices that lack the amount
    company.ledger("cbt_r0", "cus_read", "adjustment", -2000, -2000)
    company.invoice("read", 2000, amount_due=0, at=NOW + DAY)
    company.ledger("cbt_r1", "cus_read", CHECKOUT, 2000, 0, checkout_session="cs_r")
    company.stripe["checkout_sessions"]["cs_r"] = {"id": "cs_r", "customer": "cus_read", "invoice": "in_read"}

    # no invoice lacks the amount, and a second session was canceled
    company.ledger("cbt_l0", "cus_left", "adjustment", -5000, -5000)
    company.invoice("left", 1000, amount_due=0)
    company.ledger("cbt_l1", "cus_left", "applied_to_invoice", 1000, -4000, invoice="in_left")
    company.ledger("cbt_l2", "cus_left", CHECKOUT, 700, -3300)
    company.ledger("cbt_l3", "cus_left", CHECKOUT, 100, -3200, checkout_session="cs_c")
    company.ledger("cbt_l4", "cus_left", f"{CHECKOUT}_canceled", -100, -3300, checkout_session="cs_c")

    # the ledger of a deleted customer is not shown any more; one row came with its credit note
    company.invoice("gone", 1000, amount_due=1000)
    row = {"id": "cbt_g1", "amount": -100, "ending_balance": -100, "currency": "usd", "type": "credit_note"}
    company.note("gone", pre_payment_amount=0, customer_balance_transaction=row | {"created": NOW + DAY})
    return company


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse after a build with the data tests of the laws.

    Without those of the mapping files: this company has no items.
    """
    folder = tmp_path_factory.mktemp("evidence")
    project, warehouse = folder / "dbt_project", folder / "warehouse.duckdb"
    company_of_the_issue().land(warehouse, project)
    testing.build(project, warehouse, variables=VARIABLES, extra=["--exclude", "path:tests/mapping"])
    return warehouse


@pytest.fixture(scope="module")
def outcomes(built: Path) -> dict[str, dict[str, Any]]:
    query = "select * from marts.credit_outcomes where document_type = 'balance_use'"
    return {row["document_id"]: row for row in testing.rows(built, query)}


@pytest.fixture(scope="module")
def checks(built: Path) -> dict[str, dict[str, Any]]:
    rows = testing.rows(built, "select * from marts.credit_balance_check")
    return {row["stripe_customer_id"]: row for row in rows}


def test_each_use_is_a_document_once(outcomes: dict[str, dict[str, Any]]) -> None:
    assert {id: (row["stripe_customer_id"], row["amount_minor"]) for id, row in outcomes.items()} == {
        "in_unread_balance": ("cus_unread", 1200),
        "in_v2_balance": ("acct_v2", 1200),
        "in_nobody_balance": (None, 500),
        "in_paired_balance": ("cus_paired", 2000),
        "in_paired2_balance": ("cus_paired", 2000),
        "in_read_balance": ("cus_read", 2000),
        "in_left_balance": ("cus_left", 1000),
        "cbt_l2_balance": ("cus_left", 700),
    }


@pytest.mark.parametrize("id", ["in_unread_balance", "in_v2_balance", "in_nobody_balance", "cbt_l2_balance"])
def test_what_no_row_proves_is_blocked(outcomes: dict[str, dict[str, Any]], id: str) -> None:
    assert (outcomes[id]["state"], outcomes[id]["reason"]) == INCOMPLETE
    assert id.removesuffix("_balance") in outcomes[id]["detail"]
    assert outcomes[id]["detail"].endswith(".")


@pytest.mark.parametrize("id", ["in_paired_balance", "in_paired2_balance", "in_read_balance", "in_left_balance"])
def test_what_a_row_proves_goes_on(outcomes: dict[str, dict[str, Any]], id: str) -> None:
    assert outcomes[id]["reason"] != "balance_ledger_incomplete", outcomes[id]["detail"]


def test_the_check_says_what_belongs_to_no_invoice(checks: dict[str, dict[str, Any]]) -> None:
    columns = ("is_complete", "unattributed_minor", "transaction_count")
    assert {id: tuple(row[column] for column in columns) for id, row in checks.items()} == {
        "cus_unread": (False, 0, 0),
        "acct_v2": (False, 0, 1),
        "cus_paired": (True, 0, 3),
        "cus_read": (True, 0, 2),
        "cus_left": (False, 700, 5),
        "cus_gone": (True, 0, 1),
    }
