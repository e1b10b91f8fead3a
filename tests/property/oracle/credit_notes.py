"""Credit notes: parts of the memo, what holds it up, invoices from before go-live (C1 to C7, G1, G2)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.property.oracle.amounts import smallest_unit
from tests.property.oracle.components import components_of
from tests.property.oracle.dates import day_of, is_before_go_live, posting_day, set_posting_date
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.findings import stopped_by_hand, unpaid
from tests.property.oracle.identity import set_customer, set_invoice
from tests.property.oracle.lines import add_lines
from tests.property.oracle.refunds import account, is_dead
from tests.property.oracle.shapes import Application, Document

# What only a memo needs: a note that is posted as journal entries does without (G2).
NEEDED_BY_A_MEMO = {
    "invoice_before_go_live",
    "invoice_customer_changed",
    "currency_mismatch",
    "lines_do_not_add_up",
    "tax_rate_unmapped",
    "item_unmapped",
    "invoice_not_in_netsuite",
    "customer_not_in_netsuite",
    "period_closed",
}


def credit_notes(facts: Facts) -> Iterator[Document]:
    """The documents of all credit notes: by invoice, and by `created` and id on each invoice."""
    for invoice_id, notes in facts.credit_notes_of.items():
        for note in notes:
            yield _credit_note(facts, note, facts.stripe["invoices"][invoice_id])


def _credit_note(facts: Facts, note: Obj, invoice: Obj) -> Document:
    currency, total = note["currency"], note["total"]
    document = Document(note["id"], "credit_note", note["customer"], invoice["id"], currency, total, note["created"])
    document.memo_text = f"Stripe: {note['id']}." + (f" {note['memo']}" if note["memo"] else "")
    _set_parts(facts, document, note)
    document.findings |= _held_up_by_stripe(facts, note, invoice)
    set_customer(facts, document)
    set_invoice(facts, document)
    _set_date(facts, document, note)
    _set_lines(facts, document, note, invoice)
    if is_before_go_live(facts, invoice["status_transitions"]["finalized_at"]):
        document.findings.add("invoice_before_go_live")
        if facts.settings["pre_go_live_credit_notes"] == "income_account":
            _post_as_income(facts, document)
    return document


# -------------------------------------------------------------------- amounts: C1, C6, C7, R2, R4


def _set_parts(facts: Facts, document: Document, note: Obj) -> None:
    """C1: what goes to the invoice, to refunds and out of band is the memo; the rest stays in the balance (C7)."""
    document.applications = _parts(facts, document, note)
    document.memo_amount = sum(part.amount for part in document.applications)
    own_row = note["customer_balance_transaction"]
    if note["total"] - document.memo_amount != (-own_row["amount"] if own_row else 0):
        document.findings.add("parts_do_not_add_up")
    if document.memo_amount == 0:
        document.findings.add("kept_in_customer_balance")
    unit = smallest_unit(facts, document.currency)
    if any(part.amount % unit for part in document.applications):
        document.findings.add("currency_precision")
    if document.applied_to("customer_refund") and account(facts, "refund", document.currency) is None:
        document.findings.add("account_unmapped")


def _parts(facts: Facts, document: Document, note: Obj) -> list[Application]:
    """C6, C7, R2, R4. A payment record's refund, and a failed refund that was settled by hand, are out of band."""
    out_of_band = note["out_of_band_amount"] or 0
    by_refund: dict[str, int] = {}
    for entry in note["refunds"]:
        is_failed = entry["type"] != "payment_record_refund" and is_dead(facts, entry["refund"])
        is_settled = is_failed and facts.decisions.get(note["id"]) == "out_of_band"
        if entry["type"] == "payment_record_refund" or is_settled:
            out_of_band += entry["amount_refunded"]
            continue
        if is_failed:
            document.findings.add("refund_failed")
        by_refund[entry["refund"]] = by_refund.get(entry["refund"], 0) + entry["amount_refunded"]
    parts = [Application("invoice", note["invoice"], note["pre_payment_amount"])]
    parts += [Application("customer_refund", refund, amount) for refund, amount in by_refund.items()]
    parts.append(Application("out_of_band", None, out_of_band))
    return [part for part in parts if part.amount]


# -------------------------------------------------------------------- state, date, lines


def _held_up_by_stripe(facts: Facts, note: Obj, invoice: Obj) -> set[str]:
    """C2, G1: findings that Stripe's objects and people give, before NetSuite is looked at."""
    found = stopped_by_hand(facts, note["id"], note, invoice) | unpaid(facts, invoice)
    if note["status"] == "void":
        found.add("credit_note_void")
    if invoice["status"] == "void":
        found.add("invoice_void")
    if is_before_go_live(facts, note["created"]):
        found.add("before_go_live")
    return found


def _set_date(facts: Facts, document: Document, note: Obj) -> None:
    """C3, X4."""
    moment = note["created"]
    if facts.settings["credit_note_date"] == "effective_at":
        moment = note["effective_at"] or note["created"]
    set_posting_date(facts, document, day_of(facts, moment))


def _set_lines(facts: Facts, document: Document, note: Obj, invoice: Obj) -> None:
    """L10: the components come to the note's total, else the memo has no lines."""
    components = components_of(facts, note, invoice)
    if sum(component.amount for component in components) != note["total"]:
        document.findings.add("lines_do_not_add_up")
    elif (document.memo_amount or 0) > 0:
        add_lines(facts, document, components, note["total"])


# -------------------------------------------------------------------- G2


def _post_as_income(facts: Facts, document: Document) -> None:
    """G2: a note that was refunded in full after go-live is posted as journal entries.

    reading: a note posted as journal entries has no memo, so what only a memo needs does not hold it up.
    """
    parts = document.applied_to("customer_refund")
    refunds = [facts.stripe["refunds"][part.target] for part in parts]
    is_whole = sum(part.amount for part in parts) == document.memo_amount
    is_paid_out = all(r["status"] == "succeeded" and not is_before_go_live(facts, r["created"]) for r in refunds)
    purposes = ("refund", "pre_go_live_income")
    has_accounts = all(account(facts, purpose, document.currency) for purpose in purposes)
    if not (parts and is_whole and is_paid_out and has_accounts):
        return
    document.income_entries = [(f"{part.target}_{document.id}_income", part.amount) for part in parts]
    document.findings -= NEEDED_BY_A_MEMO
    if any(posting_day(facts, day_of(facts, refund["created"])) is None for refund in refunds):
        document.findings.add("period_closed")
