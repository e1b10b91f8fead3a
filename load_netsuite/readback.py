"""What NetSuite shows of what was written, against what was meant (P5).

What was meant comes from two places: the applications from the journal (bodies sent, or found and adopted),
the total from the marts. More applied by a person is fine; less, or another total, is a difference.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

import duckdb

from load_netsuite import bodies, lookup
from load_netsuite.api import NetSuite, to_json
from load_netsuite.bodies import Body, Row
from load_netsuite.journal import WRITTEN, Entry
from load_netsuite.lookup import Found
from load_netsuite.marts import Marts

SECOND_LOOK_SECONDS = 3.0

Claims = dict[str, Decimal]
"""Internal id of a document → amount of ours applied to it."""

# Records written since they were last found right. Items hold no money.
UNCHECKED = f"""
with written as (
    select record_type, external_id, max(load_log.at) as at,
        arg_max(internal_id, load_log.at) filter (where internal_id is not null) as internal_id
    from load_netsuite.load_log
    where status in {WRITTEN} and record_type <> 'serviceSaleItem'
    group by record_type, external_id
),
checked as (
    select record_type, external_id, max(load_log.at) as at, arg_max(status, load_log.at) as status,
        arg_max(error_detail, load_log.at) as difference
    from load_netsuite.load_log
    where operation = 'read_back'
    group by record_type, external_id
)
select w.record_type, w.external_id, w.internal_id, case when c.at > w.at then c.difference end as known
from written as w
left join checked as c on c.record_type = w.record_type and c.external_id = w.external_id
where c.at is null or c.at < w.at or c.status = 'differs'
order by w.record_type, w.external_id
"""


def read_back(warehouse: duckdb.DuckDBPyConnection, marts: Marts, client: NetSuite) -> Iterator[list[Entry]]:
    """Log rows `verified` and `differs` for everything written since it was last found right, a bulk at a
    time.

    A difference that the log knows already is not logged again; one that has gone is `verified`.
    """
    cursor = warehouse.cursor()
    for bulk in in_bulks(warehouse, UNCHECKED, ("record_type", "external_id", "internal_id", "known")):
        entries = _compare(bulk, cursor, marts, client)
        if any(entry.status == "differs" for entry in entries):
            # Someone may be editing at this moment, or the query may lag behind the record.
            client.clock.sleep(SECOND_LOOK_SECONDS)
            entries = _compare(bulk, cursor, marts, client)
        known = {row["external_id"]: row["known"] for row in bulk}
        yield [
            entry
            for entry in entries
            if entry.status != "differs" or entry.error_detail != known[entry.external_id]
        ]


def in_bulks(warehouse: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[str]) -> Iterator[list[Row]]:
    """Rows of a query that is ordered by record type: bulks of one type each, read as they are needed."""
    result = warehouse.cursor().execute(sql)
    while rows := result.fetchmany(lookup.BULK):
        named = (dict(zip(columns, row, strict=True)) for row in rows)
        for _, same_type in groupby(named, lambda row: row["record_type"]):
            yield list(same_type)


def _compare(
    rows: Sequence[Row], cursor: duckdb.DuckDBPyConnection, marts: Marts, client: NetSuite
) -> list[Entry]:
    record_type = rows[0]["record_type"]
    names = [row["external_id"] for row in rows]
    found = lookup.find_by_internal_id(client, (row["internal_id"] for row in rows if row["internal_id"]))
    # Deleted while an earlier request for it was still under way, a record can come back under another id.
    gone = [row["external_id"] for row in rows if row["internal_id"] not in found]
    returned = {
        there.external_id: there
        for there in (lookup.find_transactions(client, gone) if gone else {}).values()
        if there.type == lookup.SUITEQL_TYPES[record_type]
    }
    links = lookup.find_links(client, record_type, [*found, *(t.internal_id for t in returned.values())])
    claims = claims_in_journal(cursor, record_type, names)
    meant = marts.meant(record_type, names)
    entries = []
    for row in rows:
        name = row["external_id"]
        there = found.get(row["internal_id"]) or returned.get(name)
        internal_id = there.internal_id if there else row["internal_id"]
        applied = links.get(internal_id, {})
        difference = _difference(there, applied, claims[name], meant.get(name))
        entries.append(
            Entry(
                record_type,
                name,
                "look_up" if name in returned and not difference else "read_back",
                "differs" if difference else "adopted" if name in returned else "verified",
                internal_id=internal_id,
                error_detail=f"{record_type} {name} (NetSuite {internal_id}): {difference}"
                if difference
                else None,
                payload=shown(there, claims[name].items()) if there else None,
            )
        )
    return entries


def _difference(there: Found | None, applied: Claims, claims: Claims, meant: Row | None) -> str | None:
    if there is None:
        return "is not in NetSuite"
    if there.is_voided:
        return "is voided"
    for doc, amount in claims.items():
        if applied.get(doc, Decimal(0)) < amount:
            return f"applies {applied.get(doc, Decimal(0))} to document {doc}, meant was {amount}"
    if meant is None:
        return None
    if (
        there.type == "CustRfnd"
    ):  # its total is what it is applied to, and a later part or a person may add to it
        all_applied, ours = sum(applied.values(), Decimal(0)), sum(claims.values(), Decimal(0))
        if there.total < ours or there.total != all_applied:
            return f"has the total {there.total}, meant was {ours}"
        if meant["cap"] is not None and there.total > meant["cap"]:
            return f"has the total {there.total}, more than the {meant['cap']} linked to it in Stripe"
    elif there.total != (meant["total"] or 0):
        return f"has the total {there.total}, meant was {meant['total']}"
    return None


def claims_in_journal(
    cursor: duckdb.DuckDBPyConnection, record_type: str, external_ids: Sequence[str]
) -> dict[str, Claims]:
    """external id → our applications, from the bodies of what was done and the payloads of what was found."""
    rows = cursor.execute(
        "select answer.external_id, coalesce(attempt.payload, answer.payload) from "
        "load_netsuite.load_log as answer left join load_netsuite.load_log as attempt on "
        "attempt.attempt_id = answer.attempt_id and attempt.status = 'attempted' and answer.status in "
        f"('created', 'applied') where answer.status in {WRITTEN} and answer.record_type = ? and "
        "answer.external_id in (select unnest(?::varchar[])) order by answer.at",
        [record_type, list(external_ids)],
    ).fetchall()
    claims: defaultdict[str, Claims] = defaultdict(dict)
    for external_id, payload in rows:
        for applied in parse(payload).get("apply", {}).get("items", []):
            claims[external_id][str(applied["doc"]["id"])] = Decimal(applied["amount"])
    return claims


def parse(payload: str | None) -> dict[str, Any]:
    """A payload of the journal, numbers as Decimal."""
    parsed: dict[str, Any] = json.loads(payload, parse_float=Decimal, parse_int=Decimal) if payload else {}
    return parsed


def shown(there: Found, applications: Iterable[tuple[str, Decimal]]) -> str:
    """The payload of an `adopted` or `verified` row: the shape of a body, as NetSuite shows it, with our
    applications."""
    body: Body = {
        "externalId": there.external_id,
        "tranDate": there.tran_date,
        "memo": there.memo,
        "total": there.total,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return to_json(body | {"apply": bodies.apply(applications)}).decode()
