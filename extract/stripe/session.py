"""What the parts of one run share, and the reading of single objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from extract.landing.landing import Landing
from extract.stripe.api import StripeClient
from extract.stripe.endpoints import ENDPOINTS, Endpoint
from extract.stripe.gone import GoneObjects
from extract.stripe.json_codec import decode
from extract.stripe.reader import Reader
from extract.stripe.rows import row_of
from extract.stripe.run_log import RunLog
from extract.stripe.worker_pool import WorkerPool

ObjectKey = tuple[str, str]  # table, id


@dataclass(frozen=True)
class Session:
    """One run's connection, client, threads and log.

    last_read_up_to: the last run's `read_up_to`; versions fetched later landed in this run (None: first load) ·
    full_ledger: whether the balance ledgers of all customers are read.
    """

    connection: duckdb.DuckDBPyConnection
    client: StripeClient
    clock: Callable[[], datetime]
    landing: Landing
    workers: WorkerPool
    reader: Reader
    log: RunLog
    gone: GoneObjects
    last_read_up_to: datetime | None
    full_ledger: bool

    def is_read(self, key: ObjectKey) -> bool:
        """Whether this run has read the object. Always false in a first load, which remembers no ids."""
        table, identifier = key
        return identifier in self.reader.ids_read.get(table, ())

    def read_objects(self, keys: Iterable[ObjectKey]) -> None:
        """Read objects one by one and return when they are read.

        One that Stripe does not have is marked deleted, or, if Stripe never deletes such a one, collected in `gone`.
        Raises TooManyGone.
        """
        for table, identifier in sorted(set(keys)):
            endpoint = ENDPOINTS[table]
            self.reader.read_object(endpoint, identifier, self._absence_of(endpoint))
        self.workers.run()
        self.gone.judge()

    def _absence_of(self, endpoint: Endpoint) -> Callable[[str], None]:
        def note(identifier: str) -> None:
            if not self.gone.add(endpoint.table, identifier):
                self._mark_deleted(endpoint, identifier)

        return note

    def _mark_deleted(self, endpoint: Endpoint, identifier: str) -> None:
        """Land the last known content with `"deleted": true`: old documents still need the mappings in it."""
        with self.connection.cursor() as cursor:
            landed = cursor.execute(
                f"select payload from raw_stripe.{endpoint.table} where id = ? order by fetched_at desc limit 1",
                [identifier],
            ).fetchone()
        item = decode(landed[0]) if landed else {"id": identifier, "object": endpoint.object}
        item["deleted"] = True
        self.landing.put(endpoint.table, [row_of(item, self.clock(), self.client.version)])
