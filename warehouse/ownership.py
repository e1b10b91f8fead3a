"""Whose books a warehouse holds (rule I1): one Stripe account in one mode, and one NetSuite account.

The first run that reads an account writes it into the table `belongs_to` of the warehouse. Every command compares its
settings with that table before it does anything else, and stops where they disagree: a record that was posted for one
account must never pass for a record of another.

`belongs_to` has one row per service. It is in the default schema, because a schema cannot be told from a file that has
its name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.connection import WarehouseError

BELONGS_TO = """
create table if not exists belongs_to (
    service varchar not null,         -- stripe or netsuite
    account_id varchar,               -- null: the key may not read it
    livemode boolean,                 -- of Stripe; null: no key and no object has told yet
    noted_at timestamptz not null
)
"""

# Schemas of every warehouse since the first version, with a column that another program's tables would hardly have.
SIGNS = (("main", "noted_at"), ("raw_stripe", "content_hash"), ("load_netsuite", "attempt_id"))

MEND = "set WAREHOUSE_PATH to another file"


class WrongBooks(WarehouseError):
    """The settings name another account or mode than the one that the warehouse belongs to."""


@dataclass(frozen=True)
class Books:
    """The accounts of a warehouse, or of a command's settings. None: not known (yet).

    stripe_account: `acct_...` · is_live: the mode of the Stripe account · netsuite_account: as `1234567_SB1`.
    """

    stripe_account: str | None = None
    is_live: bool | None = None
    netsuite_account: str | None = None


def require_warehouse(connection: duckdb.DuckDBPyConnection, path: Path, schemas: Collection[str]) -> None:
    """Raise WrongBooks if the file at `path` has tables in one of `schemas`, and none of them is the pipeline's: a
    transform would replace them."""
    columns = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and not internal"
    ).fetchall()
    taken = sorted({f"{schema}.{table}" for schema, table, _ in columns if schema in schemas or table == "belongs_to"})
    if taken and not {(schema, column) for schema, _, column in columns}.intersection(SIGNS):
        raise WrongBooks(
            f"{path} has tables of another program where the pipeline keeps its own ({', '.join(taken[:3])}): {MEND}"
        )


def books_of(connection: duckdb.DuckDBPyConnection) -> Books:
    """The accounts that the warehouse belongs to."""
    try:
        rows = connection.execute("select service, account_id, livemode from belongs_to").fetchall()
    except duckdb.CatalogException:
        return Books()
    known = {service: (account, livemode) for service, account, livemode in rows}
    stripe_account, is_live = known.get("stripe", (None, None))
    return Books(stripe_account, is_live, known.get("netsuite", (None, None))[0])


def require_books(connection: duckdb.DuckDBPyConnection, path: Path, found: Books) -> None:
    """Raise WrongBooks if `found` contradicts what the warehouse at `path` belongs to."""
    require_same(books_of(connection), found, f"the warehouse {path}", MEND)


def require_same(own: Books, found: Books, warehouse: str, mend: str) -> None:
    """Raise WrongBooks, with these words for the warehouse and what to do, if both know an account and it differs."""
    for service, ours, theirs in (
        ("NetSuite account", own.netsuite_account, found.netsuite_account),
        ("Stripe mode", _mode(own.is_live), _mode(found.is_live)),
        ("Stripe account", own.stripe_account, found.stripe_account),
    ):
        if ours is not None and theirs is not None and ours != theirs:
            raise WrongBooks(f"{warehouse} belongs to {service} {ours}, this run is for {theirs}: {mend}")


def note_books(connection: duckdb.DuckDBPyConnection, path: Path, found: Books) -> None:
    """Write what is new in `found` into the warehouse; what it says already stays. Raises WrongBooks as
    `require_books`."""
    require_books(connection, path, found)
    connection.execute(BELONGS_TO)
    for service, account, livemode in (
        ("stripe", found.stripe_account, found.is_live),
        ("netsuite", found.netsuite_account, None),
    ):
        if account is None and livemode is None:
            continue
        connection.execute(
            "insert into belongs_to select ?, null, null, current_timestamp "
            "where not exists (select 1 from belongs_to where service = ?)",
            [service, service],
        )
        connection.execute(
            "update belongs_to set account_id = coalesce(account_id, ?), livemode = coalesce(livemode, ?) "
            "where service = ?",
            [account, livemode, service],
        )


def mode_name(is_live: bool | None) -> str:
    """`live` or `test`."""
    return "live" if is_live else "test"


def _mode(is_live: bool | None) -> str | None:
    return None if is_live is None else mode_name(is_live)
