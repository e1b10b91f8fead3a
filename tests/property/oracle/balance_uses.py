"""Balance that pays an invoice becomes a memo: B1 to B5, B7 to B9."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tests.property.oracle.amounts import smallest_unit, split, split_unit
from tests.property.oracle.balance import APPLY, Ledger, Session, pre_payment
from tests.property.oracle.connector import find_existing_memo
from tests.property.oracle.credit_sources import Sources, sources_of, tax_not_reversed, uses_of_payments
from tests.property.oracle.dates import day_of, is_before_go_live, set_posting_date
from tests.property.oracle.facts import Facts, LedgerKey, Obj, stripe_customer
from tests.property.oracle.findings import gone, stopped_by_hand, unpaid
from tests.property.oracle.identity import set_customer, set_invoice
from tests.property.oracle.lines import default_item, item_of_invoice_line, service_period
from tests.property.oracle.memo_text import description_of
from tests.property.oracle.shapes import Application, Document, Line


def balance_uses(facts: Facts, ledger: Ledger) -> Iterator[Document]:
    """The uses of all customers, each with the tax that it leaves unreversed (B5)."""
    taxes: dict[str, int] = {}
    from_payment: set[str] = set()
    for rows in ledger.chains.values():
        sources: Sources = sources_of(ledger, rows)
        taxes |= tax_not_reversed(facts, sources)
        from_payment |= uses_of_payments(sources)
    for document in _documents(facts, ledger, from_payment):
        document.tax_not_reversed = taxes.get(document.id, 0)
        yield document


def _documents(facts: Facts, ledger: Ledger, from_payment: set[str]) -> Iterator[Document]:
    """B1: a finalized, non-negative invoice that a row applies balance to; B8: one that its arithmetic proves; B9."""
    for invoice_id, rows in ledger.rows_of.items():
        invoice = facts.invoice(invoice_id)
        applied = [row for row in rows if row["type"] in APPLY]
        if applied and invoice["status"] != "draft" and (invoice["total"] or 0) >= 0:
            # B6: an invoice that was not landed takes customer and currency from its rows
            owner = {"customer": stripe_customer(rows[0]), "currency": rows[0]["currency"]}
            known = invoice if invoice_id in facts.stripe["invoices"] else invoice | owner
            use, applied_at = ledger.used_by(invoice_id), min(row["created"] for row in applied)
            yield _balance_use(facts, ledger, known, use, applied_at, from_payment)
    for invoice_id, use in ledger.proved.items():
        invoice = facts.invoice(invoice_id)
        finalized_at = invoice["status_transitions"]["finalized_at"]
        document = _balance_use(facts, ledger, invoice, use, finalized_at, from_payment)
        document.findings.add("balance_ledger_incomplete")
        # reading: which line stands for the use (B4) is known once its rows are there
        document.findings.discard("item_unmapped")
        yield document
    for key, sessions in ledger.left.items():
        for session in sessions:
            yield _session_left(facts, key, session)


def _session_left(facts: Facts, key: LedgerKey, session: Session) -> Document:
    """B9: a session without an invoice is blocked, whatever its sign."""
    first = session.rows[0]
    document = Document(session.document, "balance_use", key[0], None, key[1], session.amount, first["created"])
    document.findings |= stopped_by_hand(facts, document.id) | {"balance_ledger_incomplete"}
    if is_before_go_live(facts, first["created"]):
        document.findings.add("before_go_live")
    return document


def _balance_use(
    facts: Facts, ledger: Ledger, invoice: Obj, use: int, applied_at: int, from_payment: set[str]
) -> Document:
    id, customer, currency = invoice["id"], stripe_customer(invoice), invoice["currency"]
    document = Document(f"{id}_balance", "balance_use", customer, id, currency, use, applied_at)
    document.findings |= _skipped(facts, document, invoice)
    if use <= 0:
        return document
    document.memo_amount = use
    document.memo_text = f"Stripe: {id}. This credit memo was created by a Stripe customer's balance."
    document.applications = [Application("invoice", id, use)]
    document.is_order_uncertain = (customer, currency) in ledger.order_uncertain
    document.findings |= _held_up(facts, ledger, invoice, use)
    if document.id in from_payment:
        document.findings.add("balance_from_payment")
    set_customer(facts, document, invoice)
    set_invoice(facts, document, invoice)
    _set_date(facts, document, invoice)
    document.lines = _lines(facts, ledger, document, invoice)
    find_existing_memo(facts, document, None)
    return document


def _skipped(facts: Facts, document: Document, invoice: Obj) -> set[str]:
    """B1, G1: reasons for which the use never becomes a memo."""
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
    """B2, B6, I3, X3: reasons for which the memo waits.

    reading: an invoice that was not landed has no status, so it is of unknown status too; B6's reason comes first.
    """
    found = unpaid(facts, invoice) or _remainder_is_charged(facts, ledger, invoice, use)
    found |= gone(invoice)
    if use % smallest_unit(facts, invoice["currency"]):
        found.add("currency_precision")
    if (stripe_customer(invoice), invoice["currency"]) in ledger.incomplete:
        found.add("balance_ledger_incomplete")
    return found


def _remainder_is_charged(facts: Facts, ledger: Ledger, invoice: Obj, use: int) -> set[str]:
    """B2: charges cover what balance and credit notes leave open of a paid invoice.

    What is uncollected of an invoice that counts as paid is covered too.
    """
    if invoice["status"] not in ("paid", "uncollectible") or not facts.settings["require_charge_for_remainder"]:
        return set()
    covered = sum(
        payment["amount_paid"] or 0
        for payment in facts.payments_of.get(invoice["id"], [])
        if payment["status"] == "paid" and payment["payment"]["type"] in ("charge", "payment_intent")
    )
    if invoice["status"] == "uncollectible":
        covered += invoice["amount_remaining"]
    remainder = invoice["total"] - use - pre_payment(facts, invoice) - ledger.carried_by(invoice["id"])
    return {"remaining_charge_missing"} if covered < remainder else set()


def _set_date(facts: Facts, document: Document, invoice: Obj) -> None:
    """B3, X4: the day of the use, of the payment or of the write-off; else the invoice gives no date."""
    transitions = invoice["status_transitions"]
    moment = transitions.get("marked_uncollectible_at" if invoice["status"] == "uncollectible" else "paid_at")
    if facts.settings["customer_balance_date"] == "applied_at":
        moment = document.created
    if moment:
        set_posting_date(facts, document, day_of(facts, moment))


# -------------------------------------------------------------------- B4: lines


def _lines(facts: Facts, ledger: Ledger, document: Document, invoice: Obj) -> list[Line]:
    """B4: lines of the invoice where the settings and the ledger allow it, else one line for the balance item."""
    lines = [
        _invoice_line(facts, document, line, amount)
        for line, amount in _covered_lines(facts, ledger, document, invoice)
    ]
    if not lines:
        item = default_item(facts, document, "customer_balance")
        lines = [Line("balance", None, item, None, document.amount, Decimal(1))]
    return lines


def _covered_lines(facts: Facts, ledger: Ledger, document: Document, invoice: Obj) -> list[tuple[Obj, int]]:
    """B4: (invoice line, amount of the use for it); empty where the balance item stands for all."""
    lines, mode, use = invoice["lines"]["data"], facts.settings["customer_balance_lines"], document.amount
    if mode == "auto" and len(lines) == 1 and not ledger.has_leftover.get(document.id, False):
        return [(lines[0], use)]
    if mode != "invoice_lines":
        return []
    weights = [line["amount"] - sum(entry["amount"] for entry in line["discount_amounts"]) for line in lines]
    weighted = [(line, weight) for line, weight in zip(lines, weights, strict=True) if weight > 0]
    if not weighted:
        return []
    shares = split(use, [weight for _, weight in weighted], split_unit(facts, document.currency, use))
    return [(line, share) for (line, _), share in zip(weighted, shares, strict=True) if share]


def _invoice_line(facts: Facts, document: Document, line: Obj, amount: int) -> Line:
    item, external_id = item_of_invoice_line(facts, document, line)
    start, end = service_period(facts, (line["period"]["start"], line["period"]["end"]))
    description = description_of(line["description"])
    return Line("balance", line["id"], item, external_id, amount, Decimal(1), description, start, end)
