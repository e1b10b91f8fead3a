"""Rows into the warehouse: Arrow tables through dlt, append-only, while the next pages are being read.

A thread of its own takes what readers `put`, gathers it into packages, leaves out versions that equal the
one already current, and loads the rest. What is handed to `after` runs once everything put before it is
loaded: that is how the book-keeping never runs ahead of the data.

A crash leaves at most one dlt package half-way. A marker file says so, and the next `Landing` finishes that
package before anything else (dlt would otherwise load it in place of what it is then given), or drops it if
dlt cannot, and takes out rows that it loaded twice.
"""

from __future__ import annotations

import gc
import logging
import os
import queue
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from extract.errors import LandingFailed
from extract.raw_tables import COLUMNS
from extract.stripe.endpoints import TABLES, Row
from warehouse.connection import STORAGE_OPTIONS, dlt_directory

if TYPE_CHECKING:
    import dlt

log = logging.getLogger(__name__)

PACKAGE_BYTES = 48 * 2**20  # payload bytes that make a package: large enough for DuckDB, small for memory
CHECKPOINT_ROWS = 65_536
"""Landed in a table between two checkpoints. They take place while others read; dlt would let a gigabyte
gather, to be compressed when the file is closed. Less than half of a row group (122,880) would be written
again at a later checkpoint, together with its neighbour."""

# Arrow's own allocator keeps what it has ever had: a third more memory at the peak, and not faster.
pa.set_memory_pool(pa.system_memory_pool())

STAMP = pa.timestamp("us", "UTC")
ARROW = pa.schema(
    [
        pa.field(name, STAMP if kind.startswith("timestamptz") else pa.string(), nullable="not null" not in kind)
        for name, kind in COLUMNS.items()
    ]
)
# As rows wait to be landed: with the nested lines that reading counted in them.
WAITING_ROWS = ARROW.append(pa.field("lines", pa.int64()))
HINTS = {
    field.name: {"data_type": "timestamp" if field.type == STAMP else "text", "nullable": field.nullable}
    for field in ARROW
}

# Rows of the package whose content differs from the version before: the one in the warehouse, or an earlier
# one of this package.
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


def arrow_of(rows: Iterable[Row]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, WAITING_ROWS, strict=True)],
        schema=WAITING_ROWS,
    )


