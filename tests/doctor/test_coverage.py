"""What doctor says of the coverage of the mapping files. tests/test_end_to_end.py asks it of the demo's warehouse.

What counts as needed and covered: tests/proposals/test_needs.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from doctor.coverage import check_coverage, check_needed
from doctor.finding import Finding
from proposals.needs import needed_roles
from tests.support.needs import NeedsWorld

UNALLOCATED = "unallocated_invoice_item"


class World(NeedsWorld):
    def coverage(self, subject: str, **settings: Any) -> Finding:
        return {f.subject: f for f in check_coverage(self.path, settings, self.folder)}[subject]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_prices(world: World) -> None:
    for document, amount, price in (("cn_1", 500, "Mapped"), ("cn_2", 200000, "Other"), ("cn_3", 10400, "None")):
        world.document(document, amount)
        world.price(document, price, UNALLOCATED)
    world.document("cn_4", 900, "jpy")
    world.price("cn_4", "None", UNALLOCATED)
    world.map("item_map.csv", "stripe_id,netsuite_item_id", "price_Mapped,7", "price_None,")
    found = world.coverage("item_map.csv, coverage", missing_item="unallocated")
    assert (found.level, found.message) == (
        "warning",
        "2 of 3 prices unmapped: 3 documents, 900 JPY, 2,104.00 USD; they go to the item of role "
        "unallocated_invoice_item: prod_None, prod_Other; `make mappings` proposes rows",
    )
    assert world.coverage("item_map.csv, coverage", missing_item="create").level == "ok"
    blocked = world.coverage("item_map.csv, coverage", missing_item="block")
    assert blocked.level == "warning" and "they are blocked, item_unmapped" in blocked.message
    world.map("item_map.csv", "stripe_id,netsuite_item_id")
    assert world.coverage("item_map.csv, coverage", missing_item="block").level == "error", "nothing is mapped"
    assert world.coverage("item_map.csv, coverage", missing_item="unallocated").level == "warning"


def test_coupons_have_the_role_of_discounts(world: World) -> None:
    world.document("cn_1")
    world.need("cn_1", "item_map", "WELCOME", otherwise="discount_non_posting")
    found = world.coverage("item_map.csv, coverage of coupons")
    assert found.level == "ok" and "they go to the item of role discount_non_posting: WELCOME" in found.message
    assert world.coverage("default_items.csv, coverage").level == "error"


def test_what_documents_cannot_do_without_is_an_error(world: World) -> None:
    world.document("cn_1", 500)
    for role in ("shipping", "credit_note"):
        world.need("cn_1", "default_items", role)
    world.map("default_items.csv", "role,netsuite_item_id", "shipping,7")
    found = world.coverage("default_items.csv, coverage")
    assert found.level == "error" and "1 of 2 roles unmapped: 1 document, 5.00 USD" in found.message
    world.document("cn_2", 500, "jpy")
    world.need("cn_1", "account_map", "refund", stripe_refund_id="re_1")
    world.need("cn_2", "account_map", "refund", stripe_refund_id="re_2", currency="jpy")
    world.map("account_map.csv", "purpose,currency,netsuite_account_id", "refund,USD,21")
    found = world.coverage("account_map.csv, coverage")
    words = "1 of 2 purposes unmapped: 1 document, 500 JPY; they are blocked, account_unmapped: refund jpy"
    assert found.level == "error" and found.message.startswith(words)


def test_customers_and_invoices_are_waited_for(world: World) -> None:
    world.document("cn_1", 500)
    world.document("cn_2", 500)
    world.insert("books.netsuite_invoices", stripe_invoice_id="in_1", netsuite_invoice_id="201")
    assert world.coverage("invoice_map.csv, coverage").level == "ok"
    words = "1 of 1 customers unmapped: 2 documents, 10.00 USD; they wait until NetSuite has them"
    assert world.coverage("customer_map.csv, coverage").message.startswith(words)
    world.map("customer_map.csv", "stripe_customer_id,netsuite_customer_id", "cus_1,101")
    assert world.coverage("customer_map.csv, coverage").message == "all 1 customers that documents need are covered"


def test_taxes_that_the_account_computes_need_no_rates(world: World) -> None:
    found = check_coverage(world.path, {"tax_strategy": "none"}, world.folder)
    assert not [f for f in found if f.subject.startswith("tax_map")]


def test_a_warehouse_that_cannot_be_asked_is_said_and_not_made(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        (found,) = check_coverage(path, {}, tmp_path)
        assert found.level == "not checked"
        return found.message

    assert "run `make plan`" in said(tmp_path / "none.duckdb")
    assert not list(tmp_path.glob("*.duckdb"))
    duckdb.connect(tmp_path / "empty.duckdb").close()
    assert "no transform of this version has ended yet" in said(tmp_path / "empty.duckdb")
    tmp_path.joinpath("text.duckdb").write_text("no database")
    assert "cannot be read now" in said(tmp_path / "text.duckdb")


@pytest.mark.parametrize(
    ("settings", "roles", "purposes"),
    [
        ({}, {"unallocated_invoice_item", "discount_non_posting"}, {"refund"}),
        ({"missing_item": "block", "discount_posting": "posting"}, {"discount_posting"}, {"refund"}),
        (
            {"missing_item": "create", "pre_go_live_credit_notes": "income_account"},
            {"unallocated_invoice_item", "discount_non_posting"},
            {"refund", "item_income", "pre_go_live_income"},
        ),
    ],
)
def test_what_the_settings_need(tmp_path: Path, settings: dict[str, str], roles: set[str], purposes: set[str]) -> None:
    always = {"custom_credit_note_line", "credit_note", "customer_balance", "billing_credit", "shipping"}
    found = {f.subject for f in check_needed(settings, tmp_path) if f.level == "error"}
    assert found == {f"default_items.csv, role {role}" for role in roles | always} | {
        f"account_map.csv, purpose {purpose}" for purpose in purposes
    }
    rows = "".join(f"{role},7\n" for role in needed_roles(settings))
    tmp_path.joinpath("default_items.csv").write_text("role,netsuite_item_id\n" + rows)
    found = {f.subject for f in check_needed(settings, tmp_path) if f.level == "error"}
    assert found == {f"account_map.csv, purpose {purpose}" for purpose in purposes}


def test_a_role_without_an_id_is_missing(tmp_path: Path) -> None:
    rows = "".join(f"{role},\n" for role in needed_roles({}))
    tmp_path.joinpath("default_items.csv").write_text("role,netsuite_item_id\n" + rows)
    wrong = [f for f in check_needed({}, tmp_path) if f.subject.startswith("default_items.csv, role ")]
    assert len(wrong) == len(needed_roles({})) and "item_unmapped" in wrong[0].message
