"""Rows of mapping files that match nothing: warnings of a transform, of the summary and of doctor."""

from __future__ import annotations

import duckdb

from mapping_files.reader import MappingFolder, read_folder
from pipeline.console import ROWS_SHOWN
from settings import Settings, SettingsError

ALL = "outcomes.unmatched_mapping_rows"


def unmatched_rows(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """A sentence for each row, as of the last transform; none before it. The last one says how many more there are."""
    try:
        rows = warehouse.execute(
            f"select message, count(*) over () from {ALL} order by mapping_file, line_number, column_name limit $shown",
            {"shown": ROWS_SHOWN},
        ).fetchall()
    except duckdb.CatalogException:
        return []
    try:
        folder = read_folder(settings.mappings_dir)
    except SettingsError:  # the files are gone since
        folder = MappingFolder({})
    more = [f"{rows[0][1] - len(rows):,} more are in {ALL}."] if rows and rows[0][1] > len(rows) else []
    return [folder.with_lines(message) for message, _ in rows] + more
