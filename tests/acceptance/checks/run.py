"""The way in: all checks after one run."""

from __future__ import annotations

from tests.acceptance.checks.applications import check_applications
from tests.acceptance.checks.load_log import check_attempts, check_internal_ids, check_records_are_logged
from tests.acceptance.checks.memos import check_memo
from tests.acceptance.checks.month_end import check_month_end
from tests.acceptance.checks.nothing_else import check_external_ids, check_nothing_else
from tests.acceptance.checks.other_records import check_journal_entries, check_refunds, check_zero_invoice
from tests.acceptance.checks.outcomes import check_outcomes
from tests.acceptance.checks.state import State
from tests.property.oracle.shapes import Document


def check_run(state: State) -> list[str]:
    """All differences in words; `state.posted` takes over what the run posted."""
    check_outcomes(state)
    for document in state.posted.documents.values():
        _check_record(state, document)
    check_refunds(state)
    check_nothing_else(state)
    check_external_ids(state)
    check_attempts(state)
    check_records_are_logged(state)
    check_internal_ids(state)
    check_applications(state)
    check_month_end(state)
    return state.found


def _check_record(state: State, document: Document) -> None:
    if document.type == "negative_invoice":
        check_zero_invoice(state, document)
    elif document.income_entries:
        check_journal_entries(state, document)
    else:
        check_memo(state, document)
