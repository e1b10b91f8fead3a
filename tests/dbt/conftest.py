"""An empty world and the project's manifest, made once."""

from __future__ import annotations

import pytest

from tests.dbt import rules_table
from tests.support.warehouse import EmptyWorld


@pytest.fixture(scope="session")
def empty_world(tmp_path_factory) -> EmptyWorld:
    return EmptyWorld(tmp_path_factory.mktemp("empty_world"))


@pytest.fixture(scope="session")
def manifest(tmp_path_factory):
    """The parsed project of the working tree."""
    return rules_table.parse_project(tmp_path_factory.mktemp("manifest"))
