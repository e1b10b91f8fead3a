"""Which records a run asks NetSuite for: those that Stripe's credit documents and the mapping files refer to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from extract.raw_tables import current, customer_of, invoice_facts
from mapping_files.reader import read_mappings
from netsuite.external_ids import balance_use, connector_memo, income_entry
from settings import Settings

# Credit notes, the invoices that a credit note or a use of balance refers to, and the customers of both: `all_*` with,
# the others without the customers that are left out. Temporary tables, so that each payload is parsed once. No payload
# leaves the scan of its table, because DuckDB may hold in memory what a query names twice.
DOCUMENTS = {
    "all_notes": f"""
        select
            id,
            {customer_of()} as customer_id,
            (payload->>'invoice') as invoice_id,
            (payload->>'$.refunds[*].refund') as refund_ids,
            (payload->>'$.metadata.netsuite_credit_memo_id') as netsuite_memo_id
        from {current("credit_notes")}""",
    "used_balance": """
        select distinct (payload->>'invoice') as id from raw_stripe.customer_balance_transactions""",
    "all_invoices": f"""
        select
            id,
            customer_id,
            id in (select id from used_balance) or ledger_moved as uses_balance,
            (payload->>'$.metadata.netsuite_invoice_id') as netsuite_invoice_id,
            (payload->>'$.lines.data[*].pricing.price_details.price') as price_ids,
            (payload->>'$.lines.data[*].pricing.price_details.product') as product_ids
        from {invoice_facts(relation=current("invoices"))}
        where
            ledger_moved
            or id in (select invoice_id from all_notes)
            or id in (select id from used_balance)""",
    "open_invoices": """
        select * from all_invoices
        where coalesce(customer_id, '') not in (select id from left_out_customers)""",
    "notes": """
        select * from all_notes
        where
            coalesce(customer_id, '') not in (select id from left_out_customers)
            or invoice_id in (select id from open_invoices)""",
    "invoices": """
        select * from all_invoices
        where id in (select id from open_invoices) or id in (select invoice_id from notes)""",
    "refunds": f"""
        select
            id,
            (payload->>'$.metadata.netsuite_credit_memo_id') as netsuite_memo_id,
            (payload->>'$.metadata.netsuite_customer_refund_id') as netsuite_refund_id
        from {current("refunds")}
        where id in (select unnest(refund_ids) from notes)""",
    "named_customers": """
        select customer_id as id from notes where customer_id is not null
        union
        select customer_id from invoices where customer_id is not null""",
    "customers": f"""
        select named_customers.id, (landed.payload->>'$.metadata.netsuite_customer_id') as netsuite_customer_id
        from named_customers
        left join {current("customers")} as landed on named_customers.id = landed.id""",
}

# Rule K1: the internal ids that the Stripe Connector wrote into metadata.
CONNECTOR_RECORDS = """
select netsuite_memo_id from notes
union all
select netsuite_memo_id from refunds
union all
select netsuite_refund_id from refunds
"""

PRICE_LINKS = (
    "netsuite_service_sale_item_id",
    "netsuite_service_resale_item_id",
    "netsuite_non_inventory_sale_item_id",
    "netsuite_non_inventory_resale_item_id",
)
# Rule K5: the items that it linked to prices and coupons.
CONNECTOR_ITEMS = " union all ".join(
    f"select (payload->>'$.metadata.{link}') from {current(table)}"
    for table, links in (("prices", PRICE_LINKS), ("coupons", ("netsuite_discount_item_id",)))
    for link in links
)


@dataclass(frozen=True)
class Wanted:
    """Ids by kind. `*_ids` are NetSuite internal ids. The others are external ids: Stripe ids, or composed of them."""

    customers: set[str]
    customer_ids: set[str]
    invoices: set[str]
    transaction_ids: set[str]
    externals: set[str]
    items: set[str]
    item_ids: set[str]
    account_ids: set[str]

    @classmethod
    def of(
        cls,
        settings: Settings,
        connection: duckdb.DuckDBPyConnection,
        left_out: frozenset[str] = frozenset(),
    ) -> Wanted:
        """The ids that the documents in `raw_stripe` and the mapping files refer to.

        left_out: Stripe ids of customers without whose documents the ids are chosen. Items are chosen for all
        documents: they are few, and many documents share one. Raises MappingsRefused.
        """
        mappings = read_mappings(settings.mappings_dir)
        connection.execute(
            "create or replace temp table left_out_customers as select unnest(?::varchar[]) as id",
            [sorted(left_out)],
        )

        for table, sql in DOCUMENTS.items():
            connection.execute(f"create or replace temp table {table} as {sql}")
        connector = settings.vars["connector_records"]

        def ids(sql: str) -> set[str]:
            return {str(row[0]) for row in connection.execute(sql).fetchall() if row[0]}

        notes, refunds = ids("select id from notes"), ids("select unnest(refund_ids) from notes")
        used = ids("select id from invoices where uses_balance")

        return cls(
            customers=ids("select id from customers"),
            customer_ids=numbers(mappings.values("customer_map", "netsuite_customer_id"))
            | named(ids("select netsuite_customer_id from customers")),
            invoices=ids("select id from invoices"),
            transaction_ids=numbers(mappings.values("invoice_map", "netsuite_invoice_id"))
            | named(ids("select netsuite_invoice_id from invoices"))
            | (named(ids(CONNECTOR_RECORDS)) if connector != "ignore" else set()),
            externals=notes
            | refunds
            | {balance_use(invoice) for invoice in used}
            | ({connector_memo(id) for id in notes | refunds | used} if connector != "ignore" else set())
            | (_income_entries(connection) if settings.vars["go_live_date"] is not None else set()),
            items=ids("""
                select unnest(price_ids) from all_invoices
                union all
                select unnest(product_ids) from all_invoices""")
            | (ids(f"select id from {current('coupons')}") if connector == "adopt" else set()),
            item_ids=numbers(
                mappings.values("item_map", "netsuite_item_id")
                | mappings.values("tax_map", "netsuite_item_id")
                | mappings.values("default_items", "netsuite_item_id")
            )
            | (named(ids(CONNECTOR_ITEMS)) if connector == "adopt" else set()),
            account_ids=numbers(mappings.values("account_map", "netsuite_account_id")),
        )


def _income_entries(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """External ids of the journal entries that refunds of credit notes may have (rule G2)."""
    pairs = connection.execute("select unnest(refund_ids), id from notes").fetchall()
    return {income_entry(refund, note) for refund, note in pairs if refund}


def numbers(values: Iterable[str]) -> set[str]:
    """The values that can be internal ids. dbt's tests report the others."""
    return {value.strip() for value in values if re.fullmatch(r"[0-9]{1,18}", value.strip())}


def named(values: Iterable[str]) -> set[str]:
    """The internal ids in values of metadata. One value may hold several, separated as in rule X1."""
    return numbers(id for value in values for id in re.split(r"[,;|\s]+", value))
