"""Every bug of `mutations` still finds the text that it replaces (the bugs themselves run in `make soak`)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.property.mutations import MUTATIONS, Mutation, plant
from tests.support.warehouse import PROJECT


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_bug_can_be_planted(mutation: Mutation, tmp_path: Path) -> None:
    copy = tmp_path / mutation.file
    copy.parent.mkdir(parents=True)
    shutil.copy(PROJECT / mutation.file, copy)
    plant(mutation, tmp_path)
