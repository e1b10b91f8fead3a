"""The Stripe side of the demo company, with the operations that scenarios are written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart

DAY = 86_400  # seconds


class World:
    """The demo company's Stripe account, with the operations that scenarios use.

    Ids are `in_<key>`, `cn_<key>`, `re_<key>`, `cus_<Name>`. Amounts are in minor units.
    """

    def __init__(self, billing: Billing) -> None:
        self.billing = billing

    def customer(self, name: str, currency: str = "usd", metadata: dict[str, str] | None = None) -> str:
        """The id of the customer with this name, who is created on first use."""
        id = f"cus_{name}"
        if id not in self.billing.objects("customers"):
            address = {
                "line1": f"{len(name)} Market Street",
                "line2": None,
                "city": "Springfield",
                "postal_code": "01234",
                "state": "MA",
                "country": "US",
            }
            self.billing.create_customer(
                id=id,
                name=f"{name} Inc, attn. Pat {name}",
                email=f"pat@{name.lower()}.example",
                phone="+15550100",
                address=address,
                currency=currency,
                metadata=metadata,
            )
        return id

    def line(self, plan: str, quantity: int = 1, currency: str = "usd", **fields: Any) -> Line:
        """An invoice line for one month of a plan."""
        period = (self.billing.now, self.billing.now + 30 * DAY)
        return Line(price=f"price_{plan}{currency.title()}", quantity=quantity, period=period, **fields)

    def sell(self, key: str, customer: str, *lines: Line, pay: bool = True, **fields: Any) -> str:
        """Finalize the invoice `in_<key>` and charge its remaining amount, unless `pay` is False. Returns its id."""
        currency = self.billing.get("customers", customer)["currency"]
        id = self.billing.invoice(customer, lines, id=f"in_{key}", **{"currency": currency} | fields)
        if pay and self.billing.get("invoices", id)["amount_remaining"]:
            self.billing.pay(id)
        return id

    def credit(
        self,
        key: str,
        how: str | None = None,
        *,
        of: str | None = None,
        amount: int | None = None,
        shipping: int = 0,
        lines: Sequence[CreditLine] = (),
        **fields: Any,
    ) -> str:
        """Create the credit note `cn_<key>` of the invoice `of` (`in_<key>`). Returns its id.

        `how` settles the post-payment part: refund, credit, out_of_band.
        """
        invoice = of or f"in_{key}"
        given: dict[str, Any] = {"lines": lines, "amount": amount, "shipping": shipping}
        post = self.billing.preview_credit_note(invoice, **given)[2]
        if how == "refund":
            fields["refunds"] = [RefundPart(post, id=f"re_{key}", status=fields.pop("status", "succeeded"))]
        elif how:
            fields[how] = post
        return self.billing.credit_note(invoice, id=f"cn_{key}", **given, **fields)

    def part(
        self,
        invoice: str,
        line: int = 0,
        *,
        amount: int | None = None,
        quantity: int | None = None,
        **fields: Any,
    ) -> CreditLine:
        """A credit of part of an invoice line, by the line's position."""
        row = self.billing.get("invoices", invoice)["lines"]["data"][line]
        return CreditLine(row["id"], amount=amount, quantity=quantity, **fields)

    def whole(self, invoice: str) -> list[CreditLine]:
        """A credit of every line of an invoice."""
        rows = self.billing.get("invoices", invoice)["lines"]["data"]
        return [CreditLine(row["id"], amount=row["amount"]) for row in rows]

    def charge(self, invoice: str) -> str:
        """The id of the invoice's first charge."""
        return str(self.billing.charges_of(invoice)[0]["id"])
