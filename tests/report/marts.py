"""Marts filled by hand, with the columns that the report asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

TABLES = {
    "month_end_tie_out": "accounting_month date, currency text, currency_decimals integer, line text, position text, "
    "document_type text, record_type text, netsuite_account_id text, netsuite_item_id text, amount_minor bigint, "
    "documents bigint",
    "credit_memos": "external_id text, document_id text, document_type text, netsuite_internal_id text, "
    "tran_date date, currency text, amount_minor bigint, stripe_customer_id text, netsuite_customer_id text, "
    "stripe_invoice_id text, "
    "netsuite_account_id text, state text, detail text",
    "credit_memo_applications": "document_id text, application_type text, target_external_id text, "
    "amount_minor bigint, state text, reason text",
    "customer_refunds": "external_id text, stripe_refund_id text, netsuite_internal_id text, tran_date date, "
    "currency text, netsuite_customer_id text, netsuite_account_id text, state text, detail text",
    "journal_entries": "external_id text, document_id text, netsuite_internal_id text, tran_date date, currency text, "
    "amount_minor bigint, debit_netsuite_account_id text, state text, detail text",
    "zero_amount_invoices": "external_id text, document_id text, netsuite_internal_id text, tran_date date, "
    "currency text, stripe_customer_id text, netsuite_customer_id text, netsuite_account_id text, state text, "
    "detail text",
    "open_documents_aging": "document_id text, document_type text, stripe_customer_id text, stripe_invoice_id text, "
    "currency text, currency_decimals integer, amount_minor bigint, as_of_date date, age_days integer, "
    "age_bucket text, state text, reason text, waits_for text, detail text",
    "refund_reconciliation": "stripe_refund_id text, stripe_credit_note_id text, refund_date date, currency text, "
    "currency_decimals integer, amount_minor bigint, representation text, stripe_payout_id text, "
    "netsuite_account_id text, netsuite_internal_id text",
    "customer_credit_roll_forward": "stripe_customer_id text, currency text, accounting_month date, "
    "opening_minor bigint, granted_by_credit_notes_minor bigint default 0, "
    "granted_by_negative_invoices_minor bigint default 0, paid_in_minor bigint default 0, "
    "adjusted_minor bigint default 0, carried_minor bigint default 0, used_minor bigint default 0, "
    "closing_minor bigint, stripe_balance_minor bigint, is_complete boolean, currency_decimals integer",
    "credit_memo_lines": "document_id text, line_number integer, line_kind text, stripe_tax_rate_id text, "
    "netsuite_item_id text, netsuite_tax_code_id text, amount_minor bigint",
    "credit_memo_tax_details": "document_id text, detail_number integer, stripe_tax_rate_id text, "
    "netsuite_tax_code_id text, amount_minor bigint",
}


def create_marts(connection: duckdb.DuckDBPyConnection) -> None:
    """The marts, empty."""
    connection.execute("create schema marts")
    for name, columns in TABLES.items():
        connection.execute(f"create table marts.{name} ({columns})")


def fill(connection: duckdb.DuckDBPyConnection, mart: str, *rows: Mapping[str, Any]) -> None:
    """Inserts rows; columns that a row does not name are null or have their default."""
    for row in rows:
        places = ", ".join("?" * len(row))
        connection.execute(f"insert into marts.{mart} ({', '.join(row)}) values ({places})", list(row.values()))


def fill_march(connection: duckdb.DuckDBPyConnection) -> None:
    """March 2026: a note in dollars, partly kept and partly refunded, a use in yen, a note that is blocked, one of
    February that is posted in March."""
    march, usd, jpy = "2026-03-01", {"currency": "usd"}, {"currency": "jpy"}
    month = {"accounting_month": march, "documents": 1}
    dollars, yen = {**month, **usd, "currency_decimals": 2}, {**month, **jpy, "currency_decimals": 0}
    note, memo = {"document_type": "credit_note"}, {"document_type": "credit_note", "record_type": "creditMemo"}
    use = {"document_type": "balance_use", "record_type": "creditMemo"}
    refund = {"record_type": "customerRefund"}

    def line(head: Mapping[str, Any], line: str, position: str, amount: int, **fields: Any) -> dict[str, Any]:
        return {**head, "line": line, "position": position, "amount_minor": amount, **fields}

    fill(
        connection,
        "month_end_tie_out",
        line(dollars, "stripe", "total", 1550, **note),
        line(dollars, "became", "posted", 1000, **memo),
        line(dollars, "became", "kept_in_balance", 500, **note),
        line(dollars, "became", "blocked", 50, **note),
        line(yen, "stripe", "total", 700, document_type="balance_use"),
        line(yen, "became", "posted", 700, **use),
        line(dollars, "dated", "documents_of_the_month", 1000, **memo, netsuite_account_id="11"),
        line(dollars, "dated", "documents_of_other_months", 25, **memo, netsuite_account_id="11"),
        line(yen, "dated", "documents_of_the_month", 700, **use, netsuite_account_id="11"),
        line(dollars, "netsuite", "in_snapshot", 1000, **memo, netsuite_account_id="11"),
        line(dollars, "netsuite", "not_in_snapshot", 25, **memo, netsuite_account_id="11"),
        line(yen, "netsuite", "in_snapshot", 650, **use, netsuite_account_id="11"),
        line(yen, "netsuite", "not_as_posted", 50, **use, netsuite_account_id="11"),
        line(dollars, "not_ours", "in_snapshot", 99, record_type="creditMemo", netsuite_account_id="11"),
        line(dollars, "ledger", "credit", -1025, **memo, netsuite_account_id="11"),
        line(dollars, "ledger", "debit", 925, **memo, netsuite_item_id="101"),
        line(dollars, "ledger", "debit_tax", 100, **memo),
        line(dollars, "ledger", "debit", 300, **refund, netsuite_account_id="11"),
        line(dollars, "ledger", "credit", -300, **refund, netsuite_account_id="21"),
        line(yen, "ledger", "credit", -700, **use, netsuite_account_id="11"),
        line(yen, "ledger", "debit", 700, **use, netsuite_item_id="101"),
        line(dollars, "tax", "reversed", 100, **memo),
        line(yen, "tax", "not_reversed", 7, **use),
        {**line(dollars, "stripe", "total", 9, **note), "accounting_month": "2026-02-01"},
    )
    posted = {"netsuite_account_id": "11", "state": "posted"}
    fill(
        connection,
        "credit_memos",
        {**usd, **posted, "document_id": "cn_1", "external_id": "cn_1", "netsuite_internal_id": "1",
         "tran_date": "2026-03-31", "amount_minor": 1000},
        {**usd, **posted, "document_id": "cn_0", "external_id": "cn_0", "netsuite_internal_id": "2",
         "tran_date": "2026-03-01", "amount_minor": 25},
        {**jpy, **posted, "document_id": "in_1_balance", "external_id": "in_1_balance", "netsuite_internal_id": "3",
         "tran_date": "2026-03-02", "amount_minor": 700},
        {**usd, **posted, "document_id": "cn_april", "external_id": "cn_april", "netsuite_internal_id": "4",
         "tran_date": "2026-04-01", "amount_minor": 1},
        {**usd, "document_id": "cn_2", "external_id": "cn_2", "tran_date": "2026-03-05", "amount_minor": 50,
         "state": "blocked"},
    )  # fmt: skip
    fill(
        connection,
        "credit_memo_applications",
        {"document_id": "cn_1", "application_type": "customer_refund", "target_external_id": "re_1",
         "amount_minor": 300, "state": "posted", "reason": "created"},
        {"document_id": "cn_2", "application_type": "customer_refund", "target_external_id": "re_1",
         "amount_minor": 50, "state": "ready", "reason": "ready"},
    )  # fmt: skip
    fill(
        connection,
        "customer_refunds",
        {**usd, "external_id": "re_1", "stripe_refund_id": "re_1", "netsuite_internal_id": "7",
         "tran_date": "2026-03-31", "netsuite_account_id": "21", "state": "posted"},
    )  # fmt: skip
    fill(
        connection,
        "refund_reconciliation",
        {**usd, "currency_decimals": 2, "stripe_refund_id": "re_1", "stripe_credit_note_id": "cn_1",
         "refund_date": "2026-03-31", "amount_minor": 300, "representation": "customer_refund"},
        {**usd, "currency_decimals": 2, "stripe_refund_id": "re_0", "refund_date": "2026-02-28", "amount_minor": 5,
         "representation": "match_by_hand"},
    )  # fmt: skip
    fill(
        connection,
        "open_documents_aging",
        {**usd, "currency_decimals": 2, "document_id": "cn_2", "document_type": "credit_note", "amount_minor": 50,
         "as_of_date": "2026-04-03", "age_days": 33, "age_bucket": "31-60", "state": "blocked",
         "reason": "item_unmapped", "waits_for": "a person", "detail": "Add a row to item_map.csv."},
    )  # fmt: skip
    fill(
        connection,
        "customer_credit_roll_forward",
        {**usd, "currency_decimals": 2, "stripe_customer_id": "cus_1", "accounting_month": "2026-02-01",
         "opening_minor": 0, "adjusted_minor": 40, "closing_minor": 40, "is_complete": True},
        {**usd, "currency_decimals": 2, "stripe_customer_id": "cus_1", "accounting_month": "2026-03-01",
         "opening_minor": 40, "granted_by_credit_notes_minor": 500, "used_minor": -10, "closing_minor": 530,
         "stripe_balance_minor": 530, "is_complete": True},
        {**usd, "currency_decimals": 2, "stripe_customer_id": "cus_2", "accounting_month": "2026-01-01",
         "opening_minor": 0, "adjusted_minor": 8, "closing_minor": 8, "stripe_balance_minor": 8, "is_complete": False},
        {**usd, "currency_decimals": 2, "stripe_customer_id": "cus_3", "accounting_month": "2026-01-01",
         "opening_minor": 5, "used_minor": -5, "closing_minor": 0, "stripe_balance_minor": 0, "is_complete": True},
        {**usd, "currency_decimals": 2, "stripe_customer_id": "cus_4", "accounting_month": "2026-04-01",
         "opening_minor": 0, "adjusted_minor": 6, "closing_minor": 6, "is_complete": True},
    )  # fmt: skip
    fill(
        connection,
        "credit_memo_tax_details",
        {"document_id": "cn_1", "detail_number": 1, "stripe_tax_rate_id": "txr_1", "netsuite_tax_code_id": "5",
         "amount_minor": 100},
    )  # fmt: skip
