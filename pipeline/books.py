"""Whose warehouse a command works on (rule I1): the account that its settings name, and the file that holds its books.

What a warehouse says about itself: `warehouse.ownership`.
"""

from __future__ import annotations

from pathlib import Path

from settings import SCHEMAS, Settings, SettingsError, default_warehouse
from warehouse.connection import open_warehouse
from warehouse.ownership import Books, books_of, note_books, require_books, require_warehouse


def books_in(settings: Settings) -> Books:
    """What the settings of a command say without a request."""
    return Books(is_live=settings.stripe_is_live, netsuite_account=settings.netsuite_account_id)


def require_own_books(settings: Settings) -> None:
    """Raise WrongBooks if the warehouse of these settings belongs to other accounts, or to another program. A missing
    file is not created.

    Every command calls this first. Raises WarehouseLocked, WarehouseError.
    """
    if settings.warehouse_path.exists():
        with open_warehouse(settings.warehouse_path) as connection:
            require_warehouse(connection, settings.warehouse_path, SCHEMAS)
            require_books(connection, settings.warehouse_path, books_in(settings))


def note_netsuite_account(settings: Settings) -> None:
    """Note that the warehouse of these settings holds records of their NetSuite account, which has just been read."""
    if settings.warehouse_path.exists() and settings.netsuite_account_id:
        with open_warehouse(settings.warehouse_path) as connection:
            note_books(connection, settings.warehouse_path, Books(netsuite_account=settings.netsuite_account_id))


def with_warehouse(settings: Settings) -> Settings:
    """The settings with the warehouse of an earlier version in place of the default one, under its old name.

    Earlier versions called the file `data/production.duckdb`, whatever the account. It is used as long as there is no
    file of the new name and it belongs to this NetSuite account, or does not say to whom it belongs.
    Raises SettingsError where the name of the file needs NETSUITE_ACCOUNT_ID; WarehouseLocked, WarehouseError.
    """
    path, account = settings.warehouse_path, settings.netsuite_account_id
    if settings.target != "production" or path != default_warehouse(settings) or (account and path.exists()):
        return settings
    earlier = _earlier(settings)
    if earlier.exists():
        with open_warehouse(earlier) as connection:
            owner = books_of(connection).netsuite_account
        if account is None or owner in (None, account):
            return settings.model_copy(update={"warehouse_path": earlier})
    if account is None:
        raise SettingsError(
            [
                "NETSUITE_ACCOUNT_ID is missing: the warehouse file is named after it; set it, e.g. 1234567 or "
                "1234567_SB1, or set WAREHOUSE_PATH"
            ]
        )
    return settings


def warehouse_there(settings: Settings) -> Path | None:
    """The warehouse file of these settings, or the one of an earlier version; None if neither is there. It is not
    opened: whose books it holds is not known."""
    path = settings.warehouse_path
    if not path.is_file() and settings.target == "production" and path == default_warehouse(settings):
        path = _earlier(settings)
    return path if path.is_file() else None


def _earlier(settings: Settings) -> Path:
    return settings.warehouse_path.with_name(f"{settings.target}.duckdb")
