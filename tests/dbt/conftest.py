"""An empty world, built once; and the project's manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dbt import rules_table
from tests.support import warehouse as testing


class EmptyWorld:
    """A copy of the project with empty mapping files, and a warehouse with all its models, without rows."""

    def __init__(self, folder: Path) -> None:
        self.project = testing.project_with_mappings(folder, {})
        self.warehouse = folder / "empty.duckdb"
        with testing.opened(self.warehouse) as connection:
            testing.create_raw_tables(connection)
        testing.run_dbt(
            ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"],
            self.project,
            self.warehouse,
        )


@pytest.fixture(scope="session")
def empty_world(tmp_path_factory) -> EmptyWorld:
    return EmptyWorld(tmp_path_factory.mktemp("empty_world"))


@pytest.fixture(scope="session")
def manifest(tmp_path_factory):
    """The parsed project as it stands in the tree."""
    return rules_table.parse_project(tmp_path_factory.mktemp("manifest"))
