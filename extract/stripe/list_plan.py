"""Which lists, or which parts of them, a later run reads, so that a run in which nothing changed stays cheap."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import duckdb

from extract.raw_tables import current, invoice_facts
from extract.stripe.api import PAGE
from extract.stripe.endpoints import ENDPOINTS
from extract.stripe.gone import recorded_gone
from extract.stripe.slices import Slice
from warehouse.query import ask

REQUESTS = 13  # of a later run in which nothing has changed
REFUNDS_MOVE_FOR = timedelta(days=35)  # a refund can still fail about 30 days after it was made
OVERLAP_SECONDS = 3600  # an object may appear in a list behind a newer one
CATALOGUE = ("coupons", "prices", "products", "tax_rates")


@dataclass(frozen=True)
class ListPlan:
    """A list, or a window of it, to read. `cost`: the requests that it takes while nothing has changed."""

    list_slice: Slice
    cost: int
    is_full: bool = False


def pages(objects: int) -> int:
    """The requests that read so many objects and a few new ones."""
    return objects // PAGE + 1


def known_objects(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The number of objects in the warehouse, by table."""
    return {table: _number(connection, f"select count(distinct id) from raw_stripe.{table}") for table in ENDPOINTS}


def unsettled_objects(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Ids, by table, of objects that may change without an event and that move money when they do.

    These are open invoices with credit, credit notes on open invoices, and refunds that are still pending. A status
    that is unknown or absent may still change (rules R2, O5). What is recorded as gone is not asked for one by one.
    """
    refunds = ask(
        connection,
        f"""
        select id from {current("refunds")}
        where coalesce(payload->>'status', '') not in ('succeeded', 'failed', 'canceled') and created is not null""",
    )
    open_invoices = ask(
        connection,
        f"""
        select invoices.id, notes.id
        from {invoice_facts(relation=current("invoices"))} as invoices
        left join {current("credit_notes")} as notes
            on (notes.payload->>'invoice') = invoices.id and (notes.payload->>'status') is distinct from 'void'
        where
            coalesce(invoices.status, '') not in ('draft', 'paid', 'void')
            and coalesce(invoices.payload->>'deleted', '') <> 'true'
            and (invoices.ledger_moved or notes.id is not null)""",
    )
    unknown_notes = ask(
        connection,
        f"""
        select id from {current("credit_notes")}
        where coalesce(payload->>'status', '') not in ('issued', 'void') and created is not null""",
    )
    unsettled = {
        "refunds": {identifier for (identifier,) in refunds},
        "invoices": {invoice_id for invoice_id, _ in open_invoices},
        "credit_notes": {note_id for _, note_id in open_invoices if note_id}
        | {note_id for (note_id,) in unknown_notes},
    }
    gone = recorded_gone(connection)
    return {table: sorted(each for each in ids if (table, each) not in gone) for table, ids in unsettled.items()}


def plan_lists(
    connection: duckdb.DuckDBPyConnection,
    known: Mapping[str, int],
    unsettled: Mapping[str, list[str]],
    requests_sent: int,
) -> list[ListPlan]:
    """The windows to read, and whole lists instead of them as far as `REQUESTS` allows.

    known: objects by table · unsettled: ids to read again, by table · requests_sent: by this run so far.
    """
    windows = {table: _window(connection, table, unsettled.get(table, [])) for table in ENDPOINTS}
    spare = REQUESTS - requests_sent - sum(window.cost for window in windows.values())
    plans: list[ListPlan] = []
    for table, window in windows.items():
        full_cost = pages(known[table])
        if full_cost - window.cost <= spare:
            spare -= full_cost - window.cost
            plans.append(ListPlan(Slice(ENDPOINTS[table]), full_cost, is_full=True))
        elif window.list_slice.gte is not None:
            plans.append(window)
    return plans


def _window(connection: duckdb.DuckDBPyConnection, table: str, unsettled: Sequence[str]) -> ListPlan:
    """The part of a list that every run reads. `cost` includes reading the older ones of `unsettled` one by one.

    A catalogue list has none. Of refunds and payouts it is the last 35 days, of another list what is newer than the
    newest known object. The window is longer if it then reaches all of `unsettled` for fewer requests.
    """
    endpoint = ENDPOINTS[table]
    newest = _number(connection, f"select coalesce(epoch(max(created))::bigint, 0) from raw_stripe.{table}")
    if table in CATALOGUE or not newest:
        return ListPlan(Slice(endpoint), 0 if newest else 1)
    if table in ("refunds", "payouts"):
        since = min(newest, int(time.time())) - int(REFUNDS_MOVE_FOR.total_seconds())
    else:
        # The overlap is at most a page.
        page_ago = _number(
            connection,
            f"""
            select coalesce(epoch(min(created))::bigint, 0) from (
                select max(created) as created from raw_stripe.{table}
                group by id order by created desc limit {PAGE - 10})""",
        )
        since = max(newest - OVERLAP_SECONDS, page_ago)
    older = _number(
        connection,
        f"""
        select count(distinct id) from raw_stripe.{table}
        where id in (select unnest(?::varchar[])) and created < to_timestamp(?)""",
        list(unsettled),
        since,
    )
    costs = {since: _pages_since(connection, table, since) + older}
    if older:
        oldest = _number(
            connection,
            f"""
            select epoch(min(created))::bigint from raw_stripe.{table}
            where id in (select unnest(?::varchar[]))""",
            list(unsettled),
        )
        costs[oldest] = _pages_since(connection, table, oldest)
    since = min(costs, key=lambda start: (costs[start], -start))
    return ListPlan(Slice(endpoint, gte=since), costs[since])


def _pages_since(connection: duckdb.DuckDBPyConnection, table: str, since: int) -> int:
    sql = f"select count(distinct id) from raw_stripe.{table} where created >= to_timestamp(?)"
    return pages(_number(connection, sql, since))


def _number(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> int:
    # `ask` fetches every row: an answer read in part keeps its transaction open, and then landing makes no checkpoint.
    ((number,),) = ask(connection, sql, list(values))
    return int(number)
