"""Customers of the account (facts 2.7)."""

from __future__ import annotations

from sandbox.stripe import shapes
from sandbox.stripe.account import Account
from sandbox.stripe.shapes import Obj


def create(
    account: Account,
    *,
    id: str | None = None,
    currency: str | None = None,
    customer_account: str | None = None,
    address: Obj | None = None,
    phone: str | None = None,
    name: str = "Ann Example",
    email: str = "ann@example.com",
    metadata: Obj | None = None,
    test_clock: str | None = None,
) -> str:
    """Create a customer. Returns its id."""
    id = account.new_id("cus", id)
    customer = shapes.CUSTOMER | {
        "id": id,
        "created": account.now,
        "name": name,
        "email": email,
        "phone": phone,
        "address": address,
        "currency": currency,
        "customer_account": customer_account,
        "metadata": metadata or {},
        "test_clock": test_clock,
        "invoice_prefix": f"D{len(account.objects('customers')):07d}",
    }
    account.open_balances(id)
    return account.insert("customers", customer, "customer.created")


def delete(account: Account, id: str) -> None:
    """Delete a customer. A stub stays in its place, as in the API."""
    account.customer(id)
    account.pass_time()
    stub = {"id": id, "object": "customer", "deleted": True}
    account.replace_with_stub("customers", id, stub, "customer.deleted")
