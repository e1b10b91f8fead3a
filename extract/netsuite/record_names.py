"""Document numbers of records that were posted since the last snapshot, so that people need not wait for the next."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from extract.raw_tables import declare_all

POSTED_BY = """
select distinct internal_id from load_netsuite.load_log
where
    run_id = $run_id
    and status in ('created', 'adopted')
    and record_type <> 'serviceSaleItem'
    and internal_id not in (select id from raw_netsuite.record_names where record_kind = 'transaction')
order by internal_id
"""


def posted_without_number(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[str]:
    """Internal ids of the transactions that a run posted or adopted, and whose number is not known. Raises
    duckdb.Error."""
    declare_all(connection)
    return [id for (id,) in connection.execute(POSTED_BY, {"run_id": run_id}).fetchall()]


def store_numbers(connection: duckdb.DuckDBPyConnection, numbers: Mapping[str, str]) -> None:
    """Adds the numbers of transactions: internal id → number. The next snapshot reads them anew. Raises
    duckdb.Error."""
    connection.execute(
        "insert into raw_netsuite.record_names (record_kind, id, number) "
        "select 'transaction', unnest($ids::varchar[]), unnest($numbers::varchar[])",
        {"ids": list(numbers), "numbers": list(numbers.values())},
    )
