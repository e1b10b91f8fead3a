"""Balance that pays an invoice becomes a memo: B1 to B5, B7."""

from __future__ import annotations

from collections.abc import Iterator

from tests.property.oracle.amounts import smallest_unit, split, split_unit
from tests.property.oracle.balance import APPLY, GIVE_BACK, Ledger, pre_payment
from tests.property.oracle.dates import day_of, is_before_go_live, set_posting_date
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.findings import stopped_by_hand, unpaid
from tests.property.oracle.identity import set_customer, set_invoice
from tests.property.oracle.lines import default_item, item_of_invoice_line, service_period
from tests.property.oracle.shapes import Application, Document, Line


def balance_uses(facts: Facts, ledger: Ledger) -> Iterator[Document]:
    """B1: one document for each finalized, non-negative invoice that balance was applied to."""
    for invoice_id, rows in ledger.rows_of.items():
        invoice = facts.stripe["invoices"][invoice_id]
        uses = [row for row in rows if row["type"] in (*APPLY, *GIVE_BACK)]
        is_applied = any(row["type"] in APPLY for row in uses)
        if is_applied and invoice["status"] != "draft" and invoice["total"] >= 0:
            yield _balance_use(facts, ledger, invoice, min(row["created"] for row in uses))


def _balance_use(facts: Facts, ledger: Ledger, invoice: Obj, applied_at: int) -> Document:
    id, customer, currency = invoice["id"], invoice["customer"], invoice["currency"]
    use = ledger.used_by(id)
    document = Document(f"{id}_balance", "balance_use", customer, id, currency, use, applied_at)
    document.findings |= _skipped(facts, document, invoice)
    if use <= 0:
        return document
    document.memo_amount = use
    document.memo_text = f"Stripe: {id}. This credit memo was created by a Stripe customer's balance."
    document.applications = [Application("invoice", id, use)]
    document.is_order_uncertain = (customer, currency) in ledger.order_uncertain
    document.findings |= _held_up(facts, ledger, invoice, use)
    set_customer(facts, document)
    set_invoice(facts, document)
    _set_date(facts, document, invoice)
    document.lines = _lines(facts, ledger, document, invoice)
    return document


def _skipped(facts: Facts, document: Document, invoice: Obj) -> set[str]:
    """B2, G1: reasons for which the use never becomes a memo."""
    found = stopped_by_hand(facts, document.id, invoice)
    if invoice["status"] == "void":
        found.add("invoice_void")
    if is_before_go_live(facts, document.created):
        found.add("before_go_live")
    if document.amount == 0:
        found.add("balance_use_reversed")
    if document.amount < 0:
        found.add("debit_balance_collected")
    return found


def _held_up(facts: Facts, ledger: Ledger, invoice: Obj, use: int) -> set[str]:
    """B2, B6, B7, X3: reasons for which the memo waits."""
    found = unpaid(facts, invoice) or _remainder_is_charged(facts, ledger, invoice, use)
    if use % smallest_unit(facts, invoice["currency"]):
        found.add("currency_precision")
    if (invoice["customer"], invoice["currency"]) in ledger.incomplete:
        found.add("balance_ledger_incomplete")
    if invoice["id"] in ledger.from_payment:
        found.add("balance_from_payment")
    return found


def _remainder_is_charged(facts: Facts, ledger: Ledger, invoice: Obj, use: int) -> set[str]:
    """B2: charges cover what balance and credit notes leave open of a paid invoice.

    reading: a payment record is no charge ("for instance paid outside Stripe").
    """
    if invoice["status"] not in ("paid", "uncollectible") or not facts.settings["require_charge_for_remainder"]:
        return set()
    charges = sum(
        payment["amount_paid"] or 0
        for payment in facts.payments_of.get(invoice["id"], [])
        if payment["status"] == "paid" and payment["payment"]["type"] != "payment_record"
    )
    remainder = invoice["total"] - use - pre_payment(facts, invoice) - ledger.carried_by(invoice["id"])
    return {"remaining_charge_missing"} if charges < remainder else set()


def _set_date(facts: Facts, document: Document, invoice: Obj) -> None:
    """B3, X4: the day of the use or of the payment; an invoice that is not paid gives no date."""
    moment = invoice["status_transitions"]["paid_at"]
    if facts.settings["customer_balance_date"] == "applied_at":
        moment = document.created
    if moment:
        set_posting_date(facts, document, day_of(facts, moment))


# -------------------------------------------------------------------- B4: lines


def _lines(facts: Facts, ledger: Ledger, document: Document, invoice: Obj) -> list[Line]:
    """B4: lines of the invoice where the settings and the ledger allow it, else one line for the balance item."""
    lines = [
        _invoice_line(facts, document, line, amount)
        for line, amount in _covered_lines(facts, ledger, invoice, document.amount)
    ]
    if not lines:
        item = default_item(facts, document, "customer_balance")
        lines = [Line("balance", None, item, None, document.amount)]
    return lines


def _covered_lines(facts: Facts, ledger: Ledger, invoice: Obj, use: int) -> list[tuple[Obj, int]]:
    """B4: (invoice line, amount of the use for it); empty where the balance item stands for all."""
    lines, mode = invoice["lines"]["data"], facts.settings["customer_balance_lines"]
    if mode == "auto" and len(lines) == 1 and not ledger.has_leftover.get(invoice["id"], False):
        return [(lines[0], use)]
    if mode != "invoice_lines":
        return []
    weights = [line["amount"] - sum(entry["amount"] for entry in line["discount_amounts"]) for line in lines]
    weighted = [(line, weight) for line, weight in zip(lines, weights, strict=True) if weight > 0]
    if not weighted:
        return []
    shares = split(use, [weight for _, weight in weighted], split_unit(facts, invoice["currency"], use))
    return [(line, share) for (line, _), share in zip(weighted, shares, strict=True) if share]


def _invoice_line(facts: Facts, document: Document, line: Obj, amount: int) -> Line:
    item, external_id = item_of_invoice_line(facts, document, line)
    start, end = service_period(facts, (line["period"]["start"], line["period"]["end"]))
    description = line["description"] or None
    return Line("balance", line["id"], item, external_id, amount, None, description, start, end)
