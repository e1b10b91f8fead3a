"""The invariants of an account after every operation (facts 4.1 to 4.3). Forced changes are exempt."""

from __future__ import annotations

from sandbox.stripe.account import Account
from sandbox.stripe.customer_balance import CARRIED, REVERSAL_OF
from sandbox.stripe.headroom import DEAD_REFUND
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import Sums


def check(account: Account) -> None:
    """Raise `AssertionError` with the object's id if an invariant does not hold."""
    for id, customer in account.objects("customers").items():
        if id not in account.tampered and not customer.get("deleted"):
            _check_ledger(account, customer)
    for id, invoice in account.objects("invoices").items():
        if id not in account.tampered:
            _check_invoice(account, invoice)
    for id, note in account.objects("credit_notes").items():
        if id not in account.tampered:
            _check_credit_note(account, note)
    for id, charge in account.objects("charges").items():
        live = sum(row["amount"] for row in account.owned(id, "refunds") if row["status"] not in DEAD_REFUND)
        assert live == charge["amount_refunded"] <= charge["amount"], id
    for id, payout in account.objects("payouts").items():
        assert sum(row["net"] for row in account.owned(id, "balance_transactions")) == 0, id
        assert payout["amount"] > 0, id


def _check_ledger(account: Account, customer: Obj) -> None:
    id, sums = customer["id"], dict[str, int]()
    for row in account.owned(id, "customer_balance_transactions"):
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["amount"]
        assert row["ending_balance"] == sums[row["currency"]] and row["amount"], row["id"]
    assert sums == account.balances(id), id
    assert customer["balance"] == sums.get(customer["currency"] or "", 0), id


def _check_invoice(account: Account, invoice: Obj) -> None:
    id, total = invoice["id"], invoice["total"]
    assert Sums(invoice["lines"]["data"], invoice["shipping_cost"]).total == total, id
    rows = account.owned(id, "customer_balance_transactions")
    use = sum(row["amount"] for row in rows if row["type"] in REVERSAL_OF or row["type"] in REVERSAL_OF.values())
    carried = sum(row["amount"] for row in rows if row["type"] in CARRIED)
    notes = [note for note in account.owned(id, "credit_notes") if note["status"] == "issued"]
    pre = sum(note["pre_payment_amount"] for note in notes)
    assert invoice["pre_payment_credit_notes_amount"] == pre, id
    assert invoice["post_payment_credit_notes_amount"] == sum(note["post_payment_amount"] for note in notes), id
    assert not notes or sum(note["total"] for note in notes) <= total, id
    paid = sum(row["amount_paid"] for row in account.owned(id, "invoice_payments") if row["status"] == "paid")
    assert invoice["amount_remaining"] == invoice["amount_due"] - invoice["amount_paid"] >= 0, id
    assert paid <= invoice["amount_paid"] + invoice["amount_overpaid"], id
    if invoice["status"] in ("open", "paid"):
        assert (invoice["status"] == "paid") == (invoice["amount_remaining"] == 0), id
        assert total - pre - use - carried == (invoice["amount_due"] if total >= 0 else 0), id


def _check_credit_note(account: Account, note: Obj) -> None:
    id, invoice = note["id"], account.objects("invoices")[note["invoice"]]
    rows = note["lines"]["data"]
    row = account.objects("customer_balance_transactions").get(note["customer_balance_transaction"] or "")
    parts = sum(part["amount_refunded"] for part in note["refunds"]) + (note["out_of_band_amount"] or 0)
    assert parts - (row["amount"] if row else 0) == note["post_payment_amount"], id
    assert note["pre_payment_amount"] + note["post_payment_amount"] == note["amount"] == note["total"] > 0, id
    if rows or note["subtotal"] == 0:
        assert Sums(rows, note["shipping_cost"]).total == note["total"], id
    assert not note["post_payment_amount"] or invoice["status"] == "paid", id
    assert note["status"] != "void" or not note["post_payment_amount"], id
