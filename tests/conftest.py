"""The longest tests first, so that the workers of `make test` end together."""

from __future__ import annotations

import pytest

LONGEST = ("test_end_to_end", "test_simulation", "test_property", "test_acceptance", "test_scope", "test_staleness")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONGEST)
