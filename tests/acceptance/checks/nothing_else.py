"""NetSuite holds nothing else, and nothing twice (P2)."""

from __future__ import annotations

from tests.acceptance.checks.state import State


def check_nothing_else(state: State) -> None:
    """Every record with an external id is asked for."""
    posted = state.posted
    wanted = set(posted.documents) | set(posted.refunds) | posted.uncertain
    wanted |= {id for document in posted.documents.values() for id, _ in document.income_entries}
    for id, records in state.records.items():
        if id not in wanted:
            state.note(f"{records[0].type} {id} is in NetSuite and nothing asked for it")


def check_external_ids(state: State) -> None:
    """X2: every transaction has an external id of its own, whatever its case."""
    seen: dict[str, int] = {}
    for t in state.world.books.transactions():
        if t.id not in state.world.not_from_pipeline and not t.external_id:
            state.note(f"{t.type} {t.id} without external id: not the pipeline's?")
        key = (t.external_id or f"#{t.id}").lower()
        if key in seen:
            state.note(f"{t.external_id}: two records, {seen[key]} and {t.id}")
        seen[key] = t.id
