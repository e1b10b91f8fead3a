"""Whose books a warehouse holds (rule I1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

import settings as settings_module
from pipeline.books import note_netsuite_account, require_own_books, with_warehouse
from settings import Settings, SettingsError
from warehouse.connection import open_warehouse
from warehouse.ownership import (
    Books,
    WrongBooks,
    books_of,
    note_books,
)


def settings_of(path: Path, **fields: Any) -> Settings:
    return Settings(_env_file=None, warehouse_path=path, **fields)


# The last two have a schema's name, which a query could take for the file's.
@pytest.mark.parametrize("name", ["w", "production-1234567_SB1", "main", "belongs_to"])
def test_what_is_noted_first_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.duckdb"
    with open_warehouse(path) as connection:
        assert books_of(connection) == Books()
        note_books(connection, path, Books())
        note_books(connection, path, Books(netsuite_account="1234567"))
        note_books(connection, path, Books(is_live=False))
        note_books(connection, path, Books("acct_1"))
        note_books(connection, path, Books(is_live=False, netsuite_account="1234567"))
    with duckdb.connect(path) as connection:
        assert books_of(connection) == Books("acct_1", False, "1234567")
        assert connection.execute("select count(*) from belongs_to").fetchone() == (2,)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Books(netsuite_account="1234567"), "belongs to NetSuite account 1234567_SB1, this run is for 1234567:"),
        (Books(is_live=True), "belongs to Stripe mode test, this run is for live:"),
        (Books("acct_2"), "belongs to Stripe account acct_1, this run is for acct_2:"),
    ],
)
def test_another_account_is_named_with_the_mend_and_not_noted(tmp_path: Path, found: Books, words: str) -> None:
    path, own = tmp_path / "w.duckdb", Books("acct_1", False, "1234567_SB1")
    with open_warehouse(path) as connection:
        note_books(connection, path, own)
        with pytest.raises(WrongBooks) as caught:
            note_books(connection, path, found)
        assert words in str(caught.value) and str(path) in str(caught.value)
        assert "set WAREHOUSE_PATH to another file" in str(caught.value)
        assert books_of(connection) == own


def test_settings_are_compared_as_far_as_they_say_something(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    require_own_books(settings_of(path, netsuite_account_id="1"))
    assert not path.exists(), "a check creates nothing"
    note_netsuite_account(settings_of(path, netsuite_account_id="1"))
    assert not path.exists()
    with open_warehouse(path) as connection:
        note_books(connection, path, Books("acct_1", True, "1"))
    require_own_books(settings_of(path))
    require_own_books(settings_of(path, netsuite_account_id="1", stripe_api_key="rk_live_hush"))
    for other in ({"netsuite_account_id": "2"}, {"stripe_api_key": "sk_test_hush"}):
        with pytest.raises(WrongBooks) as caught:
            require_own_books(settings_of(path, **other))
        assert "hush" not in str(caught.value)


# ---------- the file of an earlier version


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings_module, "ROOT", tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def production(data: Path, account: str | None = "1234567_SB1") -> Settings:
    name = f"production-{account}" if account else "production"
    return settings_of(data / f"{name}.duckdb", target="production", netsuite_account_id=account)


def make(path: Path, account: str | None = None) -> None:
    with open_warehouse(path) as connection:
        note_books(connection, path, Books(netsuite_account=account))


@pytest.mark.parametrize("owner", [None, "1234567_SB1"])
def test_the_file_of_an_earlier_version_is_taken_over_under_its_old_name(data: Path, owner: str | None) -> None:
    make(data / "production.duckdb", owner)
    assert with_warehouse(production(data)).warehouse_path == data / "production.duckdb"


def test_the_file_of_an_earlier_version_that_is_another_accounts_stays_alone(data: Path) -> None:
    make(data / "production.duckdb", "1234567")
    assert with_warehouse(production(data)).warehouse_path == data / "production-1234567_SB1.duckdb"


def test_a_file_of_the_new_name_is_preferred(data: Path) -> None:
    make(data / "production.duckdb", "1234567_SB1")
    make(data / "production-1234567_SB1.duckdb", "1234567_SB1")
    assert with_warehouse(production(data)).warehouse_path == data / "production-1234567_SB1.duckdb"


def test_a_file_that_the_settings_name_is_used(data: Path) -> None:
    make(data / "production.duckdb", None)
    named = production(data).model_copy(update={"warehouse_path": data / "mine.duckdb"})
    assert with_warehouse(named).warehouse_path == data / "mine.duckdb"


def test_without_an_account_only_the_earlier_file_can_be_meant(data: Path) -> None:
    with pytest.raises(SettingsError, match="NETSUITE_ACCOUNT_ID is missing: the warehouse file is named after it"):
        with_warehouse(production(data, None))
    make(data / "production.duckdb", "1234567")
    assert with_warehouse(production(data, None)).warehouse_path == data / "production.duckdb"
    assert with_warehouse(settings_of(data / "sandbox.duckdb")).warehouse_path == data / "sandbox.duckdb"
