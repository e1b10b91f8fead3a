"""docs/rules/where.md is up to date, and every rule has a model and a test, or is listed with what holds it."""

from __future__ import annotations

import pytest

from tests.dbt import rules_table
from tests.support import docs


@pytest.mark.parametrize("rule", [rule for rule in docs.rules() if rule not in rules_table.ELSEWHERE])
def test_rule_has_a_model_and_a_test(rule, manifest):
    found = rules_table.evidence(manifest)[rule]
    assert found.models, f"no model's description names rule {rule} ({docs.rules()[rule]})"
    assert found.tests, f"no dbt test names rule {rule} ({docs.rules()[rule]})"


@pytest.mark.parametrize(("rule", "holder"), rules_table.ELSEWHERE.items())
def test_a_rule_without_a_model_is_cited_where_the_list_says(rule, holder, manifest):
    assert not rules_table.evidence(manifest)[rule].models, f"rule {rule} has a model now: take it out of ELSEWHERE"
    assert not holder or rule in docs.cited_rules((docs.ROOT / holder).read_text()), (
        f"{holder} does not name rule {rule}"
    )


def test_page_is_fresh(manifest):
    expected = "\n".join(rules_table.page(manifest)) + "\n"
    assert docs.WHERE.read_text() == expected, "stale: python -m tests.dbt.rules_table > docs/rules/where.md"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("C1: parts", ["C1"]),
        ("(rules L9-L11, S1)", ["L9", "L10", "L11", "S1"]),
        ("rules C1-C3", ["C1", "C2", "C3"]),
        ("P4, UTF-8, A1, cn_C1, no rule", ["P4"]),
        ("facts 11, D7 and rule D2", ["D2"]),
        ("rule L12 is cited, though it does not exist", ["L12"]),
    ],
)
def test_cited_rules(text, rules):
    assert list(docs.cited_rules(text)) == rules
