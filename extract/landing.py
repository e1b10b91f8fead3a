"""Rows into the warehouse: Arrow tables through dlt, append-only, while the next pages are being read.

A thread of its own takes what readers `put`, gathers it into packages, leaves out versions that equal the
one already current, and loads the rest. What is handed to `after` runs once everything put before it is
loaded: that is how the book-keeping never runs ahead of the data.

A crash leaves at most one dlt package half-way. A marker file says so, and the next `Landing` finishes that
package before anything else (dlt would otherwise load it in place of what it is then given), or drops it if
dlt cannot, and takes out rows that it loaded twice.
"""

from __future__ import annotations

import logging
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from extract.endpoints import TABLES, Row
from extract.errors import LandingFailed
from extract.warehouse import COLUMNS, GLOBAL_CONFIG, dlt_directory

if TYPE_CHECKING:
    import dlt

log = logging.getLogger(__name__)

PACKAGE_BYTES = 48 * 2**20  # payload bytes that make a package: large enough for DuckDB, small for memory
WAITING = 60  # pages that may wait before readers have to

# Arrow's own allocator keeps what it has ever had: a third more memory at the peak, and not faster.
pa.set_memory_pool(pa.system_memory_pool())

STAMP = pa.timestamp("us", "UTC")
ARROW = pa.schema(
    [
        pa.field(
            name, STAMP if kind.startswith("timestamptz") else pa.string(), nullable="not null" not in kind
        )
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
    rows = list(rows)
    return pa.table(
        [pa.array([getattr(row, field.name) for row in rows], field.type) for field in WAITING_ROWS],
        schema=WAITING_ROWS,
    )


class Pipe:
    """dlt into the open warehouse, with dlt's own state beside the file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, warehouse: Path, schema: str):
        self._connection, self._schema = connection, schema
        self._directory = dlt_directory(warehouse)
        self._marker = self._directory / f"{schema}.loading"
        self._pipeline: dlt.Pipeline | None = None

    def recover(self) -> bool:
        """Finish what a crash left half-way. True if there was something.

        A kill between two renames of dlt's files leaves a package that it cannot finish. That one is dropped:
        nothing in it has been booked, so the run reads it again.
        """
        if not self._marker.exists():
            return False
        try:
            pipeline = self._open()
            while pipeline.has_pending_data:
                self._guard(pipeline.run)
        except Exception as error:
            log.warning("dropped a half-loaded package, it is read again: %s", error)
            shutil.rmtree(self._directory / self._schema, ignore_errors=True)
            self._pipeline = None
        self._marker.unlink()
        return True

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
                    credentials=DuckDbCredentials(self._connection, global_config=dict(GLOBAL_CONFIG))
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


class Landing:
    """The way in to `raw_stripe`. Use as a context manager: leaving it loads what is left."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, warehouse: Path):
        self.landed: dict[str, int] = {}  # versions loaded, by table,
        self.lines: dict[str, int] = {}  # and the nested lines that reading counted in them
        self._connection = connection
        self._pipe = Pipe(connection, warehouse, "raw_stripe")
        self._queue: queue.Queue[Entry] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="landing", daemon=True)

    def __enter__(self) -> Landing:
        if self._pipe.recover():
            self._drop_doubles()
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.flush()
        self._put(None)
        self._thread.join()

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
            if isinstance(entry, tuple):
                table, rows = entry
                package.setdefault(table, []).append(rows)
                size += rows.nbytes
            else:
                actions.append(entry.set if isinstance(entry, threading.Event) else entry)
            if size >= PACKAGE_BYTES or isinstance(entry, threading.Event):
                try:
                    self._load(package)
                    for action in actions:
                        action()
                except BaseException as error:  # handed to whoever waits
                    self._error = error
                package, actions, size = {}, [], 0

    def _load(self, package: dict[str, list[pa.Table]]) -> None:
        tables = {table: self._new_versions(table, pa.concat_tables(rows)) for table, rows in package.items()}
        tables = {table: rows for table, rows in tables.items() if rows.num_rows}
        if tables:
            self._pipe.load({table: rows.select(ARROW.names) for table, rows in tables.items()}, HINTS)
        for table, rows in tables.items():
            self.landed[table] = self.landed.get(table, 0) + rows.num_rows
            self.lines[table] = self.lines.get(table, 0) + pc.sum(rows["lines"]).as_py()

    def _new_versions(self, table: str, rows: pa.Table) -> pa.Table:
        incoming = rows.select(["id", "content_hash", "fetched_at"]).append_column(
            "position", pa.array(range(rows.num_rows), pa.int64())
        )
        cursor = self._connection.cursor()
        cursor.register("incoming", incoming)
        positions = cursor.sql(NEW_VERSIONS.format(table=table)).to_arrow_table()["position"]
        cursor.close()
        return rows if len(positions) == rows.num_rows else rows.take(positions)
