"""Customer, invoice and currency of a document in NetSuite: X1, X3, C4."""

from __future__ import annotations

import re

from tests.property.oracle.facts import Facts, Obj, stripe_customer
from tests.property.oracle.shapes import Document

PENDING, REJECTED = "1", "3"  # approvalstatus of an invoice


def customers_in_netsuite(facts: Facts, obj: Obj) -> list[Obj]:
    """X1: the customer's rows. None: NetSuite lacks it. More than one: ambiguous.

    obj: the credit note or invoice whose customer it is. A row of customer_map for `customer` wins over one for
    `customer_account`.
    """
    customer = stripe_customer(obj)
    if customer is None:
        return []
    names = [name for name in (obj["customer"], obj.get("customer_account")) if name]
    mapped = next((facts.customer_map[name] for name in names if name in facts.customer_map), None)
    ids = [mapped] if mapped else _ids_in_metadata(facts.stripe["customers"].get(customer), "netsuite_customer_id")
    if ids:
        return _by_internal_id(facts.netsuite_customers, ids)
    return _by_field(facts, "customers", "customer_id_field", "isinactive", customer)


def invoices_in_netsuite(facts: Facts, invoice: Obj) -> list[Obj]:
    """X1: the NetSuite invoice's rows, found in the same order as a customer."""
    mapped = facts.invoice_map.get(invoice["id"])
    ids = [mapped] if mapped else _ids_in_metadata(invoice, "netsuite_invoice_id")
    if ids:
        return _by_internal_id(facts.netsuite_invoices, ids)
    return _by_field(facts, "transactions", "invoice_id_field", "voided", invoice["id"])


def _ids_in_metadata(obj: Obj | None, key: str) -> list[str]:
    """X1: one id, or several that are separated by comma, semicolon, bar or blank."""
    value = ((obj or {}).get("metadata") or {}).get(key) or ""
    return list(dict.fromkeys(re.findall(r"[^,;|\s]+", value)))


def _by_internal_id(rows: dict[str, Obj], ids: list[str]) -> list[Obj]:
    """X1: several ids are ambiguous, whether NetSuite has them or not; one that NetSuite lacks is no hit."""
    if len(ids) > 1:
        return [{"id": id} for id in ids]
    return [rows[id] for id in ids if id in rows]


def _by_field(facts: Facts, table: str, setting: str, flag: str, stripe_id: str) -> list[Obj]:
    """X1: by custom field, else by external id. Inactive customers and voided invoices come after all others."""
    columns = ("stripe_id", "externalid") if facts.settings[setting] else ("externalid",)
    found = [facts.netsuite_by_field[table, column].get(stripe_id, []) for column in columns]
    for is_wanted in ("F", "T"):
        for rows in found:
            if hits := [row for row in rows if (row.get(flag) or "F") == is_wanted]:
                return hits
    return []


def has_other_customer(document: Document, invoice: Obj) -> bool:
    """C4: the NetSuite invoice belongs to another customer than the document's."""
    return document.netsuite_customer not in (None, invoice["entity"])


def has_other_currency(facts: Facts, document: Document, invoice: Obj) -> bool:
    """C4: the NetSuite invoice has another currency than the document."""
    return facts.symbols.get(invoice["currency"]) != document.currency


def set_ambiguous(document: Document, found: list[Obj]) -> None:
    """X1: `detail` names all internal ids."""
    document.findings.add("ambiguous_in_netsuite")
    document.named_in_detail |= {row["id"] for row in found}


def set_customer(facts: Facts, document: Document, obj: Obj) -> None:
    """X1, X3: the document's customer; findings if NetSuite lacks the customer or the currency."""
    found = customers_in_netsuite(facts, obj)
    if len(found) > 1:
        set_ambiguous(document, found)
    elif found:
        document.netsuite_customer = found[0]["id"]
    else:
        document.findings.add("customer_not_in_netsuite")
    if document.currency not in facts.precisions:
        document.findings.add("currency_not_in_netsuite")


def set_invoice(facts: Facts, document: Document, stripe_invoice: Obj) -> None:
    """C4, X1: the NetSuite invoice that the document's memo refers to. The customer is set already."""
    found = invoices_in_netsuite(facts, stripe_invoice)
    if len(found) > 1:
        set_ambiguous(document, found)
        return
    if not found:
        document.findings.add("invoice_not_in_netsuite")
        return
    invoice = found[0]
    document.netsuite_invoice = invoice["id"]
    if has_other_customer(document, invoice):
        document.findings.add("invoice_customer_changed")
    if has_other_currency(facts, document, invoice):
        document.findings.add("currency_mismatch")
    if invoice.get("voided") == "T" or invoice.get("approvalstatus") == REJECTED:
        document.findings.add("netsuite_differs")
    elif invoice.get("approvalstatus") == PENDING:
        document.findings.add("invoice_not_in_netsuite")
