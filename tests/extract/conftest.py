from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.raw_tables import declare_stripe_tables
from extract.stripe.report import StripeReport
from extract.stripe.run import read_stripe
from progress import Progress
from settings import Settings
from tests.extract.fake_stripe import KEY, FakeStripe
from warehouse.connection import open_warehouse


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    fake = FakeStripe().start()
    yield fake
    fake.stop()


@pytest.fixture
def settings(stripe: FakeStripe, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        target="sandbox",
        stripe_api_key=KEY,
        stripe_api_base=stripe.url,
        stripe_requests_per_second=2000,
        stripe_requests_per_second_total=4000,
        warehouse_path=tmp_path / "w.duckdb",
    )


@pytest.fixture
def read(settings: Settings) -> Callable[..., StripeReport]:
    """`read()` runs the Stripe part of an extract; keyword arguments change settings."""

    def run(**changes: Any) -> StripeReport:
        with open_warehouse(settings.warehouse_path) as connection:
            declare_stripe_tables(connection)
            return read_stripe(settings.model_copy(update=changes), connection, Progress(quiet=True), first_wait=0.01)

    return run


@pytest.fixture
def query(settings: Settings) -> Callable[..., list[tuple[Any, ...]]]:
    def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
        with duckdb.connect(settings.warehouse_path) as connection:
            return connection.execute(sql, list(values)).fetchall()

    return run
