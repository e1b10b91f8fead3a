"""docs/reasons.md says of every reason what it means, who acts and how, and is up to date."""

from __future__ import annotations

import re

import pytest

from tests.dbt import reasons_page
from tests.support import docs

REASONS = reasons_page.reasons()


def test_the_page_is_fresh() -> None:
    expected = "\n".join(reasons_page.page()) + "\n"
    assert reasons_page.PAGE.read_text() == expected, "stale: python -m tests.dbt.reasons_page > docs/reasons.md"


def test_the_list_is_that_of_the_rule() -> None:
    """Rule O3 names the same states and reasons, and says which class wins; inside a class its table gives the order.

    What is posted wins because a posted document has no other reason, so its rank does not matter: it stands last.
    """
    text = (docs.RULES_FOLDER / "outcomes.md").read_text()
    rows = re.findall(r"^\| (\w+(?: \(\w+\))?) \| (.+) \|$", text, re.MULTILINE)
    table = {title: re.findall(r"`([a-z_]+)`", cell) for title, cell in rows}
    classes = ("skipped", "waiting (Stripe)", "blocked", "waiting (NetSuite)", "ready", "posted")
    named = [(title.split()[0], name) for title in classes for name in table[title]]
    assert [(reason.state, reason.name) for reason in REASONS] == named, "the table of rule O3 differs from the model"
    assert len(named) > 40


def test_every_reason_that_sql_gives_a_document_is_on_the_page() -> None:
    """A finding with a reason of its own would leave the accountant without a step."""
    models = (docs.ROOT / "dbt_project" / "models").rglob("*.sql")
    given = {name for path in models for name in re.findall(r"'([a-z_]+)' as reason\b", path.read_text())}
    assert len(given) > 30
    assert given <= {reason.name for reason in REASONS}


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_a_reason_says_who_acts_and_how(reason: reasons_page.Reason) -> None:
    assert reason.meaning.endswith(".") and reason.next_step.endswith(".")
    assert set(reason.rules) <= docs.rules().keys()
    expected = {
        "skipped": {"nobody"},
        "waiting": {"Stripe", "NetSuite"},
        "blocked": {"accountant", "engineer"},
        "ready": {"nobody"},
        "posted": {"nobody"},
    }[reason.state]
    assert reason.who_acts in expected
    assert reason.next_step.startswith("Nothing") == (reason.state != "blocked")
