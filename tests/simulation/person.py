"""Someone works in NetSuite while the loader runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.netsuite import errors
from tests.simulation.world import Company

if TYPE_CHECKING:
    from tests.simulation.history import History

DEEDS = ("unapply", "close", "open", "delete", "edit", "take")


def act(history: History) -> None:
    """One random deed. What changes a record of the loader, or takes what it needs, is noted in the history."""
    deed = history.chance.choice(DEEDS)
    try:
        if _do(history, deed):
            history.tell(f"  person: {deed}")
    except errors.Refused as refused:
        history.tell(f"  person: {deed} refused: {refused}")


def _do(history: History, deed: str) -> bool:
    """Whether the deed finds a record to work on."""
    company, chance = history.company, history.chance
    books = company.books
    ours = [t for t in books.transactions() if t.external_id in history.wanted.records]
    memos = [t for t in ours if t.type == "CustCred"]
    if deed == "close":
        company.close_period()
    elif deed == "open":
        company.open_period()
    elif deed == "unapply" and memos:
        history.is_edited = True
        books.unapply(chance.choice(memos).id)
    elif deed == "edit" and memos:
        history.is_edited = True
        books.edit_amount(chance.choice(memos).id, "123.45")
    elif deed == "delete" and ours:
        history.is_edited = True
        doomed = chance.choice(ours).id
        books.delete(doomed)
        history.deleted.add(str(doomed))
    elif deed == "take":
        history.is_edited = True
        invoice, _, customer = chance.choice(company.invoices)
        books.create("customerPayment", _payment(company, invoice, customer))
    else:
        return False
    return True


def _payment(company: Company, invoice: str, customer: str) -> dict[str, Any]:
    """The customer pays an invoice, so that a credit for it finds nothing open."""
    invoice_record = company.books.transaction(invoice)
    assert invoice_record is not None
    open_amount = company.books.open_amount(invoice_record)
    return {
        "customer": {"id": customer},
        "arAcct": {"id": company.receivables},
        "currency": {"id": company.currency},
        "payment": open_amount,
        "autoApply": False,
        "tranDate": "2026-03-09",
        "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": open_amount}]},
    }
