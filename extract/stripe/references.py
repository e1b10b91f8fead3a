"""Objects that others refer to: they are read when the object that refers to them has landed.

- the balance ledger of a customer, only where it can have entries;
- the Checkout session of a ledger row that names no invoice (rule B9), with an allowlist of fields;
- the refunds inside a payout;
- whatever a credit document names that no list has shown: deleted customers, customers on test clocks, deleted
  products.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import duckdb

from extract.errors import Inconsistent, ObjectGone, StripeRefused
from extract.raw_tables import current, customer_of, invoice_facts
from extract.stripe.api import PAGE
from extract.stripe.endpoints import BALANCE_LEDGERS, BALANCE_TRANSACTIONS, CHECKOUT_SESSIONS, ENDPOINTS
from extract.stripe.paths import object_path
from extract.stripe.rows import row_of
from extract.stripe.session import ObjectKey, Session
from warehouse.query import ask

log = logging.getLogger(__name__)

ROUNDS = 8  # of reading the references of the objects that the round before has landed

# Types of balance transactions that show which payout carries a refund.
REFUND_TYPES = ("refund", "payment_refund", "refund_failure", "payment_failure_refund")

# The fields of a Checkout session that are landed. The others tell about a person, or open a payment page.
SESSION_FIELDS = (
    *("id", "object", "livemode", "created", "customer", "customer_account", "invoice", "subscription"),
    *("mode", "status", "payment_status", "currency", "amount_total"),
)

BEFORE_ANY_FETCH = datetime(2000, 1, 1, tzinfo=UTC)

# Invoices and credit notes fetched since, without their payloads, so that each payload is parsed once for all queries.
CHANGED_INVOICES = f"""
create or replace temp table changed_invoices as
select id, customer_id, ledger_moved from {invoice_facts("fetched_at > $since")}
"""
NOTE_FIELDS = (
    *("invoice", "customer", "customer_account", "customer_balance_transaction"),
    *("refunds", "discount_amounts", "total_taxes"),
)
CHANGED_NOTES = f"""
create or replace temp table changed_notes as
select
    field[1]->>'$' as invoice_id,
    coalesce(field[2]->>'$', field[3]->>'$') as customer_id,
    (field[4]->>'$') is not null as has_ledger_entry,
    field[5]->>'$[*].refund' as refund_ids,
    field[6]->>'$[*].discount.source.coupon' as coupon_ids,
    field[7]->>'$[*].tax_rate_details.tax_rate' as tax_rate_ids
