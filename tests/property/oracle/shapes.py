"""What the rules produce: documents, their lines, tax details, applications; and customer refunds.

All amounts are integers in Stripe's minor unit of the document's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tests.property.oracle.facts import Obj


@dataclass
class Line:
    """A row of credit_memo_lines."""

    kind: str
    stripe_line: str | None
    item: str | None
    item_external_id: str | None  # of an item that the run creates
    amount: int
    quantity: Decimal | None = None
    description: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    tax_rate: str | None = None
    tax_code: str | None = None  # L5: of a gross line; None: the line goes by L11


@dataclass
class TaxDetail:
    """A row of credit_memo_tax_details."""

    tax_rate: str
    amount: int
    stripe_line: str | None
    tax_code: str | None
    tax_type: str | None
    basis: int | None  # None: the rules leave its rounding open


@dataclass
class Application:
    """A part of a memo and its target: a row of credit_memo_applications."""

    type: str  # invoice, customer_refund, out_of_band
    target: str | None
    amount: int
    state: str = ""
    reason: str = ""


@dataclass
class Document:
    """One row of credit_outcomes, with everything that its record must hold."""

    id: str
    type: str  # credit_note, balance_use, negative_invoice
    customer: str | None
    invoice: str | None
    currency: str
    amount: int
    created: int
    memo_amount: int | None = None  # None: the document can have no memo
    findings: set[str] = field(default_factory=set)
    state: str = ""
    reason: str = ""
    lines: list[Line] = field(default_factory=list)
    tax_details: list[TaxDetail] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    posting_date: date | None = None
    original_date: date | None = None  # X4: the date before it moved to an open period
    memo_text: str = ""
    netsuite_customer: str | None = None
    netsuite_invoice: str | None = None
    zero_lines: list[tuple[str | None, str | None, Decimal]] = field(
        default_factory=list
    )  # item, external id, quantity
    existing_record: str | None = None  # N1, P5, K2: internal id of the NetSuite record that is adopted
    external_id: str = ""  # K2: that of the adopted memo, else the document's id
    connector_memo: str | None = None  # K1: the connector's record that `adopt` found, whether it agrees or not
    connector_record: Obj | None = None  # K4: the NetSuite record that holds the document up
    named_in_detail: set[str] = field(default_factory=set)  # X1: internal ids that are ambiguous
    tax_not_reversed: int = 0  # B5
    blocked_links: set[str] = field(default_factory=set)  # R6: refunds that its links contradict
    income_entries: list[tuple[str, int]] = field(default_factory=list)  # G2: external id, amount
    has_tax: bool = False  # a tax of its own remains after C1 and L5
    is_order_uncertain: bool = False  # B4: more than one order of the ledger is possible inside one second

    def __post_init__(self) -> None:
        self.external_id = self.id

    def applied_to(self, type: str) -> list[Application]:
        """The applications of one type."""
        return [part for part in self.applications if part.type == type]


@dataclass
class Refund:
    """A row of customer_refunds: the amount is the sum of its ready applications."""

    id: str
    amount: int = 0
    is_ready: bool = False
