"""Every dbt unit test: tables of cases that stand beside the models they are for."""

from __future__ import annotations

from tests.support import warehouse as testing


def test_models_give_what_their_tables_of_cases_say(empty_world):
    """A failure lists each failing unit test with the rows that differ."""
    testing.run_dbt(["test", "--select", "test_type:unit"], empty_world.project, empty_world.warehouse)
