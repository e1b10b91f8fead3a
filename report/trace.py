"""Credit documents from Stripe's objects to NetSuite's records, as plain data: `make trace`, and the report's documents.

Everything is read from schema `marts`, so the warehouse serves as well as the file that is published for readers. There
is one query per section, however many documents are asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from report.links import Links
from warehouse.query import ask, ask_by_name

Row = dict[str, Any]
"""A row of a section by column. Money: `<name>_minor` is an integer in Stripe's minor unit, `<name>` its exact decimal
text, None for an unknown currency. Times are UTC."""

LINE_RULES = {
    "item": "L1",
    "custom": "L3",
    "whole_note": "L4",
    "discount": "L6",
    "billing_credit": "L6",
    "tax": "L8",
    "shipping": "L9",
    "balance": "B4",
    "zero_amount": "N1",
}
"""Kind of a line → the rule that makes it."""

PART_RULES = {
    "memo_applied_to_invoice": "C6",
    "memo_applied_to_refund": "R1",
    "memo_left_unapplied": "C7",
    "journal_entry": "G2",
    "zero_amount_invoice": "N1",
    "kept_in_balance": "C1",
}
"""What a part becomes → the rule that says so (of a balance use B3). Of any other part the document's reason says why."""


@dataclass(frozen=True)
class Hit:
    """A document that an id leads to. found_as: what the id is, e.g. `Stripe invoice` or `creditMemo in NetSuite`."""

    document_id: str
    found_as: str


@dataclass(frozen=True)
class Trace:
    """One document. Each list holds the rows of a section, in the order in which people read them.

    document: its row of `credit_outcomes` · objects: Stripe's objects · parts: what it consists of, each with `rule` ·
    records: memo, zero-amount invoice, customer refunds, journal entries · lines: each with `rule` · history: empty
    where no history is kept · log: the loader's requests and answers, without their bodies.
    """

    document: Row
    objects: list[Row]
    parts: list[Row]
    records: list[Row]
    lines: list[Row]
    tax_details: list[Row]
    fields: list[Row]
    applications: list[Row]
    history: list[Row]
    log: list[Row]
    drift: list[Row]


# ---------------------------------------------------------------------------------------------------------------------
# finding documents

FIND = """
with customer_refunds as (
    select applications.document_id, refunds.external_id, refunds.netsuite_internal_id
    from marts.customer_refunds as refunds
    inner join marts.credit_memo_applications as applications
        on refunds.stripe_refund_id = applications.target_external_id
        and applications.application_type = 'customer_refund'
),

hits as (
    select document_id, 'document' as found_as, 1 as rank from marts.credit_outcomes where document_id = $id
    union all
    select document_id, 'Stripe ' || replace(object_type, '_', ' '), 2
    from marts.credit_document_objects where stripe_id = $id
    union all
    select document_id, 'number of the Stripe ' || replace(object_type, '_', ' '), 3
    from marts.credit_document_objects where stripe_number = $id
    union all
    select document_id, 'external id', 4 from marts.credit_outcomes where external_id = $id
    union all
    select document_id, 'external id of a customer refund', 4 from customer_refunds where external_id = $id
    union all
    select document_id, 'external id of a journal entry', 4 from marts.journal_entries where external_id = $id
    union all
    select document_id, 'creditMemo in NetSuite', 5 from marts.credit_memos where netsuite_internal_id = $id
    union all
    select document_id, 'invoice in NetSuite', 5 from marts.credit_memos where netsuite_invoice_id = $id
    union all
    select document_id, 'invoice in NetSuite', 5 from marts.zero_amount_invoices where netsuite_internal_id = $id
    union all
    select document_id, 'customerRefund in NetSuite', 5 from customer_refunds where netsuite_internal_id = $id
    union all
    select document_id, 'journalEntry in NetSuite', 5 from marts.journal_entries where netsuite_internal_id = $id
),

-- an id that says one thing of a document says it once: the document id is its external id as well
ranked as (
    select document_id, found_as, rank, min(rank) over (partition by document_id) as first_rank
    from hits
)

select distinct document_id, found_as, rank
from ranked
where rank = first_rank
order by rank, document_id, found_as
"""

NEAREST = """
with ids as (
    select document_id as id from marts.credit_outcomes
    union
    select stripe_id from marts.credit_document_objects
    union
    select stripe_number from marts.credit_document_objects
    union
    select external_id from marts.credit_outcomes
    union
    select netsuite_internal_id from marts.credit_outcomes
),

measured as (
    select id, damerau_levenshtein(lower(id), lower($id)) as distance
    from ids
    where id is not null and abs(length(id) - length($id)) <= $furthest
)

select id from measured where distance <= $furthest order by distance, id limit $most
"""


