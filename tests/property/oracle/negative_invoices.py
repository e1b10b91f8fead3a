"""Negative invoices become zero-amount invoices: N1."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tests.property.oracle.components import quantity_of
from tests.property.oracle.dates import day_of, is_before_go_live, set_posting_date
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.findings import stopped_by_hand
from tests.property.oracle.identity import has_other_currency, has_other_customer, invoice_in_netsuite, set_customer
from tests.property.oracle.lines import item_of_invoice_line
from tests.property.oracle.shapes import Document


def negative_invoices(facts: Facts) -> Iterator[Document]:
    """One document for each finalized invoice below zero."""
    for invoice in facts.stripe["invoices"].values():
        if invoice["status"] != "draft" and invoice["total"] < 0:
            yield _negative_invoice(facts, invoice)


def _negative_invoice(facts: Facts, invoice: Obj) -> Document:
    id, customer, currency = invoice["id"], invoice["customer"], invoice["currency"]
    finalized_at = invoice["status_transitions"]["finalized_at"]
    document = Document(id, "negative_invoice", customer, id, currency, invoice["total"], finalized_at)
    document.findings |= stopped_by_hand(facts, id, invoice)
    if invoice["status"] == "void":
        document.findings.add("invoice_void")
    if invoice["status"] == "uncollectible":
        document.findings.add("invoice_uncollectible")
    if is_before_go_live(facts, finalized_at):
        document.findings.add("before_go_live")
    set_customer(facts, document)
    set_posting_date(facts, document, day_of(facts, finalized_at))
    _adopt(facts, document)
    for line in invoice["lines"]["data"]:
        item, external_id = item_of_invoice_line(facts, document, line)
        document.zero_lines.append((item, external_id, quantity_of(line)))
    return document


def _adopt(facts: Facts, document: Document) -> None:
    """N1, P5: a zero-amount invoice that NetSuite has already is adopted, if it is the customer's.

    reading: what exists already needs no open period.
    """
    existing = invoice_in_netsuite(facts, document.invoice)
    if existing is None:
        return
    document.findings.discard("period_closed")
    has_amount = Fraction(existing["foreigntotal"]) != 0
    if has_amount or has_other_customer(document, existing) or has_other_currency(facts, document, existing):
        document.findings.add("netsuite_differs")
    else:
        document.existing_invoice = existing["id"]
