"""credit_memo_applications: the states of applications to customer refunds (R2, R3)."""

from __future__ import annotations

from tests.acceptance.checks.state import State
from tests.property.oracle.shapes import Application, Document


def check_applications(state: State) -> None:
    """The applications to refunds of all documents that were posted for certain."""
    for id, document in state.expectations.documents.items():
        if id not in state.posted.documents or id in state.posted.uncertain or document.income_entries:
            continue
        if document.state == "blocked" and state.posted.documents[id].state != "ready":
            continue
        for part in document.applied_to("customer_refund"):
            if part.target not in state.posted.uncertain:
                _check_application(state, document, part)


def _check_application(state: State, document: Document, part: Application) -> None:
    row = state.applications.get((document.id, part.type, part.target))
    expected = _state_after_push(state, document, part)
    if row is None or row["state"] != expected:
        found = row and (row["state"], row["reason"], row["detail"])
        state.note(f"application of {document.id} to {part.target}: expected {expected} {part.reason}, found {found}")


def _state_after_push(state: State, document: Document, part: Application) -> str:
    refund = state.posted.refunds.get(str(part.target))
    is_applied = refund is not None and document.id in refund.parts
    if part.state == "ready":
        return "posted" if is_applied else "blocked"
    if is_applied and part.reason == "period_closed":
        return "posted"  # before the period was closed
    return part.state
