"""A later run: what changed since the last run (see `extract.stripe.run` for the three ways that find changes)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from extract.raw_tables import customer_of
from extract.stripe.endpoints import ENDPOINTS
from extract.stripe.events import EventFeed
from extract.stripe.list_plan import REQUESTS, pages, plan_lists, unsettled_objects
from extract.stripe.session import ObjectKey, Session
from extract.stripe.slices import Slice
from warehouse.query import ask

CHEAP = 40  # requests: a full comparison that takes no more is made whenever anything changed

# Stripe announces each new object of these lists with a `*.created` event. A new object without one shows that the feed
# is not complete.
ANNOUNCED = ("credit_notes", "invoices", "refunds", "customers")


@dataclass(frozen=True)
class Changes:
    """The outcome of a later run.

    why_compare: the reason to read every list in full after all, if there is one · missed_event: whether that reason is
    an event that the feed does not have · lists_read: the lists that this run has read in full.
    """

    lists_read: frozenset[str]
    why_compare: str | None = None
    missed_event: bool = False


def read_changes(session: Session, feed: EventFeed, known: Mapping[str, int]) -> Changes:
    """Read windows, whole lists as far as `REQUESTS` allows, and the objects that events name.

    feed: read up to the start of this run · known: objects by table.
    """
    unsettled = unsettled_objects(session.connection)
    plans = plan_lists(session.connection, known, unsettled, session.client.requests_sent)
    for plan in plans:
        session.reader.read_list(plan.list_slice, divide=plan.cost > REQUESTS)
    session.workers.run()
    lists_read = frozenset(plan.list_slice.endpoint.table for plan in plans if plan.is_full)
    new = _new_objects(session)
    if new - feed.named:
        feed.read()  # the event may have come while the lists were read
        if missed := new - feed.named:
            table, identifier = min(missed)
            why = f"the event feed does not name {identifier}, which is new in {table}"
            return Changes(lists_read, why, missed_event=True)
    wanted = feed.named | {(table, each) for table, ids in unsettled.items() for each in ids}
    session.read_objects(key for key in wanted if not session.is_read(key))
    _read_related(session, lists_read)
    session.landing.flush()
    cost = sum(pages(count) for table, count in known.items() if table not in lists_read)
    if session.landing.landed and cost <= CHEAP:
        return Changes(lists_read, "something changed and the account is small")
    return Changes(lists_read)


def _new_objects(session: Session) -> set[ObjectKey]:
    """Objects of the `ANNOUNCED` lists that this run has landed for the first time."""
    session.landing.flush()
    new: set[ObjectKey] = set()
    for table in ANNOUNCED:
        rows = ask(
            session.connection,
            f"select id from raw_stripe.{table} group by id having min(fetched_at) > ?",
            [session.last_read_up_to],
        )
        new.update((table, identifier) for (identifier,) in rows)
    return new


def _read_related(session: Session, lists_read: frozenset[str]) -> None:
    """Read what changes together with an object that this run has landed.

    That is the invoice and the customer of a credit note, and the payments and the customer of an invoice.
    """
    session.landing.flush()
    related = ask(
        session.connection,
        f"""
        select 'invoices', (payload->>'invoice') from raw_stripe.credit_notes where fetched_at > $since
        union select 'customers', {customer_of()}
        from raw_stripe.credit_notes where fetched_at > $since
        union select 'customers', {customer_of()}
        from raw_stripe.invoices where fetched_at > $since
        union select 'invoice_payments', id from raw_stripe.invoices where fetched_at > $since""",
        {"since": session.last_read_up_to},
    )
    payments = ENDPOINTS["invoice_payments"]
    if payments.table not in lists_read:
        for table, invoice in related:
            if table == payments.table:
                session.reader.read_list(Slice(payments, filters={"invoice": invoice}), divide=False)
    session.read_objects(
        (table, identifier)
        for table, identifier in related
        if table != payments.table and identifier and not session.is_read((table, identifier))
    )
