"""What the mapping files cover of what documents need. tests/test_end_to_end.py asks it of the demo's warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from doctor.coverage import check_coverage, check_needed, needed_roles
from doctor.finding import Finding

TABLES = """
create schema marts; create schema books; create schema reference; create schema raw_netsuite;
create table marts.credit_outcomes (document_id text, document_type text, stripe_customer_id text,
    stripe_invoice_id text, currency text, amount_minor bigint, state text);
create table books.memo_lines (document_id text, line_kind text, role text, stripe_price_id text,
    stripe_product_id text, stripe_tax_rate_id text, is_gross boolean);
create table books.memo_tax_details (document_id text, stripe_tax_rate_id text);
create table books.zero_invoice_lines (document_id text, stripe_price_id text, stripe_product_id text);
create table books.refund_links (credit_note_id text, is_out_of_band boolean, is_before_go_live boolean);
create table books.netsuite_customers (stripe_customer_id text, netsuite_customer_id text);
create table books.netsuite_invoices (stripe_invoice_id text, netsuite_invoice_id text);
create table reference.currencies (currency text, stripe_exponent integer);
create table raw_netsuite.items (externalid text, isinactive text);
insert into reference.currencies values ('usd', 2), ('jpy', 0);
"""


class World:
    """A warehouse with the tables that doctor asks, and a folder of mapping files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "w.duckdb"
        with duckdb.connect(self.path) as connection:
            connection.execute(TABLES)

    def insert(self, table: str, **row: Any) -> None:
        with duckdb.connect(self.path) as connection:
            names = ", ".join(row)
            connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", [*row.values()])

    def document(self, id: str, amount: int, currency: str = "usd", state: str = "blocked", price: str = "") -> None:
        self.insert(
            "marts.credit_outcomes",
            document_id=id,
            document_type="credit_note",
            stripe_customer_id="cus_1",
            stripe_invoice_id="in_1",
            currency=currency,
            amount_minor=amount,
            state=state,
        )
        if price:
            product = price.replace("price", "prod")
            row = {"document_id": id, "line_kind": "item", "stripe_price_id": price, "stripe_product_id": product}
            self.insert("books.memo_lines", **row)

    def map(self, file: str, header: str, *rows: str) -> None:
        self.folder.joinpath(file).write_text("\n".join([header, *rows]) + "\n")

    def coverage(self, file: str, **settings: Any) -> Finding:
        found = {f.subject: f for f in check_coverage(self.path, settings, self.folder)}
        return found[f"{file}, coverage"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_prices(world: World) -> None:
    """Covered are a row for the price or its product, and an active item under the external id of either."""
    world.document("cn_1", 100000, price="price_Mapped")
    world.document("cn_2", 100000, price="price_ByProduct")
    world.document("cn_3", 100000, price="price_ById")
    world.document("cn_4", 200000, price="price_Inactive")
    world.document("cn_5", 10400, price="price_None")
    world.document("cn_5b", 900, "jpy", price="price_None")
    world.document("cn_6", 77700, state="posted", price="price_Posted")
    world.document("cn_7", 88800, state="skipped", price="price_Skipped")
    world.insert("raw_netsuite.items", externalid="price_ById", isinactive="F")
    world.insert("raw_netsuite.items", externalid="price_Inactive", isinactive="T")
    world.map("item_map.csv", "stripe_id,netsuite_item_id", "price_Mapped,7", "prod_ByProduct,7", "price_None,")
    found = world.coverage("item_map.csv", missing_item="unallocated")
    assert (found.level, found.message) == (
        "warning",
        "2 of 6 prices unmapped: 3 documents, 900 JPY, 2,104.00 USD; "
        "they go to the item of role unallocated_invoice_item: price_Inactive, price_None",
    )
    assert world.coverage("item_map.csv", missing_item="create").level == "ok"
    blocked = world.coverage("item_map.csv", missing_item="block")
    assert blocked.level == "warning" and "they are blocked, item_unmapped" in blocked.message


def test_nothing_mapped_is_an_error(world: World) -> None:
    world.document("cn_1", 100, price="price_1")
    found = world.coverage("item_map.csv", missing_item="block")
    assert found.level == "error" and found.message.startswith("1 of 1 prices unmapped: 1 document, 1.00 USD;")


@pytest.mark.parametrize(
    ("rows", "level"),
    [
        (["refund,usd,21", "refund,jpy,22"], "ok"),
        (["refund,,21"], "ok"),
        (["refund,USD,21"], "error"),
        (["item_income,,21"], "error"),
    ],
)
def test_accounts_of_refunds(world: World, rows: list[str], level: str) -> None:
    for number, currency in enumerate(("usd", "jpy")):
        world.document(f"cn_{number}", 500, currency)
        world.insert("books.refund_links", credit_note_id=f"cn_{number}", is_out_of_band=False, is_before_go_live=False)
    world.document("cn_by_hand", 500, "eur")
    world.insert("books.refund_links", credit_note_id="cn_by_hand", is_out_of_band=True, is_before_go_live=False)
    world.map("account_map.csv", "purpose,currency,netsuite_account_id", *rows)
    found = world.coverage("account_map.csv")
    assert found.level == level
    if rows == ["refund,USD,21"]:
        words = "1 of 2 currencies of refunds unmapped: 1 document, 500 JPY; they are blocked, account_unmapped: jpy"
        assert found.message == words


@pytest.mark.parametrize(
    ("settings", "row", "level"),
    [
        ({"tax_strategy": "tax_lines"}, "txr_1,301,,", "ok"),
        ({"tax_strategy": "tax_lines"}, ",301,,", "ok"),
        ({"tax_strategy": "tax_lines"}, "txr_1,,5,3", "error"),
        ({"tax_strategy": "suitetax_override"}, "txr_1,301,5,", "error"),
        ({"tax_strategy": "suitetax_override"}, "txr_1,,5,3", "ok"),
        ({"tax_strategy": "tax_lines", "line_amount_basis": "gross"}, "txr_1,,5,", "ok"),
    ],
)
def test_tax_rates(world: World, settings: dict[str, str], row: str, level: str) -> None:
    world.document("cn_1", 500)
    world.insert("books.memo_lines", document_id="cn_1", line_kind="tax", stripe_tax_rate_id="txr_1")
    header = "stripe_tax_rate_id,netsuite_item_id,netsuite_tax_code_id,netsuite_tax_type_id"
    world.map("tax_map.csv", header, row)
    assert world.coverage("tax_map.csv", **settings).level == level


def test_taxes_that_the_account_computes_need_no_rates(world: World) -> None:
    found = check_coverage(world.path, {"tax_strategy": "none"}, world.folder)
    assert not [f for f in found if f.subject.startswith("tax_map")]


def test_roles_customers_and_invoices(world: World) -> None:
    world.document("cn_1", 500)
    world.insert("books.memo_lines", document_id="cn_1", line_kind="custom", role="custom_credit_note_line")
    world.document("cn_2", 500)
    world.insert("books.memo_lines", document_id="cn_2", line_kind="shipping", role="shipping")
    world.insert("books.netsuite_invoices", stripe_invoice_id="in_1", netsuite_invoice_id="201")
    world.map("default_items.csv", "role,netsuite_item_id", "shipping,7")
    roles = world.coverage("default_items.csv")
    assert roles.level == "error" and "1 of 2 roles unmapped: 1 document, 5.00 USD" in roles.message
    assert world.coverage("invoice_map.csv").level == "ok"
    assert world.coverage("customer_map.csv").message == (
        "1 of 1 customers unmapped: 2 documents, 10.00 USD; "
        "they wait until NetSuite has them or a row names them: cus_1"
    )
    world.map("customer_map.csv", "stripe_customer_id,netsuite_customer_id", "cus_1,101")
    assert world.coverage("customer_map.csv").level == "ok"


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
