"""Which credit a use takes, and whose tax that credit held: B5, B7."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from tests.property.oracle.balance import APPLY, GIVE_BACK, Ledger
from tests.property.oracle.components import components_of, invoice_taxes
from tests.property.oracle.facts import Facts, Obj

FROM_PAYMENT = ("invoice_overpaid", "unspent_receiver_credit")


@dataclass
class Credit:
    """A ledger row that adds credit: its unused amount, and who used the rest, in that order."""

    row: Obj
    left: int
    uses: list[tuple[str, int]] = field(default_factory=list)  # document, amount


@dataclass
class Sources:
    """One ledger, row after row: credits, oldest first; debt that waits for credit; what each document took."""

    credits: list[Credit] = field(default_factory=list)
    debt: int = 0
    taken: dict[str, list[tuple[Credit, int]]] = field(default_factory=lambda: defaultdict(list))


def sources_of(ledger: Ledger, rows: list[Obj]) -> Sources:
    """B7: a use takes the oldest credit first, credit pays debt first, and what is given back is in front again."""
    sources = Sources()
    for row in rows:
        document, amount = ledger.document_of.get(row["id"]), row["amount"]
        if row["type"] in GIVE_BACK and amount < 0:
            amount = -_give_back(sources, document or "", -amount)
        if amount < 0:
            _add_credit(sources, row, -amount)
        elif amount > 0:
            _take(sources, document if row["type"] in APPLY else None, amount)
    return sources


def uses_of_payments(sources: Sources) -> set[str]:
    """B7: documents of which any part is paid from credit that is money."""
    return {
        document
        for document, uses in sources.taken.items()
        if any(credit.row["type"] in FROM_PAYMENT for credit, _ in uses)
    }


def tax_not_reversed(facts: Facts, sources: Sources) -> dict[str, int]:
    """B5: document -> tax of the credit that it used.

    Per credit: floor(used so far x its tax / the credit), less what earlier uses got.
    reading: the tax of a credit is its share of the credit note's tax, or of the negative invoice's, not rounded.
    """
    taxes: dict[str, int] = defaultdict(int)
    for credit in sources.credits:
        share, used, given = _tax_share(facts, credit.row), 0, 0
        for document, amount in credit.uses:
            used += amount
            tax = floor(used * share) - given
            taxes[document] += tax
            given += tax
    return taxes


def _tax_share(facts: Facts, row: Obj) -> Fraction:
    """Tax of one unit of a credit: of a credit note or of a negative invoice; else none."""
    note = facts.stripe["credit_notes"].get(row.get("credit_note") or "")
    if note and note["total"]:
        components = components_of(facts, note, facts.invoice(note["invoice"]))
        return Fraction(sum(c.amount for c in components if c.kind == "tax"), note["total"])
    invoice = facts.stripe["invoices"].get(row["invoice"] or "")
    if row["type"] == "applied_to_invoice" and invoice and invoice["total"] < 0:
        return Fraction(invoice_taxes(invoice), invoice["total"])
    return Fraction(0)


def _give_back(sources: Sources, document: str, amount: int) -> int:
    """Return the document's latest uses to their credits; the result is the amount that none of them covers.

    reading: what a reversal gives back goes to the credit it came from.
    """
    uses = sources.taken.get(document, [])
    while amount and uses:
        credit, used = uses.pop()
        part = min(amount, used)
        credit.left += part
        amount -= part
        last = max(i for i, (user, _) in enumerate(credit.uses) if user == document)
        del credit.uses[last]
        if used > part:
            uses.append((credit, used - part))
            credit.uses.insert(last, (document, used - part))
    for credit in sources.credits:  # a debt that waited takes the oldest of it
        part = min(sources.debt, credit.left)
        credit.left -= part
        sources.debt -= part
    return amount


def _add_credit(sources: Sources, row: Obj, amount: int) -> None:
    settled = min(sources.debt, amount)
    sources.debt -= settled
    if amount > settled:
        sources.credits.append(Credit(row, amount - settled))


def _take(sources: Sources, document: str | None, amount: int) -> None:
    """Take the oldest credit first; what no credit covers is debt."""
    for credit in sources.credits:
        part = min(amount, credit.left)
        if part:
            credit.left -= part
            amount -= part
            if document:
                sources.taken[document].append((credit, part))
                credit.uses.append((document, part))
    sources.debt += amount
