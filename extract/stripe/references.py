"""Objects that others refer to: they are read when the object that refers to them has landed.

- the balance ledger of a customer, only where it can have entries;
- the refunds inside a payout;
- whatever a credit document names that no list has shown: deleted customers, customers on test clocks, deleted
  products.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb

from extract.raw_tables import invoice_facts
from extract.stripe.api import PAGE
from extract.stripe.endpoints import BALANCE_LEDGERS, BALANCE_TRANSACTIONS, ENDPOINTS
from extract.stripe.rows import row_of
from extract.stripe.session import ObjectKey, Session
from warehouse.query import ask

ROUNDS = 8  # of reading the references of the objects that the round before has landed

# Types of balance transactions that show which payout carries a refund.
REFUND_TYPES = ("refund", "payment_refund", "refund_failure", "payment_failure_refund")

BEFORE_ANY_FETCH = datetime(2000, 1, 1, tzinfo=UTC)

# Invoices fetched since, without their payloads, so that each payload is parsed once for all queries.
CHANGED_INVOICES = f"""
create or replace temp table changed_invoices as
select id, customer_id, ledger_moved from {invoice_facts("fetched_at > $since")}
"""

# Ids that credit documents fetched since name and that no table has. `[*]` paths read the lists inside payloads. Only
# ids leave the scan of a table, because DuckDB may hold in memory what a query names twice.
MISSING_OBJECTS = f"""
with known as (
    {" union all ".join(f"select '{table}' as table_name, id from raw_stripe.{table}" for table in ENDPOINTS)}
),
notes as (
    select
        (payload->>'invoice') as invoice_id,
        (payload->>'customer') as customer_id,
        (payload->>'$.refunds[*].refund') as refund_ids,
        (payload->>'$.discount_amounts[*].discount.source.coupon') as coupon_ids,
        (payload->>'$.total_taxes[*].tax_rate_details.tax_rate') as tax_rate_ids
    from raw_stripe.credit_notes where fetched_at > $since
),
credited_invoices as (
    select
        (payload->>'customer') as customer_id,
        (payload->>'$.total_discount_amounts[*].discount.source.coupon') as coupon_ids,
        (payload->>'$.total_taxes[*].tax_rate_details.tax_rate') as tax_rate_ids,
        (payload->>'$.lines.data[*].pricing.price_details.price') as price_ids,
        (payload->>'$.lines.data[*].pricing.price_details.product') as product_ids
    from raw_stripe.invoices
    where fetched_at > $since and id in (
        select id from changed_invoices
        where ledger_moved or id in (select (payload->>'invoice') from raw_stripe.credit_notes))
),
named as (
    select 'invoices' as table_name, invoice_id as id from notes
    union
    select 'customers', customer_id from notes
    union
    select 'customers', customer_id from credited_invoices
    union
    select 'refunds', unnest(refund_ids) from notes
    union
    select 'coupons', unnest(coupon_ids) from notes
    union
    select 'coupons', unnest(coupon_ids) from credited_invoices
    union
    select 'tax_rates', unnest(tax_rate_ids) from notes
    union
    select 'tax_rates', unnest(tax_rate_ids) from credited_invoices
    union
    select 'prices', unnest(price_ids) from credited_invoices
    union
    select 'products', unnest(product_ids) from credited_invoices
)
select table_name, id from named
anti join known using (table_name, id)
where id <> '' and id <> 'null'
order by table_name, id
"""

# Customers with a row (customer, invoice or credit note) fetched since whose ledger can have entries: a balance now, an
# invoice that used or changed it, a credit note with a ledger entry, or a ledger that an earlier run has read.
LEDGER_CUSTOMERS = f"""
with changed as (
    select id as customer_id, (payload->>'balance')::bigint <> 0 as can_have_entries
    from raw_stripe.customers where fetched_at > $since
    union all
    select customer_id, ledger_moved from changed_invoices
    union all
    select (payload->>'customer'), (payload->>'customer_balance_transaction') is not null
    from raw_stripe.credit_notes where fetched_at > $since
)
select customer_id from changed
where customer_id is not null
group by customer_id
having bool_or(can_have_entries) or customer_id in (
    select parent_id from raw_stripe.extract_slices where endpoint = '{BALANCE_LEDGERS}')
order by customer_id
"""

# Automatic payouts fetched since. Stripe does not list the contents of a manual one.
PAYOUTS = """
select distinct id from raw_stripe.payouts
where
    fetched_at > $since
    and coalesce(payload->>'automatic', 'true') = 'true'
    and exists (select 1 from raw_stripe.refunds)
order by id
"""


def read_references(session: Session) -> None:
    """Read what landed objects refer to, round by round, until a round finds nothing new."""
    tried: set[ObjectKey] = set()
    since = session.last_read_up_to or BEFORE_ANY_FETCH
    for number in range(ROUNDS):
        session.landing.flush()
        if number == 0:
            session.landing.checkpoint()
        now = session.clock()
        ask(session.connection, CHANGED_INVOICES, {"since": since})
        missing = [key for key in _keys(session.connection, MISSING_OBJECTS, since) if key not in tried]
        if session.full_ledger and number == 0:
            ledgers = ask(session.connection, "select distinct id from raw_stripe.customers order by id")
        else:
            ledgers = ask(session.connection, LEDGER_CUSTOMERS, {"since": since})
        payouts = ask(session.connection, PAYOUTS, {"since": since})
        if not (missing or ledgers or payouts):
            return
        tried.update(missing)
        for (customer,) in ledgers:
            _read_ledger(session, customer)
        for (payout,) in payouts:
            _read_payout(session, payout)
        session.read_objects(missing)
        since = now


def _keys(connection: duckdb.DuckDBPyConnection, sql: str, since: datetime) -> list[ObjectKey]:
    return [(table, identifier) for table, identifier in ask(connection, sql, {"since": since})]


def _read_ledger(session: Session, customer: str) -> None:
    session.reader.read_nested_list(
        f"/v1/customers/{customer}/balance_transactions",
        BALANCE_LEDGERS,
        customer,
        {},
        done=session.log.recorder_of(BALANCE_LEDGERS, customer),
    )


def _read_payout(session: Session, payout: str) -> None:
    """Read the refunds of a payout: its first page, or, if there are more pages, one list per type of refund."""
    path, table = "/v1/balance_transactions", BALANCE_TRANSACTIONS
    record = session.log.recorder_of(table, payout)

    def job() -> None:
        page = session.client.page(path, {"limit": PAGE, "payout": payout})
        refunds = [item for item in page.items if _is_refund(item)]
        session.landing.put(table, [row_of(item, page.sent_at, page.api_version, payout) for item in refunds])
        if not page.has_more:
            return session.landing.after(lambda: record(1, len(refunds)))
        for kind in REFUND_TYPES:
            session.reader.read_nested_list(
                path, table, payout, {"payout": payout, "type": kind}, keep=_is_refund, done=record
            )

    session.workers.add(job)


def _is_refund(item: dict[str, Any]) -> bool:
    return item.get("type") in REFUND_TYPES
