"""The property test must fail for a project with a bug in it: two here, all with `SOAK=1` (make soak)."""

import os
from pathlib import Path

import pytest

from tests.property.mutations import MUTATIONS, Mutation, seen

QUICK = "S1: ties to the later component"


PLANTED = [mutation for mutation in MUTATIONS if mutation.name == QUICK or os.environ.get("SOAK")]


@pytest.mark.parametrize("mutation", PLANTED, ids=lambda m: m.name)
def test_a_bug_is_seen(mutation: Mutation, tmp_path: Path) -> None:
    assert seen(mutation, tmp_path)
