"""Invoices: draft, finalize, uncollectible, void, and the customer balance that they use (facts 2.4 and 4.3).

Amounts are in minor units. `guessed:` marks behaviour that no source confirms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.stripe import customer_balance, payments, shapes
from sandbox.stripe.account import Account, Refused, fits
from sandbox.stripe.amounts import MAXIMUM_CHARGE, minimum_charge
from sandbox.stripe.customer_balance import REVERSAL_OF
from sandbox.stripe.invoice_lines import Line, check_lines, invoice_lines
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import Sums, discounted, list_of, subscription_parent, transition
from sandbox.stripe.taxes import shipping_with_taxes


def create(
    account: Account, customer: str, lines: Iterable[Line], *, through_checkout: bool = False, **fields: Any
) -> str:
    """Draft and finalize an invoice. Arguments as for `draft` and `finalize`. Returns its id."""
    return finalize(account, draft(account, customer, lines, **fields), through_checkout=through_checkout)


def draft(
    account: Account,
    customer: str,
    lines: Iterable[Line],
    *,
    currency: str | None = None,
    discounts: Sequence[str] = (),
    shipping: int = 0,
    shipping_taxes: Sequence[str] = (),
    metadata: Obj | None = None,
    description: str | None = None,
    id: str | None = None,
) -> str:
    """Create a draft: lines, line discounts, invoice discounts, billing credits, taxes, shipping (facts 4.2).

    `discounts` are coupon ids, `shipping_taxes` tax rate ids. Returns its id.
    """
    owner, specs = account.customer(customer), list(lines)
    currency = currency or owner["currency"] or "usd"
    check_lines(account, specs, discounts, currency)
    for rate in shipping_taxes:
        account.get("tax_rates", rate)
    fits(currency, shipping)
    id = account.new_id("in", id)
    rows, invoice_discounts = invoice_lines(account, specs, discounts, id, currency, customer)
    shipping_cost = shipping_with_taxes(account, shipping, shipping_taxes, currency) if shipping else None
    recurring = [row["subscription"] for row in rows if row["subscription"]]
    sums = Sums(rows, shipping_cost)
    invoice = shapes.INVOICE | {
        "id": id,
        "created": account.now,
        "customer": customer,
        "customer_account": account.customer(customer)["customer_account"],
        "currency": currency,
        "description": description,
        "customer_name": owner["name"],
        "customer_email": owner["email"],
        "customer_phone": owner["phone"],
        "customer_address": owner["address"],
        "test_clock": owner["test_clock"],
        "metadata": metadata or {},
        "discounts": invoice_discounts,
        "lines": list_of(rows, f"/v1/invoices/{id}/lines"),
        "shipping_cost": shipping_cost,
        "period_start": min(row["period"]["start"] for row in rows),
        "period_end": max(row["period"]["end"] for row in rows),
        "parent": subscription_parent(recurring[0]) if recurring else None,
        "billing_reason": "subscription_cycle" if recurring else "manual",
        **sums.header(discounted(sums, invoice_discounts)),
        "total_discount_amounts": sums.discounts,
        "total_pretax_credit_amounts": sums.pretax,
        "amount_due": max(0, sums.total),
        "amount_remaining": max(0, sums.total),
    }
    return account.insert("invoices", invoice, "invoice.created", owner=customer)


def finalize(account: Account, id: str, *, through_checkout: bool = False) -> str:
    """Draft -> open, or paid if nothing is left to charge. The customer balance is applied. Returns the id.

    `through_checkout`: the balance row is a `checkout_session_subscription_payment`, which names no invoice.
    guessed: it counts like an application, and the row has a session only (facts 2.6 only list the type).
    """
    invoice = account.invoice_in(id, "draft")
    customer, currency = invoice["customer"], invoice["currency"]
    owner = account.customer(customer)
    account.pass_time()
    number = owner["next_invoice_sequence"]
    account.change(owner, None, next_invoice_sequence=number + 1, currency=owner["currency"] or currency)
    starting = account.balance(customer, currency)
    due = _apply_balance(account, invoice, starting, through_checkout)
    account.change(
        invoice,
        "invoice.finalized",
        status="open",
        number=f"{owner['invoice_prefix']}-{number:04d}",
        starting_balance=starting,
        ending_balance=account.balance(customer, currency),
        amount_due=due,
        amount_remaining=due,
        effective_at=account.now,
        auto_advance=due > 0,
        **transition(invoice, "finalized_at", account.now),
        hosted_invoice_url=f"https://invoice.stripe.com/i/{id}",
        invoice_pdf=f"https://pay.stripe.com/invoice/{id}/pdf",
    )
    if due:
        payments.request_payment(account, invoice, due, is_default=True)
    else:
        payments.mark_paid(account, invoice)
    return id


def unapply_balance(account: Account, id: str) -> None:
    """Give the balance that an open invoice uses back; it is due again.

    guessed: what a revision does (facts 4.3).
    """
    invoice = account.invoice_in(id, "open")
    kinds = {*REVERSAL_OF, *REVERSAL_OF.values()}
    rows = account.owned(id, "customer_balance_transactions")
    back = sum(row["amount"] for row in rows if row["type"] in kinds)
    if back <= 0:
        raise Refused(f"{id} uses no balance")
    account.pass_time()
    row = {"type": "unapplied_from_invoice", "invoice": id}
    customer_balance.add_row(account, invoice["customer"], invoice["currency"], -back, owned_by=id, **row)
    due, remaining = invoice["amount_due"] + back, invoice["amount_remaining"] + back
    account.change(invoice, "invoice.updated", amount_due=due, amount_remaining=remaining)
    payments.remaining_changed(account, invoice)


def mark_uncollectible(account: Account, id: str) -> None:
    """Open -> uncollectible. A negative draft can end here too: no number, nothing credited (seen: facts 4.3)."""
    invoice = account.invoice_in(id, "open", "draft")
    if invoice["status"] == "draft" and invoice["total"] >= 0:
        raise Refused(f"{id} is a draft")
    account.pass_time()
    times = transition(invoice, "marked_uncollectible_at", account.now)
    if invoice["status"] == "draft":
        times["status_transitions"] |= {"finalized_at": account.now}
    details = {"uncollectible": {"reason": None}}
    account.change(invoice, "invoice.marked_uncollectible", status="uncollectible", status_details=details, **times)


def void(account: Account, id: str, *, gives_balance_back: bool = True) -> None:
    """Open or uncollectible -> void. The balance used comes back, except in one known case (facts 4.3)."""
    invoice = account.invoice_in(id, "open", "uncollectible")
    if invoice["amount_paid"]:
        raise Refused(f"{id} is partly paid")  # guessed: facts 4.4 do not say
    account.pass_time()
    rows = account.owned(id, "customer_balance_transactions")
    is_given_back = any(row["type"] in REVERSAL_OF.values() for row in rows)
    for row in rows if gives_balance_back and not is_given_back else ():
        if row["type"] in REVERSAL_OF:
            reversal = {"type": REVERSAL_OF[row["type"]]} | {key: row[key] for key in ("invoice", "checkout_session")}
            customer_balance.add_row(
                account, invoice["customer"], invoice["currency"], -row["amount"], owned_by=id, **reversal
            )
    payments.cancel_default_payment(account, id)
    times = transition(invoice, "voided_at", account.now)
    account.change(invoice, "invoice.voided", status="void", auto_advance=False, **times)


def _apply_balance(account: Account, invoice: Obj, starting: int, through_checkout: bool) -> int:
    """Add the ledger rows of a finalization. Returns the amount that is left due."""
    id, customer, currency, total = invoice["id"], invoice["customer"], invoice["currency"], invoice["total"]
    due = max(0, total + starting) if total > 0 or (total == 0 and starting > 0) else 0
    applied, carried = total - due, 0
    if 0 < due < minimum_charge(currency) or due > MAXIMUM_CHARGE:
        # Stripe cannot charge this amount and carries it over as a debit. guessed: a debit balance is then not
        # collected either.
        applied, carried = (total - due, due) if starting <= 0 else (0, total)
        due = 0
    if applied:
        if through_checkout and total > 0:
            session = _add_checkout_session(account, invoice)
            row = {"type": "checkout_session_subscription_payment", "checkout_session": session}
        else:
            row = {"type": "applied_to_invoice", "invoice": id}
        customer_balance.add_row(account, customer, currency, applied, owned_by=id, **row)
    if carried:
        kind = "invoice_too_large" if carried > MAXIMUM_CHARGE else "invoice_too_small"
        customer_balance.add_row(account, customer, currency, carried, owned_by=id, type=kind, invoice=id)
    return due


def _add_checkout_session(account: Account, invoice: Obj) -> str:
    """The Checkout session that made an invoice: only it names the invoice of the balance row. Returns its id."""
    session = shapes.CHECKOUT_SESSION | {
        "id": account.new_id("cs"),
        "created": account.now,
        "amount_total": invoice["total"],
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": invoice["customer_account"],
        "invoice": invoice["id"],
    }
    return account.insert("checkout_sessions", session, None, tick=False)
