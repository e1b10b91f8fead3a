from __future__ import annotations

import hashlib
import json
import shutil
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
from tests.support.quick_dlt import quicken_dlt
from warehouse.connection import dlt_directory, open_warehouse


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
def hold(settings: Settings) -> Iterator[Callable[[], None]]:
    """`hold()` keeps the warehouse open to the end of the test: what opens it in between then costs a tenth."""
    held: list[duckdb.DuckDBPyConnection] = []

    def once() -> None:
        if not held:
            held.append(duckdb.connect(settings.warehouse_path))

    yield once
    for connection in held:
        connection.close()


@pytest.fixture(scope="session")
def quick_dlt() -> None:
    quicken_dlt()


@pytest.fixture
def read(settings: Settings, quick_dlt: None) -> Callable[..., StripeReport]:
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


@pytest.fixture(scope="session")
def read_accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of each account that `first_read` has read, under the hash of its content."""
    return tmp_path_factory.mktemp("accounts")


@pytest.fixture
def first_read(
    stripe: FakeStripe,
    settings: Settings,
    read: Callable[..., StripeReport],
    hold: Callable[[], None],
    read_accounts: Path,
) -> Callable[[], None]:
    """`first_read()` leaves the files that the first `read()` of the account leaves. A test before may have read the
    same account: then its files are copied."""

    def run() -> None:
        content = hashlib.sha256(json.dumps([stripe.lists, stripe.account]).encode()).hexdigest()
        known, own = read_accounts / content, settings.warehouse_path
        if not known.exists():
            assert read().mode == "first"
            assert not own.with_name(own.name + ".wal").exists()
            shutil.copytree(own.parent, known)
        shutil.copy(known / own.name, own)
        shutil.copytree(dlt_directory(known / own.name), dlt_directory(own), dirs_exist_ok=True)
        hold()

    return run
