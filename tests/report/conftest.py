"""A company of three documents that share a refund, an invoice and an internal id."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from tests.report.marts import insert, with_marts

MARKUP = "[bold]Seats[/bold] :boom: \x1b[31m<script>alert(1)</script>'; drop schema marts; --"
"""Text of Stripe that tries to be rich's markup, a terminal's, HTML and SQL."""


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        with_marts(connection)
        _fill(connection)
        yield connection


def _fill(warehouse: duckdb.DuckDBPyConnection) -> None:
    usd = {"currency": "usd", "currency_decimals": 2}
    insert(
        warehouse,
        "credit_outcomes",
        {
            "document_id": "cn_1",
            "document_type": "credit_note",
            "stripe_customer_id": "cus_1",
            "stripe_invoice_id": "in_1",
            "currency": "usd",
            "amount_minor": 9150,
            "created_at": at(1),
            "state": "posted",
            "reason": "created",
            "detail": "Credit memo 61 in NetSuite stands for cn_1.",
            "external_id": "cn_1",
            "netsuite_internal_id": "61",
        },
        {
            "document_id": "cn_2",
            "document_type": "credit_note",
            "stripe_customer_id": "cus_1",
            "stripe_invoice_id": "in_1",
            "currency": "usd",
            "amount_minor": 500,
            "created_at": at(2),
            "state": "blocked",
            "reason": "parts_do_not_add_up",
            "detail": "The parts of cn_2 do not add up. Compare the note in Stripe.",
            "external_id": "cn_2",
        },
        {
            "document_id": "in_2",
            "document_type": "negative_invoice",
            "stripe_invoice_id": "in_2",
            "currency": "xxx",
            "amount_minor": -700,
            "state": "ready",
            "reason": "ready",
            "detail": "The next push posts in_2 to NetSuite.",
            "external_id": "in_2",
        },
        {
            "document_id": "cn_old",
            "document_type": "credit_note",
            "currency": "usd",
            "amount_minor": 300,
            "state": "posted",
            "reason": "created",
            "detail": "Journal entry 81 in NetSuite stands for cn_old.",
            "external_id": "cn_old",
            "netsuite_internal_id": "81",
        },
    )
    insert(
        warehouse,
        "credit_document_objects",
        {"document_id": "cn_1", "object_type": "credit_note", "stripe_id": "cn_1", "stripe_number": "A-1-CN-01"}
        | {"status": "issued", "amount_minor": 9150, "created_at": at(1)}
        | usd,
        {"document_id": "cn_1", "object_type": "invoice", "stripe_id": "in_1", "stripe_number": "A-1"}
        | {"status": "paid", "amount_minor": 15849, "created_at": at(1), "finalized_at": at(1), "paid_at": at(2)}
        | usd,
        {"document_id": "cn_1", "object_type": "refund", "stripe_id": "re_1", "status": "succeeded"}
        | {"amount_minor": 2000, "currency": "jpy", "currency_decimals": 0, "created_at": at(1)},
        {"document_id": "cn_1", "object_type": "customer_balance_transaction", "stripe_id": "cbtxn_1"}
        | {"status": "credit_note", "amount_minor": -6929, "created_at": at(1)}
        | usd,
        {"document_id": "cn_2", "object_type": "invoice", "stripe_id": "in_1", "stripe_number": "A-1"},
        {"document_id": "cn_2", "object_type": "credit_note", "stripe_id": "cn_2"},
        {"document_id": "in_2", "object_type": "invoice", "stripe_id": "in_2", "stripe_number": "A-2"},
    )
    part = {"document_id": "cn_1", "external_id": "cn_1"} | usd
    insert(
        warehouse,
        "credit_document_parts",
        part
        | {"part_number": 1, "part": "refund", "amount_minor": 1888}
        | {"becomes": "memo_applied_to_refund", "target_external_id": "re_1"},
        part | {"part_number": 2, "part": "out_of_band", "amount_minor": 333, "becomes": "memo_left_unapplied"},
        part
        | {"part_number": 3, "part": "kept", "amount_minor": 6929}
        | {"becomes": "kept_in_balance", "target_external_id": "cbtxn_1", "external_id": None},
        {"document_id": "cn_2", "part_number": 1, "part": "not_known", "amount_minor": 500, "becomes": "not_known"}
        | usd,
        {"document_id": "in_2", "part_number": 1, "part": "negative_invoice", "amount_minor": -700}
        | {"becomes": "zero_amount_invoice", "currency": "xxx", "target_external_id": "in_2", "external_id": "in_2"},
        {"document_id": "cn_old", "part_number": 1, "part": "refund", "amount_minor": 300}
        | {"becomes": "journal_entry", "target_external_id": "re_old"}
        | usd,
    )
    insert(
        warehouse,
        "credit_memos",
        {
            "external_id": "cn_1",
            "document_id": "cn_1",
            "document_type": "credit_note",
            "currency": "usd",
            "amount_minor": 2221,
            "tran_date": date(2026, 3, 1),
            "memo_text": f"Stripe: cn_1. {MARKUP}",
            "state": "posted",
            "reason": "created",
            "detail": "Credit memo 61 in NetSuite stands for cn_1.",
            "netsuite_internal_id": "61",
            "netsuite_customer_id": "21",
            "customer_found_by": "customer_map.csv",
            "netsuite_invoice_id": "31",
            "invoice_found_by": "external id",
            "netsuite_account_id": "11",
        },
    )
    insert(
        warehouse,
        "credit_memo_lines",
        {"external_id": "cn_1", "document_id": "cn_1", "line_number": 1, "line_kind": "item", "amount_minor": 2000}
        | {"netsuite_item_id": "101", "item_found_by": "item_map.csv price_1", "description": MARKUP}
        | {"quantity": Decimal("2.500000000000"), "is_gross": False},
        {"external_id": "cn_1", "document_id": "cn_1", "line_number": 2, "line_kind": "tax", "amount_minor": 221}
        | {"netsuite_item_id": None, "item_found_by": None, "stripe_tax_rate_id": "txr_1", "is_gross": False},
        {"external_id": "cn_1", "document_id": "cn_1", "line_number": 3, "line_kind": "item", "amount_minor": 0}
        | {"item_external_id": "price_new", "item_found_by": "created by the push", "is_gross": False},
    )
    insert(
        warehouse,
        "credit_memo_tax_details",
        {"external_id": "cn_1", "document_id": "cn_1", "line_number": 1, "detail_number": 1, "amount_minor": 20}
        | {"tax_basis_minor": 200, "netsuite_tax_code_id": "41", "netsuite_tax_type_id": "51"}
        | {"tax_code_found_by": "tax_map.csv txr_1", "tax_rate_percent": Decimal("10.0000000000")},
    )
    refund = {"document_id": "cn_1", "external_id": "cn_1", "application_type": "customer_refund"}
    insert(
        warehouse,
        "credit_memo_applications",
        refund
        | {"target_external_id": "re_1", "target_netsuite_id": "71", "amount_minor": 1888}
        | {"state": "blocked", "reason": "netsuite_differs", "detail": "Customer refund 71 shows something else."},
        {"document_id": "cn_1", "external_id": "cn_1", "application_type": "out_of_band", "amount_minor": 333}
        | {"state": "posted", "reason": "created", "detail": "Applied in NetSuite."},
    )
    insert(
        warehouse,
        "customer_refunds",
        {"external_id": "ns_refund:1", "stripe_refund_id": "re_1", "netsuite_internal_id": "71", "currency": "usd"}
        | {"amount_minor": 1888, "tran_date": date(2026, 3, 1), "state": "blocked", "reason": "netsuite_differs"}
        | {"detail": "Customer refund 71 shows something else.", "memo_text": "Stripe: re_1."},
    )
    insert(
        warehouse,
        "journal_entries",
        {"external_id": "re_old_cn_old_income", "document_id": "cn_old", "stripe_refund_id": "re_old"}
        | {"currency": "usd", "amount_minor": 300, "state": "posted", "reason": "created"}
        | {"netsuite_internal_id": "81", "debit_netsuite_account_id": "12", "credit_netsuite_account_id": "13"},
    )
    insert(
        warehouse,
        "zero_amount_invoices",
        {"external_id": "in_2", "document_id": "in_2", "currency": "xxx", "state": "ready", "reason": "ready"}
        | {"detail": "The next push posts in_2 to NetSuite.", "netsuite_internal_id": None},
    )
    insert(
        warehouse,
        "zero_amount_invoice_lines",
        {"external_id": "in_2", "line_number": 1, "netsuite_item_id": "102", "quantity": Decimal(1)}
        | {"item_found_by": "default_items.csv unallocated_invoice_item"},
    )
    insert(
        warehouse,
        "netsuite_field_values",
        {"record_type": "creditMemo", "external_id": "cn_1", "line_number": 1, "netsuite_field": "custcol_1"}
        | {"value_type": "text", "value": "b"},
        {"record_type": "creditMemo", "external_id": "cn_1", "netsuite_field": "custbody_1"}
        | {"value_type": "text", "value": "a"},
        {"record_type": "creditMemo", "external_id": "cn_else", "netsuite_field": "custbody_1", "value": "c"},
    )
    log = {"run_id": "run_1", "attempt_id": "1", "record_type": "creditMemo", "external_id": "cn_1"}
    insert(
        warehouse,
        "netsuite_load_log",
        # rule P9: the order is that of the positions, whatever the clock says
        log
        | {"position": 2, "at": datetime(2026, 3, 3, 8, tzinfo=UTC), "operation": "create", "status": "created"}
        | {"http_status": 204, "internal_id": "61", "duration_ms": 90},
        log
        | {"position": 1, "at": datetime(2026, 3, 3, 9, tzinfo=UTC), "operation": "create", "status": "attempted"}
        | {"payload": '{"secret": "body"}'},
        {"position": 3, "at": datetime(2026, 3, 3, 9, tzinfo=UTC), "run_id": "run_1", "attempt_id": "2"}
        | {"record_type": "customerRefund", "external_id": "ns_refund:1", "operation": "create", "status": "rejected"}
        | {"http_status": 400, "error_code": "USER_ERROR", "error_detail": MARKUP},
        {"position": 4, "run_id": "run_1", "attempt_id": "3", "record_type": "serviceSaleItem", "operation": "create"}
        | {"external_id": "price_new", "status": "created", "internal_id": "109"},
        log | {"position": 5, "external_id": "cn_else", "operation": "create", "status": "created"},
    )
    insert(
        warehouse,
        "netsuite_drift",
        {"record_type": "creditMemo", "external_id": "cn_1", "internal_id": "61", "difference": "total"}
        | {"expected_minor": 2221, "found_minor": 2200, "currency": "usd", "detail": "The total was changed."}
        | {"reconciled_at": datetime(2026, 3, 9, tzinfo=UTC), "at": datetime(2026, 3, 9, tzinfo=UTC)},
    )
