"""The figures of the report, as plain data: what the page shows and `make report JSON=1` prints.

Each figure is one question to the marts with a bounded answer. Money is `<name>_minor`, an integer in the minor unit of
the row's `currency`, whose decimals are `currency_decimals` (None for an unknown currency). Times are UTC.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import duckdb

from report.month import Month
from report.trace import Row, named
from report.trace_text import encode
from warehouse.query import ask, ask_by_name

Figures = dict[str, Any]
"""Name of a figure → its rows, or a row with lists of rows."""

RUNS_SHOWN, RECORDS_SHOWN, DOCUMENTS_OF_A_CAUSE = 10, 100, 20
DIFFERENCES_SHOWN, LEDGER_ROWS_SHOWN, MONTHS_SHOWN = 100, 200, 100
READERS = ("report", "trace", "export", "docs", "mappings", "doctor")
"""Commands that change nothing, which the last runs leave out."""
BALANCE_MONTHS, BALANCE_ROWS = 24, 240
"""Months of balance credit that are shown of a currency, and rows of all currencies together."""

CURRENCIES = """
create or replace temp table report_currencies as
select currency, max(currency_decimals) as currency_decimals
from (
    select currency, currency_decimals from marts.credit_document_parts
    union all
    select currency, currency_decimals from marts.customer_credit_roll_forward
)
group by currency
"""

RUNS = f"""
select
    run_id, command, started_at, ended_at, exit_code, objects_read, rows_posted, rows_refused, documents_blocked,
    records_compared, differences_found, failure
from marts.runs
where command not in {READERS}
order by position desc limit {RUNS_SHOWN}
"""

LAST_RUNS = """
select 'read' as what, started_at, ended_at, run_id, records_compared, differences_found
from marts.runs where objects_read is not null qualify position = max(position) over ()
union all
select 'posted', started_at, ended_at, run_id, records_compared, differences_found
from marts.runs where command in ('run', 'push') qualify position = max(position) over ()
union all
select 'compared', started_at, ended_at, run_id, records_compared, differences_found
from marts.runs where records_compared is not null qualify position = max(position) over ()
"""

STATES = """
select currency, any_value(currency_decimals) as currency_decimals, state, count(*) as documents,
    sum(amount_minor) as amount_minor
from marts.credit_outcomes
left join report_currencies using (currency)
group by currency, state
order by currency, list_position(['posted', 'ready', 'waiting', 'blocked', 'skipped'], state)
"""

# A run that logged nothing posted nothing: then the last one that did is shown.
# Rule P3: a memo that was refused for its applications and created without them is not refused.
POSTED = f"""
create or replace temp table report_posted as
with chosen as (
    select coalesce(
        (select any_value(run_id) from marts.netsuite_load_log where run_id = $run),
        (select max_by(run_id, position) from marts.netsuite_load_log)
    ) as run_id
),

records as (
    select 'creditMemo' as record_type, external_id, document_id, currency, amount_minor from marts.credit_memos
    union all
    select 'invoice', external_id, document_id, currency, 0::bigint from marts.zero_amount_invoices
    union all
    select 'customerRefund', external_id, null, currency, amount_minor from marts.customer_refunds
    union all
    select 'journalEntry', external_id, document_id, currency, amount_minor from marts.journal_entries
),

answers as (
    select
        run_id, record_type, external_id, status, max(internal_id) as netsuite_internal_id, min(position) as position,
        max_by(coalesce(error_detail, error_code), position) as said
    from marts.netsuite_load_log
    where
        run_id = (select run_id from chosen) and status in ('created', 'adopted', 'applied', 'rejected', 'differs')
        and coalesce(error_code, '') <> 'NO_EFFECT_SEEN'
    group by run_id, record_type, external_id, status
    qualify status <> 'rejected' or not bool_or(status = 'created') over (partition by record_type, external_id)
)

select
    answers.run_id, answers.record_type, answers.external_id, answers.status, answers.netsuite_internal_id,
    answers.said, records.document_id, records.currency, currencies.currency_decimals,
    case when answers.status in ('created', 'adopted') then records.amount_minor end as amount_minor, answers.position,
    numbers.record_number as netsuite_number
