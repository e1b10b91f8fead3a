"""A warehouse with the marts as their contracts declare them, as empty tables to be filled by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import duckdb
import yaml

from tests.support.warehouse import PROJECT


def with_marts(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Creates schema marts: a table for each mart, with the columns and types of its contract."""
    warehouse.execute("set timezone = 'UTC'")
    warehouse.execute("create schema marts")
    warehouse.execute(_tables())


@cache
def _tables() -> str:
    """The statements; to read the contracts takes longer than most tests."""
    statements = []
    for file in sorted((PROJECT / "models" / "marts").glob("*.yml")):
        for model in (yaml.safe_load(file.read_text()) or {}).get("models", []):
            columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
            statements.append(f"create table marts.{model['name']} ({columns})")
    return "; ".join(statements)


def insert(warehouse: duckdb.DuckDBPyConnection, mart: str, *rows: Mapping[str, Any]) -> None:
    """Adds rows to a mart; absent columns are null."""
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        values = ", ".join("?" * len(row))
        warehouse.execute(f"insert into marts.{mart} ({names}) values ({values})", list(row.values()))


def fill_march(connection: duckdb.DuckDBPyConnection) -> None:
    """March 2026: a note in dollars, partly kept and partly refunded, a use in yen, a note that is blocked, one of
    February that is posted in March."""
    march, usd, jpy = "2026-03-01", {"currency": "usd"}, {"currency": "jpy"}
    month = {"accounting_month": march, "documents": 1, "as_of_date": "2026-04-03"}
    dollars, yen = {**month, **usd, "currency_decimals": 2}, {**month, **jpy, "currency_decimals": 0}
    note, memo = {"document_type": "credit_note"}, {"document_type": "credit_note", "record_type": "creditMemo"}
    use = {"document_type": "balance_use", "record_type": "creditMemo"}
    refund = {"record_type": "customerRefund"}

    def line(head: Mapping[str, Any], line: str, position: str, amount: int, **fields: Any) -> dict[str, Any]:
        return {**head, "line": line, "position": position, "amount_minor": amount, **fields}

    insert(
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
    insert(
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
    insert(
        connection,
        "credit_memo_applications",
        {"document_id": "cn_1", "application_type": "customer_refund", "target_external_id": "re_1",
         "amount_minor": 300, "state": "posted", "reason": "created"},
        {"document_id": "cn_2", "application_type": "customer_refund", "target_external_id": "re_1",
         "amount_minor": 50, "state": "ready", "reason": "ready"},
    )  # fmt: skip
    insert(
        connection,
        "customer_refunds",
        {**usd, "external_id": "re_1", "stripe_refund_id": "re_1", "netsuite_internal_id": "7",
         "tran_date": "2026-03-31", "netsuite_account_id": "21", "state": "posted"},
    )  # fmt: skip
    insert(
        connection,
        "refund_reconciliation",
        {**usd, "currency_decimals": 2, "stripe_refund_id": "re_1", "stripe_credit_note_id": "cn_1",
         "refund_date": "2026-03-31", "amount_minor": 300, "representation": "customer_refund"},
        {**usd, "currency_decimals": 2, "stripe_refund_id": "re_0", "refund_date": "2026-02-28", "amount_minor": 5,
         "representation": "match_by_hand"},
    )  # fmt: skip
    insert(
        connection,
        "open_documents_aging",
        {**usd, "currency_decimals": 2, "document_id": "cn_2", "document_type": "credit_note", "amount_minor": 50,
         "as_of_date": "2026-04-03", "age_days": 33, "age_bucket": "31-60", "state": "blocked",
         "reason": "item_unmapped", "who_acts": "accountant", "detail": "Add a row to item_map.csv."},
    )  # fmt: skip
    movements = ("granted_by_credit_notes", "granted_by_negative_invoices", "paid_in", "adjusted", "carried", "used")
    quiet = {f"{movement}_minor": 0 for movement in movements}
    insert(
        connection,
        "customer_credit_roll_forward",
        {**quiet, **usd, "currency_decimals": 2, "stripe_customer_id": "cus_1", "accounting_month": "2026-02-01",
         "opening_minor": 0, "adjusted_minor": 40, "closing_minor": 40, "is_complete": True},
        {**quiet, **usd, "currency_decimals": 2, "stripe_customer_id": "cus_1", "accounting_month": "2026-03-01",
         "opening_minor": 40, "granted_by_credit_notes_minor": 500, "used_minor": -10, "closing_minor": 530,
         "stripe_balance_minor": 530, "is_complete": True},
        {**quiet, **usd, "currency_decimals": 2, "stripe_customer_id": "cus_2", "accounting_month": "2026-01-01",
         "opening_minor": 0, "adjusted_minor": 8, "closing_minor": 8, "stripe_balance_minor": 8, "is_complete": False},
        {**quiet, **usd, "currency_decimals": 2, "stripe_customer_id": "cus_3", "accounting_month": "2026-01-01",
         "opening_minor": 5, "used_minor": -5, "closing_minor": 0, "stripe_balance_minor": 0, "is_complete": True},
        {**quiet, **usd, "currency_decimals": 2, "stripe_customer_id": "cus_4", "accounting_month": "2026-04-01",
         "opening_minor": 0, "adjusted_minor": 6, "closing_minor": 6, "is_complete": True},
    )  # fmt: skip
    insert(
        connection,
        "credit_memo_tax_details",
        {"document_id": "cn_1", "detail_number": 1, "stripe_tax_rate_id": "txr_1", "netsuite_tax_code_id": "5",
         "amount_minor": 100},
    )  # fmt: skip