from (
    select json_extract(payload, {[f"$.{name}" for name in NOTE_FIELDS]}) as field
    from raw_stripe.credit_notes where fetched_at > $since
)
"""

# Ids that credit documents fetched since name and that no table has. `[*]` paths read the lists inside payloads. Only
# ids leave the scan of a table, because DuckDB may hold in memory what a query names twice.
MISSING_OBJECTS = f"""
with known as (
    {" union all ".join(f"select '{table}' as table_name, id from raw_stripe.{table}" for table in ENDPOINTS)}
),
credited_invoices as (
    select
        {customer_of()} as customer_id,
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
    select 'invoices' as table_name, invoice_id as id from changed_notes
    union
    select 'customers', customer_id from changed_notes
    union
    select 'customers', customer_id from credited_invoices
    union
    select 'refunds', unnest(refund_ids) from changed_notes
    union
    select 'coupons', unnest(coupon_ids) from changed_notes
    union
    select 'coupons', unnest(coupon_ids) from credited_invoices
    union
    select 'tax_rates', unnest(tax_rate_ids) from changed_notes
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

# Sessions that ledger rows without an invoice name, and of which no invoice is known yet. A session that was read
# without one is asked for again when a row of it has landed since, and in every full comparison.
SESSIONS = f"""
with named as (
    select
        coalesce(payload->>'$.checkout_session.id', payload->>'checkout_session') as id,
        max(fetched_at) as fetched_at
    from {current(BALANCE_LEDGERS)}
    where (payload->>'invoice') is null
    group by 1
)
select named.id from named
left join {current(CHECKOUT_SESSIONS)} as sessions on named.id = sessions.id
where
    named.id is not null
    and (sessions.payload->>'invoice') is null
    and (sessions.id is null or named.fetched_at > $since or $again)
order by named.id
"""

# Customers whose ledger answered 404 when it was last asked for.
UNREAD_LEDGERS = "select customer_id from raw_stripe.extract_unread_ledgers order by customer_id"

# Customers with a row (customer, invoice or credit note) fetched since whose ledger can have entries: a balance now, an
# invoice that used or changed it, a credit note with a ledger entry, or a ledger that an earlier run has read.
LEDGER_CUSTOMERS = f"""
with changed as (
    select id as customer_id, (payload->>'balance')::bigint <> 0 as can_have_entries
    from raw_stripe.customers where fetched_at > $since
    union all
    select customer_id, ledger_moved from changed_invoices
    union all
    select customer_id, has_ledger_entry from changed_notes
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


def read_references(session: Session, *, is_full: bool) -> None:
    """Read what landed objects refer to, round by round, until a round finds nothing new.

    is_full: the run compares every list; then it also asks again for what it could not read before.
    """
    tried: set[ObjectKey] = set()
    since = session.last_read_up_to or BEFORE_ANY_FETCH
    for number in range(ROUNDS):
        session.landing.flush()
        if number == 0:
            session.landing.checkpoint()
        now = session.clock()
        ask(session.connection, CHANGED_INVOICES, {"since": since})
        ask(session.connection, CHANGED_NOTES, {"since": since})
        missing = [key for key in _keys(session.connection, MISSING_OBJECTS, since) if key not in tried]
        ledgers = _ledgers(session, since, is_first_round=number == 0, is_full=is_full)
        payouts = ask(session.connection, PAYOUTS, {"since": since})
        if not (missing or ledgers or payouts):
            break
        tried.update(missing)
        for customer in ledgers:
            _read_ledger(session, customer)
        for (payout,) in payouts:
            _read_payout(session, payout)
        session.read_objects(missing)
        since = now
    _read_sessions(session, is_full=is_full)


def _ledgers(session: Session, since: datetime, *, is_first_round: bool, is_full: bool) -> list[str]:
    """The customers whose ledger is to be read; in the first round of a full comparison also those whose ledger could
    not be read before."""
    if session.full_ledger and is_first_round:
        rows = ask(session.connection, "select distinct id from raw_stripe.customers")
    else:
        rows = ask(session.connection, LEDGER_CUSTOMERS, {"since": since})
    if is_full and is_first_round:
        rows += ask(session.connection, UNREAD_LEDGERS)
    return sorted({customer for (customer,) in rows})


def _keys(connection: duckdb.DuckDBPyConnection, sql: str, since: datetime) -> list[ObjectKey]:
    return [(table, identifier) for table, identifier in ask(connection, sql, {"since": since})]


def _read_ledger(session: Session, customer: str) -> None:
    """Read a customer's balance ledger. One that answers 404 is unread, never empty (B6): what was landed stays."""
    session.reader.read_nested_list(
        object_path("customers", customer, "balance_transactions"),
        BALANCE_LEDGERS,
        customer,
        {},
        kind="customer_balance_transaction",
        done=session.log.recorder_of(BALANCE_LEDGERS, customer),
        unread=lambda: session.log.record_unread_ledger(customer),
    )


def _read_sessions(session: Session, *, is_full: bool) -> None:
    """Read the Checkout sessions that tell which invoice a ledger row belongs to (rule B9), one by one: they are few.

    A key that may not read them ends this: the models then pair rows and invoices by their amounts.
    """
    session.landing.flush()
    since = session.last_read_up_to or BEFORE_ANY_FETCH
    for (identifier,) in ask(session.connection, SESSIONS, {"since": since, "again": is_full}):
        try:
            answer = session.client.get(object_path("checkout/sessions", identifier), {}, _check_session)
        except ObjectGone:
            item, fetched_at, version = {"id": identifier, "deleted": True}, session.clock(), session.client.version
        except StripeRefused as refused:
            if refused.status != 403:
                raise
            session.log.sessions_refused = str(refused)
            return
        else:
            item = {name: answer.body[name] for name in SESSION_FIELDS if name in answer.body}
            fetched_at, version = answer.sent_at, answer.api_version
        session.landing.put(CHECKOUT_SESSIONS, [row_of({"object": "checkout.session", **item}, fetched_at, version)])


def _check_session(body: Any) -> None:
    if not isinstance(body, dict) or body.get("object") != "checkout.session" or not isinstance(body.get("id"), str):
        raise Inconsistent("the answer is not a Checkout session with an id")


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
                path,
                table,
                payout,
                {"payout": payout, "type": kind},
                kind="balance_transaction",
                keep=_is_refund,
                done=record,
            )

    session.workers.add(job)


def _is_refund(item: dict[str, Any]) -> bool:
    return item.get("type") in REFUND_TYPES
