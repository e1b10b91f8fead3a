"""Every dbt unit test: tables of cases beside their models.

UNIT_TESTS_OF=int_memos,int_memo_lines runs those of some models.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.support import warehouse as testing


@pytest.fixture
def known_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let dbt ask once for the columns of a model: it asks for each table of cases, and nothing changes them here."""
    from dbt.adapters.duckdb.impl import DuckDBAdapter

    ask, known = DuckDBAdapter.get_columns_in_relation, {}

    def answer(adapter: DuckDBAdapter, relation: Any) -> Any:
        name = str(relation)
        if "__dbt" in name:  # a relation that dbt makes for one test
            return ask(adapter, relation)
        if name not in known:
            known[name] = ask(adapter, relation)
        return known[name]

    monkeypatch.setattr(DuckDBAdapter, "get_columns_in_relation", answer)


@pytest.mark.usefixtures("known_columns")
def test_models_pass_their_unit_tests(empty_world):
    """A failure lists each failing unit test with the rows that differ."""
    models = os.environ.get("UNIT_TESTS_OF", "").replace(",", " ").split()
    selected = [f"{model},test_type:unit" for model in models] or ["test_type:unit"]
    testing.run_dbt(["test", "--select", *selected], empty_world.project, empty_world.warehouse)
