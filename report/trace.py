"""Credit documents from Stripe's objects to NetSuite's records, as plain data: of `make trace` and of the report.

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
from warehouse.query import ask_by_name

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
"""What a part becomes → the rule that says so (of a balance use B3). Else the document's reason says why."""


@dataclass(frozen=True)
class Trace:
    """One document. Each list holds the rows of a section, in the order in which people read them.

    document: its row of `credit_outcomes` · objects: Stripe's objects · parts: what it consists of, each with `rule` ·
    records: memo, zero-amount invoice, customer refunds, journal entries · lines: each with `rule` · history: its
    states so far · log: the loader's requests and answers, without their bodies.
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


def named(kind: str, alias: str, id: str) -> str:
    """A join with the numbers and names behind internal ids. kind: `transaction` or `account` · id: SQL of the id."""
    return f"left join marts.netsuite_names as {alias} on {alias}.netsuite_id = {id} and {alias}.record_kind = '{kind}'"


SECTIONS = {
    "objects": """
        select * exclude (amount) from marts.credit_document_objects
        where document_id in (select unnest($documents::varchar[]))
        order by
            list_position(['credit_note', 'invoice', 'refund', 'customer_balance_transaction'], object_type),
            created_at, stripe_id
    """,
    "parts": """
        select * exclude (amount) from marts.credit_document_parts
        where document_id in (select unnest($documents::varchar[])) order by part_number
    """,
    "records": f"""
        with records as (
            select
                document_id, 'creditMemo' as record_type, external_id, netsuite_internal_id, state, reason, detail,
                amount_minor, currency, tran_date, memo_text, netsuite_customer_id, customer_found_by,
                netsuite_invoice_id, invoice_found_by, netsuite_account_id
            from marts.credit_memos
            where document_id in (select unnest($documents::varchar[]))

            union all by name

            select
                document_id, 'invoice' as record_type, external_id, netsuite_internal_id, state, reason, detail,
                0::bigint as amount_minor, currency, tran_date, memo_text, netsuite_customer_id, netsuite_account_id
            from marts.zero_amount_invoices
            where document_id in (select unnest($documents::varchar[]))

            union all by name

            select distinct
                applications.document_id, 'customerRefund' as record_type, refunds.external_id,
                refunds.netsuite_internal_id, refunds.state, refunds.reason, refunds.detail, refunds.amount_minor,
                refunds.currency, refunds.tran_date, refunds.memo_text, refunds.netsuite_customer_id,
                refunds.netsuite_account_id, refunds.stripe_refund_id
            from marts.credit_memo_applications as applications
            inner join marts.customer_refunds as refunds
                on applications.target_external_id = refunds.stripe_refund_id
                and applications.application_type = 'customer_refund'
            where applications.document_id in (select unnest($documents::varchar[]))

            union all by name

            select
                document_id, 'journalEntry' as record_type, external_id, netsuite_internal_id, state, reason, detail,
                amount_minor, currency, tran_date, memo_text, debit_netsuite_account_id, credit_netsuite_account_id,
                stripe_refund_id
            from marts.journal_entries
            where document_id in (select unnest($documents::varchar[]))
        )
        select
            records.*, numbers.record_number as netsuite_number, invoices.record_number as netsuite_invoice_number,
            accounts.shown_as as netsuite_account, debits.shown_as as debit_netsuite_account,
            credits.shown_as as credit_netsuite_account
        from records
        {named("transaction", "numbers", "records.netsuite_internal_id")}
        {named("transaction", "invoices", "records.netsuite_invoice_id")}
        {named("account", "accounts", "records.netsuite_account_id")}
        {named("account", "debits", "records.debit_netsuite_account_id")}
        {named("account", "credits", "records.credit_netsuite_account_id")}
        order by records.record_type, records.external_id
    """,
    "lines": """
        with all_lines as (
            select
                document_id, external_id, line_number, line_kind, stripe_line_id, netsuite_item_id, item_external_id,
                item_found_by, description, quantity, amount_minor, period_start, period_end, stripe_tax_rate_id,
                is_gross, netsuite_tax_code_id
            from marts.credit_memo_lines where document_id in (select unnest($documents::varchar[]))
            union all by name
            select
                invoices.document_id, zero_lines.external_id, zero_lines.line_number, 'zero_amount' as line_kind,
                zero_lines.stripe_line_id, zero_lines.netsuite_item_id, zero_lines.item_external_id,
                zero_lines.item_found_by, zero_lines.description, zero_lines.quantity, 0::bigint as amount_minor,
                zero_lines.netsuite_tax_code_id
            from marts.zero_amount_invoices as invoices
            inner join marts.zero_amount_invoice_lines as zero_lines on invoices.external_id = zero_lines.external_id
            where invoices.document_id in (select unnest($documents::varchar[]))
        )
        select all_lines.*, items.item_name
        from all_lines
        left join marts.netsuite_items as items using (netsuite_item_id)
        order by line_number
    """,
    "tax_details": """
        select * exclude (amount, tax_basis) from marts.credit_memo_tax_details
        where document_id in (select unnest($documents::varchar[])) order by detail_number
    """,
    "applications": f"""
        select applications.* exclude (amount), targets.record_number as target_number
        from marts.credit_memo_applications as applications
        {named("transaction", "targets", "applications.target_netsuite_id")}
        where document_id in (select unnest($documents::varchar[]))
        order by
            list_position(['invoice', 'customer_refund', 'out_of_band'], application_type), target_external_id
    """,
    "history": """
        select document_id, "from", "to", state, reason from marts.credit_outcome_history
        where document_id in (select unnest($documents::varchar[])) order by position
    """,
}

SECTIONS_OF_RECORDS = {
    "fields": """
        select fields.record_type, fields.external_id, fields.line_number, fields.netsuite_field, fields.value_type,
            fields.value
        from marts.netsuite_field_values as fields
        inner join records using (record_type, external_id)
        order by fields.record_type, fields.external_id, fields.line_number nulls first, fields.netsuite_field
    """,
    # bodies stay in the log: what they say is in the sections above
    "log": """
        select
            log."at", log.run_id, log.attempt_id, log.record_type, log.external_id, log.operation, log.status,
            log.internal_id, log.http_status, log.error_code, log.error_detail, log.netsuite_operation_id,
            log.duration_ms
        from marts.netsuite_load_log as log
        inner join records using (record_type, external_id)
        order by log.position
    """,
    "drift": """
        select drift.* exclude ("at")
        from marts.netsuite_drift as drift
        inner join records using (record_type, external_id)
        order by drift.reconciled_at, drift.record_type, drift.external_id, drift.difference
    """,
}
"""Sections by the records of section `records` and the items that the push creates for lines."""

DOCUMENTS = "select * from marts.credit_outcomes where document_id in (select unnest($documents::varchar[]))"


def traces(
    warehouse: duckdb.DuckDBPyConnection, document_ids: Sequence[str], links: Links | None = None
) -> list[Trace]:
    """The documents with these ids, in this order; ids that no document has are left out.

    links: the accounts whose pages are linked (column `url` of objects and records).
    Raises duckdb.CatalogException where there are no marts yet.
    """
    wanted = {"documents": list(document_ids)}
    documents = {row["document_id"]: row for row in ask_by_name(warehouse, DOCUMENTS, wanted)}
    rows = {name: ask_by_name(warehouse, sql, wanted) for name, sql in SECTIONS.items()}
    rows |= _rows_of_records(warehouse, rows["records"], rows["lines"])
    sections = {name: _by_document(found) for name, found in rows.items()}
    return [
        _trace(documents[id], {name: sections[name].get(id, []) for name in sections}, links or Links())
        for id in dict.fromkeys(document_ids)
        if id in documents
    ]


def _rows_of_records(
    warehouse: duckdb.DuckDBPyConnection, records: Sequence[Row], lines: Sequence[Row]
) -> dict[str, list[Row]]:
    """The rows of `SECTIONS_OF_RECORDS`, one for each document that the record belongs to."""
    documents: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for row in records:
        documents[row["record_type"], row["external_id"]][row["document_id"]] = None
    for row in lines:
        if row["item_external_id"]:
            documents["serviceSaleItem", row["item_external_id"]][row["document_id"]] = None
    keys = {"types": [type for type, _ in documents], "names": [name for _, name in documents]}
    with_keys = (
        "with records as (select unnest($types::varchar[]) as record_type, unnest($names::varchar[]) as external_id) "
    )
    return {
        name: [
            {"document_id": document, **row}
            for row in ask_by_name(warehouse, with_keys + sql, keys)
            for document in documents[row["record_type"], row["external_id"]]
        ]
        for name, sql in SECTIONS_OF_RECORDS.items()
    }


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
