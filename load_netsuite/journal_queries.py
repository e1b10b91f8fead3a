"""Questions to the journal: the bodies sent, and the records that are to be compared with NetSuite."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

from load_netsuite import bodies
from load_netsuite.bodies import Row
from load_netsuite.journal import NO_EFFECT_SEEN, PRESENT, RESULTS, WRITTEN
from netsuite import lookup
from netsuite.encoding import to_json
from netsuite.lookup import Found
from warehouse.query import Cursor, Warehouse, ask, ask_in_bulks


def latest(value: str, where: str) -> str:
    """SQL: the value of the last row of a group that has one, of the rows of which `where` is true. arg_max of DuckDB
    is known to no other engine."""
    return f"(array_agg({value} order by position desc) filter (where {where} and {value} is not null))[1]"


# Records written since their last read-back that found them right. Items hold no money.
# known_difference: of a read-back after the last write · is_first: no read-back has found the record right yet ·
# written_at: Unix microseconds · was_unseen: a read-back after the last write did not see it yet.
UNCHECKED = f"""
with written as (
    select record_type, external_id, max(position) as position,
        cast(extract(epoch from {latest("load_log.at", "true")}) * 1000000 as bigint) as written_at,
        {latest("internal_id", "true")} as internal_id
    from load_netsuite.load_log
    where status in {WRITTEN} and record_type <> 'serviceSaleItem'
    group by record_type, external_id
),
checked as (
    select record_type, external_id,
        max(position) filter (where status <> 'unknown') as position,
        {latest("status", "status <> 'unknown'")} as status,
        {latest("error_detail", "status <> 'unknown'")} as difference,
        max(position) filter (where status = 'unknown') as unseen_position,
        bool_or(status = 'verified') as was_right
    from load_netsuite.load_log
    where operation = 'read_back'
    group by record_type, external_id
)
select w.record_type, w.external_id, w.internal_id,
    case when c.position > w.position then c.difference end as known_difference,
    not coalesce(c.was_right, false) as is_first, w.written_at,
    coalesce(c.unseen_position > w.position, false) as was_unseen
from written as w
left join checked as c on c.record_type = w.record_type and c.external_id = w.external_id
where c.position is null or c.position < w.position or c.status = 'differs'
order by w.record_type, w.external_id
"""

# Every record that is in NetSuite by the journal, and the payload of the row that last saw it there.
POSTED = f"""
select record_type, external_id,
    {latest("internal_id", f"status in {PRESENT}")} as internal_id,
    {latest("payload", "status in ('adopted', 'verified')")} as last_seen
from load_netsuite.load_log
where record_type <> 'serviceSaleItem'
group by record_type, external_id
having count(internal_id) filter (where status in {PRESENT}) > 0
order by record_type, external_id
"""

# The same records, the newest first. is_verified: the last word of the journal on it is that NetSuite shows it right.
NEWEST = f"""
select record_type, external_id, {latest("internal_id", f"status in {PRESENT}")} as internal_id,
    {latest("status", f"(status in {WRITTEN} or operation = 'read_back')")} = 'verified' as is_verified
from load_netsuite.load_log
where record_type <> 'serviceSaleItem'
group by record_type, external_id
having count(internal_id) filter (where status in {PRESENT}) > 0
order by max(position) desc
"""

# Attempts without a result, and attempts to create a record that ended without an effect, or because its name was
# taken, while the record is not in NetSuite by the journal: it may show late (P2).
# internal_id: of the record that an apply changed · is_taken: NetSuite refused it because a record has its external id.
UNSETTLED = f"""
with ended as (
    select attempt_id, max(error_code) as error_code
    from load_netsuite.load_log
    where status in {RESULTS}
    group by attempt_id
),
taken as (
    select distinct attempt_id from load_netsuite.load_log
    where status = 'unknown' and http_status between 400 and 499 and http_status <> 408
),
present as (
    select record_type, external_id, {latest("internal_id", "true")} as internal_id
    from load_netsuite.load_log
    where status in {PRESENT}
    group by record_type, external_id
)
select attempt.record_type, attempt.external_id, attempt.operation, attempt.attempt_id, attempt.payload,
    coalesce(attempt.internal_id, present.internal_id) as internal_id, ended.attempt_id is null as is_open,
    taken.attempt_id is not null as is_taken
