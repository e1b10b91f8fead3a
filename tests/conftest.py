"""The longest tests first, so that the workers of `make test` end together."""

from __future__ import annotations

import gc

import pytest

# dbt makes many objects and few cycles: Python looks for cycles seven hundred times less often than by default.
gc.set_threshold(500_000, 20, 20)

LONGEST = (
    *("test_end_to_end", "test_simulation", "test_property", "test_acceptance", "test_staleness", "test_mappings"),
    *("test_mapping_files", "test_laws_are_watched", "test_dbt_unit_tests", "test_later_runs", "test_commands"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONGEST)
