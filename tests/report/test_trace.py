"""What a trace holds: each section of each document, exact amounts, the order of the journal, no bodies."""

from __future__ import annotations

import duckdb
import pytest

from report.links import Links
from report.trace import LINE_RULES, PART_RULES, SECTIONS, SECTIONS_OF_RECORDS, decimal_text, traces
from tests.report.marts import insert
from tests.support.docs import rules


def test_a_trace_goes_from_stripe_to_netsuite(warehouse: duckdb.DuckDBPyConnection) -> None:
    (trace,) = traces(warehouse, ["cn_1"])
    assert (trace.document["amount_minor"], trace.document["amount"]) == (9150, "91.50")
    assert [(row["object_type"], row["stripe_number"], row["amount"]) for row in trace.objects] == [
        ("credit_note", "A-1-CN-01", "91.50"),
        ("invoice", "A-1", "158.49"),
        ("refund", None, "2000"),  # in yen
        ("customer_balance_transaction", None, "-69.29"),
    ]
    assert [(row["part"], row["amount"], row["becomes"], row["rule"]) for row in trace.parts] == [
        ("refund", "18.88", "memo_applied_to_refund", "R1"),
        ("out_of_band", "3.33", "memo_left_unapplied", "C7"),
        ("kept", "69.29", "kept_in_balance", "C1"),
    ]
    assert [(row["record_type"], row["external_id"], row["amount"]) for row in trace.records] == [
        ("creditMemo", "cn_1", "22.21"),
        ("customerRefund", "ns_refund:1", "18.88"),
    ]
    assert [(row["line_number"], row["item_found_by"], row["amount"], row["rule"]) for row in trace.lines] == [
        (1, "item_map.csv price_1", "20.00", "L1"),
        (2, None, "2.21", "L8"),
        (3, "created by the push", "0.00", "L1"),
    ]
    assert [(row["tax_basis"], row["tax_code_found_by"]) for row in trace.tax_details] == [
        ("2.00", "tax_map.csv txr_1")
    ]
    assert [(row["line_number"], row["value"]) for row in trace.fields] == [(None, "a"), (1, "b")]
    assert [(row["application_type"], row["target_netsuite_id"]) for row in trace.applications] == [
        ("customer_refund", "71"),
        ("out_of_band", None),
    ]
    assert [(row["expected"], row["found"]) for row in trace.drift] == [("22.21", "22.00")]
    assert trace.history == []


def test_the_log_is_in_the_order_of_the_journal_and_without_bodies(warehouse: duckdb.DuckDBPyConnection) -> None:
    (trace,) = traces(warehouse, ["cn_1"])
    assert [(row["record_type"], row["status"], row["internal_id"]) for row in trace.log] == [
        ("creditMemo", "attempted", None),
        ("creditMemo", "created", "61"),
        ("customerRefund", "rejected", None),
        ("serviceSaleItem", "created", "109"),
    ]
    assert "secret" not in str(vars(trace))


def test_a_negative_invoice_and_a_journal_entry(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Rules N1 and G2; an unknown currency has no decimals."""
    negative, old = traces(warehouse, ["in_2", "cn_old"])
    assert (negative.document["amount_minor"], negative.document["amount"]) == (-700, None)
    assert [(row["line_kind"], row["amount_minor"], row["rule"]) for row in negative.lines] == [
        ("zero_amount", 0, "N1")
    ]
    assert [(row["record_type"], row["debit_netsuite_account_id"]) for row in old.records] == [("journalEntry", "12")]


def test_a_refund_of_two_notes_is_in_both(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Rule R3."""
    insert(
        warehouse,
        "credit_memo_applications",
        {"document_id": "cn_2", "external_id": "cn_2", "application_type": "customer_refund"}
        | {"target_external_id": "re_1", "amount_minor": 100, "state": "ready", "reason": "ready"},
    )
    for trace in traces(warehouse, ["cn_1", "cn_2"]):
        assert [row["external_id"] for row in trace.records if row["record_type"] == "customerRefund"] == [
            "ns_refund:1"
        ]
        assert [row["status"] for row in trace.log if row["record_type"] == "customerRefund"] == ["rejected"]


def test_the_states_so_far_come_in_the_order_in_which_they_were_seen(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Whatever the clock said."""
    warehouse.execute(
        'insert into marts.credit_outcome_history (document_id, "from", state, position) values '
        "('cn_1', '2026-03-01 00:00Z', 'posted', 3), "
        "('cn_1', '2026-03-02 00:00Z', 'waiting', 1), "
        "('cn_2', '2026-03-01 00:00Z', 'blocked', 2)"
    )
    (trace,) = traces(warehouse, ["cn_1"])
    assert [row["state"] for row in trace.history] == ["waiting", "posted"]


def test_documents_come_in_the_order_asked_for(warehouse: duckdb.DuckDBPyConnection) -> None:
    asked = ["in_2", "cn_unknown", "cn_1", "in_2"]
    assert [trace.document["document_id"] for trace in traces(warehouse, asked)] == ["in_2", "cn_1"]
    assert traces(warehouse, []) == []


class Counted:
    """A connection that counts its queries."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection, self.queries = connection, 0

    def execute(self, *arguments: object) -> duckdb.DuckDBPyConnection:
        self.queries += 1
        return self.connection.execute(*arguments)


def test_many_documents_take_as_many_queries_as_one(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The report shows a thousand."""
    counted = Counted(warehouse)
    traces(counted, ["cn_1", "cn_2", "in_2", "cn_old"])
    assert counted.queries == len(SECTIONS) + len(SECTIONS_OF_RECORDS) + 1  # the documents


def test_pages_are_linked_where_the_accounts_are_known(warehouse: duckdb.DuckDBPyConnection) -> None:
    (plain,) = traces(warehouse, ["cn_1"])
    assert {row["url"] for row in (*plain.objects, *plain.records)} == {None}
    (linked,) = traces(warehouse, ["cn_1"], Links("1234567_SB1", stripe_is_live=False))
    assert [row["url"] for row in linked.records] == [
        "https://1234567-sb1.app.netsuite.com/app/accounting/transactions/custcred.nl?id=61",
        "https://1234567-sb1.app.netsuite.com/app/accounting/transactions/custrfnd.nl?id=71",
    ]
    assert [row["url"] for row in linked.objects] == [
        "https://dashboard.stripe.com/test/credit_notes/cn_1",
        "https://dashboard.stripe.com/test/invoices/in_1",
        None,
        None,
    ]
    assert Links("1", True).stripe("invoice", "in_/../1?x") == "https://dashboard.stripe.com/invoices/in_%2F..%2F1%3Fx"
    assert Links("1", True).netsuite("serviceSaleItem", "5") is None


@pytest.mark.parametrize(
    ("minor", "decimals", "text"),
    [
        (2221, 2, "22.21"),
        (-5, 2, "-0.05"),
        (5, 3, "0.005"),
        (700, 0, "700"),
        (0, 2, "0.00"),
        (9007199254740993, 2, "90071992547409.93"),  # more than a float holds
        (None, 2, None),
        (5, None, None),
    ],
)
def test_amounts_are_exact(minor: int | None, decimals: int | None, text: str | None) -> None:
    assert decimal_text(minor, decimals) == text


def test_every_rule_that_a_trace_names_has_a_text() -> None:
    assert {*LINE_RULES.values(), *PART_RULES.values(), "B3", "S1"} <= rules().keys()