from load_netsuite.load_log as attempt
left join ended on ended.attempt_id = attempt.attempt_id
left join taken on taken.attempt_id = attempt.attempt_id
left join present on present.record_type = attempt.record_type and present.external_id = attempt.external_id
where attempt.status = 'attempted' and (ended.attempt_id is null
    or (attempt.operation = 'create' and present.internal_id is null
        and (ended.error_code = '{NO_EFFECT_SEEN}' or taken.attempt_id is not null)))
order by attempt.record_type, attempt.external_id, attempt.position
"""

# External ids of which the journal has rows, but no record in NetSuite.
NOT_POSTED = f"""
select external_id from load_netsuite.load_log where record_type <> 'serviceSaleItem'
group by external_id having count(*) filter (where status in {PRESENT}) = 0
"""

NAMED = "select distinct internal_id from load_netsuite.load_log where internal_id is not null"

# The body of each attempt that succeeded, and the payload of each record that was found, in order.
PAYLOADS = f"""
with of_these as (
    select * from load_netsuite.load_log
    where record_type = ? and external_id in (select unnest(?::varchar[]))
)
select answer.external_id, answer.status, coalesce(attempt.payload, answer.payload)
from of_these as answer
left join of_these as attempt
    on attempt.attempt_id = answer.attempt_id and attempt.status = 'attempted'
    and answer.status in ('created', 'applied')
where answer.status in {WRITTEN}
order by answer.position
"""


@dataclass
class Sent:
    """The content of one record by the journal.

    name: its external id in NetSuite (of a record of somebody else: theirs, empty without one; None: not known) ·
    applied: internal id of a document → our amount applied to it, in major units · lines: the item rows of the body
    that created it; empty if the record was adopted.
    """

    name: str | None = None
    applied: dict[str, Decimal] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)


def sent_in_journal(cursor: Cursor, record_type: str, external_ids: Sequence[str]) -> dict[str, Sent]:
    """external id → the content sent or adopted. An external id that the journal does not have gets an empty one."""
    sent: defaultdict[str, Sent] = defaultdict(Sent)
    for external_id, status, payload in ask(cursor, PAYLOADS, [record_type, list(external_ids)]):
        body, record = parse(payload), sent[external_id]
        record.name = body.get("externalId", record.name)
        if status == "created":
            record.lines = body.get("item", {}).get("items", [])
        for application in body.get("apply", {}).get("items", []):
            record.applied[str(application["doc"]["id"])] = Decimal(application["amount"])
    return sent


def in_bulks(warehouse: Warehouse, sql: str, columns: Sequence[str]) -> Iterator[list[Row]]:
    """Rows of a query that is ordered by record type: bulks of one type each, read as they are needed."""
    for rows in ask_in_bulks(warehouse.cursor(), sql, lookup.BULK):
        named = (dict(zip(columns, row, strict=True)) for row in rows)
        for _, same_type in groupby(named, lambda row: row["record_type"]):
            yield list(same_type)


def parse(payload: str | None) -> dict[str, Any]:
    """A payload of the journal, numbers as Decimal."""
    parsed: dict[str, Any] = json.loads(payload, parse_float=Decimal, parse_int=Decimal) if payload else {}
    return parsed


def seen_payload(found: Found, applied: Iterable[tuple[str, Decimal]]) -> str:
    """The payload of an `adopted` or `verified` row: the shape of a body, as NetSuite shows the record, with our
    applications (internal id of the document, amount)."""
    head = {"externalId": found.external_id, "tranDate": found.tran_date, "memo": found.memo, "total": found.total}
    shown = {name: value for name, value in head.items() if value is not None}
    return to_json(shown | {"apply": bodies.apply(applied)}).decode()
