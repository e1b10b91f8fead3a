"""Whose NetSuite a warehouse holds (rule I1): the first extract that reads it notes the account."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from extract.netsuite import run
from extract.netsuite.run import read_netsuite
from extract.raw_tables import NETSUITE_COLUMNS
from load_netsuite.tables import ensure_tables
from netsuite.errors import NetSuiteError
from progress import Progress
from settings import Settings
from warehouse.ownership import WrongBooks, books_of


class FakeNetSuite:
    requests_sent = 0

    def __init__(self, settings: Settings):
        pass

    def __enter__(self) -> FakeNetSuite:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What NetSuite shows of the transactions."""
    rows: list[dict[str, str]] = []

    class Queries:
        def __init__(self, *_: object):
            self.refused: set[str] = set()

        def snapshot(self, wanted: Any) -> dict[str, list[dict[str, Any]]]:
            columns = NETSUITE_COLUMNS["transactions"]
            return {
                **{table: [] for table in NETSUITE_COLUMNS},
                "transactions": [{**dict.fromkeys(columns), **row} for row in rows],
            }

    monkeypatch.setattr(run, "NetSuite", FakeNetSuite)
    monkeypatch.setattr(run, "SnapshotQueries", Queries)
    return rows


def read(settings: Settings, warehouse: duckdb.DuckDBPyConnection, account: str) -> None:
    own = settings.model_copy(update={"netsuite_account_id": account})
    read_netsuite(own, warehouse, Progress(quiet=True), include_settled=False)


def post(warehouse: duckdb.DuckDBPyConnection, records: int) -> None:
    """A journal of an earlier version."""
    ensure_tables(warehouse)
    warehouse.executemany(
        "insert into load_netsuite.load_log (record_type, external_id, status, internal_id) values (?, ?, ?, ?)",
        [["creditMemo", f"cn_{n}", "created", str(n)] for n in range(records)],
    )


def test_the_first_extract_notes_the_account_and_another_one_stops(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, transactions: list[dict[str, str]]
) -> None:
    read(settings, warehouse, "1234567_SB1")
    assert books_of(warehouse).netsuite_account == "1234567_SB1"
    transactions.append({"id": "1", "externalid": "cn_1"})
    with pytest.raises(WrongBooks, match=r"NetSuite account 1234567_SB1, this run is for 1234567: set WAREHOUSE_PATH"):
        read(settings, warehouse, "1234567")
    assert warehouse.execute("select count(*) from raw_netsuite.transactions").fetchone() == (0,)


def test_an_account_that_cannot_be_read_claims_nothing(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    transactions: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(settings: Settings) -> FakeNetSuite:
        raise NetSuiteError("no such account")

    monkeypatch.setattr(run, "NetSuite", refuse)
    with pytest.raises(NetSuiteError):
        read(settings, warehouse, "1234567")
    assert books_of(warehouse).netsuite_account is None


def test_an_earlier_version_s_warehouse_whose_records_are_not_there_is_not_taken_over(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, transactions: list[dict[str, str]]
) -> None:
    post(warehouse, 5)
    transactions.append({"id": "3", "externalid": "in_3"})  # another account's record has the id of ours
    with pytest.raises(WrongBooks, match=r"none of 5 records that were posted from .* is in NetSuite account 1234567"):
        read(settings, warehouse, "1234567")
    assert books_of(warehouse).netsuite_account is None
    transactions[:] = [{"id": "3", "externalid": "CN_3"}]
    read(settings, warehouse, "1234567_SB1")
    assert books_of(warehouse).netsuite_account == "1234567_SB1"


def test_few_posted_records_say_too_little(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, transactions: list[dict[str, str]]
) -> None:
    post(warehouse, 4)
    read(settings, warehouse, "1234567")
    assert books_of(warehouse).netsuite_account == "1234567"
