"""docs/rules.md: the models that implement each rule, and the tests that prove it.

    python -m tests.dbt.rules_table > docs/rules.md

A model implements the rules that its description names. A dbt test proves the rules that its description
(unit tests) or the comment at its head (data tests) names. Names are single (L7), listed (C1, C5) or
ranges (L1-L9).
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import warehouse as testing

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"

# Every rule that models implement, and its subject. Rules of the push (P1-P7) are the loader's.
RULES = {
    "O1": "one state and one reason per document",
    "O2": "nothing is dropped: documents = sum over states",
    "O3": "which of several reasons wins",
    "O5": "unknown statuses of credit notes and invoices",
    "C1": "amount of a credit note's memo",
    "C2": "when a credit note becomes a memo",
    "C3": "customer, currency, date and text of a memo",
    "C4": "the NetSuite invoice, its customer, currency, account",
    "C5": "several credit notes on one invoice",
    "C6": "what is still open on the NetSuite invoice",
    "C7": "refund, out of band, customer balance",
    "B1": "what a use of customer balance is",
    "B2": "when a use becomes a memo",
    "B3": "id, amount, date and text of a balance memo",
    "B4": "lines of a balance memo; leftovers",
    "B5": "no tax on a balance memo; tax that is not reversed",
    "B6": "the ledger is complete",
    "B7": "balance that came from a payment",
    "B8": "a use that an invoice's arithmetic alone proves",
    "B9": "checkout rows that name no invoice",
    "N1": "zero-amount invoice of a negative invoice",
    "N2": "its credit shows when it is used",
    "L1": "item, quantity and description of a line",
    "L2": "revenue recognition dates",
    "L3": "custom lines",
    "L4": "credit notes without lines",
    "L5": "net or gross amounts",
    "L6": "discounts and billing credits",
    "L7": "inclusive tax",
    "L8": "taxes in three strategies",
    "L9": "shipping",
    "L10": "lines, discounts, taxes and shipping add up",
    "L11": "NetSuite adds no tax of its own",
    "R1": "customer refunds",
    "R2": "states of a refund",
    "R3": "one refund over several credit notes",
    "R4": "a failed refund decided out of band",
    "R5": "a refund waits with its credit note",
    "R6": "links that contradict their refund",
    "S1": "splitting amounts to the unit",
    "G1": "documents from before go-live",
    "G2": "credit notes on invoices from before go-live",
    "G3": "how each refund is represented",
    "X1": "finding customers and invoices; blocking by metadata",
    "X2": "external ids that differ only in case",
    "X3": "minor units and NetSuite's precision",
    "X4": "closed periods; dates in the accounting time zone",
    "X5": "decisions by hand",
    "X6": "control characters, and where a text is cut",
    "M1": "custom fields",
    "M2": "custom fields on every row and record",
    "I3": "objects that Stripe does not show any more",
    "K1": "where a record of the Stripe Connector is looked for",
    "K2": "adopting a record of the connector",
    "K3": "ids in metadata that NetSuite lacks",
    "K4": "guarding against a second memo",
    "K5": "item links of the connector",
}

_NAMED = re.compile(r"\b([A-Z])(\d{1,2})(?:-\1?(\d{1,2}))?\b")


@dataclass
class Evidence:
    """Models and tests that name one rule."""

    models: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


def named_rules(text: str) -> Iterator[str]:
    """The rules a text names, ranges spelled out."""
    for letter, first, last in _NAMED.findall(text):
        for number in range(int(first), int(last or first) + 1):
            if f"{letter}{number}" in RULES:
                yield f"{letter}{number}"


def parse_project(folder: Path) -> Any:
    """The manifest of the current dbt_project; dbt writes its files to `folder`."""
    from dbt.cli.main import dbtRunner

    project = ["--project-dir", str(testing.PROJECT), "--profiles-dir", str(testing.PROJECT)]
    output = ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    outcome = dbtRunner().invoke(["parse", *project, *output, "--quiet", "--no-partial-parse"])
    if not outcome.success:
        raise RuntimeError(f"dbt cannot parse the project: {outcome.exception}")
    return outcome.result


def evidence(manifest: Any) -> dict[str, Evidence]:
    """Models and tests per rule, in the order of RULES."""
    found = {rule: Evidence() for rule in RULES}
    for name, text in sorted(_models(manifest)):
        for rule in dict.fromkeys(named_rules(text)):
            found[rule].models.append(name)
    for name, text in sorted(_tests(manifest)):
        for rule in dict.fromkeys(named_rules(text)):
            found[rule].tests.append(name)
    return found


def _models(manifest: Any) -> Iterator[tuple[str, str]]:
    for node in manifest.nodes.values():
        if node.resource_type == "model":
            yield node.name, node.description


def _tests(manifest: Any) -> Iterator[tuple[str, str]]:
    for test in manifest.unit_tests.values():
        yield f"{test.model}: {test.name.removeprefix('test_').replace('_', ' ')}", test.description
    for node in manifest.nodes.values():
        if node.resource_type == "test" and getattr(node, "test_metadata", None) is None:
            yield node.name.removeprefix("test_").replace("_", " "), _head(node.raw_code)


def _head(sql: str) -> str:
    """The comment at the head of a data test."""
    lines: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--"))
    return " ".join(lines)


def page(manifest: Any) -> Iterable[str]:
    """The lines of docs/rules.md."""
    yield "# Rules, models, tests"
    yield ""
    yield "Generated by `python -m tests.dbt.rules_table > docs/rules.md` from the descriptions of models and"
    yield "tests; a test fails when this page is stale, or a rule has no model or no test. A test named"
    yield "`model: what` is a unit test beside that model, any other one a data test that runs in every build"
    yield "(`dbt_project/tests/`)."
    yield ""
    yield "| rule | about | models | tests |"
    yield "|---|---|---|---|"
    for rule, found in evidence(manifest).items():
        models = "<br>".join(f"`{name}`" for name in found.models)
        yield f"| {rule} | {RULES[rule]} | {models} | {'<br>'.join(found.tests)} |"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        manifest = parse_project(Path(folder))
    sys.stdout.write("\n".join(page(manifest)) + "\n")


if __name__ == "__main__":
    main()
