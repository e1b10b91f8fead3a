"""The customer balance ledger: which invoice used how much of which credit (B1, B4, B6, B7)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.property.oracle.chain import in_chain_order
from tests.property.oracle.facts import Facts, Obj, by_ledger

APPLY = ("applied_to_invoice", "checkout_session_subscription_payment")
GIVE_BACK = ("unapplied_from_invoice", "checkout_session_subscription_payment_canceled")
CHECKOUT = ("checkout_session_subscription_payment", "checkout_session_subscription_payment_canceled")
CARRIED = ("invoice_too_small", "invoice_too_large")
FROM_PAYMENT = ("invoice_overpaid", "unspent_receiver_credit")


@dataclass
class Ledger:
    """What the rules read from all customers' ledgers. A key is (customer, currency)."""

    rows_of: dict[str, list[Obj]] = field(default_factory=lambda: defaultdict(list))  # by invoice
    invoice_of_checkout: dict[str, str] = field(default_factory=dict)  # by row
    has_leftover: dict[str, bool] = field(default_factory=dict)  # by invoice
    from_payment: set[str] = field(default_factory=set)  # invoices
    incomplete: set[tuple[str, str]] = field(default_factory=set)
    order_uncertain: set[tuple[str, str]] = field(default_factory=set)

    def used_by(self, invoice: str) -> int:
        """B1: balance applied to the invoice, less what it gave back."""
        return self._sum(invoice, (*APPLY, *GIVE_BACK))

    def carried_by(self, invoice: str) -> int:
        """Amounts too small or too large to charge, carried into the next invoice."""
        return self._sum(invoice, CARRIED)

    def _sum(self, invoice: str, types: tuple[str, ...]) -> int:
        return sum(row["amount"] for row in self.rows_of.get(invoice, []) if row["type"] in types)

    def invoice_of(self, row: Obj) -> str | None:
        """B1: the invoice that a row belongs to."""
        return str(row["invoice"]) if row["invoice"] else self.invoice_of_checkout.get(row["id"])


def read_ledger(facts: Facts) -> Ledger:
    """All ledgers of the account."""
    ledger = Ledger()
    ledgers = by_ledger(facts.stripe["customer_balance_transactions"].values())
    for key in sorted(ledgers.keys() | facts.invoices_of.keys()):
        rows, is_broken, is_unique = in_chain_order(ledgers.get(key, []))
        invoices = [invoice for invoice in facts.invoices_of.get(key, []) if _has_arithmetic(invoice)]
        _attribute(facts, ledger, invoices, rows)
        if is_broken or any(lacking(facts, ledger, invoice) for invoice in invoices):
            ledger.incomplete.add(key)
        if not is_unique:
            ledger.order_uncertain.add(key)
        _find_leftovers(facts, ledger, rows)
        _find_uses_of_payments(ledger, rows)
    return ledger


def _has_arithmetic(invoice: Obj) -> bool:
    """B6: the arithmetic of drafts, void and negative invoices says nothing about the ledger."""
    return invoice["status"] not in ("draft", "void") and invoice["total"] >= 0


def pre_payment(facts: Facts, invoice: Obj) -> int:
    """Credit notes that reduced the invoice before it was paid."""
    notes = facts.credit_notes_of.get(invoice["id"], [])
    return sum(note["pre_payment_amount"] for note in notes if note["status"] == "issued")


def lacking(facts: Facts, ledger: Ledger, invoice: Obj) -> int:
    """B6: total less pre-payment credit notes, use of balance and carried rows, less what the invoice shows as due."""
    explained = pre_payment(facts, invoice) + ledger.used_by(invoice["id"]) + ledger.carried_by(invoice["id"])
    return int(invoice["total"] - explained - invoice["amount_due"])


