"""Records that stand for a document already: our own external id (P5, X2) and the Stripe Connector's records (K)."""

from __future__ import annotations

from fractions import Fraction

from tests.property.oracle.amounts import decimals
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.shapes import Document

MEMO_KEY = "netsuite_credit_memo_id"
REFUND_KEY = "netsuite_customer_refund_id"


def find_existing_memo(facts: Facts, document: Document, note: Obj | None) -> None:
    """P5: a record under our own external id. K1 to K4: else a record of the connector. `note`: None for a use.

    reading: a note that is posted as journal entries (G2) takes no memo over, but `guard` holds it up.
    """
    own, setting = facts.transactions_by_external_id.get(document.id), facts.settings["connector_records"]
    if document.income_entries and (own or setting != "guard"):
        return
    if own is not None:
        _adopt(facts, document, own)
    elif setting != "ignore":
        _follow_connector(facts, document, note)


def lacks_of_invoice(facts: Facts, document: Document) -> int:
    """C6, K2: what the run applies to the NetSuite invoice. An adopted memo adds what it lacks, if it has that much
    unapplied; else it adds nothing.
    """
    wanted = sum(part.amount for part in document.applied_to("invoice"))
    if document.existing_record is None:
        return wanted
    links = [row for row in facts.netsuite.get("applications", []) if row["nextdoc"] == document.existing_record]
    unit = Fraction(10) ** decimals(document.currency)
    applied = {
        place: sum(abs(Fraction(row["foreignamount"])) * unit for row in links if place in (None, row["previousdoc"]))
        for place in (None, document.netsuite_invoice)
    }
    lacks = max(0, wanted - int(applied[document.netsuite_invoice]))
    others = sum(part.amount for part in document.applied_to("customer_refund"))
    unapplied = (document.memo_amount or 0) - applied[None]
    return lacks if unapplied >= lacks + others else 0


def _follow_connector(facts: Facts, document: Document, note: Obj | None) -> None:
    """K2: take the record over; K3: an id that NetSuite lacks; K4: a record that is not to be taken over."""
    is_guard = facts.settings["connector_records"] == "guard"
    is_known, record = _memo(facts, document, note)
    if is_known and record is None:
        document.findings.add("memo_not_in_netsuite")
    elif record is not None and is_guard:
        _hold(document, record)
    elif record is not None:
        _adopt(facts, document, record)
    for id in _refunds_in_metadata(facts, document):
        if id not in facts.transactions:
            document.findings.add("refund_not_in_netsuite")
        elif is_guard:
            _hold(document, facts.transactions[id])


def _memo(facts: Facts, document: Document, note: Obj | None) -> tuple[bool, Obj | None]:
    """K1: (whether something names a memo, the record); the first hit wins, and an id in metadata ends the search."""
    if note is None:
        record = facts.transactions_by_external_id.get(f"ns_memo:{document.invoice}")
        return record is not None, record
    refunds = list(dict.fromkeys(e["refund"] for e in note["refunds"] if e["type"] != "payment_record_refund"))
    places = [(note, note["id"])]
    if len(refunds) == 1:
        places.append((facts.stripe["refunds"].get(refunds[0]) or {}, refunds[0]))
    for obj, stripe_id in places:
        if named := (obj.get("metadata") or {}).get(MEMO_KEY):
            return True, facts.transactions.get(named)
        if record := facts.transactions_by_external_id.get(f"ns_memo:{stripe_id}"):
            return True, record
    return False, None


def _refunds_in_metadata(facts: Facts, document: Document) -> list[str]:
    """K1: customer refunds that metadata name; one counts only if none stands under the refund id."""
    found = []
    for part in document.applied_to("customer_refund"):
        refund = facts.stripe["refunds"].get(str(part.target)) or {}
        named = (refund.get("metadata") or {}).get(REFUND_KEY)
        if named and part.target not in facts.transactions_by_external_id:
            found.append(named)
    return found


def _hold(document: Document, record: Obj) -> None:
    document.findings.add("netsuite_differs")
    document.connector_record = document.connector_record or record


def _adopt(facts: Facts, document: Document, record: Obj) -> None:
    """P5, K2: type, customer, currency and total agree. What exists already needs no open period."""
    total = abs(Fraction(record["foreigntotal"])) * Fraction(10) ** decimals(document.currency)
    is_same = (
        record["type"] == "CustCred"
        and document.netsuite_customer in (None, record["entity"])
        and facts.symbols.get(record["currency"]) == document.currency
        and total == (document.memo_amount or 0)
    )
    if not is_same:
        document.findings.add("netsuite_differs")
        return
    document.findings.discard("period_closed")
    document.existing_record, document.external_id = record["id"], record.get("externalid") or document.id
