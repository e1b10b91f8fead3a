"""Known objects that answer 404 although Stripe never deletes them (rule I3)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import duckdb

from extract.errors import TooManyGone
from extract.raw_tables import current
from extract.stripe.endpoints import ENDPOINTS, NEVER_DELETED
from warehouse.query import ask

MOST = 20  # of a kind in one run
MOST_OF_KNOWN = 0.01
FEW = 3  # from so many on, the share counts
ENOUGH = 1000  # no more are asked for: the key is another account's


def known_sql(table: str) -> str:
    """SQL for the ids of the known objects of a table that Stripe never deletes.

    A row without `created` stands for an object that a document names and that nobody has ever seen.
    """
    finalized = "and (payload->>'status') is distinct from 'draft'" if table == "invoices" else ""
    return f"select id from {current(table)} where created is not null {finalized}"


class GoneObjects:
    """Collects the objects of a run that answer 404, and lands them in `raw_stripe.extract_gone` if they are few.

    What an earlier run has recorded is no news: it does not count again.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, clock: Callable[[], datetime]):
        self._connection, self._clock = connection, clock
        self._lock = threading.Lock()
        self._recorded = recorded_gone(connection)
        self._new: dict[str, set[str]] = {}

    def add(self, table: str, identifier: str) -> bool:
        """Whether this object is known, and of a kind that Stripe never deletes. It is then collected.

        Called from reader threads. Raises TooManyGone where no more need to be asked for.
        """
        if table not in NEVER_DELETED:
            return False
        with self._connection.cursor() as cursor:
            versions = ask(
                cursor,
                f"select payload->>'status' from raw_stripe.{table} where id = ? and created is not null "
                "order by fetched_at desc limit 1",
                [identifier],
            )
        if not versions or (table == "invoices" and versions[0][0] == "draft"):
            return False
        with self._lock:
            if (table, identifier) not in self._recorded:
                self._new.setdefault(table, set()).add(identifier)
            is_enough = len(self._new.get(table, ())) >= ENOUGH
        if is_enough:
            self.judge()
        return True

    def judge(self) -> None:
        """Raise TooManyGone if so many are gone that the key must be another account's."""
        with self._lock:
            counts = {table: len(ids) for table, ids in self._new.items()}
        for table, gone in counts.items():
            with self._connection.cursor() as cursor:
                ((known,),) = ask(cursor, f"select count(*) from ({known_sql(table)})")
            if gone > MOST or (gone >= FEW and gone > MOST_OF_KNOWN * known):
                raise TooManyGone(
                    f"this key does not see {gone} of {known} known {NEVER_DELETED[table]}: is it another account's? "
                    "Set STRIPE_API_KEY to a key of the account that this warehouse was read from, or WAREHOUSE_PATH "
                    "to another file. Nothing of this was stored"
                )

    def store(self, seen: Mapping[str, set[str]]) -> list[str]:
        """Record what is gone, take back what was `seen` (ids by table) after all, and return what is gone now."""
        self.judge()
        for table, ids in self._new.items():
            rows = [(identifier, ENDPOINTS[table].object, self._clock()) for identifier in sorted(ids)]
            self._connection.executemany("insert into raw_stripe.extract_gone values (?, ?, ?)", rows)
        for table, identifier in self._recorded:
            if identifier in seen.get(table, ()):
                self._connection.execute(
                    "delete from raw_stripe.extract_gone where id = ? and object = ?",
                    [identifier, ENDPOINTS[table].object],
                )
        self._new.clear()
        self._recorded = recorded_gone(self._connection)
        return [f"{ENDPOINTS[table].object} {identifier}" for table, identifier in sorted(self._recorded)]


def recorded_gone(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """(table, id) of the objects that are recorded as gone."""
    tables = {ENDPOINTS[table].object: table for table in NEVER_DELETED}
    rows = ask(connection, "select object, id from raw_stripe.extract_gone")
    return {(tables[kind], identifier) for kind, identifier in rows}