class Pipe:
    """dlt into the open warehouse, with dlt's own state beside the file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, warehouse: Path, schema: str):
        # Of its own: dlt sets options on it, at moments when the caller may be using theirs.
        self._connection = connection.cursor()
        self._schema = schema
        self._directory = dlt_directory(warehouse)
        self._marker = self._directory / f"{schema}.loading"
        self._pipeline: dlt.Pipeline | None = None

    def recover(self, drop_doubles: Callable[[], None]) -> None:
        """Finish what a crash left half-way.

        dlt repeats a job whose commit it did not live to note: `drop_doubles` then takes such rows out.

        A kill between two renames of dlt's files leaves a package that it cannot finish. That one is dropped:
        nothing in it has been booked, so the run reads it again.
        """
        if not self._marker.exists():
            return
        try:
            pipeline = self._open()
            while pipeline.has_pending_data:
                self._guard(pipeline.run)
        except Exception as error:
            log.warning("dropped a half-loaded package, it is read again: %s", error)
            shutil.rmtree(self._directory / self._schema, ignore_errors=True)
            self._pipeline = None
        drop_doubles()
        self._marker.unlink()

    def load(self, tables: dict[str, pa.Table], hints: dict[str, Any]) -> None:
        """One package with a resource per table. On return it is committed."""
        import dlt

        pipeline = self._open()
        self._marker.touch()
        self._guard(
            lambda: pipeline.run(
                [
                    dlt.resource(
                        table,
                        name=name,
                        columns=hints,
                        write_disposition="append",
                        schema_contract={"tables": "evolve", "columns": "freeze", "data_type": "freeze"},
                    )
                    for name, table in tables.items()
                ],
                loader_file_format="parquet",
            )
        )
        self._marker.unlink()
        gc.collect()  # dlt's resources point at each other and at their tables

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> dlt.Pipeline:
        if self._pipeline is None:
            os.environ.update(
                {
                    "RUNTIME__DLTHUB_TELEMETRY": "false",
                    "RUNTIME__LOG_LEVEL": "ERROR",
                    "RESTORE_FROM_DESTINATION": "false",  # the state beside the file is the one that counts
                }
            )
            import dlt
            from dlt.destinations import duckdb as duckdb_destination
            from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

            self._directory.mkdir(parents=True, exist_ok=True)
            self._pipeline = dlt.pipeline(
                pipeline_name=self._schema,
                pipelines_dir=str(self._directory),
                destination=duckdb_destination(
                    credentials=DuckDbCredentials(self._connection, global_config=dict(STORAGE_OPTIONS))
                ),
                dataset_name=self._schema,
            )
        return self._pipeline

    def _guard(self, run: Callable[[], object]) -> None:
        from dlt.pipeline.exceptions import PipelineStepFailed

        try:
            run()
        except PipelineStepFailed as error:
            raise LandingFailed(
                f"could not load into {self._schema}: {error.exception or error}. What was read is kept and "
                "loaded first by the next run"
            ) from error


# What waits in the queue: rows of a table, an action for after them, an event for a flush, or the end.
Entry = tuple[str, pa.Table] | Callable[[], None] | threading.Event | None


class Waiting(queue.Queue[Entry]):
    """Holds as many bytes as make a package: the next one is complete when the one before it is loaded."""

    def __init__(self) -> None:
        self._size = 0
        super().__init__(PACKAGE_BYTES)

    def _qsize(self) -> int:
        return self._size

    def _put(self, entry: Entry) -> None:
        self._size += _size(entry)
        super()._put(entry)

    def _get(self) -> Entry:
        entry = super()._get()
        self._size -= _size(entry)
        return entry


def _size(entry: Entry) -> int:
    """Bytes; whatever has none counts as one, for it is something, too."""
    return entry[1].nbytes if isinstance(entry, tuple) else 1


class Landing:
    """The way in to `raw_stripe`. Use as a context manager: leaving it loads what is left."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, warehouse: Path):
        self.landed: dict[str, int] = {}  # versions loaded, by table,
        self.lines: dict[str, int] = {}  # and the nested lines that reading counted in them
        self._connection = connection
        self._pipe = Pipe(connection, warehouse, "raw_stripe")
        self._queue = Waiting()
        self._since_checkpoint: Counter[str] = Counter()  # rows by table
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="landing", daemon=True)

    def __enter__(self) -> Landing:
        self._pipe.recover(self._drop_doubles)
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self._queue.put(None)
            self._thread.join()
            self._pipe.close()

    def put(self, table: str, rows: list[Row]) -> None:
        """Hand over rows of one table; waits while too much is waiting. Raises what stopped the landing."""
        self._raise()
        if rows:
            self._put((table, arrow_of(rows)))

    def after(self, action: Callable[[], None]) -> None:
        """Have `action` run (in the landing thread) once everything put before is loaded."""
        self._raise()
        self._put(action)

    def flush(self) -> None:
        """Return once everything put so far is loaded and every action has run."""
        done = threading.Event()
        self._put(done)
        while not done.wait(0.2):
            self._raise()
        self._raise()

    def checkpoint(self) -> None:
        """Have what is landed written to its place in the file, while the caller goes on."""
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

    def _drop_doubles(self) -> None:
        """dlt repeats a job whose commit it did not live to note: the same rows, down to the microsecond."""
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
                continue  # keep taking, so that no reader hangs in `put`
            try:
                if isinstance(entry, tuple):
                    import dlt  # noqa: F401  a second's work, better done before a package is complete

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
                    f"the warehouse cannot be written ({type(error).__name__}: {str(error)[:300]}). Mend the "
                    "disk or the file and run again: what was read is kept or read again"
                )
            except BaseException as error:  # handed to whoever waits
                self._error = error

    def _load(self, package: dict[str, list[pa.Table]]) -> None:
        tables = {table: self._new_versions(table, pa.concat_tables(rows)) for table, rows in package.items()}
        tables = {table: rows for table, rows in tables.items() if rows.num_rows}
        if tables:
            self._pipe.load({table: rows.select(ARROW.names) for table, rows in tables.items()}, HINTS)
        for table, rows in tables.items():
            lines = pc.sum(rows["lines"]).as_py()
            self._check(table, rows, lines)
            self.landed[table] = self.landed.get(table, 0) + rows.num_rows
            self.lines[table] = self.lines.get(table, 0) + lines
            self._since_checkpoint[table] += rows.num_rows
        if max(self._since_checkpoint.values(), default=0) >= CHECKPOINT_ROWS:
            self._checkpoint()

    def _check(self, table: str, rows: pa.Table, lines: int) -> None:
        """Raise LandingFailed unless the warehouse holds what was counted when Stripe's answers were read."""
        with self._connection.cursor() as cursor:
            cursor.register("landed", rows.select(["id", "fetched_at", "content_hash"]))
            found = cursor.execute(f"""
                select count(*), coalesce(sum(json_array_length(payload, '$.lines.data')), 0)::bigint
                from raw_stripe.{table}
                where fetched_at >= (select min(fetched_at) from landed)
                    and (id, fetched_at, content_hash) in (from landed)""").fetchall()
        for what, read, landed in zip(("objects", "lines"), (rows.num_rows, lines), found[0], strict=True):
            if read != landed:
                raise LandingFailed(
                    f"{table}: {read:,} {what} were read, {landed:,} are in the warehouse. "
                    "Run again with a new WAREHOUSE_PATH and report this"
                )

    def _checkpoint(self) -> None:
        with self._connection.cursor() as cursor:
            try:
                cursor.execute("checkpoint")
            except (duckdb.TransactionException, duckdb.OutOfMemoryException):
                return  # somebody else is writing, or the memory is in use: after the next package, then
        self._since_checkpoint.clear()

    def _new_versions(self, table: str, rows: pa.Table) -> pa.Table:
        incoming = rows.select(["id", "content_hash", "fetched_at"]).append_column(
            "position", pa.array(range(rows.num_rows), pa.int64())
        )
        cursor = self._connection.cursor()
        cursor.register("incoming", incoming)
        positions = cursor.sql(NEW_VERSIONS.format(table=table)).to_arrow_table()["position"]
        cursor.close()
        return rows if len(positions) == rows.num_rows else rows.take(positions)
