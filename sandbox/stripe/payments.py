"""Payments of invoices: invoice payments, payment intents, charges, payment records (facts 2.7 and 4.4).

Amounts are in minor units. `guessed:` marks behaviour that no source confirms.
"""

from __future__ import annotations

from sandbox.stripe import customer_balance, payouts, shapes
from sandbox.stripe.account import Account, Refused, fits
from sandbox.stripe.amounts import MAXIMUM_CHARGE, minimum_charge
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import transition


def pay(account: Account, invoice: str, amount: int | None = None) -> str:
    """Charge the invoice's remaining amount, part of it, or more. Returns the charge's id.

    The excess becomes credit in the customer balance. Raises `Refused` outside the limits of a charge.
    """
    target = _payable(account, invoice)
    remaining, currency, customer = target["amount_remaining"], target["currency"], target["customer"]
    amount = remaining if amount is None else amount
    fits(currency, amount)
    if not minimum_charge(currency) <= amount <= MAXIMUM_CHARGE:
        raise Refused(f"{amount} {currency} is below the minimum or above the maximum charge")
    account.pass_time()
    payment = _default_payment(account, invoice) if amount >= remaining else None
    payment = payment or request_payment(account, target, amount, is_default=False)
    charge = _charge(account, payment, amount, currency, customer)
    covers = min(amount, remaining)
    _settle(account, target, payment, amount, covers)
    if amount > covers:
        account.change(target, "invoice.overpaid", amount_overpaid=target["amount_overpaid"] + amount - covers)
        row = {"type": "invoice_overpaid", "invoice": invoice}
        customer_balance.add_row(account, customer, currency, covers - amount, owned_by=invoice, **row)
    return charge


def pay_outside(account: Account, invoice: str, *, record: bool = True) -> str:
    """Settle the remaining amount outside Stripe, with a payment record or without. Returns the invoice's id.

    guessed: the amounts shown (facts 4.4).
    """
    target = _payable(account, invoice)
    remaining = target["amount_remaining"]
    account.pass_time()
    account.change(target, None, amount_paid_off_stripe=target["amount_paid_off_stripe"] + remaining)
    payment = request_payment(account, target, remaining, is_default=False, record=True) if record else None
    _settle(account, target, payment, remaining, remaining)
    return invoice


def charges_of(account: Account, invoice: str) -> list[Obj]:
    """Succeeded charges that paid the invoice, oldest first."""
    rows = account.owned(invoice, "invoice_payments")
    intents = [row["payment"].get("payment_intent") for row in rows if row["status"] == "paid"]
    return [account.get("charges", account.get("payment_intents", id)["latest_charge"]) for id in intents if id]


def paid_on_record(account: Account, invoice: str) -> list[Obj]:
    """Paid invoice payments that a payment record carries, oldest first."""
    rows = account.owned(invoice, "invoice_payments")
    return [row for row in rows if row["payment"]["type"] == "payment_record" and row["status"] == "paid"]


# ---------------------------------------------------------------------- for the other chapters


