"""Customer, invoice and currency of a document in NetSuite: X1, X3, C4."""

from __future__ import annotations

from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.shapes import Document


def customer_in_netsuite(facts: Facts, customer: str) -> str | None:
    """X1: internal id by mapping file or metadata, else by the custom field, else by external id."""
    metadata = facts.stripe["customers"][customer].get("metadata") or {}
    mapped = facts.customer_map.get(customer) or metadata.get("netsuite_customer_id")
    if mapped:
        return mapped if mapped in facts.netsuite_customers else None
    found = _by_field(facts, "customers", "customer_id_field", customer)
    return found["id"] if found else None


def invoice_in_netsuite(facts: Facts, invoice: str) -> Obj | None:
    """X1: the NetSuite invoice's row, found in the same order as a customer."""
    metadata = facts.stripe["invoices"][invoice].get("metadata") or {}
    mapped = facts.invoice_map.get(invoice) or metadata.get("netsuite_invoice_id")
    if mapped:
        return facts.transactions.get(mapped)
    return _by_field(facts, "transactions", "invoice_id_field", invoice)


def _by_field(facts: Facts, table: str, setting: str, stripe_id: str) -> Obj | None:
    by_custom_field = facts.netsuite_by_field[table, "stripe_id"] if facts.settings[setting] else {}
    return by_custom_field.get(stripe_id) or facts.netsuite_by_field[table, "externalid"].get(stripe_id)


def has_other_customer(document: Document, invoice: Obj) -> bool:
    """C4: the NetSuite invoice belongs to another customer than the document's."""
    return document.netsuite_customer not in (None, invoice["entity"])


def has_other_currency(facts: Facts, document: Document, invoice: Obj) -> bool:
    """C4: the NetSuite invoice has another currency than the document."""
    return facts.symbols[invoice["currency"]] != document.currency


def set_customer(facts: Facts, document: Document) -> None:
    """X1, X3: the document's customer; findings if NetSuite lacks the customer or the currency."""
    document.netsuite_customer = customer_in_netsuite(facts, document.customer)
    if document.netsuite_customer is None:
        document.findings.add("customer_not_in_netsuite")
    if document.currency not in facts.precisions:
        document.findings.add("currency_not_in_netsuite")


def set_invoice(facts: Facts, document: Document) -> None:
    """C4, X1: the NetSuite invoice that the document's memo refers to. The customer is set already."""
    invoice = invoice_in_netsuite(facts, document.invoice)
    if invoice is None:
        document.findings.add("invoice_not_in_netsuite")
        return
    document.netsuite_invoice = invoice["id"]
    if has_other_customer(document, invoice):
        document.findings.add("invoice_customer_changed")
    if has_other_currency(facts, document, invoice):
        document.findings.add("currency_mismatch")
