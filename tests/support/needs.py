"""A warehouse filled by hand with what `proposals` reads of it, and a folder of mapping files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from mapping_files.reader import create_missing

TABLES = """
create schema marts; create schema books; create schema reference; create schema parsed; create schema raw_stripe;
create table marts.credit_outcomes (document_id text, document_type text, stripe_customer_id text,
    stripe_invoice_id text, currency text, amount_minor bigint, state text);
create table books.mapping_needs (document_id text, mapping_file text, needed text, stripe_product_id text,
    stripe_refund_id text, currency text, otherwise text, is_found_without_row boolean);
create table books.netsuite_customers (stripe_customer_id text, netsuite_customer_id text, ambiguous_netsuite_ids text);
create table books.netsuite_invoices (stripe_invoice_id text, netsuite_invoice_id text, ambiguous_netsuite_ids text);
create table reference.currencies (currency text, stripe_exponent integer);
create table parsed.stripe__prices (stripe_price_id text, stripe_product_id text, nickname text);
create table parsed.stripe__products (stripe_product_id text, product_name text);
create table raw_stripe.coupons_current (id text, payload text);
create table raw_stripe.tax_rates_current (id text, payload text);
create table raw_stripe.invoices_current (id text, payload text);
insert into reference.currencies values ('usd', 2), ('jpy', 0);
"""


class NeedsWorld:
    """Documents, what each needs, and mapping files that are empty at first."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "w.duckdb"
        create_missing(folder)
        with duckdb.connect(self.path) as connection:
            connection.execute(TABLES)

    def insert(self, table: str, **row: Any) -> None:
        with duckdb.connect(self.path) as connection:
            names = ", ".join(row)
            connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", [*row.values()])

    def document(self, id: str, amount: int = 100, currency: str = "usd", state: str = "blocked") -> None:
        """A credit note of customer cus_1 on invoice in_1, which NetSuite has."""
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

    def need(self, document: str, file: str, needed: str | None, *, is_found: bool = False, **more: str | None) -> None:
        row = {"currency": "usd"} | more
        self.insert(
            "books.mapping_needs",
            document_id=document,
            mapping_file=file,
            needed=needed,
            is_found_without_row=is_found,
            **row,
        )

    def price(self, document: str, name: str, otherwise: str | None = None, **more: Any) -> None:
        """A need of price_<name>, of prod_<name> unless it says otherwise."""
        product = more.pop("product", f"prod_{name}")
        self.need(document, "item_map", f"price_{name}", stripe_product_id=product, otherwise=otherwise, **more)

    def stripe(self, table: str, id: str, **payload: Any) -> None:
        self.insert(f"raw_stripe.{table}_current", id=id, payload=json.dumps(payload))

    def map(self, file: str, header: str, *rows: str) -> None:
        self.folder.joinpath(file).write_text("\n".join([header, *rows]) + "\n")