def request_payment(account: Account, invoice: Obj, amount: int, *, is_default: bool, record: bool = False) -> Obj:
    """Add an open invoice payment, with the payment intent or payment record that carries it."""
    if record:
        payment = {"type": "payment_record", "payment_record": account.new_id("pyr")}
    else:
        intent = shapes.PAYMENT_INTENT | {
            "id": account.new_id("pi"),
            "created": account.now,
            "amount": amount,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "receipt_email": invoice["customer_email"],
        }
        account.insert("payment_intents", intent, "payment_intent.created", tick=False)
        payment = {"type": "payment_intent", "payment_intent": intent["id"]}
    row = shapes.INVOICE_PAYMENT | {
        "id": account.new_id("inpay"),
        "created": account.now,
        "invoice": invoice["id"],
        "currency": invoice["currency"],
        "amount_requested": amount,
        "is_default": is_default,
        "status": "open",
        "payment": payment,
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    account.insert("invoice_payments", row, None, owner=invoice["id"], tick=False)
    return row


def cancel_default_payment(account: Account, invoice: str) -> None:
    """Cancel the default payment and its intent, if it is open."""
    if row := _default_payment(account, invoice):
        times = {"canceled_at": account.now, "paid_at": None}
        account.change(row, None, status="canceled", status_transitions=times)
        account.change(
            _intent_of(account, row),
            "payment_intent.canceled",
            status="canceled",
            canceled_at=account.now,
            cancellation_reason="void_invoice",
        )


def mark_paid(account: Account, invoice: Obj) -> None:
    """Set the invoice to paid."""
    times = transition(invoice, "paid_at", account.now)
    account.change(invoice, "invoice.paid", status="paid", attempted=True, auto_advance=False, **times)


def remaining_changed(account: Account, invoice: Obj) -> None:
    """Mark the invoice as paid if nothing remains; otherwise its default payment requests the remaining amount."""
    if invoice["status"] == "paid":
        return
    if invoice["amount_remaining"] == 0:
        cancel_default_payment(account, invoice["id"])
        mark_paid(account, invoice)
    elif row := _default_payment(account, invoice["id"]):
        account.change(row, None, amount_requested=invoice["amount_remaining"])
        account.change(_intent_of(account, row), None, amount=invoice["amount_remaining"])


# ---------------------------------------------------------------------- inside


def _payable(account: Account, invoice: str) -> Obj:
    target = account.invoice_in(invoice, "open", "uncollectible")
    if not target["amount_remaining"]:
        raise Refused(f"{invoice} asks for nothing")
    return target


def _default_payment(account: Account, invoice: str) -> Obj | None:
    """The payment that Stripe creates at finalization for the whole amount due, while it is open."""
    rows = account.owned(invoice, "invoice_payments")
    return next((row for row in rows if row["is_default"] and row["status"] == "open"), None)


def _intent_of(account: Account, payment: Obj) -> Obj:
    return account.objects("payment_intents")[payment["payment"]["payment_intent"]]


def _charge(account: Account, payment: Obj, amount: int, currency: str, customer: str) -> str:
    """Add a succeeded card charge of the payment's intent, with its balance transaction. Returns its id."""
    intent = _intent_of(account, payment)
    owner = account.objects("customers")[customer]
    name = customer.removeprefix("cus_")
    id, method = account.new_id("ch"), f"pm_{name}"
    card = {
        "brand": "visa",
        "country": "US",
        "exp_month": 12,
        "exp_year": 2030,
        "last4": "4242",
        "funding": "credit",
        "fingerprint": f"fp{name}",
    }
    charge = shapes.CHARGE | {
        "id": id,
        "created": account.now,
        "amount": amount,
        "amount_captured": amount,
        "currency": currency,
        "customer": customer,
        "payment_intent": intent["id"],
        "payment_method": method,
        "balance_transaction": payouts.add_balance_transaction(account, "charge", amount, currency, id),
        "billing_details": {"tax_id": None} | {key: owner.get(key) for key in ("address", "email", "name", "phone")},
        "payment_method_details": {"type": "card", "card": card},
    }
    account.insert("charges", charge, "charge.succeeded", owner=customer, tick=False)
    account.own(id, "invoices", payment["invoice"])
    account.change(
        intent,
        "payment_intent.succeeded",
        status="succeeded",
        amount=amount,
        amount_received=amount,
        latest_charge=id,
        payment_method=method,
    )
    return id


def _settle(account: Account, invoice: Obj, payment: Obj | None, amount: int, covers: int) -> None:
    """Book a payment of `amount`, of which the invoice still asked for `covers`."""
    if payment:
        account.change(
            payment,
            "invoice_payment.paid",
            status="paid",
            amount_paid=amount,
            amount_requested=amount,
            status_transitions={"canceled_at": None, "paid_at": account.now},
        )
    account.change(
        invoice,
        "invoice.updated",
        amount_paid=invoice["amount_paid"] + covers,
        amount_remaining=invoice["amount_remaining"] - covers,
        attempted=True,
        attempt_count=invoice["attempt_count"] + 1,
    )
    remaining_changed(account, invoice)
