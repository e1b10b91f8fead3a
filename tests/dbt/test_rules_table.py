"""docs/rules.md is up to date, and every rule has a model and a test."""

from __future__ import annotations

import pytest

from tests.dbt import rules_table


@pytest.mark.parametrize("rule", rules_table.RULES)
def test_rule_has_a_model_and_a_test(rule, manifest):
    found = rules_table.evidence(manifest)[rule]
    assert found.models, f"no model's description names rule {rule} ({rules_table.RULES[rule]})"
    assert found.tests, f"no dbt test names rule {rule} ({rules_table.RULES[rule]})"


def test_page_is_fresh(manifest):
    expected = "\n".join(rules_table.page(manifest)) + "\n"
    assert rules_table.PAGE.read_text() == expected, "stale: python -m tests.dbt.rules_table > docs/rules.md"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("C1: parts", ["C1"]),
        ("(rules L9-L11, S1)", ["L9", "L10", "L11", "S1"]),
        ("rules C1-C3", ["C1", "C2", "C3"]),
        ("P4, UTF-8, A1, cn_C1, no rule", []),
    ],
)
def test_named_rules(text, rules):
    assert list(rules_table.named_rules(text)) == rules
