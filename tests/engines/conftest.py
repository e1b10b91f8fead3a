"""One Postgres and one Spark for all tests of the engines.

Without their programs they fail: a skipped proof looks like a proof.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines import spark as spark_process
from tests.engines.server import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def spark_session() -> Iterator[spark_process.Spark]:
    with spark_process.running() as spark:
        yield spark


@pytest.fixture
def spark(spark_session: spark_process.Spark) -> spark_process.Spark:
    """Without what the test before built."""
    spark_session.clear()
    return spark_session
