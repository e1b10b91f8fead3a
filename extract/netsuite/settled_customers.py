"""Which customers are settled: their credit documents need nothing more from NetSuite.

A customer is settled when every document is posted or skipped in `marts.credit_outcomes`, so is every application of
these documents, and nothing of the customer has landed since that build. The unit is the customer, because documents
share a rest of an invoice, a refund or a balance only within one customer.

That build must be the pipeline's last one, under the same rules: `last_transform` records a fingerprint of models,
mapping files and vars, so after an edit of a mapping file or a new version of a rule no customer is settled. A customer
is left out only if it was settled when NetSuite was last read, too: so each customer is read once more after its last
posting.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from extract.last_transform import rules_fingerprint
from extract.raw_tables import current, customer_of
from extract.stripe.endpoints import BALANCE_LEDGERS, BALANCE_TRANSACTIONS
from settings import Settings


@dataclass(frozen=True)
class SettledCustomers:
    """Stripe ids of customers.

    settled: settled now · left_out: settled also when NetSuite was last read, so this run does not ask for them ·
    why_none: why no customer is settled, if the reason is not in the documents.
    """

    settled: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    why_none: str | None = None

    @classmethod
    def of(cls, settings: Settings, connection: duckdb.DuckDBPyConnection) -> SettledCustomers:
        """The settled customers according to the marts of the last transform."""
        last_transform = connection.execute(
            "select read_up_to, fingerprint from raw_stripe.extract_transforms"
        ).fetchone()
        if last_transform is None:
            return cls(why_none="no transform has ended well yet")
        read_up_to, fingerprint = last_transform
        if fingerprint != rules_fingerprint(settings):
            return cls(why_none="mappings, settings or rules have changed since the last transform")
        try:
            rows = connection.execute(SETTLED_CUSTOMERS, {"since": read_up_to}).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            return cls(why_none="the marts of the last transform do not exist")
        settled = frozenset(row[0] for row in rows)
        before = connection.execute("select customer_id from raw_stripe.extract_settled").fetchall()
        return cls(settled, settled & {row[0] for row in before})


def record_settled(connection: duckdb.DuckDBPyConnection, customers: frozenset[str]) -> None:
    """Record the customers that are settled while NetSuite is read. The caller's transaction stores the snapshot."""
    connection.execute("delete from raw_stripe.extract_settled")
    connection.execute("insert into raw_stripe.extract_settled select unnest(?::varchar[])", [sorted(customers)])


# Customers with documents, except those with a document that is open, unknown to the marts, or changed since. A mart is
# a deep view: each name of it costs as much as the rest of the query.
SETTLED_CUSTOMERS = f"""
with notes as (
    select
        id, fetched_at,
        coalesce({customer_of()}, '') as customer_id,
        (payload->>'$.refunds[*].refund') as refund_ids
    from {current("credit_notes")}
),
invoices as (
    select id, fetched_at, coalesce({customer_of()}, '') as customer_id
    from {current("invoices")}
),
moved_refunds as (
    select id from raw_stripe.refunds where fetched_at > $since
    union
    select (payload->>'source') from raw_stripe.{BALANCE_TRANSACTIONS} where fetched_at > $since
),
outcomes as materialized (
    select document_id, stripe_customer_id, external_id, state from marts.credit_outcomes
),
open_documents as materialized (
    select document_id, stripe_customer_id from outcomes
    where
        state not in ('posted', 'skipped')
        or external_id in (
            select external_id from marts.credit_memo_applications where state not in ('posted', 'skipped'))
),
open_customers as (
    select stripe_customer_id as customer_id from open_documents
    union
    select notes.customer_id from notes
    where
        notes.fetched_at > $since
        or notes.id not in (select document_id from outcomes)
        or notes.id in (select document_id from open_documents)
    union
    select customer_id from invoices where fetched_at > $since
    union
    select invoices.customer_id from invoices
    inner join raw_stripe.invoice_payments as payments on (payments.payload->>'invoice') = invoices.id
    where payments.fetched_at > $since
    union
    select id from raw_stripe.customers where fetched_at > $since
    union
    select parent_id from raw_stripe.{BALANCE_LEDGERS} where fetched_at > $since
    union
    select linked.customer_id
    from (select customer_id, unnest(refund_ids) as refund_id from notes) as linked
    where linked.refund_id in (select id from moved_refunds)
)
select customer_id from notes
union
select customer_id from invoices
except
select customer_id from open_customers
"""
