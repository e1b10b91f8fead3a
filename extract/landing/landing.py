"""Rows into the warehouse, append-only, while the next pages are being read.

A thread of its own takes the rows that readers `put`, gathers them into packages, leaves out versions that equal the
current one, and loads the others through dlt. An action given to `after` runs when everything put before it is loaded,
so the run log never says that rows are loaded before they are.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from extract.errors import LandingFailed
from extract.landing.arrow_rows import RAW_SCHEMA, arrow_of
from extract.landing.dlt_pipeline import DltPipeline
from extract.landing.landing_queue import Entry, LandingQueue
from extract.stripe.endpoints import TABLES
from extract.stripe.rows import Row

PACKAGE_BYTES = 96 * 2**20  # payload bytes of a package: large, for each costs dlt a fixed time; small for memory
CHECKPOINT_ROWS = 65_536
"""Rows landed in a table between two checkpoints.

Checkpoints run while readers read. dlt alone would let a gigabyte gather, which DuckDB compresses when the file is
closed. A later checkpoint writes a part that has less than half of a row group (122,880 rows) again, together with its
neighbour.
"""

# Positions of the rows whose content differs from the version before, in the warehouse or earlier in this package.
NEW_VERSIONS = """
with package as (
    select id, content_hash, fetched_at, position from incoming
),
known as (
    select id, arg_max(content_hash, fetched_at) as content_hash
    from raw_stripe.{table}
    where id in (select id from package)
    group by id
),
compared as (
    select
        package.position,
        package.content_hash,
        coalesce(
            lag(package.content_hash) over (partition by package.id order by package.fetched_at, position),
            known.content_hash
        ) as content_hash_before,
    from package
    left join known using (id)
)
select position from compared
where content_hash is distinct from content_hash_before
order by position
"""


class Landing:
    """The only writer of the object tables in `raw_stripe`. A context manager: its end loads the rest.

    landed: versions loaded, by table · lines: their nested lines, by table, as counted when they were read ·
    on_news: called once, in the landing thread, when there is something to load.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, warehouse: Path, on_news: Callable[[], object] = lambda: None
    ):
        self.landed: dict[str, int] = {}
        self.lines: dict[str, int] = {}
        self._connection, self._on_news = connection, on_news
        self._pipeline = DltPipeline(connection, warehouse, "raw_stripe")
        self._queue = LandingQueue(PACKAGE_BYTES)
        self._since_checkpoint: Counter[str] = Counter()  # rows by table
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="landing", daemon=True)

    def __enter__(self) -> Landing:
        self._pipeline.recover(self._delete_duplicates)
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self._queue.put(None)
            self._thread.join()
            self._pipeline.close()

    def put(self, table: str, rows: list[Row]) -> None:
        """Hand over rows of one table; waits while the queue is full. Raises the error that stopped the landing."""
        self._raise()
        if rows:
            self._put((table, arrow_of(rows)))

    def after(self, action: Callable[[], None]) -> None:
        """Run `action` in the landing thread when everything put before is loaded."""
        self._raise()
        self._put(action)

    def flush(self) -> None:
        """Return when everything put so far is loaded and every action has run. Raises as `put`."""
        done = threading.Event()
        self._put(done)
        while not done.wait(0.2):
            self._raise()
        self._raise()

    def checkpoint(self) -> None:
        """Start a checkpoint of the rows landed so far; the caller need not wait for it."""
        self.after(self._checkpoint)
        self._put(threading.Event())

    def _raise(self) -> None:
        if self._error:
            raise self._error

    def _put(self, entry: Entry) -> None:
        while True:
            try:
                return self._queue.put(entry, timeout=0.2)
            except queue.Full:
                self._raise()

    def _delete_duplicates(self) -> None:
        """Keep one of the rows that are equal down to the microsecond of `fetched_at` (see `DltPipeline.recover`)."""
        for table in TABLES:
            self._connection.execute(f"""
                delete from raw_stripe.{table} where rowid not in (
                    select min(rowid) from raw_stripe.{table} group by id, content_hash, fetched_at)""")

    # ---------- in the landing thread

    def _work(self) -> None:
        package: dict[str, list[pa.Table]] = {}
        actions: list[Callable[[], object]] = []
        size = 0
        while (entry := self._queue.get()) is not None:
            if self._error:
                continue  # go on emptying the queue, so that no reader hangs in `put`
            try:
                if isinstance(entry, tuple):
                    table, rows = entry
                    package.setdefault(table, []).append(rows)
                    size += rows.nbytes
                else:
                    actions.append(entry.set if isinstance(entry, threading.Event) else entry)
                if size >= PACKAGE_BYTES or isinstance(entry, threading.Event):
                    self._load(package)
                    for action in actions:
                        action()
                    package, actions, size = {}, [], 0
            except (duckdb.Error, OSError) as error:
                self._error = LandingFailed(
                    f"the warehouse cannot be written ({type(error).__name__}: {str(error)[:300]}). Repair the "
                    "disk or the file and run again: what was read is kept or read again"
                )
            except BaseException as error:  # `put`, `after` and `flush` raise it
                self._error = error

    def _load(self, package: dict[str, list[pa.Table]]) -> None:
        tables = {table: self._new_versions(table, pa.concat_tables(rows)) for table, rows in package.items()}
        tables = {table: rows for table, rows in tables.items() if rows.num_rows}
        if tables:
            if not self.landed:
                self._on_news()
            self._pipeline.load({table: rows.select(RAW_SCHEMA.names) for table, rows in tables.items()})
        for table, rows in tables.items():
            lines = pc.sum(rows["lines"]).as_py()
            self._check(table, rows, lines)
            self.landed[table] = self.landed.get(table, 0) + rows.num_rows
            self.lines[table] = self.lines.get(table, 0) + lines
            self._since_checkpoint[table] += rows.num_rows
        if max(self._since_checkpoint.values(), default=0) >= CHECKPOINT_ROWS:
            self._checkpoint()

    def _check(self, table: str, rows: pa.Table, lines: int) -> None:
        """Raise LandingFailed unless the warehouse has the rows and lines that were counted in Stripe's answers."""
        with self._connection.cursor() as cursor:
            cursor.register("landed", rows.select(["id", "fetched_at", "content_hash"]))
            found = cursor.execute(f"""
                select count(*), coalesce(sum(json_array_length(payload, '$.lines.data')), 0)::bigint
                from raw_stripe.{table}
                where fetched_at >= (select min(fetched_at) from landed)
                    and (id, fetched_at, content_hash) in (from landed)""").fetchall()
        for kind, read, landed in zip(("objects", "lines"), (rows.num_rows, lines), found[0], strict=True):
            if read != landed:
                raise LandingFailed(
                    f"{table}: {read:,} {kind} were read, {landed:,} are in the warehouse. "
                    "Run again with a new WAREHOUSE_PATH and report this"
                )

    def _checkpoint(self) -> None:
        with self._connection.cursor() as cursor:
            try:
                cursor.execute("checkpoint")
            except (duckdb.TransactionException, duckdb.OutOfMemoryException):
                return  # another cursor writes, or the memory is in use: the next package tries again
        self._since_checkpoint.clear()

    def _new_versions(self, table: str, rows: pa.Table) -> pa.Table:
        incoming = rows.select(["id", "content_hash", "fetched_at"]).append_column(
            "position", pa.array(range(rows.num_rows), pa.int64())
        )
        with self._connection.cursor() as cursor:
            cursor.register("incoming", incoming)
            positions = cursor.sql(NEW_VERSIONS.format(table=table)).to_arrow_table()["position"]
        return rows if len(positions) == rows.num_rows else rows.take(positions)
