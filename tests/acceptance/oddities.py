"""Customers that random histories do not make: long, huge, deleted, oddly written, with chosen ids."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.stripe.billing import CreditLine, Line, RefundPart
from tests.acceptance.account import Account
from tests.property.histories.catalogue import Catalogue

DESCRIPTION = 'a "b", \\n\tc\nd — ü 😀\u2028 {{x}} %s'
CONNECTOR_NOTE = "cn_Connector"
MEMO = 'He said: "no", \'yes\'; drop\n😀 C:\\temp {{ var("x") }} ' + "é😀" * 490


class Oddities:
    """Creates the customers, one an hour; `deleted` is to be deleted when everything else is made."""

    def __init__(self, billing: Account, catalogue: Catalogue, now: int) -> None:
        self.billing, self.catalogue = billing, catalogue
        self.billing.now = now
        self.customers: list[str] = []
        self.deleted = ""
        self.connector_invoice = ""

    def create(self) -> None:
        lines = self._many_lines()
        self._credit_on_each_line(lines)
        self._whole_invoice_while_open(lines[:13])
        self._odd_text()
        self._huge_balance()
        self._deleted_customer()
        self._ids_that_differ_in_case()
        self._one_refund_of_two_notes()
        self._chosen_customer_ids()
        self._two_first_invoices_through_checkout()
        self.note_that_the_connector_has_booked()
        self.billing.now += 60

    def _customer(self, id: str | None = None) -> str:
        self.billing.now += 3600
        self.customers.append(self.billing.create_customer(currency="usd", metadata={}, id=id))
        return self.customers[-1]

    def _invoice(self, lines: Sequence[Line], *, customer: str | None = None, is_paid: bool = True) -> str:
        """A finalized invoice, of a new customer if none is given."""
        invoice = self.billing.invoice(customer or self._customer(), lines, currency="usd")
        if is_paid:
            self.billing.pay(invoice)
        return invoice

    def _many_lines(self) -> list[Line]:
        """More lines than a nested list of Stripe shows."""
        prices, exclusive, inclusive = self.catalogue.prices["usd"], self.catalogue.exclusive, self.catalogue.inclusive
        rates = ((), (exclusive[0],), (inclusive[0],), (exclusive[1],))
        return [
            Line(1000 + 37 * i, prices[i % 5], description=f"Row {i}", taxes=rates[i % 4], quantity=1 + i % 3)
            for i in range(23)
        ]

    def _credit_on_each_line(self, lines: Sequence[Line]) -> None:
        billing, invoice = self.billing, self._invoice(lines)
        rows = billing.get("invoices", invoice)["lines"]["data"]
        credited = [CreditLine(row["id"], amount=row["amount"] // 3, description=None) for row in rows]
        _, _, post = billing.preview_credit_note(invoice, lines=credited)
        billing.credit_note(invoice, lines=credited, refunds=[RefundPart(post // 2)], credit=post - post // 2)

    def _whole_invoice_while_open(self, lines: Sequence[Line]) -> None:
        """L4: a note without lines."""
        invoice = self._invoice(lines, is_paid=False)
        self.billing.credit_note(invoice, amount=self.billing.get("invoices", invoice)["total"], out_of_band=0)

    def _odd_text(self) -> None:
        invoice = self._invoice([Line(5000, self.catalogue.prices["usd"][0], description=DESCRIPTION)])
        self.billing.credit_note(invoice, amount=1200, refunds=[RefundPart(1200)], memo=MEMO)
        self.billing.credit_note(invoice, amount=300, out_of_band=300, memo="😀" * 990)

    def _huge_balance(self) -> None:
        """A part stays in the balance, and the next invoice uses it at once."""
        customer, rates = self._customer(), (self.catalogue.exclusive[0],)
        invoice = self._invoice([Line(80_000_001, self.catalogue.prices["usd"][1], taxes=rates)], customer=customer)
        self.billing.credit_note(invoice, amount=88_888_887, refunds=[RefundPart(33_333_331)], credit=55_555_556)
        self._invoice([Line(77_777_777), Line(11)], customer=customer)

    def _deleted_customer(self) -> None:
        self.deleted = self._customer()
        invoice = self._invoice([Line(4200, self.catalogue.prices["usd"][2])], customer=self.deleted)
        self.billing.credit_note(invoice, amount=4200, refunds=[RefundPart(4200)])

    def _ids_that_differ_in_case(self) -> None:
        """X2."""
        invoice = self._invoice([Line(4200, self.catalogue.prices["usd"][2])])
        self.billing.credit_note(invoice, amount=100, refunds=[RefundPart(100)], id="cn_CaseTwin")
        self.billing.credit_note(invoice, amount=200, refunds=[RefundPart(200)], id="cn_caseTWIN")

    def _one_refund_of_two_notes(self) -> None:
        """R3."""
        invoice = self._invoice([Line(9000, self.catalogue.prices["usd"][2])])
        refund = self.billing.refund(self.billing.charges_of(invoice)[0]["id"], 900)
        for amount in (400, 500):
            self.billing.credit_note(invoice, amount=amount, refunds=[RefundPart(amount, refund=refund)])

    def _chosen_customer_ids(self) -> None:
        """Ids that users choose go into URLs, SuiteQL and SQL; a balance of 12.00 pays an invoice of 12.00."""
        for id in ("team#7", "who?7", "a'b%2F/c"):
            customer = self._customer(id)
            self.billing.adjust_balance(customer, -1200, currency="usd")
            self._invoice([Line(1200)], customer=customer, is_paid=False)

    def _two_first_invoices_through_checkout(self) -> None:
        """B9: the balance pays both, and no ledger row names an invoice."""
        customer = self._customer()
        self.billing.adjust_balance(customer, -4000, currency="usd")
        for _ in range(2):
            draft = self.billing.draft_invoice(customer, [Line(2000)], currency="usd")
            self.billing.finalize_invoice(draft, through_checkout=True)

    def note_that_the_connector_has_booked(self) -> None:
        """K1: 12.00 of a paid invoice of 42.00, refunded; `world` adds the memo of the Stripe Connector."""
        invoice = self._invoice([Line(4200, self.catalogue.prices["usd"][2])])
        self.billing.credit_note(invoice, amount=1200, refunds=[RefundPart(1200)], id=CONNECTOR_NOTE)
        self.connector_invoice = invoice
