"""Which customers' credit documents need nothing more from NetSuite.

A customer is settled when every document is posted or skipped in `marts.credit_outcomes`, every application
of theirs too, and nothing of theirs has landed since the build that said so. Whole customers, because what
documents share (an invoice's rest, a refund, a balance) they share within one customer.

That build must be one of the pipeline's own under the same rules: `note_transform` keeps a fingerprint of
models, seeds and vars, so that a person's edit of a mapping file, or a new version of a rule, asks for
everything again. A customer is left out only if it was settled when NetSuite was read the last time, too: so
each is read once more after its last posting. In doubt, nobody is settled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import duckdb

from extract.raw_tables import current
from extract.stripe.endpoints import BALANCE_TRANSACTIONS, LEDGERS, TABLES
from settings import ROOT, Settings

PROJECT = ROOT / "dbt_project"
RULES = ("models/**/*", "macros/**/*", "seeds/**/*", "dbt_project.yml")


@dataclass(frozen=True)
class Settled:
    """Stripe ids of customers: settled `now`, and `for_good`, i.e. when NetSuite was last read as well.
    `why_none`: why nobody can be."""

    now: frozenset[str] = frozenset()
    for_good: frozenset[str] = frozenset()
    why_none: str | None = None

    @classmethod
    def of(cls, settings: Settings, connection: duckdb.DuckDBPyConnection) -> Settled:
        noted = connection.execute("select read_up_to, fingerprint from raw_stripe.extract_transforms").fetchone()
        if noted is None:
            return cls(why_none="no transform has ended well yet")
        read_up_to, fingerprint = noted
        if fingerprint != rules_fingerprint(settings):
            return cls(why_none="mappings, settings or rules have changed since the last transform")
        try:
            rows = connection.execute(_SETTLED, {"since": read_up_to}).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            return cls(why_none="the marts of the last transform are not there")
        now = frozenset(row[0] for row in rows)
        before = connection.execute("select customer_id from raw_stripe.extract_settled").fetchall()
        return cls(now, now & {row[0] for row in before})


def note_settled(connection: duckdb.DuckDBPyConnection, customers: frozenset[str]) -> None:
    """Keep who was settled when NetSuite was read; in the transaction that stores what was read."""
    connection.execute("delete from raw_stripe.extract_settled")
    connection.execute("insert into raw_stripe.extract_settled select unnest(?::varchar[])", [sorted(customers)])


def note_transform(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Note that a build under these rules has ended well with all that has landed so far; after a compaction
    it has started anew."""
    newest = ", ".join(f"(select max(fetched_at) from raw_stripe.{table})" for table in TABLES)
    connection.execute("begin")
    connection.execute("delete from raw_stripe.extract_compacted")
    connection.execute("delete from raw_stripe.extract_transforms")
    connection.execute(
        f"""
        insert into raw_stripe.extract_transforms
        select coalesce(greatest({newest}), timestamptz '2000-01-01 00:00:00+00'), ?""",
        [fingerprint],
    )
    connection.execute("commit")


def rules_fingerprint(settings: Settings) -> str:
    """Of everything but Stripe's data and NetSuite's that a build depends on."""
    digest = hashlib.sha256(json.dumps([settings.vars, settings.netsuite_account_id], sort_keys=True).encode())
    for pattern in RULES:
        for path in sorted(PROJECT.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


# Customers of documents, less those with a document that is open, unknown to the marts, or touched since.
_SETTLED = f"""
with notes as (
    select
        id, fetched_at,
        coalesce(payload->>'customer', '') as customer_id,
        (payload->>'$.refunds[*].refund') as refund_ids
    from {current("credit_notes")}
),
invoices as (
    select id, fetched_at, coalesce(payload->>'customer', '') as customer_id
    from {current("invoices")}
),
moved_refunds as (
    select id from raw_stripe.refunds where fetched_at > $since
    union
    select (payload->>'source') from raw_stripe.{BALANCE_TRANSACTIONS} where fetched_at > $since
),
open_documents as (
    select document_id, stripe_customer_id from marts.credit_outcomes
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
        or notes.id not in (select document_id from marts.credit_outcomes)
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
    select parent_id from raw_stripe.{LEDGERS} where fetched_at > $since
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
