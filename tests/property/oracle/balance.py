"""The customer balance ledger: which rows belong to which invoice, and what is missing (B1, B4, B6, B8, B9)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.property.oracle.chain import in_chain_order
from tests.property.oracle.facts import Facts, LedgerKey, Obj, by_ledger, is_gone, stripe_customer
from tests.property.oracle.findings import CREDIT_NOTE_STATUSES

APPLY = ("applied_to_invoice", "checkout_session_subscription_payment")
GIVE_BACK = ("unapplied_from_invoice", "checkout_session_subscription_payment_canceled")
USE = (*APPLY, *GIVE_BACK)  # B1's four types
CARRIED = ("invoice_too_small", "invoice_too_large")


@dataclass
class Session:
    """B9: rows that name no invoice and belong together, in the order of the chain."""

    rows: list[Obj]

    @property
    def document(self) -> str:
        """The document that it is if no invoice is found for it."""
        return f"{self.rows[0]['id']}_balance"

    @property
    def amount(self) -> int:
        return sum(row["amount"] for row in self.rows)


@dataclass
class Ledger:
    """What the rules read from all customers' ledgers."""

    chains: dict[LedgerKey, list[Obj]] = field(default_factory=dict)  # rows in order
    rows_of: dict[str, list[Obj]] = field(default_factory=lambda: defaultdict(list))  # by invoice
    document_of: dict[str, str] = field(default_factory=dict)  # by row: the use that it belongs to
    invoice_of: dict[str, str] = field(default_factory=dict)  # by row
    left: dict[LedgerKey, list[Session]] = field(default_factory=dict)  # B9: sessions without an invoice
    proved: dict[str, int] = field(default_factory=dict)  # B8: invoice -> use that no row shows
    has_leftover: dict[str, bool] = field(default_factory=dict)  # by document
    incomplete: set[LedgerKey] = field(default_factory=set)  # B6: with a gap
    order_uncertain: set[LedgerKey] = field(default_factory=set)

    def used_by(self, invoice: str) -> int:
        """B1: balance applied to the invoice, less what it gave back."""
        return self.sum_of(invoice, USE)

    def carried_by(self, invoice: str) -> int:
        """Amounts too small or too large to charge, carried into the next invoice."""
        return self.sum_of(invoice, CARRIED)

    def is_applied_to(self, invoice: str) -> bool:
        """B1: a row applies balance to the invoice."""
        return any(row["type"] in APPLY for row in self.rows_of.get(invoice, []))

    def sum_of(self, invoice: str, types: tuple[str, ...]) -> int:
        return sum(row["amount"] for row in self.rows_of.get(invoice, []) if row["type"] in types)

    def unattributed(self, key: LedgerKey) -> int:
        """O2: sum of the rows that B9 gives to no invoice."""
        return sum(session.amount for session in self.left.get(key, []))

    def is_complete(self, key: LedgerKey) -> bool:
        """B6, B9: no gap, and no session without an invoice."""
        return key not in self.incomplete and key not in self.left


def read_ledger(facts: Facts) -> Ledger:
    """All ledgers of the account."""
    ledger = Ledger()
    rows_of = by_ledger(ledger_rows(facts))
    keys = sorted(rows_of.keys() | facts.invoices_of.keys(), key=str)
    sessions: dict[LedgerKey, list[Session]] = {}
    for key in keys:
        rows, is_broken, is_unique = in_chain_order(rows_of.get(key, []))
        ledger.chains[key] = rows
        if is_broken:
            ledger.incomplete.add(key)
        if not is_unique:
            ledger.order_uncertain.add(key)
        sessions[key] = _attribute_named_rows(facts, ledger, rows)
    for key in keys:
        invoices = [invoice for invoice in facts.invoices_of.get(key, []) if _has_arithmetic(invoice)]
        _pair(facts, ledger, key, sessions[key], invoices)
        _find_gaps(facts, ledger, key, invoices)
        _find_leftovers(facts, ledger, ledger.chains[key])
    return ledger


def ledger_rows(facts: Facts) -> list[Obj]:
    """B6: the rows landed; of a deleted customer, also those that are expanded on its credit notes."""
    rows = dict(facts.stripe["customer_balance_transactions"])
    for note in facts.stripe["credit_notes"].values():
        row = note["customer_balance_transaction"]
        customer = facts.stripe["customers"].get(stripe_customer(note) or "")
        if isinstance(row, dict) and customer and is_gone(customer):
            rows.setdefault(row["id"], row)
    return list(rows.values())


def _has_arithmetic(invoice: Obj) -> bool:
    """B6: the arithmetic of drafts, void and negative invoices says nothing about the ledger."""
    return invoice["status"] not in ("draft", "void") and invoice["total"] >= 0


def pre_payment(facts: Facts, invoice: Obj) -> int:
    """Credit notes that reduced the invoice before it was paid.

    O5: one of unknown status counts only if the invoice's own sum holds it.
    reading: with several of them, each in the order of C5 that the sum still holds.
    """
    notes = facts.credit_notes_of.get(invoice["id"], [])
    amount: int = sum(note["pre_payment_amount"] for note in notes if note["status"] == "issued")
    for note in notes:
        is_held = amount + note["pre_payment_amount"] <= (invoice.get("pre_payment_credit_notes_amount") or 0)
        if note["status"] not in CREDIT_NOTE_STATUSES and is_held:
            amount += note["pre_payment_amount"]
    return amount