def find(warehouse: duckdb.DuckDBPyConnection, id: str) -> list[Hit]:
    """The documents that an id leads to, each once for each thing that the id is; none if nothing has it.

    id: of a document, of a Stripe object, its number, an external id or NetSuite's internal id, in exact case.
    Raises duckdb.CatalogException where there are no marts yet.
    """
    return [Hit(document_id, found_as) for document_id, found_as, _ in ask(warehouse, FIND, {"id": id})]


def nearest(warehouse: duckdb.DuckDBPyConnection, id: str, most: int = 5) -> list[str]:
    """Up to `most` known ids that differ from `id` in few letters, the nearest first."""
    furthest = max(2, len(id) // 4)
    return [found for (found,) in ask(warehouse, NEAREST, {"id": id, "furthest": furthest, "most": most})]


# ---------------------------------------------------------------------------------------------------------------------
# the sections of a document

# The NetSuite records of each document, as the journal and the marts name them.
RECORDS = """
select
    document_id, 'creditMemo' as record_type, external_id, netsuite_internal_id, state, reason, detail, amount_minor,
    currency, tran_date, memo_text, netsuite_customer_id, customer_found_by, netsuite_invoice_id, invoice_found_by,
    netsuite_account_id
from marts.credit_memos where document_id in (select unnest($documents))
union all by name
select
    document_id, 'invoice' as record_type, external_id, netsuite_internal_id, state, reason, detail,
    0::bigint as amount_minor, currency, tran_date, memo_text, netsuite_customer_id, netsuite_account_id
from marts.zero_amount_invoices where document_id in (select unnest($documents))
union all by name
select distinct
    applications.document_id, 'customerRefund' as record_type, refunds.external_id, refunds.netsuite_internal_id,
    refunds.state, refunds.reason, refunds.detail, refunds.amount_minor, refunds.currency, refunds.tran_date,
    refunds.memo_text, refunds.netsuite_customer_id, refunds.netsuite_account_id, refunds.stripe_refund_id
from marts.credit_memo_applications as applications
inner join marts.customer_refunds as refunds
    on applications.target_external_id = refunds.stripe_refund_id and applications.application_type = 'customer_refund'
where applications.document_id in (select unnest($documents))
union all by name
select
    document_id, 'journalEntry' as record_type, external_id, netsuite_internal_id, state, reason, detail, amount_minor,
    currency, tran_date, memo_text, debit_netsuite_account_id, credit_netsuite_account_id, stripe_refund_id
from marts.journal_entries where document_id in (select unnest($documents))
"""

SECTIONS = {
    "objects": """
        select * exclude (amount) from marts.credit_document_objects
        where document_id in (select unnest($documents))
        order by
            list_position(['credit_note', 'invoice', 'refund', 'customer_balance_transaction'], object_type),
            created_at, stripe_id
    """,
    "parts": """
        select * exclude (amount) from marts.credit_document_parts
        where document_id in (select unnest($documents)) order by part_number
    """,
    "records": f"select * from ({RECORDS}) order by record_type, external_id",
    "lines": """
        select
            document_id, external_id, line_number, line_kind, stripe_line_id, netsuite_item_id, item_external_id,
            item_found_by, description, quantity, amount_minor, period_start, period_end, stripe_tax_rate_id,
            is_gross, netsuite_tax_code_id
        from marts.credit_memo_lines where document_id in (select unnest($documents))
        union all by name
        select
            invoices.document_id, zero_lines.external_id, zero_lines.line_number, 'zero_amount' as line_kind,
            zero_lines.stripe_line_id, zero_lines.netsuite_item_id, zero_lines.item_external_id,
            zero_lines.item_found_by, zero_lines.description, zero_lines.quantity, 0::bigint as amount_minor,
            zero_lines.netsuite_tax_code_id
        from marts.zero_amount_invoices as invoices
        inner join marts.zero_amount_invoice_lines as zero_lines on invoices.external_id = zero_lines.external_id
        where invoices.document_id in (select unnest($documents))
        order by line_number
    """,
    "tax_details": """
        select * exclude (amount, tax_basis) from marts.credit_memo_tax_details
        where document_id in (select unnest($documents)) order by detail_number
    """,
    "fields": f"""
        with records as ({RECORDS})
        select
            records.document_id, records.record_type, records.external_id, mapped.line_number, mapped.netsuite_field,
            mapped.value_type, mapped.value
        from records
        inner join marts.netsuite_field_values as mapped
            on records.record_type = mapped.record_type and records.external_id = mapped.external_id
        order by records.record_type, records.external_id, mapped.line_number nulls first, mapped.netsuite_field
    """,
    "applications": """
        select * exclude (amount) from marts.credit_memo_applications
        where document_id in (select unnest($documents))
        order by
            list_position(['invoice', 'customer_refund', 'out_of_band'], application_type), target_external_id
    """,
    # bodies stay in the log: what they say is above
    "log": f"""
        with records as (
            select document_id, record_type, external_id from ({RECORDS})
            union
            select document_id, 'serviceSaleItem', item_external_id from marts.credit_memo_lines
            where document_id in (select unnest($documents)) and item_external_id is not null
        )
        select
            records.document_id, log."at", log.run_id, log.attempt_id, log.record_type, log.external_id, log.operation,
            log.status, log.internal_id, log.http_status, log.error_code, log.error_detail, log.netsuite_operation_id,
            log.duration_ms
        from records
        inner join marts.netsuite_load_log as log
            on records.record_type = log.record_type and records.external_id = log.external_id
        order by log.position
    """,
    "drift": f"""
        with records as (select distinct document_id, record_type, external_id from ({RECORDS}))
        select records.document_id, drift.* exclude ("at")
        from records
        inner join marts.netsuite_drift as drift
            on records.record_type = drift.record_type and records.external_id = drift.external_id
        order by drift.reconciled_at, drift.record_type, drift.external_id, drift.difference
    """,
}

HISTORY = """
select document_id, "from", "to", state, reason from marts.credit_outcome_history
where document_id in (select unnest($documents)) order by "from", "to" nulls last
"""

DOCUMENTS = "select * from marts.credit_outcomes where document_id in (select unnest($documents))"


def traces(
    warehouse: duckdb.DuckDBPyConnection, document_ids: Sequence[str], links: Links | None = None
) -> list[Trace]:
    """The documents with these ids, in this order; ids that no document has are left out.

    links: the accounts whose pages are linked (column `url` of objects and records).
    Raises duckdb.CatalogException where there are no marts yet.
    """
    wanted = {"documents": list(document_ids)}
    documents = {row["document_id"]: row for row in ask_by_name(warehouse, DOCUMENTS, wanted)}
    sections = {name: _by_document(ask_by_name(warehouse, sql, wanted)) for name, sql in SECTIONS.items()}
    sections["history"] = _by_document(ask_by_name(warehouse, HISTORY, wanted)) if _has_history(warehouse) else {}
    return [
        _trace(documents[id], {name: rows.get(id, []) for name, rows in sections.items()}, links or Links())
        for id in dict.fromkeys(document_ids)
        if id in documents
    ]


def _trace(document: Row, sections: dict[str, list[Row]], links: Links) -> Trace:
    decimals = next((part["currency_decimals"] for part in sections["parts"]), None)
    for row in (document, *(row for rows in sections.values() for row in rows)):
        _add_amounts(row, row.get("currency_decimals", decimals))
    for row in sections["objects"]:
        row["url"] = links.stripe(row["object_type"], row["stripe_id"])
    for row in sections["records"]:
        row["url"] = links.netsuite(row["record_type"], row["netsuite_internal_id"])
    for row in sections["lines"]:
        row["rule"] = LINE_RULES.get(row["line_kind"])
    for row in sections["parts"]:
        is_use = row["part"] == "balance_use" and row["becomes"] == "memo_applied_to_invoice"
        row["rule"] = "B3" if is_use else PART_RULES.get(row["becomes"])
    return Trace(document=document, **sections)


def _add_amounts(row: Row, decimals: int | None) -> None:
    """Beside each `<name>_minor` the amount in the major unit, as exact text."""
    for name in [name for name in row if name.endswith("_minor")]:
        row[name.removesuffix("_minor")] = decimal_text(row[name], decimals)


def decimal_text(minor: int | None, decimals: int | None) -> str | None:
    """An amount in the major unit with all its decimals; None for an unknown amount or currency."""
    if minor is None or decimals is None:
        return None
    return f"{Decimal(minor).scaleb(-decimals):f}"


def _by_document(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.pop("document_id")].append(row)
    return grouped


def _has_history(warehouse: duckdb.DuckDBPyConnection) -> bool:
    """A file of an earlier version keeps none."""
    found = "select 1 from information_schema.tables where table_schema = 'marts' and table_name = $name"
    return bool(ask(warehouse, found, {"name": "credit_outcome_history"}))
