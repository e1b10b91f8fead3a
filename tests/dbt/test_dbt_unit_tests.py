"""Every dbt unit test: tables of cases beside their models."""

from __future__ import annotations

from tests.support import warehouse as testing


def test_models_pass_their_unit_tests(empty_world):
    """A failure lists each failing unit test with the rows that differ."""
    testing.run_dbt(["test", "--select", "test_type:unit"], empty_world.project, empty_world.warehouse)
