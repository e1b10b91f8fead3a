"""What documents need, held against the mapping files as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from proposals.needs import Missing, find_coverage, find_missing
from tests.support.needs import NeedsWorld

UNALLOCATED = "unallocated_invoice_item"


class World(NeedsWorld):
    def missing(self, **settings: Any) -> dict[tuple[str, str | None, str], Missing]:
        """By kind, thing and currency; without the roles and purposes that no document needs."""
        with duckdb.connect(self.path, read_only=True) as connection:
            found = find_missing(connection, settings, self.folder)
        return {(each.kind, each.thing, each.currency): each for each in found if each.documents}

    def prices(self, **settings: Any) -> list[str | None]:
        return sorted(thing for kind, thing, _ in self.missing(**settings) if kind == "prices")

    def totals(self) -> dict[str, int]:
        with duckdb.connect(self.path, read_only=True) as connection:
            return {each.kind: each.total for each in find_coverage(connection, {}, self.folder, 3)}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.insert("books.netsuite_customers", stripe_customer_id="cus_1", netsuite_customer_id="1")
    world.insert("books.netsuite_invoices", stripe_invoice_id="in_1", netsuite_invoice_id="2")
    world.document("cn_1", 100)
    return world


def test_documents_and_amounts_wait_by_currency(world: World) -> None:
    """All documents that lack it, whatever holds them up; none that is posted or skipped, and each once."""
    world.document("cn_2", -250)
    world.document("cn_3", 70, "jpy", state="waiting")
    world.document("cn_posted", 9000, state="posted")
    world.document("cn_skipped", 9000, state="skipped")
    for document in ("cn_1", "cn_2", "cn_3", "cn_posted", "cn_skipped"):
        world.need(document, "default_items", "credit_note")
    world.price("cn_1", "A", UNALLOCATED)
    world.price("cn_1", "B", UNALLOCATED)
    found = world.missing()
    assert found["roles", "credit_note", ""].waiting == (("jpy", 1, 70, 0), ("usd", 2, 350, 2))
    assert found["roles", UNALLOCATED, ""].waiting == (("usd", 1, 100, 2),)
    assert world.totals()["roles"] == 2


@pytest.mark.parametrize(
    ("row", "is_missing"), [("price_A,7", False), ("prod_A,7", False), ("price_A,", True), ("price_B,7", True)]
)
def test_a_price_is_covered_by_its_row_or_by_that_of_its_product(world: World, row: str, is_missing: bool) -> None:
    world.price("cn_1", "A", UNALLOCATED)
    world.map("item_map.csv", "stripe_id,netsuite_item_id", row)
    assert bool(world.prices()) == is_missing
    assert (("roles", UNALLOCATED, "") in world.missing()) == is_missing


def test_a_price_without_a_name_of_its_own_is_asked_for_by_its_product(world: World) -> None:
    for price, product in (("1", "prod_A"), ("2", "prod_A"), ("named", "prod_A"), ("alone", None)):
        world.price("cn_1", price, product=product)
    world.insert("parsed.stripe__prices", stripe_price_id="price_named", stripe_product_id="prod_A", nickname="Yearly")
    world.need("cn_1", "item_map", None, stripe_product_id="prod_B")
    assert world.prices() == ["price_alone", "price_named", "prod_A", "prod_B"]


def test_a_product_with_an_item_under_one_of_its_prices_is_not_asked_for(world: World) -> None:
    """Its row would outdo that item (rule L1)."""
    world.price("cn_1", "1", UNALLOCATED, product="prod_A")
    world.price("cn_1", "2", UNALLOCATED, product="prod_A", is_found=True)
    assert world.prices() == ["price_1"]


def test_lines_without_price_and_product(world: World) -> None:
    """No row could name them: the role serves, or nothing does."""
    world.need("cn_1", "item_map", None, otherwise=UNALLOCATED)
    assert set(world.missing()) == {("roles", UNALLOCATED, "")}
    world.document("cn_2")
    world.need("cn_2", "item_map", None)
    assert ("prices", None, "") in world.missing(missing_item="block")


def test_an_item_to_be_created_needs_an_income_account_in_its_currency(world: World) -> None:
    world.document("cn_2", 500, "jpy")
    world.price("cn_1", "A", "item_income")
    world.price("cn_2", "A", "item_income", currency="jpy")
    world.map("account_map.csv", "purpose,currency,netsuite_account_id", "item_income,usd,41")
    found = world.missing(missing_item="create")
    assert {key for key in found if key[0] == "purposes"} == {("purposes", "item_income", "jpy")}


def test_coupons_else_the_role_of_discounts(world: World) -> None:
    world.need("cn_1", "item_map", "WELCOME", otherwise="discount_non_posting")
    world.need("cn_1", "item_map", "FOUND", otherwise="discount_non_posting", is_found=True)
    assert set(world.missing()) == {("coupons", "WELCOME", ""), ("roles", "discount_non_posting", "")}
    world.map("item_map.csv", "stripe_id,netsuite_item_id", "WELCOME,7")
    assert not world.missing()


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        (["refund,usd,21", "refund,jpy,22"], set()),
        (["refund,,21"], set()),
        (["refund,USD,21"], {"jpy"}),
        (["refund,usd,", "item_income,,21"], {"usd", "jpy"}),
    ],
)
def test_accounts_of_refunds(world: World, rows: list[str], missing: set[str]) -> None:
    world.document("cn_2", 500, "jpy")
    for document, currency in (("cn_1", "usd"), ("cn_2", "jpy")):
        for refund in ("re_1", "re_2"):
            world.need(document, "account_map", "refund", stripe_refund_id=refund, currency=currency)
    world.map("account_map.csv", "purpose,currency,netsuite_account_id", *rows)
    found = world.missing()
    assert {currency for kind, _, currency in found if kind == "purposes"} == missing
    assert all(each.documents == 1 for each in found.values())


@pytest.mark.parametrize(
    ("settings", "row", "is_missing"),
    [
        ({"tax_strategy": "tax_lines"}, "txr_1,301,,", False),
        ({"tax_strategy": "tax_lines"}, ",301,,", False),
        ({"tax_strategy": "tax_lines"}, "txr_1,,5,3", True),
        ({"tax_strategy": "suitetax_override"}, "txr_1,301,5,", True),
        ({"tax_strategy": "suitetax_override"}, "txr_1,,5,3", False),
        ({"tax_strategy": "tax_lines", "line_amount_basis": "gross"}, "txr_1,,5,", False),
    ],
)
def test_tax_rates(world: World, settings: dict[str, str], row: str, is_missing: bool) -> None:
    world.need("cn_1", "tax_map", "txr_1")
    world.map("tax_map.csv", "stripe_tax_rate_id,netsuite_item_id,netsuite_tax_code_id,netsuite_tax_type_id", row)
    assert bool(world.missing(**settings)) == is_missing


def test_a_tax_that_names_no_rate_needs_the_row_of_every_other_rate(world: World) -> None:
    world.need("cn_1", "tax_map", None)
    header = "stripe_tax_rate_id,netsuite_item_id"
    world.map("tax_map.csv", header, "txr_1,301")
    assert set(world.missing()) == {("tax rates", None, "")}
    world.map("tax_map.csv", header, ",301")
    assert not world.missing()


def test_customers_and_invoices_that_netsuite_lacks(world: World) -> None:
    rows = (("cn_2", "credit_note", "cus_2", "in_2"), ("in_3", "negative_invoice", "cus_1", "in_3"))
    for id, kind, customer, invoice in rows:
        parties = {"stripe_customer_id": customer, "stripe_invoice_id": invoice}
        values = {"currency": "usd", "amount_minor": 1, "state": "waiting"}
        world.insert("marts.credit_outcomes", document_id=id, document_type=kind, **parties, **values)
    assert set(world.missing()) == {("customers", "cus_2", ""), ("invoices", "in_2", "")}
    world.map("customer_map.csv", "stripe_customer_id,netsuite_customer_id", "cus_2,9")
    assert set(world.missing()) == {("invoices", "in_2", "")}


def test_roles_and_purposes_that_no_document_needs_yet_come_last(world: World) -> None:
    world.need("cn_1", "default_items", "shipping")
    with duckdb.connect(world.path, read_only=True) as connection:
        found = [each for each in find_missing(connection, {}, world.folder) if each.kind in ("roles", "purposes")]
    assert found[0].thing == "shipping" and found[0].documents == 1
    assert {each.thing for each in found if not each.documents} == {
        *("billing_credit", "credit_note", "custom_credit_note_line", "customer_balance", "discount_non_posting"),
        *(UNALLOCATED, "refund"),
    }
