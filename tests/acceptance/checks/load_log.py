"""The load log tells what happened (P2, P6)."""

from __future__ import annotations

from collections import defaultdict

from tests.acceptance.checks.state import State
from tests.property.oracle.facts import Obj


def check_attempts(state: State) -> None:
    """Every result of a create or an apply has an earlier attempt; no attempt is logged twice."""
    attempts: dict[str, Obj] = {}
    for row in state.load_log:
        if row["status"] == "attempted":
            if row["attempt_id"] in attempts:
                state.note(f"log: attempt {row['attempt_id']} twice")
            attempts[row["attempt_id"]] = row
        elif row["operation"] in ("create", "apply"):
            attempt = attempts.get(row["attempt_id"])
            if attempt is None or attempt["at"] > row["at"]:
                state.note(f"log: {row['status']} {row['record_type']} {row['external_id']} without attempt")


def check_records_are_logged(state: State) -> None:
    """Every record in NetSuite has an attempt to create it, and was created or adopted."""
    steps: dict[str, set[str]] = defaultdict(set)
    for row in state.load_log:
        is_attempt = row["status"] == "attempted"
        steps[row["external_id"]].add(f"attempted {row['operation']}" if is_attempt else row["status"])
    for id, records in state.records.items():
        for t in records:
            if "attempted create" not in steps[id]:
                state.note(f"log: {t.type} {id} is in NetSuite, no attempt to create it is logged: {steps[id]}")
            if not steps[id] & {"created", "adopted"} and not _differs_by_tax(state, id):
                state.note(f"log: {t.type} {id} is in NetSuite, the log has only {steps[id]}")


def check_internal_ids(state: State) -> None:
    """The internal id of what was created is the record with that external id."""
    for row in state.load_log:
        if row["status"] == "created" and row["record_type"] != "serviceSaleItem":
            t = state.world.books.transaction(row["internal_id"]) if row["internal_id"] else None
            if t is None or t.external_id != row["external_id"]:
                other = t and t.external_id
                state.note(f"log: created {row['external_id']} as {row['internal_id']}, which is {other}")


def _differs_by_tax(state: State, id: str) -> bool:
    """Under `none` this company computes no tax: what Stripe taxed has another total here."""
    row = state.outcomes.get(id)
    is_different = state.tax_strategy == "none" and row is not None and row["reason"] == "netsuite_differs"
    return is_different and id in state.posted.uncertain
