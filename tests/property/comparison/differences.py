"""Differences between the oracle's expectations and the marts, and the marts' rows by document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.property.histories.world import World
from tests.property.oracle.expectations import Expectations
from tests.property.oracle.facts import Obj, grouped
from tests.property.oracle.shapes import Document
from tests.property.run_models import Marts


@dataclass(frozen=True)
class Difference:
    """One value that the marts hold and the rules do not give."""

    what: str  # which comparison
    document: str
    customer: str | None
    expected: Any
    found: Any
    is_crowded: bool = False  # the customer has more than twelve ledger rows in one second

    def __str__(self) -> str:
        heading = f"{self.what} of {self.document} ({self.customer})"
        return f"{heading}:\n    expected {self.expected}\n    found    {self.found}"


def is_open_question(difference: Difference) -> bool:
    """A difference that is reported and not decided; it goes when rules and models say the same.

    B6: the models take more than twelve ledger rows of a customer in one second by id, so they see a gap where the
    chain has none.
    """
    return difference.is_crowded


@dataclass
class Comparison:
    """Expectations and marts of one world, and the differences found so far."""

    world: World
    expectations: Expectations
    marts: Marts
    found: list[Difference] = field(default_factory=list)

    def check(self, what: str, document: Document, expected: Any, found: Any) -> None:
        """Note a difference of one document."""
        self.check_id(what, document.id, document.customer, expected, found)

    def check_id(self, what: str, id: str, customer: str | None, expected: Any, found: Any) -> None:
        """Note a difference of something that is not a document of the oracle."""
        if expected != found:
            self.found.append(Difference(what, id, customer, expected, found, customer in self._crowded))

    @property
    def settings(self) -> Obj:
        return self.expectations.facts.settings

    @cached_property
    def _crowded(self) -> set[str]:
        """Customers with more than twelve ledger rows in one second."""
        ledger = self.world.stripe["customer_balance_transactions"].values()
        seconds = Counter((row["customer"], row["created"]) for row in ledger)
        return {customer for (customer, _), rows in seconds.items() if rows > 12}

    def memo_id(self, document: Document) -> str:
        """What the marts call the document's memo.

        reading (K2): `external_id` shows the one found where the memo is taken over; of a document that waits or is
        blocked either one may stand.
        """
        return document.external_id if document.external_id in self.memos else document.id

    # ---------------------------------------------------------------- rows of the marts

    @cached_property
    def outcomes(self) -> dict[str, Obj]:
        return {row["document_id"]: row for row in self.marts["credit_outcomes"]}

    @cached_property
    def memos(self) -> dict[str, Obj]:
        return {row["external_id"]: row for row in self.marts["credit_memos"]}

    @cached_property
    def customer_refunds(self) -> dict[str, Obj]:
        return {row["external_id"]: row for row in self.marts["customer_refunds"]}

    @cached_property
    def lines(self) -> dict[str, list[Obj]]:
        return self._grouped("credit_memo_lines", "external_id", "line_number")

    @cached_property
    def parts(self) -> dict[str, list[Obj]]:
        return self._grouped("credit_document_parts", "document_id", "part_number")

    @cached_property
    def tax_details(self) -> dict[str, list[Obj]]:
        return self._grouped("credit_memo_tax_details", "external_id", "detail_number")

    @cached_property
    def applications(self) -> dict[str, list[Obj]]:
        return self._grouped("credit_memo_applications", "external_id", "application_type")

    @cached_property
    def zero_invoices(self) -> dict[str, list[Obj]]:
        return self._grouped("zero_amount_invoices", "external_id", "external_id")

    @cached_property
    def zero_invoice_lines(self) -> dict[str, list[Obj]]:
        return self._grouped("zero_amount_invoice_lines", "external_id", "line_number")

    @cached_property
    def journal_entries(self) -> dict[str, list[Obj]]:
        return self._grouped("journal_entries", "document_id", "external_id")

    @cached_property
    def field_values(self) -> dict[str, list[Obj]]:
        return self._grouped("netsuite_field_values", "external_id", "netsuite_field")

    def _grouped(self, mart: str, key: str, order: str) -> dict[str, list[Obj]]:
        return grouped(sorted(self.marts[mart], key=lambda row: row[order]), key)
