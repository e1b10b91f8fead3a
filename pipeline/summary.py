"""The summary of a run: documents and applications by state, what was posted, what is blocked and why, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console

from load_netsuite.tables import LAST_RECONCILIATION
from pipeline.console import ROWS_SHOWN
from text_tables import major_units, print_table

if TYPE_CHECKING:
    from load_netsuite.push import PushReport

DOCUMENTS = """
select
    outcomes.state, upper(outcomes.currency), count(*),
    sum(outcomes.amount_minor)::bigint, any_value(currencies.stripe_exponent)
from marts.credit_outcomes as outcomes
left join reference.currencies as currencies on outcomes.currency = currencies.currency
group by outcomes.state, outcomes.currency
order by list_position(['posted', 'ready', 'waiting', 'blocked', 'skipped'], outcomes.state), 2
"""

APPLICATIONS = """
with found as (
    select
        applications.state, applications.reason, applications.application_type, applications.amount_minor,
        memos.currency
    from marts.credit_memo_applications as applications
    left join marts.credit_memos as memos on applications.external_id = memos.external_id
)
select
    found.state, found.reason, found.application_type, upper(found.currency), count(*),
    sum(found.amount_minor)::bigint, any_value(currencies.stripe_exponent)
from found
left join reference.currencies as currencies on found.currency = currencies.currency
group by found.state, found.reason, found.application_type, found.currency
order by list_position(['posted', 'ready', 'waiting', 'blocked', 'skipped'], found.state), 2, 3, 4
"""

BALANCES = """
select
    upper(checks.currency), count(*), sum(checks.{column})::bigint, any_value(currencies.stripe_exponent)
from marts.credit_balance_check as checks
left join reference.currencies as currencies on checks.currency = currencies.currency
where checks.{column} <> 0
group by checks.currency order by 1
"""
TAX_NOT_REVERSED = BALANCES.format(column="tax_not_reversed_minor")
WITHOUT_INVOICE = BALANCES.format(column="unattributed_minor")

POSTED = """
select record_type, status, count(*) from marts.netsuite_load_log
where status <> 'attempted' and run_id = coalesce(
    $run, (select run_id from marts.netsuite_load_log order by position desc limit 1))
group by record_type, status order by record_type, status
"""

BLOCKED = f"""
select document_id, reason, detail from marts.credit_outcomes
where state = 'blocked' order by reason, document_id limit {ROWS_SHOWN}
"""

WAITING = """
select state, reason, count(*) from marts.credit_outcomes
where state in ('waiting', 'skipped') group by state, reason order by state desc, reason
"""

Rows = Sequence[Sequence[object]]


def print_summary(
    warehouse: duckdb.DuckDBPyConnection,
    console: Console,
    push: PushReport | None,
    unmatched_rows: Sequence[str] = (),
) -> None:
    """Prints the summary. push: the push of this run; None shows the last push that did anything ·
    unmatched_rows: a sentence for each row of a mapping file that matches nothing.

    The loader's tables must exist. Raises duckdb.CatalogException when the marts do not exist yet.
    """

    def ask(sql: str, **values: str | None) -> list[tuple[Any, ...]]:
        return warehouse.execute(sql, values or None).fetchall()

    _print_table(
        console,
        "Credit documents by state and currency",
        ("state", "currency", "documents", "amount"),
        [(*row[:3], major_units(*row[3:])) for row in ask(DOCUMENTS)],
        if_empty="There are no credit documents yet.",
    )
    _print_table(
        console,
        "Applications of memos by state",
        ("state", "reason", "applied to", "currency", "rows", "amount"),
        [(*row[:5], major_units(*row[5:])) for row in ask(APPLICATIONS)],
        if_empty="There are no applications yet.",
    )
    _print_table(
        console,
        "Posted by this run" if push else "Posted by the last push that did anything",
        ("record type", "what", "rows"),
        ask(POSTED, run=push.run_id if push else None),
        if_empty="Nothing was posted.",
    )
    _print_table(
        console,
        f"Blocked: a person must act (the first {ROWS_SHOWN}; all: marts.credit_outcomes)",
        ("document, reason", "what to do"),
        [(f"{document}\n{reason}", detail) for document, reason, detail in ask(BLOCKED)],
        if_empty="Nothing is blocked.",
    )
    _print_table(
        console, "Waiting and skipped", ("state", "reason", "documents"), ask(WAITING), if_empty="Nothing waits."
    )
    for currency, customers, minor, exponent in ask(TAX_NOT_REVERSED):
        console.print(
            f"Tax of {major_units(minor, exponent)} {currency} on used balances of {_customers(customers)} is not "
            "reversed in NetSuite: book it by hand with a journal (rule B5; marts.credit_balance_check)."
        )
    for sentence in rows_without_invoice(warehouse):
        console.print(sentence)
    if unmatched_rows:
        _print_table(console, "Rows of mapping files that match nothing", ("row",), [(r,) for r in unmatched_rows], "")
    console.print(_last_reconciled(ask(LAST_RECONCILIATION)))


def rows_without_invoice(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence per currency about ledger rows that belong to no invoice (rules O2, B9). Raises duckdb.Error."""
    return [
        f"Ledger rows of {major_units(minor, exponent)} {currency} of {_customers(customers)} belong to no invoice "
        "(rules O2, B9; marts.credit_balance_check)."
        for currency, customers, minor, exponent in warehouse.execute(WITHOUT_INVOICE).fetchall()
    ]


def _customers(number: int) -> str:
    return "1 customer" if number == 1 else f"{number} customers"


def _last_reconciled(rows: Rows) -> str:
    """The sentence about the last comparison. rows: those of LAST_RECONCILIATION."""
    for at, records, differences in rows:
        found = f"{records} records, {differences} differences"
        return f"NetSuite was last compared with the journal at {at:%Y-%m-%d %H:%M} UTC: {found}."
    return "NetSuite was never compared with the journal: run `make reconcile`."


def _print_table(console: Console, title: str, headings: Sequence[str], rows: Rows, if_empty: str) -> None:
    if rows:
        print_table(console, title, headings, rows)
    else:
        console.print(if_empty, style="bold")
        console.print()
