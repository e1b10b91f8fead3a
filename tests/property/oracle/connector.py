"""Records that stand for a document already: our own external id (P5, X2) and the Stripe Connector's records (K)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from tests.property.oracle.amounts import decimals
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.findings import outcome
from tests.property.oracle.refunds import existing_record
from tests.property.oracle.shapes import Application, Document

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
    if setting != "ignore":
        _check_refunds(facts, document)


def lacks_of_invoice(facts: Facts, document: Document) -> int:
    """C6, K2: what the run applies to the NetSuite invoice. An adopted memo adds what it lacks, if it has room."""
    wanted = sum(part.amount for part in document.applied_to("invoice"))
    if document.existing_record is None:
        return wanted
    return max(0, wanted - _applied(facts, document, document.netsuite_invoice)) if has_room(facts, document) else 0


def has_room(facts: Facts, document: Document) -> bool:
    """K2: an adopted memo of the connector has at least as much unapplied as it lacks; else nothing is added to it.

    reading: a memo under our own external id lacks what it lacks, whatever a person applied it to (P5).
    """
    record = facts.transactions.get(document.existing_record or "")
    if record is None or record.get("externalid") == document.id:
        return True
    unapplied = (document.memo_amount or 0) - _applied(facts, document, None)
    return unapplied >= sum(part.amount for part in document.applications if lacks(facts, document, part))


def lacks(facts: Facts, document: Document, part: Application) -> bool:
    """K2: NetSuite does not show the part in the adopted memo. A part out of band is applied by hand."""
    if part.type == "invoice":
        return _applied(facts, document, document.netsuite_invoice) < part.amount
    if part.type == "customer_refund":
        record = existing_record(facts, str(part.target))
        return record is None or not _applied(facts, document, record["id"])
    return False


def _applied(facts: Facts, document: Document, target: str | None) -> int:
    """What NetSuite shows of the existing memo as applied to the record `target`; None: to anything."""
    unit = Fraction(10) ** decimals(document.currency)
    rows = [row for row in facts.netsuite.get("applications", []) if row["nextdoc"] == document.existing_record]
    return int(sum(abs(Fraction(row["foreignamount"])) * unit for row in rows if target in (None, row["previousdoc"])))


def check_shared_records(documents: Iterable[Document], facts: Facts) -> None:
    """K2: one record stands for one document only. reading: all that find it are blocked, but for skipped ones."""
    owners: dict[str, list[Document]] = {}
    for document in documents:
        if document.connector_memo and outcome(document.findings)[0] != "skipped":
            owners.setdefault(document.connector_memo, []).append(document)
    for documents_of_record in owners.values():
        if len(documents_of_record) > 1 and facts.settings["connector_records"] == "adopt":
            for document in documents_of_record:
                document.findings.add("netsuite_differs")
                document.existing_record, document.external_id = None, document.id


def _follow_connector(facts: Facts, document: Document, note: Obj | None) -> None:
    """K2: take the record over; K3: an id that NetSuite lacks; K4: a memo that is not to be taken over."""
    is_guard = facts.settings["connector_records"] == "guard"
    is_known, record = _memo(facts, document, note)
    if is_known and record is None:
        document.findings.add("memo_not_in_netsuite")
    elif record is not None and is_guard:
        _hold(document, record)
    elif record is not None:
        document.connector_memo = record["id"]
        _adopt(facts, document, record)


def _check_refunds(facts: Facts, document: Document) -> None:
    """K3, K4: customer refunds that metadata name."""
    for id in _refunds_in_metadata(facts, document):
        if id not in facts.transactions:
            document.findings.add("refund_not_in_netsuite")
        elif facts.settings["connector_records"] == "guard":
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
