"""`history.credit_outcomes`: a row whenever a credit document's state or reason is another than the last one noted.

A row says since when (`from`), never until when: that is the `from` of the document's next row by `position` (rule P9).
A document that is no more gets a row without state and reason.
"""

from __future__ import annotations

import duckdb

from history.tables import ensure_tables
from warehouse.query import ask

APPEND = """
insert into history.credit_outcomes
with noted as (
    select document_id, max_by(struct_pack(state := state, reason := reason), position) as outcome
    from history.credit_outcomes
    group by document_id
),

found as (
    select document_id, struct_pack(state := state, reason := reason) as outcome from {outcomes}
)

select
    $run_id,
    document_id,
    now(),
    found.outcome.state,
    found.outcome.reason,
    (select coalesce(max(position), 0) from history.credit_outcomes) + row_number() over (order by document_id)
from found
full join noted using (document_id)
where
    found.outcome.state is distinct from noted.outcome.state
    or found.outcome.reason is distinct from noted.outcome.reason
"""

BLOCKED = """
update history.runs
set documents_blocked = (
    select count(*) from history.credit_outcomes
    where
        state = 'blocked'
        and position in (select max(position) from history.credit_outcomes group by document_id)
)
where run_id = $run_id
"""


def append_outcomes(connection: duckdb.DuckDBPyConnection, run_id: str, outcomes: str = "marts.credit_outcomes") -> int:
    """Appends what changed in `outcomes` since the last call, in one statement, and notes in the row of the run how
    many documents are blocked. Returns the number of rows; a second call appends none.

    outcomes: the mart, or a table with its rows, which is faster to read.

    Raises duckdb.CatalogException if there are no marts yet, and duckdb.Error.
    """
    ensure_tables(connection)
    ((appended,),) = ask(connection, APPEND.format(outcomes=outcomes), {"run_id": run_id})
    ask(connection, BLOCKED, {"run_id": run_id})
    return int(appended)
