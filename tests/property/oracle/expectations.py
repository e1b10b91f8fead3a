"""The way in: what a run must derive from given facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.property.oracle.balance import Ledger, read_ledger
from tests.property.oracle.balance_uses import balance_uses
from tests.property.oracle.connector import check_shared_records
from tests.property.oracle.credit_notes import credit_notes
from tests.property.oracle.documents import (
    check_external_ids,
    check_invoice_totals,
    check_open_amounts,
    check_refund_accounts,
    check_refund_links,
    set_states,
)
from tests.property.oracle.facts import Facts
from tests.property.oracle.negative_invoices import negative_invoices
from tests.property.oracle.refunds import customer_refunds
from tests.property.oracle.shapes import Document, Refund


@dataclass
class Expectations:
    """What the rules derive from the facts: documents and refunds by id."""

    facts: Facts
    ledger: Ledger
    documents: dict[str, Document]
    refunds: dict[str, Refund]


def expect(facts: Facts, posted: Mapping[str, Document] | None = None) -> Expectations:
    """Apply all rules. `posted` holds the documents that earlier runs posted, as they were then."""
    posted = posted or {}
    ledger = read_ledger(facts)
    all_documents = (*credit_notes(facts), *balance_uses(facts, ledger), *negative_invoices(facts))
    documents = {document.id: document for document in all_documents}
    for id in posted.keys() & documents.keys():
        if documents[id].type == "negative_invoice":
            documents[id].existing_record = posted[id].existing_record
    check_invoice_totals(facts, documents, posted)
    check_refund_links(facts, documents, posted)
    check_refund_accounts(facts, documents, posted)
    check_external_ids(facts, documents, posted)
    check_shared_records(documents.values(), facts)
    check_open_amounts(facts, documents, posted)
    set_states(facts, documents, posted)
    return Expectations(facts, ledger, documents, customer_refunds(documents.values()))