from answers
{named("transaction", "numbers", "answers.netsuite_internal_id")}
left join records on answers.record_type = records.record_type and answers.external_id = records.external_id
left join report_currencies as currencies on records.currency = currencies.currency
"""

POSTED_SUMS = """
select
    record_type, status, currency, any_value(currency_decimals) as currency_decimals, count(*) as records,
    sum(amount_minor) as amount_minor
from report_posted group by record_type, status, currency order by record_type, status, currency
"""

POSTED_RECORDS = f"""
select * exclude (run_id, position) from report_posted order by position limit {RECORDS_SHOWN}
"""

POSTED_BY = """
select runs.run_id, runs.command, runs.started_at
from marts.runs as runs where run_id = (select any_value(run_id) from report_posted)
"""

OPEN = """
select
    documents.state, documents.reason, reasons.who_acts, reasons.meaning, reasons.next_step, reasons.rules,
    documents.currency, any_value(documents.currency_decimals) as currency_decimals, documents.age_bucket,
    count(*) as documents, sum(documents.amount_minor) as amount_minor, max(documents.age_days) as oldest_days
from marts.open_documents_aging as documents
left join marts.outcome_reasons as reasons on documents.reason = reasons.reason and documents.state = reasons.state
group by all
order by documents.state, documents.reason, documents.currency, documents.age_bucket
"""

OPEN_DOCUMENTS = f"""
with first as (
    select * from marts.open_documents_aging
    qualify row_number() over (
        partition by state, reason order by age_days desc nulls last, document_id
    ) <= {DOCUMENTS_OF_A_CAUSE}
)

select
    first.state, first.reason, first.document_id, any_value(objects.stripe_number) as stripe_number,
    first.currency, first.currency_decimals, first.amount_minor, first.created_at, first.age_days,
    any_value(history."from") as since, first.detail
from first
left join marts.credit_document_objects as objects
    on first.document_id = objects.document_id
    and objects.stripe_id
    = case when first.document_type = 'credit_note' then first.document_id else first.stripe_invoice_id end
left join marts.credit_outcome_history as history
    on first.document_id = history.document_id and first.state = history.state and first.reason = history.reason
    and history."to" is null
group by all
order by first.state, first.reason, first.age_days desc nulls last, first.document_id
"""

PLAN = """
select
    operation, record_type, currency, any_value(currency_decimals) as currency_decimals, count(*) as records,
    sum(amount_minor) as amount_minor
from marts.posting_plan
left join report_currencies using (currency)
group by operation, record_type, currency order by record_type, operation, currency
"""

# Differences are those of the last comparison: a reconcile that finds none appends nothing.
DRIFT = f"""
with records as (
    select 'creditMemo' as record_type, external_id, document_id from marts.credit_memos
    union all
    select 'invoice', external_id, document_id from marts.zero_amount_invoices
    union all
    select 'journalEntry', external_id, document_id from marts.journal_entries
)

select
    drift.record_type, drift.external_id, any_value(records.document_id) as document_id, drift.internal_id,
    any_value(numbers.record_number) as netsuite_number,
    drift.difference, drift.currency, any_value(currencies.currency_decimals) as currency_decimals,
    drift.expected_minor, drift.found_minor, drift.detail, drift.reconciled_at
from marts.netsuite_drift as drift
left join report_currencies as currencies on drift.currency = currencies.currency
left join records on drift.record_type = records.record_type and drift.external_id = records.external_id
{named("transaction", "numbers", "drift.internal_id")}
where drift.reconciled_at >= $started_at and drift.reconciled_at <= coalesce($ended_at, drift.reconciled_at)
group by all
order by drift.record_type, drift.external_id, drift.difference
limit {DIFFERENCES_SHOWN}
"""

# The mart has no row for a month in which nothing happened to a customer: what is left is the sum of all changes so
# far. What was there before the first row of a ledger that is not complete (rule B6) counts as opening.
BALANCES = """
with movements as (
    select
        *,
        granted_by_credit_notes_minor + granted_by_negative_invoices_minor as granted_minor,
        paid_in_minor + adjusted_minor + carried_minor as other_minor,
        closing_minor - coalesce(
            lag(closing_minor) over (partition by stripe_customer_id, currency order by accounting_month), 0
        ) as change_minor
    from marts.customer_credit_roll_forward
),

