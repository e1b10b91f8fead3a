"""Holds a push to its plan: nothing is posted that the plan does not have, and what was posted already is known.

A push that was killed leaves a part of its plan posted. The same plan then finishes it: a record that is not ready any
more must have been posted since the plan was made, with the body that the plan has, or NetSuite must have refused it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from load_netsuite.errors import PlanMoved
from load_netsuite.journal import NO_EFFECT_SEEN, WRITTEN
from load_netsuite.marts import Marts
from load_netsuite.plan import Key, Plan, Planned, ready_records
from load_netsuite.records import body_hash
from warehouse.query import Warehouse, ask

SHOWN_DIFFERENCES = 20

SINCE = """
select record_type, external_id, operation, status, coalesce(error_detail, ''), payload
from load_netsuite.load_log
where
    position > ? and coalesce(error_code, '') <> ?
    and status in ('attempted', 'rejected', 'differs', 'created', 'adopted', 'applied')
order by position
"""


@dataclass
class Progress:
    """How much of a plan is done. refused: (record type, external id, NetSuite's words) of what it refused since the
    plan was made and what is therefore not ready."""

    posted: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class _Since:
    """What the journal holds of one record since the plan was made."""

    is_posted: bool = False
    bodies: set[str] = field(default_factory=set)
    refusal: str | None = None


@dataclass(frozen=True)
class _Ready:
    """A record that is ready now."""

    operation: str
    body: str
    applications: dict[str, Decimal]


def compare(plan: Plan, warehouse: Warehouse, marts: Marts) -> Progress:
    """Raises PlanMoved, naming the records, unless what is ready now is what the plan has and nobody has posted yet.

    A plan whose records are all in NetSuite stands, whatever else is ready: there is nothing left to post.
    """
    ready = {
        (record.record_type, record.external_id): _Ready(record.operation, record.body_hash, record.named_applications)
        for chunk in ready_records(marts)
        for record in chunk
    }
    progress, moved = Progress(), sorted(_unplanned(plan, ready))
    missing = [planned for key, planned in plan.records.items() if not _is_pending(planned, ready.get(key))]
    since = _journal_since(plan, warehouse) if missing else {}
    for planned in missing:
        own = since.get(planned.key, _Since())
        if planned.operation == "create" and own.bodies - {planned.body}:
            moved.append(f"{_name(planned)} was posted since with another body")
        elif own.is_posted:
            progress.posted += planned.key not in ready
        elif refusal := _refusal(planned, since):
            progress.refused.append((*planned.key, refusal))
        else:
            moved.append(f"{_name(planned)} is in the plan and not ready any more")
    if moved and (not plan.records or progress.posted < len(plan.records)):
        rest = f"\n  ... and {len(moved) - SHOWN_DIFFERENCES} more" if len(moved) > SHOWN_DIFFERENCES else ""
        raise PlanMoved(
            "the records to post have changed since the plan was made; nothing was posted. Make a new plan with `make "
            "plan`.\n  " + "\n  ".join(moved[:SHOWN_DIFFERENCES]) + rest
        )
    return progress


def _unplanned(plan: Plan, ready: dict[Key, _Ready]) -> Iterator[str]:
    """A sentence for each record that is ready and would be posted otherwise than planned."""
    for key, now in ready.items():
        planned = plan.records.get(key)
        name = f"{now.operation} {' '.join(key)}"
        if planned is None or (now.operation == "create" and planned.operation != "create"):
            yield f"{name} is ready now and not in the plan"
        elif now.operation == "create" and (now.body, now.applications) != (planned.body, planned.applications):
            yield f"{name} would be posted with another body"
        elif not now.applications.items() <= planned.applications.items():
            yield f"{name} would be posted with other applications"


def _is_pending(planned: Planned, now: _Ready | None) -> bool:
    """Whether all of a planned record is still ready."""
    return now is not None and now.operation == planned.operation and now.applications == planned.applications


def _journal_since(plan: Plan, warehouse: Warehouse) -> dict[Key, _Since]:
    found: defaultdict[Key, _Since] = defaultdict(_Since)
    rows = ask(warehouse.cursor(), SINCE, [plan.position, NO_EFFECT_SEEN])
    for record_type, external_id, operation, status, detail, payload in rows:
        own = found[record_type, external_id]
        if status in WRITTEN:
            own.is_posted = True
        elif status != "attempted":
            own.refusal = detail
        elif operation == "create":
            own.bodies.add(body_hash(json.loads(payload, parse_float=Decimal)))
    return found


def _refusal(planned: Planned, since: dict[Key, _Since]) -> str | None:
    """NetSuite's words about the record, or about a memo that it was to be applied to."""
    own = since.get(planned.key)
    others = [since.get(("creditMemo", name)) for name in planned.applications]
    return next((part.refusal for part in (own, *others) if part and part.refusal is not None), None)


def _name(planned: Planned) -> str:
    return f"{planned.operation} {planned.record_type} {planned.external_id}"