def _attribute(facts: Facts, ledger: Ledger, invoices: list[Obj], rows: list[Obj]) -> None:
    """B1: rows belong to the invoice they name. A checkout row that names none belongs to the one invoice whose
    arithmetic lacks its amount.
    """
    for row in rows:
        if row["invoice"] and row["type"] in (*APPLY, *GIVE_BACK, *CARRIED):
            ledger.rows_of[row["invoice"]].append(row)
    for row in rows:
        if row["type"] in CHECKOUT and not row["invoice"]:
            candidates = [i["id"] for i in invoices if lacking(facts, ledger, i) == row["amount"]]
            if len(candidates) == 1:
                ledger.rows_of[candidates[0]].append(row)
                ledger.invoice_of_checkout[row["id"]] = candidates[0]


def _find_leftovers(facts: Facts, ledger: Ledger, rows: list[Obj]) -> None:
    """B4: did the customer use some of the credit before this use, or is some left after it?"""
    for position, row in enumerate(rows):
        if row["type"] not in APPLY or row["amount"] <= 0:
            continue
        used = 0
        for earlier in reversed(rows[:position]):
            if _adds_credit(facts, earlier):
                break
            if earlier["type"] in (*APPLY, *GIVE_BACK):
                used += earlier["amount"]
        invoice = ledger.invoice_of(row)
        if invoice:
            ledger.has_leftover[invoice] = used > 0 or row["ending_balance"] < 0


def _adds_credit(facts: Facts, row: Obj) -> bool:
    if row["amount"] >= 0 or row["type"] in GIVE_BACK:
        return False
    if row["type"] in APPLY:  # a negative row collects a debit, unless the invoice itself is negative
        return bool(row["invoice"]) and facts.stripe["invoices"][row["invoice"]]["total"] < 0
    return True


# -------------------------------------------------------------------- B7: where a use comes from


@dataclass
class _Credit:
    """A ledger row that adds credit, and its unused amount."""

    type: str
    left: int


@dataclass
class _Sources:
    """One ledger, row after row: credits, oldest first; debt that waits for credit; what each invoice took."""

    credits: list[_Credit] = field(default_factory=list)
    debt: int = 0
    taken: dict[str, list[tuple[_Credit, int]]] = field(default_factory=lambda: defaultdict(list))


def _find_uses_of_payments(ledger: Ledger, rows: list[Obj]) -> None:
    """B7: a use takes the oldest credit first; uses of credit that came from a payment are noted."""
    sources = _Sources()
    for row in rows:
        invoice, amount = ledger.invoice_of(row), row["amount"]
        if row["type"] in GIVE_BACK and amount < 0:
            amount = -_give_back(sources, invoice or "", -amount)
        if amount < 0:
            _add_credit(sources, row["type"], -amount)
        elif amount > 0:
            _take(sources, invoice if row["type"] in APPLY else None, amount)
    for invoice, uses in sources.taken.items():
        if any(credit.type in FROM_PAYMENT for credit, _ in uses):
            ledger.from_payment.add(invoice)


def _give_back(sources: _Sources, invoice: str, amount: int) -> int:
    """Return the invoice's latest uses to their credits; the result is the amount that none of them covers.

    reading: what a reversal gives back goes to the credit it came from.
    """
    uses = sources.taken.get(invoice, [])
    while amount and uses:
        credit, used = uses.pop()
        part = min(amount, used)
        credit.left += part
        amount -= part
        if used > part:
            uses.append((credit, used - part))
    for credit in sources.credits:  # a debt that waited takes the oldest of it
        part = min(sources.debt, credit.left)
        credit.left -= part
        sources.debt -= part
    return amount


def _add_credit(sources: _Sources, type: str, amount: int) -> None:
    settled = min(sources.debt, amount)
    sources.debt -= settled
    if amount > settled:
        sources.credits.append(_Credit(type, amount - settled))


def _take(sources: _Sources, invoice: str | None, amount: int) -> None:
    """Take the oldest credit first; what no credit covers is debt."""
    for credit in sources.credits:
        part = min(amount, credit.left)
        if part:
            credit.left -= part
            amount -= part
            if invoice:
                sources.taken[invoice].append((credit, part))
    sources.debt += amount
