"""dlt into the open warehouse, with dlt's own state beside the file.

A crash leaves at most one dlt package half-loaded, and a marker file that says so.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from extract.errors import LandingFailed
from extract.landing.arrow_rows import RAW_SCHEMA, TIMESTAMP
from warehouse.connection import STORAGE_OPTIONS, dlt_directory

if TYPE_CHECKING:
    import dlt

log = logging.getLogger(__name__)

COLUMN_HINTS: dict[str, Any] = {
    field.name: {"data_type": "timestamp" if field.type == TIMESTAMP else "text", "nullable": field.nullable}
    for field in RAW_SCHEMA
}


class DltPipeline:
    """Loads packages of Arrow tables into one schema of the warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, warehouse: Path, schema: str):
        # A cursor of its own: dlt sets options on it while the caller may be using the connection.
        self._connection = connection.cursor()
        self._schema = schema
        self._directory = dlt_directory(warehouse)
        self._marker = self._directory / f"{schema}.loading"
        self._pipeline: dlt.Pipeline | None = None

    def recover(self, delete_duplicates: Callable[[], None]) -> None:
        """Finish the package that a crash left half-loaded; dlt would otherwise load it instead of the next one.

        dlt repeats a job if it crashed after the commit and before it noted the commit: `delete_duplicates` then
        deletes the rows that were loaded twice. A kill between two renames of dlt's files leaves a package that dlt
        cannot finish. That package is dropped: no slice of it is recorded yet, so the run reads it again.
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
        delete_duplicates()
        self._marker.unlink()

    def load(self, tables: dict[str, pa.Table]) -> None:
        """Load one package, with a resource per table. On return it is committed. Raises LandingFailed."""
        import dlt

        pipeline = self._open()
        self._marker.touch()
        self._guard(
            lambda: pipeline.run(
                [
                    dlt.resource(
                        table,
                        name=name,
                        columns=COLUMN_HINTS,
                        write_disposition="append",
                        schema_contract={"tables": "evolve", "columns": "freeze", "data_type": "freeze"},
                    )
                    for name, table in tables.items()
                ],
                loader_file_format="parquet",
            )
        )
        self._marker.unlink()
        gc.collect()  # dlt's resources refer to each other and to their tables

    def close(self) -> None:
        """Close the cursor."""
        self._connection.close()

    def _open(self) -> dlt.Pipeline:
        if self._pipeline is None:
            os.environ.update(
                {
                    "RUNTIME__DLTHUB_TELEMETRY": "false",
                    "RUNTIME__LOG_LEVEL": "ERROR",
                    "RESTORE_FROM_DESTINATION": "false",  # the state beside the file is the valid one
                    "DATA_WRITER__COMPRESSION": "none",  # of files that are read at once, then deleted
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
                f"could not load into {self._schema}: {error.exception or error}. What was read is kept, and the "
                "next run loads it first"
            ) from error
