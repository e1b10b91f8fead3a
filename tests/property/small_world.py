"""The smallest facts of one customer: Stripe objects and NetSuite rows with defaults that a case overrides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.property.oracle.facts import Facts, Obj

JANUARY = 1_767_261_600  # 2026-01-01 10:00 UTC
KINDS = (
    "credit_notes",
    "invoices",
    "invoice_payments",
    "refunds",
    "customers",
    "customer_balance_transactions",
    "prices",
    "products",
    "coupons",
    "tax_rates",
    "discounts",
)
ROLES = (
    "unallocated_invoice_item",
    "custom_credit_note_line",
    "credit_note",
    "customer_balance",
    "discount_posting",
    "discount_non_posting",
    "billing_credit",
    "shipping",
)


def line(id: str, amount: int, **fields: Any) -> Obj:
    """An invoice line; with `invoice_line_item`, a credit note line."""
    return {
        "id": id,
        "amount": amount,
        "quantity": 1,
        "description": "Seat",
        "discount_amounts": [],
        "pretax_credit_amounts": [],
        "taxes": [],
        "pricing": None,
        "period": {"start": JANUARY, "end": JANUARY},
    } | fields


def tax(rate: str, amount: int, basis: int, *, behavior: str = "exclusive") -> Obj:
    """One tax of a line."""
    details = {"tax_rate": rate}
    return {"amount": amount, "taxable_amount": basis, "tax_behavior": behavior, "tax_rate_details": details}


def invoice(total: int, id: str = "in_1", **fields: Any) -> Obj:
    """A paid invoice of one line."""
    return {
        "id": id,
        "customer": "cus_1",
        "currency": "usd",
        "status": "paid",
        "total": total,
        "amount_due": total,
        "amount_remaining": 0,
        "pre_payment_credit_notes_amount": 0,
        "shipping_cost": None,
        "metadata": {},
        "lines": {"data": [line(f"il_{id}", total)]},
        "status_transitions": {"finalized_at": JANUARY, "paid_at": JANUARY, "marked_uncollectible_at": None},
    } | fields


def credit_note(total: int, id: str = "cn_1", **fields: Any) -> Obj:
    """An issued credit note on in_1, out of band where `refunds` or other parts do not say otherwise."""
    refunds = fields.get("refunds", [])
    parts = sum(entry["amount_refunded"] for entry in refunds) + fields.get("pre_payment_amount", 0)
    return {
        "id": id,
        "customer": "cus_1",
        "invoice": "in_1",
        "currency": "usd",
        "status": "issued",
        "created": JANUARY + 3600,
        "effective_at": None,
        "memo": None,
        "total": total,
        "pre_payment_amount": 0,
        "out_of_band_amount": total - parts,
        "refunds": refunds,
        "customer_balance_transaction": None,
        "shipping_cost": None,
        "metadata": {},
        "lines": {"data": []},
    } | fields


def refund(amount: int, id: str = "re_1", **fields: Any) -> Obj:
    """A succeeded refund."""
    return {
        "id": id,
        "customer": "cus_1",
        "currency": "usd",
        "status": "succeeded",
        "reason": None,
        "balance_transaction": None,
        "amount": amount,
        "created": JANUARY + 3600,
        "metadata": {},
    } | fields


def link(amount: int, refund_id: str = "re_1") -> Obj:
    """An entry of a credit note's `refunds`."""
    return {"type": "refund", "refund": refund_id, "amount_refunded": amount}


def ledger_row(amount: int, ending_balance: int, id: str, **fields: Any) -> Obj:
    """A row of the customer balance; an adjustment unless `type` says otherwise."""
    return {
        "id": id,
        "customer": "cus_1",
        "currency": "usd",
        "type": "adjustment",
        "created": JANUARY,
        "amount": amount,
        "ending_balance": ending_balance,
        "invoice": None,
        "credit_note": None,
        "checkout_session": None,
    } | fields


def netsuite_customer(id: str = "501", **fields: Any) -> Obj:
    return {
        "id": id,
        "externalid": "cus_1",
        "isinactive": "F",
        "subsidiary": "1",
        "receivablesaccount": "10",
        "stripe_id": None,
    } | fields


def netsuite_record(id: str = "901", **fields: Any) -> Obj:
    """A row of raw_netsuite.transactions: the invoice of in_1, fully open."""
    return {
        "id": id,
        "externalid": "in_1",
        "stripe_id": None,
        "type": "CustInvc",
        "entity": "501",
        "currency": "1",
        "foreigntotal": "1000.00",
        "foreignamountunpaid": "1000.00",
        "voided": "F",
        "approvalstatus": None,
        "subsidiary": "1",
        "account": "10",
    } | fields


def facts(
    objects: dict[str, Iterable[Obj]],
    *,
    customers: Iterable[Obj] | None = None,
    transactions: Iterable[Obj] | None = None,
    mappings: dict[str, list[Obj]] | None = None,
    **variables: Any,
) -> Facts:
    """Facts of these Stripe objects; NetSuite has the customer and the invoice unless a case says otherwise."""
    stripe: dict[str, dict[str, Obj]] = {kind: {} for kind in KINDS}
    stripe["customers"] = {"cus_1": {"id": "cus_1", "metadata": {}}}
    stripe |= {kind: {obj["id"]: obj for obj in found} for kind, found in objects.items()}
    items = [
        {"id": str(101 + i), "externalid": None, "itemtype": "Service", "isinactive": "F"} for i in range(len(ROLES))
    ]
    default_items = [{"role": role, "netsuite_item_id": str(101 + i)} for i, role in enumerate(ROLES)]
    account = {"purpose": "refund", "currency": "", "netsuite_account_id": "12"}
    return Facts(
        stripe,
        {"default_items": default_items, "account_map": [account]} | (mappings or {}),
        {
            "customers": list(customers if customers is not None else [netsuite_customer()]),
            "transactions": list(transactions if transactions is not None else [netsuite_record()]),
            "items": items,
            "currencies": [{"id": str(i), "symbol": s, "currencyprecision": "2"} for i, s in ((1, "USD"), (2, "EUR"))],
            "accounting_periods": [
                dict.fromkeys(("isyear", "isquarter", "isadjust", "isinactive", "closed", "arlocked", "alllocked"), "F")
                | {"startdate": "2025-01-01", "enddate": "2027-12-31"}
            ],
            "subsidiaries": [{"id": "1"}],
        },
        variables,
    )
