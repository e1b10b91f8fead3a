"""Customer refunds: accounts, what counts as succeeded, states, and one refund over several credit notes (R1 to R4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from tests.property.oracle.amounts import decimals
from tests.property.oracle.dates import day_of, is_before_go_live, open_day, posting_day
from tests.property.oracle.facts import Facts, Obj, is_gone
from tests.property.oracle.shapes import Application, Document, Refund


def account(facts: Facts, purpose: str, currency: str) -> str | None:
    """R1: the account for the currency, else the one for any currency."""
    found = {
        row["currency"] or "": row["netsuite_account_id"]
        for row in facts.mappings.get("account_map", [])
        if row["purpose"] == purpose
    }
    return found.get(currency) or found.get("")


def outcome_of(facts: Facts, refund_id: str) -> str:
    """R2: `failed`, `succeeded` or `pending`. A refund that was not landed is pending."""
    refund = facts.stripe["refunds"].get(refund_id)
    if refund is None:
        return "pending"
    if refund["status"] in ("failed", "canceled") or refund["reason"] == "expired_uncaptured_charge":
        return "failed"
    is_old = not refund["status"] and refund["balance_transaction"]
    return "succeeded" if refund["status"] == "succeeded" or is_old else "pending"


def linked_amounts(note: Obj) -> dict[str, int]:
    """Refund -> what the credit note links of it. The refund of a payment record is no Stripe refund (C1)."""
    linked: dict[str, int] = {}
    for entry in note["refunds"]:
        if entry["type"] != "payment_record_refund":
            linked[entry["refund"]] = linked.get(entry["refund"], 0) + entry["amount_refunded"]
    return linked


def is_dead(facts: Facts, refund_id: str) -> bool:
    """R2: the money did not leave."""
    return outcome_of(facts, refund_id) == "failed"


def set_state(facts: Facts, part: Application) -> None:
    """R2: what holds up one refund of a ready document. A refund from before go-live is never pushed (G1)."""
    refund = facts.stripe["refunds"].get(part.target or "")
    if refund and is_before_go_live(facts, refund["created"]):
        part.state, part.reason = "skipped", "before_go_live"
    elif refund is None or outcome_of(facts, refund["id"]) == "pending":
        part.state, part.reason = "waiting", "refund_pending"
    elif is_gone(refund):
        part.state, part.reason = "blocked", "gone_from_stripe"
    elif posting_day(facts, day_of(facts, refund["created"])) is None:
        part.state, part.reason = "blocked", "period_closed"  # reading: of the refund's record only


def existing_record(facts: Facts, refund_id: str) -> Obj | None:
    """R3, K1, K2: the record under the refund's id, else under `adopt` the one that its metadata names."""
    if record := facts.transactions_by_external_id.get(refund_id):
        return record
    metadata = (facts.stripe["refunds"].get(refund_id) or {}).get("metadata") or {}
    is_adopted = facts.settings["connector_records"] == "adopt"
    return facts.transactions.get(metadata.get("netsuite_customer_refund_id", "")) if is_adopted else None


def check_existing_records(facts: Facts, documents: Iterable[Document]) -> None:
    """R3: a customer refund that somebody else made takes the missing applications, if it agrees and has room for them.

    Else the applications are blocked, and so are they if its period is closed. A part that is in it already keeps its
    state.
    """
    parts_of: dict[str, list[tuple[Document, Application]]] = {}
    for document in documents:
        for part in document.applied_to("customer_refund"):
            if not document.income_entries:
                parts_of.setdefault(str(part.target), []).append((document, part))
    for refund_id, parts in parts_of.items():
        record = existing_record(facts, refund_id)
        if record is None:
            continue
        missing = [(document, part) for document, part in parts if part.state == "ready"]
        linked = sum(part.amount for document, part in parts if refund_id not in document.blocked_links)
        added = sum(part.amount for _, part in missing)
        for document, part in missing:
            unit = Fraction(10) ** decimals(document.currency)
            is_same = (
                record["type"] == "CustRfnd"
                and record["entity"] == document.netsuite_customer
                and facts.symbols.get(record["currency"]) == document.currency
            )
            if not is_same or abs(Fraction(record["foreigntotal"])) * unit + added > linked:
                part.state, part.reason = "blocked", "netsuite_differs"
            elif _is_in_closed_period(facts, record):
                part.state, part.reason = "blocked", "period_closed"  # nothing is added to it, in both values of X4


def _is_in_closed_period(facts: Facts, record: Obj) -> bool:
    day = date.fromisoformat(record["trandate"]) if record.get("trandate") else None
    return day is not None and open_day(facts, day) != day


def customer_refunds(documents: Iterable[Document]) -> dict[str, Refund]:
    """R1, R3: one customer refund for each Stripe refund, over all documents that it belongs to."""
    refunds: dict[str, Refund] = {}
    for document in documents:
        for part in document.applied_to("customer_refund"):
            refund = refunds.setdefault(str(part.target), Refund(str(part.target)))
            if part.state == "ready" and not document.income_entries:
                refund.amount += part.amount
                refund.is_ready = True
    return refunds