def lacking(facts: Facts, ledger: Ledger, invoice: Obj) -> int:
    """B6: total less pre-payment credit notes, use of balance and carried rows, less what the invoice shows as due."""
    explained = pre_payment(facts, invoice) + ledger.used_by(invoice["id"]) + ledger.carried_by(invoice["id"])
    return int(invoice["total"] - explained - invoice["amount_due"])


# -------------------------------------------------------------------- B1, B9: whose rows


def _attribute_named_rows(facts: Facts, ledger: Ledger, rows: list[Obj]) -> list[Session]:
    """B1: rows belong to the invoice they name; B9: or to the one that their session names.

    The result is the sessions without an invoice.
    reading: a row of the session that names an invoice names it for the whole session.
    """
    named = facts.stripe.get("checkout_sessions", {})
    by_session: dict[str, list[Obj]] = defaultdict(list)
    invoices = {s: (named.get(s) or {}).get("invoice") for s in {row.get("checkout_session") for row in rows}}
    for row in rows:
        if row["type"] in USE and row["invoice"] and row.get("checkout_session"):
            invoices[row["checkout_session"]] = invoices[row["checkout_session"]] or row["invoice"]
    for row in rows:
        if row["type"] not in (*USE, *CARRIED):
            continue
        invoice = row["invoice"] or (invoices[row["checkout_session"]] if row.get("checkout_session") else None)
        if invoice:
            _give(ledger, invoice, [row])
        elif row["type"] in USE:
            by_session[row.get("checkout_session") or row["id"]].append(row)
    return [Session(rows_of_session) for rows_of_session in by_session.values()]


def _give(ledger: Ledger, invoice: str, rows: list[Obj]) -> None:
    ledger.rows_of[invoice] += rows
    for row in rows:
        ledger.invoice_of[row["id"]] = invoice
        if row["type"] in USE:
            ledger.document_of[row["id"]] = f"{invoice}_balance"


def _pair(facts: Facts, ledger: Ledger, key: LedgerKey, sessions: list[Session], invoices: list[Obj]) -> None:
    """B9: sessions and invoices of one amount, each side in its order.

    reading: `created`, id orders the sessions; the order of the chain decides which row of a session is its first.
    """
    for session in sessions:  # rows of one session stay together for B7, whatever becomes of it
        for row in session.rows:
            ledger.document_of[row["id"]] = session.document
    by_amount: dict[int, list[Session]] = defaultdict(list)
    for session in sorted(sessions, key=lambda s: (s.rows[0]["created"], s.rows[0]["id"])):
        if session.amount:
            by_amount[session.amount].append(session)
    finalized = sorted(invoices, key=lambda i: (i["status_transitions"]["finalized_at"] or 0, i["id"]))
    for amount, waiting in by_amount.items():
        candidates = [invoice for invoice in finalized if lacking(facts, ledger, invoice) == amount]
        for session, invoice in zip(waiting, candidates, strict=False):
            _give(ledger, invoice["id"], session.rows)
        if left := waiting[len(candidates) :]:
            ledger.left.setdefault(key, []).extend(left)


# -------------------------------------------------------------------- B6, B8: what is missing


def _find_gaps(facts: Facts, ledger: Ledger, key: LedgerKey, invoices: list[Obj]) -> None:
    """B6: an invoice that lacks something, a use on an invoice that was not landed. B8: what the arithmetic proves.

    An invoice without any customer blocks no other document.
    """
    for invoice in invoices:
        lacks = lacking(facts, ledger, invoice)
        if lacks and key[0] is not None:
            ledger.incomplete.add(key)
        proved = lacks + ledger.sum_of(invoice["id"], GIVE_BACK)
        if lacks > 0 and proved > 0 and not ledger.is_applied_to(invoice["id"]):
            ledger.proved[invoice["id"]] = proved
    for row in ledger.chains[key]:
        invoice_id = ledger.invoice_of.get(row["id"])
        if row["type"] in USE and invoice_id and invoice_id not in facts.stripe["invoices"]:
            ledger.incomplete.add(key)


# -------------------------------------------------------------------- B4: leftovers


def _find_leftovers(facts: Facts, ledger: Ledger, rows: list[Obj]) -> None:
    """B4: did the customer use some of the credit before this use, or is some left after it?"""
    for position, row in enumerate(rows):
        if row["type"] not in APPLY or row["amount"] <= 0:
            continue
        used = 0
        for earlier in reversed(rows[:position]):
            if adds_credit(facts, earlier):
                break
            if earlier["type"] in USE:
                used += earlier["amount"]
        ledger.has_leftover[ledger.document_of[row["id"]]] = used > 0 or row["ending_balance"] < 0


def adds_credit(facts: Facts, row: Obj) -> bool:
    """B4: a negative row that adds credit. What is given back is no new credit."""
    if row["amount"] >= 0 or row["type"] in GIVE_BACK:
        return False
    if row["type"] in APPLY:  # a negative row collects a debit, unless the invoice itself is negative
        return bool(row["invoice"]) and (facts.invoice(row["invoice"])["total"] or 0) < 0
    return True
