"""Thousands of random but valid histories run through the real models; every mart row is compared with the oracle.

PROPERTY_HISTORIES (500) is the number of customers in each combination of settings, PROPERTY_SEED picks others.
`make soak` runs all combinations and more histories.
"""

from __future__ import annotations

import ast
import os
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.combinations import COMBINATIONS, SELDOM, Combination
from tests.property.comparison.compare import compare, expectations_of
from tests.property.comparison.differences import is_open_question
from tests.property.histories.dice import Drawn
from tests.property.histories.world import make, seeded_world
from tests.property.oracle.amounts import split
from tests.property.oracle.balance import USE
from tests.property.oracle.expectations import Expectations
from tests.property.oracle.findings import REASONS
from tests.property.oracle.reconciliation import refund_rows
from tests.property.reproduce import reproduction
from tests.property.run_models import run_models

HISTORIES = int(os.environ.get("PROPERTY_HISTORIES", "500"))
SEED = int(os.environ.get("PROPERTY_SEED", "1"))

PLAYED = [each for each in COMBINATIONS if os.environ.get("SOAK") or each.name not in SELDOM]

# Reasons that no document of a first run has: one needs what the loader wrote, one is of applications only.
NEED_A_PUSH = {"refund_pending", "netsuite_rejected"}

reached: dict[str, set[str]] = {}  # combination -> reasons of its documents


@pytest.mark.parametrize("combination", PLAYED, ids=lambda each: each.name)
def test_models_agree_with_the_rules(combination: Combination, tmp_path: Path) -> None:
    started = time.monotonic()
    world = seeded_world(SEED, combination, range(HISTORIES))
    made = time.monotonic()
    comparison = compare(world, combination, run_models(world, tmp_path, combination))
    documents = comparison.expectations.documents.values()
    reached[combination.name] = {document.reason for document in documents}
    print(
        f"{combination.name}: {HISTORIES} histories, {len(documents)} documents; "
        f"made in {made - started:.1f} s, built and compared in {time.monotonic() - made:.1f} s; "
        f"{sum(map(is_open_question, comparison.found))} differences are open questions"
    )
    differences = [difference for difference in comparison.found if not is_open_question(difference)]
    if differences:
        pytest.fail(reproduction(world, combination, SEED, differences), pytrace=False)


def test_every_reason_is_reached() -> None:
    """A rule that no history reaches is not tested."""
    if HISTORIES < 500 or len(reached) < len(PLAYED):
        pytest.skip("too few histories")
    expected = {reason for reasons in REASONS.values() for reason in reasons} - NEED_A_PUSH
    unreached = expected.difference(*reached.values())
    assert unreached == set(), "let the histories lead to these reasons: tests/property/histories"


def test_oracle_imports_only_itself_and_the_standard_library() -> None:
    """A second statement of the rules that shared code with the product would share its mistakes."""
    modules = list((Path(__file__).parent / "oracle").glob("*.py"))
    imported = {
        name
        for module in modules
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    foreign = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert len(modules) > 10
    assert all(name.startswith("tests.property.oracle") for name in foreign), foreign


def check_rows_are_in_one_document(expectations: Expectations) -> None:
    """O2: per customer and currency, the ledger's use rows are in exactly one document; the exceptions are named."""
    ledger, documents = expectations.ledger, expectations.documents
    for key, rows in ledger.chains.items():
        uses = [row for row in rows if row["type"] in USE]
        proved = {f"{id}_balance" for id in ledger.proved}
        in_documents = {ledger.document_of[row["id"]] for row in uses} & documents.keys()
        shown = sum(documents[id].amount for id in in_documents - proved)
        left_out = [row for row in uses if ledger.document_of[row["id"]] not in in_documents - proved]
        assert shown == sum(row["amount"] for row in uses) - sum(row["amount"] for row in left_out), key
        for row in left_out:
            invoice_id = ledger.invoice_of.get(row["id"])
            if invoice_id is None:
                session = [other for other in uses if ledger.document_of[other["id"]] == ledger.document_of[row["id"]]]
                assert sum(other["amount"] for other in session) == 0
                continue
            invoice = expectations.facts.invoice(invoice_id)
            is_excepted = invoice["status"] == "draft" or invoice["total"] < 0 or not ledger.is_applied_to(invoice_id)
            assert is_excepted, (row, invoice)


@given(
    total=st.integers(0, 10**12),
    weights=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12).filter(lambda w: sum(w) != 0),
    unit=st.sampled_from((1, 10, 100)),
)
def test_oracle_splits_as_s1_says(total: int, weights: list[int], unit: int) -> None:
    total *= unit
    shares = split(total, weights, unit)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(total * weight, sum(weights))) < unit
    for i, weight in enumerate(weights):  # ties go to the earlier component
        for j in range(i + 1, len(weights)):
            assert weights[j] != weight or shares[i] >= shares[j]


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data(), combination=st.sampled_from(COMBINATIONS))
def test_oracle_keeps_the_conservation_laws(data: st.DataObject, combination: Combination) -> None:
    """The oracle alone, on histories that hypothesis draws and shrinks: a wrong oracle must not prove the models."""
    expectations = expectations_of(make(combination, [(0, Drawn(data.draw))]), combination)
    strategy = expectations.facts.settings["tax_strategy"]
    check_rows_are_in_one_document(expectations)
    for id, rows in refund_rows(expectations).items():  # G3
        assert sum(amount for _, amount in rows) == expectations.facts.stripe["refunds"][id]["amount"]
    for document in expectations.documents.values():
        if document.state != "ready" or document.type == "negative_invoice" or document.existing_record:
            continue
        assert sum(part.amount for part in document.applications) == document.memo_amount
        if document.income_entries or (strategy == "none" and document.type == "credit_note"):
            continue
        lines = sum(line.amount for line in document.lines)
        assert lines + sum(detail.amount for detail in document.tax_details) == document.memo_amount
