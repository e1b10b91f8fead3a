"""The stage of `make docs`: dbt's site of the models, with the columns of what is published for readers.

dbt opens its file for writing. So it gets a file of its own with the published tables, without their rows: the site
can be made while a run has the warehouse open, and no reader is disturbed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipeline.console import say
from pipeline.exit_codes import DONE, StageFailed
from pipeline.reading import open_for_reading
from pipeline.transform import PROJECT, mappings_for_dbt, run_dbt
from settings import Settings, shown_path
from warehouse.connection import WarehouseError

if TYPE_CHECKING:
    from pipeline.stages import StageResults

TABLES = """
select table_schema, table_name, column_name, data_type
from information_schema.columns where table_catalog = current_database()
order by table_schema, table_name, ordinal_position
"""


def docs(settings: Settings, results: StageResults) -> int:
    """Writes the site; without a warehouse it shows what the project says alone. Raises StageFailed, and as
    `open_for_reading`."""
    from mapping_files.reader import read_mappings

    with tempfile.TemporaryDirectory() as folder:
        own = settings.model_copy(update={"warehouse_path": Path(folder) / settings.warehouse_path.name})
        _make_empty_tables(settings, own.warehouse_path)
        read_mappings(PROJECT / "seeds").write_for_dbt(mappings_for_dbt(own))
        failures = run_dbt(own, "docs", "generate", "--static")
    if failures:
        raise StageFailed(
            "\n".join(["docs: dbt could not write the site (all of its output: logs/dbt.log)", *failures])
        )
    say(f"docs: open {shown_path(PROJECT / 'target' / 'static_index.html')}")
    return DONE


def _make_empty_tables(settings: Settings, path: Path) -> None:
    columns: dict[tuple[str, str], list[str]] = {}
    try:
        with open_for_reading(settings) as marts:
            for schema, table, column, kind in marts.execute(TABLES).fetchall():
                columns.setdefault((schema, table), []).append(f'"{column}" {kind}')
    except WarehouseError as error:
        say(f"docs: the site shows no types of columns: {error}")
    with duckdb.connect(path) as own:
        for (schema, table), named in columns.items():
            own.execute(
                f'create schema if not exists "{schema}"; create table "{schema}"."{table}" ({", ".join(named)})'
            )
