"""Removes superseded versions from `raw_stripe`, on request. The current version of each object stays.

The next transform must parse everything again, because its models remember row numbers of the raw tables. A row in
`extract_compacted` says so, from the transaction that removes the versions until a transform succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from extract.errors import ExtractError
from extract.raw_tables import current
from extract.stripe.endpoints import TABLES


@dataclass(frozen=True)
class Compaction:
    """What was removed.

    rows: versions, by table · payload_bytes: of these versions · file_before, file_after: bytes of the file.
    """

    rows: dict[str, int]
    payload_bytes: int
    file_before: int
    file_after: int

    def lines(self) -> list[str]:
        """The report in sentences, one a line."""
        total = sum(self.rows.values())
        if not total:
            return ["compact: every version is the current one of its object; nothing was removed"]
        by_table = ", ".join(f"{count:,} of {table}" for table, count in self.rows.items() if count)
        return [
            f"compact: removed {total:,} superseded versions ({by_table}): {_mb(self.payload_bytes)}",
            f"compact: the file had {_mb(self.file_before)}, has {_mb(self.file_after)}; free space in it is "
            "used before it grows again",
            "compact: the next transform is a full refresh",
        ]


def compact(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> Compaction:
    """Remove every version that is not the current one of its object.

    Raises ExtractError after an extract that was stopped, because the next extract still needs the superseded versions.
    """
    last = connection.execute(
        "select finished_at is not null from raw_stripe.extract_runs order by position desc limit 1"
    ).fetchone()
    if last == (False,):
        raise ExtractError("the last extract was stopped before its end: run `make extract`, then `make compact`")
    connection.execute("checkpoint")
    before = warehouse.stat().st_size
    rows: dict[str, int] = {}
    size = 0
    connection.execute("begin")
    try:
        for table in TABLES:
            superseded = f"rowid not in (select rowid from {current(table, 'rowid')})"
            rows[table], table_size = connection.execute(
                f"""
                select count(*), coalesce(sum(strlen(payload)), 0)
                from raw_stripe.{table} where {superseded}"""
            ).fetchone() or (0, 0)
            size += int(table_size)
            if rows[table]:
                connection.execute(f"delete from raw_stripe.{table} where {superseded}")
        if any(rows.values()):
            connection.execute("insert into raw_stripe.extract_compacted values (current_timestamp)")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("checkpoint")
    return Compaction(rows, size, before, warehouse.stat().st_size)


def is_compacted(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether versions were removed since the last successful transform."""
    return connection.execute("select count(*) from raw_stripe.extract_compacted").fetchone() != (0,)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
