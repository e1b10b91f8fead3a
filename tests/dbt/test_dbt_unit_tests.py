"""Every dbt unit test: tables of cases beside their models.

UNIT_TESTS_OF=int_memos,int_memo_lines runs those of some models.
"""

from __future__ import annotations

import os

from tests.support import warehouse as testing


def test_models_pass_their_unit_tests(empty_world):
    """A failure lists each failing unit test with the rows that differ."""
    models = os.environ.get("UNIT_TESTS_OF", "").replace(",", " ").split()
    selected = [f"{model},test_type:unit" for model in models] or ["test_type:unit"]
    testing.run_dbt(["test", "--select", *selected], empty_world.project, empty_world.warehouse)
