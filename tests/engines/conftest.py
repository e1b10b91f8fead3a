"""One Postgres for all tests of the engines. Without its programs they fail: a skipped proof looks like a proof."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.server import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as server:
        yield server
