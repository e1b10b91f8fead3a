"""credit_outcomes after a run; notes what has been posted now."""

from __future__ import annotations

from datetime import date

from tests.acceptance.checks.posted import PostedRefund
from tests.acceptance.checks.state import State
from tests.acceptance.company import is_closed
from tests.property.comparison.outcomes import DEPEND_ON_ORDER
from tests.property.oracle.dates import day_of, open_day
from tests.property.oracle.facts import Obj
from tests.property.oracle.shapes import Application, Document


def check_outcomes(state: State) -> None:
    """State and reason of every document, and the columns that identify it."""
    documents = state.expectations.documents
    for id in sorted(documents.keys() | state.outcomes.keys()):
        document, row = documents.get(id), state.outcomes.get(id)
        if document is None or row is None:
            state.note(f"{id}: expected {document and (document.state, document.reason)}, found {row}")
        elif _has_uncertain_total(state, document, row):
            state.posted.uncertain.add(id)
            if row["netsuite_internal_id"]:
                state.posted.documents.setdefault(id, document)
                _note_refunds(state, document, is_uncertain=True)
        else:
            _check_outcome(state, document, row)


def _has_uncertain_total(state: State, document: Document, row: Obj) -> bool:
    """Under `none`, this company computes no tax: what Stripe taxed has another total in NetSuite, or is refused."""
    is_taxed = state.tax_strategy == "none" and document.has_tax and document.type == "credit_note"
    return is_taxed and row["reason"] in ("netsuite_differs", "netsuite_rejected", "created")


def _check_outcome(state: State, document: Document, row: Obj) -> None:
    expected = _outcome_after_push(state, document)
    found = (row["state"], row["reason"])
    if found != expected and not _is_allowed(state, document, expected, found):
        state.note(
            f"outcome of {document.id} ({document.type}, {document.customer}): expected {expected}, found {found}"
            f"{' (open question)' if _is_open_question(state, document) else ''}; "
            f"findings {sorted(document.findings)}; detail: {row['detail']}"
        )
    for column, value in (
        ("stripe_customer_id", document.customer),
        ("stripe_invoice_id", document.invoice),
        ("currency", document.currency),
        ("amount_minor", document.amount),
        ("document_type", document.type),
        ("external_id", document.external_id),
    ):
        state.check(f"outcome {column}", document.id, value, row[column])
    is_posted = found[0] == "posted"
    if is_posted or row["netsuite_internal_id"]:
        state.check("internal id given", document.id, True, bool(row["netsuite_internal_id"]))
        state.posted.documents.setdefault(document.id, document)
        if not is_posted and "refund_failed" not in found:
            state.posted.uncertain.add(document.id)
        _note_refunds(state, document, is_uncertain=found != expected or not is_posted)


def _outcome_after_push(state: State, document: Document) -> tuple[str, str]:
    """(state, reason): what was ready is posted.

    NetSuite refuses to apply an adopted memo whose month it has closed (O3).
    """
    if document.existing_record and document.applied_to("invoice") and document.state in ("ready", "posted"):
        books = state.world.books
        memo = books.transaction(document.existing_record)
        is_closed = books.row("accountingperiod", memo.period)["closed"] == "T"
        if is_closed and document.netsuite_invoice not in map(str, memo.applications):
            return "blocked", "netsuite_rejected"
    if document.state == "ready":
        return "posted", "adopted" if document.existing_record else "created"
    return document.state, document.reason


def _is_allowed(state: State, document: Document, expected: tuple[str, str], found: tuple[str, str]) -> bool:
    """Whether the rules leave this difference open.

    A record that a killed or faulty run made is found again: `created` and `adopted` are both true of it.
    """
    if document.is_order_uncertain and {expected[1], found[1]} & DEPEND_ON_ORDER:
        return True
    is_found_again = expected == ("posted", "created") and found == ("posted", "adopted")
    return is_found_again and any(
        row["status"] == "attempted" and row["external_id"] == document.id for row in state.load_log
    )


def _is_open_question(state: State, document: Document) -> bool:
    is_settled_by_hand = state.facts.decisions.get(document.id) == "out_of_band"
    return is_settled_by_hand or bool(document.income_entries) or document.is_order_uncertain


# -------------------------------------------------------------------- refunds


def _note_refunds(state: State, document: Document, *, is_uncertain: bool) -> None:
    """The customer refunds that were posted with a document."""
    if document.income_entries:
        return
    for part in document.applied_to("customer_refund"):
        if is_uncertain:
            state.posted.uncertain.add(str(part.target))
        if part.state == "ready":
            _note_refund(state, document, part)


def _note_refund(state: State, document: Document, part: Application) -> None:
    id = str(part.target)
    stripe_refund = state.facts.stripe["refunds"][id]
    refund = state.posted.refunds.setdefault(id, PostedRefund())
    records = state.records.get(id, [])
    if (
        document.id not in refund.parts
        and refund.parts
        and records
        and _is_in_closed_period(state, records[0].tran_date)
    ):
        return  # R3: the refund's period is closed now
    refund.parts[document.id] = part.amount
    refund.posting_date = refund.posting_date or open_day(state.facts, day_of(state.facts, stripe_refund["created"]))
    refund.reason = stripe_refund["reason"]


def _is_in_closed_period(state: State, day: date | str) -> bool:
    books = state.world.books
    period = books.row("accountingperiod", books.period_on(date.fromisoformat(str(day))) or "")
    return period is None or is_closed(period) or period["alllocked"] == "T"
