"""Zero-amount invoices, journal entries and customer refunds in NetSuite, to the cent."""

from __future__ import annotations

from decimal import Decimal

from tests.acceptance.checks.posted import PostedRefund
from tests.acceptance.checks.state import State, major
from tests.property.oracle.refunds import account
from tests.property.oracle.shapes import Document


def check_zero_invoice(state: State, document: Document) -> None:
    """N1."""
    id = document.id
    if document.existing_invoice:
        state.check("adopted, not created", id, [], state.records.get(id, []))
        return
    invoice = state.record(id, "CustInvc")
    if invoice is None:
        return
    state.check("customer", id, document.netsuite_customer, invoice.entity)
    state.check("currency", id, document.currency, state.currency_of(invoice))
    state.check("total", id, Decimal(0), invoice.total)
    state.check("date", id, document.posting_date, invoice.tran_date)
    state.check("text", id, True, (invoice.memo or "").startswith(f"Stripe: {id}."))
    created = {row["externalid"]: row["id"] for row in state.world.books.rows("item") if row["externalid"]}
    lines = [(item or created.get(external_id), Decimal(n)) for item, external_id, n in document.zero_lines]
    state.check("zero lines", id, lines, [(line.item, line.quantity) for line in invoice.lines])


def check_journal_entries(state: State, document: Document) -> None:
    """G2: income against the account that refunds are paid from."""
    income, bank = (account(state.facts, purpose, document.currency) for purpose in ("pre_go_live_income", "refund"))
    for id, amount in document.income_entries:
        entry = state.record(id, "Journal")
        if entry is None:
            continue
        value = major(document, amount)
        found = {(line.account, line.debit, line.credit) for line in entry.journal}
        state.check("journal", id, {(income, value, Decimal(0)), (bank, Decimal(0), value)}, found)
        state.check("currency", id, document.currency, state.currency_of(entry))


def check_refunds(state: State) -> None:
    """R1, R3: every customer refund that was posted, unless the rules leave it open."""
    for id, posted in state.posted.refunds.items():
        if id not in state.posted.uncertain:
            _check_refund(state, id, posted)


def _check_refund(state: State, id: str, posted: PostedRefund) -> None:
    documents = [state.posted.documents[note] for note in posted.parts if note in state.posted.documents]
    refund = state.record(id, "CustRfnd") if documents else None
    if refund is None:
        return
    document = documents[0]
    memos = {d.id: state.record(d.id, "CustCred") for d in documents}
    expected = {memo.id: major(document, posted.parts[note]) for note, memo in memos.items() if memo}
    state.check("refund applications", id, expected, refund.applications)
    state.check("refund total", id, sum(expected.values(), Decimal(0)), refund.total)
    state.check("refund customer", id, document.netsuite_customer, refund.entity)
    state.check("refund currency", id, document.currency, state.currency_of(refund))
    state.check("refund account", id, account(state.facts, "refund", document.currency), refund.account)
    state.check("refund date", id, posted.posting_date, refund.tran_date)
    state.check("refund text", id, True, (refund.memo or "").startswith(f"Stripe: {id}."))
    if state.mapped_fields("customer_refund"):
        state.check("custbody_reason", id, posted.reason or None, refund.extra.get("custbody_reason"))
