"""An empty world and the project's manifest, made once for all workers of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.dbt import rules_table
from tests.support.warehouse import EmptyWorld


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first worker to come here fills; the others wait for it and only read."""
    base = factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def empty_world(tmp_path_factory) -> EmptyWorld:
    """Shared by the tests of a worker: dbt commands of other tests have run on it."""
    made = made_once(tmp_path_factory, "empty_world", EmptyWorld)
    return EmptyWorld(tmp_path_factory.mktemp("empty_world"), copy_of=made)


@pytest.fixture
def own_empty_world(tmp_path_factory, tmp_path) -> EmptyWorld:
    """As a successful build left it; a test may change it."""
    return EmptyWorld(tmp_path, copy_of=made_once(tmp_path_factory, "empty_world", EmptyWorld))


@pytest.fixture(scope="session")
def manifest(tmp_path_factory):
    """The parsed project of the working tree."""
    return rules_table.parsed_in(made_once(tmp_path_factory, "manifest", rules_table.parse_project))