months as (
    select
        currency, any_value(currency_decimals) as currency_decimals, accounting_month,
        sum(granted_minor) as granted_minor, sum(other_minor) as other_minor, sum(used_minor) as used_minor,
        sum(sum(change_minor)) over (partition by currency order by accounting_month) as left_minor
    from movements
    group by currency, accounting_month
)

select
    currency, currency_decimals, accounting_month,
    left_minor - granted_minor - other_minor - used_minor as opening_minor, granted_minor, other_minor, used_minor,
    left_minor
from months
qualify row_number() over (partition by currency order by accounting_month desc)
    <= greatest(1, least($months, $rows // count(distinct currency) over ()))
order by currency, accounting_month
"""

INCOMPLETE_LEDGERS = """
select currency, count(distinct stripe_customer_id) as customers
from marts.customer_credit_roll_forward where not is_complete group by currency order by currency
"""

MONTH_ROWS = """
select
    line, position, document_type, record_type, currency, any_value(currency_decimals) as currency_decimals,
    sum(amount_minor) as amount_minor, sum(documents) as documents
from marts.month_end_tie_out
where accounting_month = $month and line <> 'ledger'
group by line, position, document_type, record_type, currency
order by line, document_type, record_type, currency, position
"""

# The newest months with their open documents: those to look at again.
MONTHS = f"""
select
    accounting_month, currency, any_value(currency_decimals) as currency_decimals,
    sum(case when line = 'stripe' then amount_minor else 0 end) as stripe_minor,
    sum(case when line = 'became' then amount_minor else 0 end) as became_minor,
    sum(
        case
            when line = 'became' and position in ('waiting', 'blocked', 'blocked_in_netsuite', 'ready')
                then amount_minor
            else 0
        end
    ) as open_minor
from marts.month_end_tie_out
where line in ('stripe', 'became')
group by accounting_month, currency
order by accounting_month desc, currency
limit {MONTHS_SHOWN}
"""

LEDGER = f"""
select
    record_type, netsuite_account_id, any_value(accounts.shown_as) as netsuite_account, netsuite_item_id,
    any_value(item_name) as item_name, currency,
    any_value(currency_decimals) as currency_decimals,
    sum(case when amount_minor > 0 then amount_minor else 0 end) as debit_minor,
    sum(case when amount_minor < 0 then -amount_minor else 0 end) as credit_minor
from marts.month_end_tie_out
left join marts.netsuite_items using (netsuite_item_id)
{named("account", "accounts", "netsuite_account_id")}
where accounting_month = $month and line = 'ledger'
group by record_type, netsuite_account_id, netsuite_item_id, currency
order by currency, record_type, debit_minor + credit_minor desc, netsuite_account_id, netsuite_item_id
limit {LEDGER_ROWS_SHOWN}
"""

BY_HAND = """
with found as (
    select
        'tax_not_reversed' as what, currency, tax_not_reversed_minor as amount_minor
    from marts.credit_balance_check where tax_not_reversed_minor <> 0
    union all
    select 'ledger_rows_without_invoice', currency, unattributed_minor
    from marts.credit_balance_check where unattributed_minor <> 0
    union all
    select 'refunds_to_match', currency, amount_minor
    from marts.refund_reconciliation where representation = 'match_by_hand'
)

select
    what, currency, any_value(currency_decimals) as currency_decimals, count(*) as number,
    sum(amount_minor) as amount_minor
from found
left join report_currencies using (currency)
group by what, currency order by what, currency
"""


def figures(warehouse: duckdb.DuckDBPyConnection, month: Month, target: str) -> Figures:
    """All figures. month: of the month-end. Raises duckdb.CatalogException or BinderException where the marts are not
    there, or of an earlier version."""
    ask(warehouse, CURRENCIES)
    last: dict[str, Row | None] = {"read": None, "posted": None, "compared": None}
    last |= {row.pop("what"): row for row in ask_by_name(warehouse, LAST_RUNS)}
    states = ask_by_name(warehouse, STATES)
    return {
        "target": target,
        "documents": sum(row["documents"] for row in states),
        "last": last,
        "runs": ask_by_name(warehouse, RUNS),
        "states": states,
        "posted": _posted(warehouse, last["posted"]),
        "open": _open(warehouse),
        "plan": ask_by_name(warehouse, PLAN),
        "drift": _drift(warehouse, last["compared"]),
        "balance_credit": {
            "months": ask_by_name(warehouse, BALANCES, {"months": BALANCE_MONTHS, "rows": BALANCE_ROWS}),
            "incomplete_ledgers": ask_by_name(warehouse, INCOMPLETE_LEDGERS),
        },
        "month_end": {
            "month": str(month),
            "rows": ask_by_name(warehouse, MONTH_ROWS, {"month": month.first}),
            "ledger": ask_by_name(warehouse, LEDGER, {"month": month.first}),
            "months": ask_by_name(warehouse, MONTHS),
        },
        "by_hand": ask_by_name(warehouse, BY_HAND),
    }


def as_json(found: Figures) -> str:
    """The figures for programs. Times are ISO 8601 in UTC."""
    return json.dumps(found, default=encode, indent=2, ensure_ascii=False)


def _posted(warehouse: duckdb.DuckDBPyConnection, last_push: Row | None) -> Row:
    """What the last push posted; of an earlier one where it posted nothing (`is_last` says so)."""
    run_id = last_push["run_id"] if last_push else None
    ask(warehouse, POSTED, {"run": run_id})
    by = next(iter(ask_by_name(warehouse, POSTED_BY)), None)
    return {
        "by": by,
        "is_last": by is not None and by["run_id"] == run_id,
        "sums": ask_by_name(warehouse, POSTED_SUMS),
        "records": ask_by_name(warehouse, POSTED_RECORDS),
    }


def _open(warehouse: duckdb.DuckDBPyConnection) -> list[Row]:
    """What waits or is blocked, cause by cause: what a person must do first, then by the number of documents."""
    causes: dict[tuple[str, str], Row] = {}
    for row in ask_by_name(warehouse, OPEN):
        key = (row.pop("state"), row.pop("reason"))
        said = {name: row.pop(name) for name in ("who_acts", "meaning", "next_step", "rules")}
        cause = causes.setdefault(
            key, {"state": key[0], "reason": key[1], **said, "documents": 0, "currencies": [], "first": []}
        )
        cause["documents"] += row["documents"]
        age = {"age": row.pop("age_bucket"), "documents": row["documents"], "amount_minor": row["amount_minor"]}
        currencies = cause["currencies"]
        if currencies and currencies[-1]["currency"] == row["currency"]:
            for name in ("documents", "amount_minor"):
                currencies[-1][name] += row[name]
            currencies[-1]["oldest_days"] = max(currencies[-1]["oldest_days"] or 0, row["oldest_days"] or 0)
        else:
            currencies.append({**row, "ages": []})
        currencies[-1]["ages"].append(age)
    for row in ask_by_name(warehouse, OPEN_DOCUMENTS):
        causes[row.pop("state"), row.pop("reason")]["first"].append(row)
    return sorted(causes.values(), key=lambda cause: (cause["state"], -cause["documents"], cause["reason"]))


def _drift(warehouse: duckdb.DuckDBPyConnection, last_comparison: Row | None) -> Row:
    """The last comparison with NetSuite, and its differences."""
    rows: Sequence[Row] = []
    if last_comparison and last_comparison["differences_found"]:
        times = {name: last_comparison[name] for name in ("started_at", "ended_at")}
        rows = ask_by_name(warehouse, DRIFT, times)
    return {"comparison": last_comparison, "differences": rows}
