"""Customer refunds: accounts, states, and one refund over several credit notes (R1 to R4)."""

from __future__ import annotations

from collections.abc import Iterable

from tests.property.oracle.dates import day_of, is_before_go_live, posting_day
from tests.property.oracle.facts import Facts
from tests.property.oracle.shapes import Application, Document, Refund


def account(facts: Facts, purpose: str, currency: str) -> str | None:
    """R1: the account for the currency, else the one for any currency."""
    found = {
        row["currency"] or "": row["netsuite_account_id"]
        for row in facts.mappings.get("account_map", [])
        if row["purpose"] == purpose
    }
    return found.get(currency) or found.get("")


def is_dead(facts: Facts, refund: str) -> bool:
    """R2: the money did not leave."""
    return facts.stripe["refunds"][refund]["status"] in ("failed", "canceled")


def set_state(facts: Facts, part: Application) -> None:
    """R2: what holds up one refund of a ready document. A refund from before go-live is never pushed (G1)."""
    refund = facts.stripe["refunds"][part.target or ""]
    if is_before_go_live(facts, refund["created"]):
        part.state, part.reason = "skipped", "before_go_live"
    elif refund["status"] in ("pending", "requires_action"):
        part.state, part.reason = "waiting", "refund_pending"
    elif posting_day(facts, day_of(facts, refund["created"])) is None:
        part.state, part.reason = "blocked", "period_closed"  # reading: of the refund's record only


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
