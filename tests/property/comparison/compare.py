"""The way in: the marts of one world against the oracle."""

from __future__ import annotations

from tests.property.combinations import Combination
from tests.property.comparison.differences import Comparison
from tests.property.comparison.fields import compare_fields
from tests.property.comparison.laws import (
    check_ledgers,
    check_memos_on_invoices,
    check_reconciliation,
    check_sum_of_documents,
)
from tests.property.comparison.lines import compare_lines
from tests.property.comparison.memos import compare_applications, compare_memo
from tests.property.comparison.other_records import (
    compare_customer_refunds,
    compare_journal_entries,
    compare_zero_invoice,
)
from tests.property.comparison.outcomes import compare_outcomes
from tests.property.comparison.parts import compare_parts
from tests.property.histories.world import World
from tests.property.oracle.expectations import Expectations, expect
from tests.property.oracle.facts import Facts
from tests.property.oracle.shapes import Document
from tests.property.run_models import Marts


def expectations_of(world: World, combination: Combination) -> Expectations:
    """What the rules give for a world."""
    return expect(Facts(world.stripe, world.mappings, world.netsuite, combination.variables))


def compare(world: World, combination: Combination, marts: Marts) -> Comparison:
    """All differences between the rules and the marts."""
    comparison = Comparison(world, expectations_of(world, combination), marts)
    compare_outcomes(comparison)
    for document in comparison.expectations.documents.values():
        if _has_same_outcome(comparison, document):
            compare_parts(comparison, document)
            _compare_records(comparison, document)
    compare_customer_refunds(comparison)
    check_reconciliation(comparison)
    check_sum_of_documents(comparison)
    check_memos_on_invoices(comparison)
    check_ledgers(comparison)
    return comparison


def _has_same_outcome(comparison: Comparison, document: Document) -> bool:
    """Records are compared where the outcome agrees: else its difference is enough."""
    row = comparison.outcomes.get(document.id)
    if row is None or row["state"] != document.state:
        return False
    return row["reason"] == document.reason or not document.is_order_uncertain


def _compare_records(comparison: Comparison, document: Document) -> None:
    if document.type == "negative_invoice":
        compare_zero_invoice(comparison, document)
    elif "invoice_before_go_live" in document.findings:
        pass  # G2: no memo
    elif document.income_entries:
        compare_journal_entries(comparison, document)
    elif document.memo_amount and document.state != "skipped":
        compare_memo(comparison, document)
        compare_lines(comparison, document)
        compare_applications(comparison, document)
        compare_fields(comparison, document)
