"""Which rows are proposed, what they are called, and which NetSuite id is filled in: only the id of the one record of
that name or external id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from netsuite.api import NetSuite
from proposals.needs import Missing
from proposals.records import Record, Records, read_accounts, read_items
from proposals.rows import Named, ProposedRow, name_missing, propose, what_no_row_can_name
from tests.support.company import Company, company, no_long_pauses
from tests.support.needs import NeedsWorld

__all__ = ["company", "no_long_pauses"]


def item(id: str, name: str, type: str | None = "Service", external_id: str | None = None) -> Record:
    return Record(id, name, (name,), external_id, type)


class World(NeedsWorld):
    items: tuple[Record, ...] = ()
    accounts: tuple[Record, ...] = ()

    def row(self, kind: str, thing: str | None, currency: str = "", **settings: Any) -> ProposedRow:
        (row,) = self.rows(Missing(kind, thing, currency), **settings)
        return row

    def rows(self, *missing: Missing, **settings: Any) -> list[ProposedRow]:
        with duckdb.connect(self.path, read_only=True) as connection:
            named = name_missing(connection, missing)
        return propose(named, settings, Records(list(self.items)), Records(list(self.accounts)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for product, name in (("prod_1", "Team plan"), ("prod_2", None)):
        world.insert("parsed.stripe__products", stripe_product_id=product, product_name=name)
    for price, nickname in (("price_1", "  "), ("price_2", "Yearly")):
        world.insert("parsed.stripe__prices", stripe_price_id=price, stripe_product_id="prod_1", nickname=nickname)
    return world


def ids(row: ProposedRow) -> list[str]:
    return [record.id for record in row.candidates]


@pytest.mark.parametrize(
    ("items", "filled", "candidates"),
    [
        ([item("7", "Team plan")], "7", ["7"]),
        ([item("7", "Team  plan ")], "7", ["7"]),
        ([item("7", "Other", external_id="prod_1")], "7", ["7"]),
        ([item("7", "Team plan"), item("8", "Team plan")], "", ["7", "8"]),
        ([item("7", "Team plan"), item("8", "X", external_id="prod_1")], "", ["7", "8"]),
        ([item("7", "team plan")], "", ["7"]),
        ([item("7", "Team plan (old)"), item("8", "Team plans"), item("9", "Seat")], "", ["8", "7"]),
        ([item("7", "Team plan", "Discount"), item("8", "A team")], "", ["8"]),
        ([item("7", "Team plan", None)], "7", ["7"]),
        ([], "", []),
    ],
)
def test_an_id_is_filled_in_where_just_one_record_fits(
    world: World, items: list[Record], filled: str, candidates: list[str]
) -> None:
    world.items = tuple(items)
    row = world.row("prices", "prod_1")
    assert row.cells == {"stripe_id": "prod_1", "netsuite_item_id": filled} and row.is_complete == bool(filled)
    assert ids(row) == candidates and row.name == "Team plan"


def test_a_price_has_its_nickname(world: World) -> None:
    world.items = (item("7", "Team plan"), item("8", "Team plan Yearly"))
    row = world.row("prices", "price_2")
    assert row.name == "Team plan, Yearly" and row.cells["netsuite_item_id"] == "8" and ids(row) == ["8", "7"]
    assert world.row("prices", "price_1").cells["netsuite_item_id"] == "7"
    nameless = world.row("prices", "prod_2")
    assert (nameless.name, nameless.candidates) == ("", ())


def test_coupons_are_discount_items(world: World) -> None:
    world.stripe("coupons", "WELCOME", name="Welcome")
    world.items = (item("7", "Welcome"), item("8", "Welcome", "Discount"))
    row = world.row("coupons", "WELCOME")
    assert row.cells == {"stripe_id": "WELCOME", "netsuite_item_id": "8"} and row.name == "Welcome"


def test_tax_rates(world: World) -> None:
    """A name that Stripe gives two rates fills in neither."""
    for id, name, percentage, inclusive in (
        ("txr_1", "VAT", 20, False),
        ("txr_2", "VAT", 20.0, True),
        ("txr_3", "VAT", 7.5, False),
        ("txr_4", "City tax", 1.125, False),
        ("txr_5", "Levy", 100, False),
    ):
        world.stripe("tax_rates", id, display_name=name, percentage=percentage, inclusive=inclusive)
    world.items = (item("1", "VAT"), item("2", "VAT 20 %"), item("3", "VAT 7.5%"), item("4", "City tax"))
    found = {
        id: (row.name, row.cells["netsuite_item_id"])
        for id in ("txr_1", "txr_2", "txr_3", "txr_4", "txr_5")
        for row in [world.row("tax rates", id)]
    }
    assert found == {
        "txr_1": ("VAT 20 %", ""),
        "txr_2": ("VAT 20 %, inside the price", ""),
        "txr_3": ("VAT 7.5 %", "3"),
        "txr_4": ("City tax 1.125 %", "4"),
        "txr_5": ("Levy 100 %", ""),
    }
    row = world.row("tax rates", "txr_4", tax_strategy="suitetax_override")
    assert row.needed == ("netsuite_tax_code_id", "netsuite_tax_type_id") and not row.is_complete
    assert world.row("tax rates", None).cells["stripe_tax_rate_id"] == ""


def test_roles_by_the_connectors_names(world: World) -> None:
    world.items = (item("1", "Stripe Shipping"), item("2", "Stripe Discount", "Discount"), item("3", "Credit note"))
    assert world.row("roles", "shipping").cells == {"role": "shipping", "netsuite_item_id": "1"}
    discount, note = world.row("roles", "discount_non_posting"), world.row("roles", "credit_note")
    assert not discount.is_complete and ids(discount) == ["2"]
    assert not note.is_complete and ids(note)[0] == "3"


def test_accounts_by_their_type_and_never_filled_in(world: World) -> None:
    world.accounts = (item("1", "Bank", "Bank"), item("2", "Sales", "Income"), item("3", "Unknown", None))
    refund, income = world.row("purposes", "refund", "eur"), world.row("purposes", "item_income")
    assert refund.cells == {"purpose": "refund", "currency": "eur", "netsuite_account_id": ""}
    assert ids(refund) == ["1", "3"] and ids(income) == ["2", "3"]


def test_customers_and_invoices_of_which_netsuite_has_several(world: World) -> None:
    world.insert("books.netsuite_customers", stripe_customer_id="cus_1", ambiguous_netsuite_ids="71, 72")
    world.insert("books.netsuite_invoices", stripe_invoice_id="in_1")
    world.stripe("invoices", "in_1", number="A-0001")
    customer, invoice = world.row("customers", "cus_1"), world.row("invoices", "in_1")
    assert ids(customer) == ["71", "72"] and not customer.is_complete
    assert invoice.name == "A-0001" and invoice.candidates == ()


def test_no_row_is_proposed_that_could_not_be_written(world: World) -> None:
    wrong = [Missing("prices", None, waiting=(("usd", 2, 100, 2),)), Missing("coupons", "=1+1")]
    assert world.rows(*wrong, Missing("coupons", "a\u202eb")) == []
    said = what_no_row_can_name(Named(each) for each in wrong)
    assert said[0].startswith("2 documents wait for an item, but Stripe names neither price nor product")
    assert '"=1+1" (coupons), which no mapping file can hold: it is a formula of a spreadsheet' in said[1]
    assert world.rows(Missing("prices", "prod_1"), missing_item="create") == []


def test_candidates_come_from_netsuite(company: Company) -> None:
    books = company.books
    books.add("item", id="801", itemid="PLAN", displayname="Team plan", itemtype="Service", externalid="prod_1")
    books.add("item", id="802", itemid="Old", itemtype="Service", isinactive="T")
    books.add("account", id="901", acctnumber="1010", accountsearchdisplayname="1010 Clearing", accttype="Bank")
    with NetSuite(company.settings()) as client:
        items = {record.id: record for record in read_items(client).all}
        accounts = {record.id: record for record in read_accounts(client).all}
    assert items["801"] == Record("801", "PLAN Team plan", ("PLAN", "Team plan"), "prod_1", "Service")
    assert "802" not in items and company.item in items
    assert accounts["901"].name == "1010 Clearing" and accounts["901"].type == "Bank"
    assert accounts[company.bank].name == "1000"


def test_columns_and_tables_that_netsuite_hides(company: Company) -> None:
    company.books.configure(hidden_columns=["item.displayname", "item.itemtype", "account.isinactive"])
    with NetSuite(company.settings()) as client:
        items, accounts = read_items(client), read_accounts(client)
    assert [record.type for record in items.all] == [None] and not items.is_hidden
    assert accounts.is_hidden and accounts.all == []
