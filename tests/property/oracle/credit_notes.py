"""Credit notes: parts of the memo, what holds it up, invoices from before go-live (C1 to C7, G1, G2)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.property.oracle.amounts import smallest_unit
from tests.property.oracle.components import components_of
from tests.property.oracle.connector import find_existing_memo
from tests.property.oracle.dates import day_of, is_before_go_live, posting_day, set_posting_date
from tests.property.oracle.facts import Facts, Obj, stripe_customer
from tests.property.oracle.findings import CREDIT_NOTE_STATUSES, gone, stopped_by_hand, unknown_status, unpaid
from tests.property.oracle.identity import set_customer, set_invoice
from tests.property.oracle.lines import add_lines
from tests.property.oracle.memo_text import clean
from tests.property.oracle.refunds import account, is_dead, outcome_of
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
    "netsuite_differs",
    "ambiguous_in_netsuite",
}


def credit_notes(facts: Facts) -> Iterator[Document]:
    """The documents of all credit notes: by invoice, and by `created` and id on each invoice."""
    for invoice_id, notes in facts.credit_notes_of.items():
        for note in notes:
            yield _credit_note(facts, note, facts.invoice(invoice_id))


def _credit_note(facts: Facts, note: Obj, invoice: Obj) -> Document:
    currency, total = note["currency"], note["total"]
    customer = stripe_customer(note)
    document = Document(note["id"], "credit_note", customer, invoice["id"], currency, total, note["created"])
    memo = clean(note["memo"] or "")
    document.memo_text = f"Stripe: {note['id']}." + (f" {memo}" if memo else "")
    _set_parts(facts, document, note)
    document.findings |= _held_up_by_stripe(facts, note, invoice)
    set_customer(facts, document, note)
    set_invoice(facts, document, invoice)
    _set_date(facts, document, note)
    _set_lines(facts, document, note, invoice)
    finalized_at = invoice["status_transitions"].get("finalized_at")
    if finalized_at and is_before_go_live(facts, finalized_at):
        document.findings.add("invoice_before_go_live")
        if facts.settings["pre_go_live_credit_notes"] == "income_account":
            _post_as_income(facts, document, invoice)
    find_existing_memo(facts, document, note)
    return document


# -------------------------------------------------------------------- amounts: C1, C6, C7, R2, R4


def _set_parts(facts: Facts, document: Document, note: Obj) -> None:
    """C1: what goes to the invoice, to refunds and out of band is the memo; the rest stays in the balance (C7)."""
    document.applications = _parts(facts, document, note)
    document.memo_amount = sum(part.amount for part in document.applications)
    if note["total"] - document.memo_amount != -_own_row_amount(facts, note):
        document.findings.add("parts_do_not_add_up")
    elif document.memo_amount == 0:
        document.findings.add("kept_in_customer_balance")
    unit = smallest_unit(facts, document.currency)
    if any(part.amount % unit for part in document.applications):
        document.findings.add("currency_precision")
    if document.applied_to("customer_refund") and account(facts, "refund", document.currency) is None:
        document.findings.add("account_unmapped")


def _own_row_amount(facts: Facts, note: Obj) -> int:
    """C1: the note's own row, read from the ledger, or expanded on the note; 0 without one."""
    row = note["customer_balance_transaction"]
    id = row["id"] if isinstance(row, dict) else row
    landed = facts.stripe["customer_balance_transactions"].get(id or "")
    if landed is None and not isinstance(row, dict):
        return 0
    return int((landed or row)["amount"])


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
    """C2, G1: findings that Stripe's objects and people give, before NetSuite is looked at.

    reading: the parts of a note whose invoice was not landed cannot be checked (C1); this comes before O5's reason.
    """
    found = stopped_by_hand(facts, note["id"], note, invoice) | unpaid(facts, invoice)
    found |= unknown_status(note, CREDIT_NOTE_STATUSES)
    if note["invoice"] not in facts.stripe["invoices"]:
        found.add("parts_do_not_add_up")
    refunds = [facts.stripe["refunds"].get(entry["refund"] or "") for entry in note["refunds"]]
    found |= gone(note, invoice, *refunds)
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


def _post_as_income(facts: Facts, document: Document, invoice: Obj) -> None:
    """G2: a note that was refunded in full after go-live is posted as journal entries.

    reading: a note posted as journal entries has no memo, so what only a memo needs does not hold it up.
    """
    parts = document.applied_to("customer_refund")
    is_whole = sum(part.amount for part in parts) == document.memo_amount
    purposes = ("refund", "pre_go_live_income")
    has_accounts = all(account(facts, purpose, document.currency) for purpose in purposes)
    if not (parts and is_whole and has_accounts and all(_is_paid_out(facts, part) for part in parts)):
        return
    document.income_entries = [(f"{part.target}_{document.id}_income", part.amount) for part in parts]
    document.findings -= NEEDED_BY_A_MEMO
    if _income_subsidiary(facts, document, invoice) is None:
        document.findings.add("account_unmapped")
    days = [day_of(facts, facts.stripe["refunds"][part.target or ""]["created"]) for part in parts]
    if any(posting_day(facts, day) is None for day in days):
        document.findings.add("period_closed")


def _is_paid_out(facts: Facts, part: Application) -> bool:
    """G2, R2: the refund succeeded, after go-live."""
    id = part.target or ""
    return outcome_of(facts, id) == "succeeded" and not is_before_go_live(facts, facts.stripe["refunds"][id]["created"])


def _income_subsidiary(facts: Facts, document: Document, invoice: Obj) -> str | None:
    """G2: the NetSuite invoice's subsidiary, else the customer's, else the only one."""
    netsuite_invoice = facts.transactions.get(document.netsuite_invoice or "") or {}
    customer = facts.netsuite_customers.get(document.netsuite_customer or "") or {}
    subsidiaries = facts.netsuite["subsidiaries"]
    only = subsidiaries[0]["id"] if len(subsidiaries) == 1 else None
    return netsuite_invoice.get("subsidiary") or customer.get("subsidiary") or only
