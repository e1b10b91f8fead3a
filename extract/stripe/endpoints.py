"""The lists of Stripe that an extract reads."""

from __future__ import annotations

from dataclasses import dataclass, field

BALANCE_LEDGERS = "customer_balance_transactions"
BALANCE_TRANSACTIONS = "balance_transactions"
CHECKOUT_SESSIONS = "checkout_sessions"
SHIPPING_TAXES = "shipping_cost.taxes"


@dataclass(frozen=True)
class Endpoint:
    """A top-level list.

    table: its name in the path and in `raw_stripe` · object: the `object` field of its entries · expand: the fields
    that a rule needs as objects, not as ids.
    """

    table: str
    object: str
    expand: tuple[str, ...] = field(default=())

    @property
    def path(self) -> str:
        """The path of the list; `/<id>` after it is one object."""
        return f"/v1/{self.table}"

    def expanding(self, prefix: str = "") -> dict[str, list[str]]:
        """The request parameter that expands the fields; `prefix` is `data.` for a list."""
        return {"expand[]": [prefix + name for name in self.expand]} if self.expand else {}


# In the order in which a later run spends its spare requests on whole lists: lists that move money come first, lists
# that hardly ever change come last.
ENDPOINTS = {
    endpoint.table: endpoint
    for endpoint in (
        Endpoint("invoices", "invoice", ("total_discount_amounts.discount", SHIPPING_TAXES)),
        Endpoint(
            "credit_notes",
            "credit_note",
            ("customer_balance_transaction", "discount_amounts.discount", SHIPPING_TAXES),
        ),
        Endpoint("refunds", "refund"),
        Endpoint("customers", "customer"),
        Endpoint("invoice_payments", "invoice_payment"),
        Endpoint("payouts", "payout"),
        Endpoint("coupons", "coupon"),
        Endpoint("prices", "price"),
        Endpoint("products", "product"),
        Endpoint("tax_rates", "tax_rate"),
    )
}
BY_OBJECT = {endpoint.object: endpoint for endpoint in ENDPOINTS.values()}
TABLES = (*ENDPOINTS, BALANCE_LEDGERS, BALANCE_TRANSACTIONS, CHECKOUT_SESSIONS)

# Stripe never deletes these (rule I3), and calls them so. Of invoices it deletes only drafts.
NEVER_DELETED = {"credit_notes": "credit notes", "refunds": "refunds", "invoices": "finalized invoices"}
