"""Every kind of id leads to its documents, and an id that leads nowhere to those that look like it."""

from __future__ import annotations

import duckdb
import pytest

from report.find import find, nearest
from tests.report.marts import insert


def found(warehouse: duckdb.DuckDBPyConnection, id: str) -> list[tuple[str, str]]:
    return [(hit.document_id, hit.found_as) for hit in find(warehouse, id)]


@pytest.mark.parametrize(
    ("id", "documents"),
    [
        ("cn_1", [("cn_1", "document")]),
        ("in_1", [("cn_1", "Stripe invoice"), ("cn_2", "Stripe invoice")]),
        ("in_2", [("in_2", "document")]),
        ("re_1", [("cn_1", "Stripe refund")]),
        ("cbtxn_1", [("cn_1", "Stripe customer balance transaction")]),
        ("A-1-CN-01", [("cn_1", "number of the Stripe credit note")]),
        ("A-1", [("cn_1", "number of the Stripe invoice"), ("cn_2", "number of the Stripe invoice")]),
        ("ns_refund:1", [("cn_1", "external id of a customer refund")]),
        ("re_old_cn_old_income", [("cn_old", "external id of a journal entry")]),
        ("61", [("cn_1", "creditMemo in NetSuite")]),
        ("31", [("cn_1", "invoice in NetSuite")]),
        ("71", [("cn_1", "customerRefund in NetSuite")]),
        ("81", [("cn_old", "journalEntry in NetSuite")]),
        ("CN_1", []),
        ("", []),
        ("%", []),
        ("' or '1' = '1", []),
    ],
)
def test_an_id_leads_to_its_documents(
    warehouse: duckdb.DuckDBPyConnection, id: str, documents: list[tuple[str, str]]
) -> None:
    assert found(warehouse, id) == documents


def test_an_adopted_memo_is_found_by_its_own_external_id(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Rule K2."""
    warehouse.execute("update marts.credit_outcomes set external_id = 'ns_memo:cn_1' where document_id = 'cn_1'")
    assert found(warehouse, "ns_memo:cn_1") == [("cn_1", "external id")]


def test_an_internal_id_may_be_that_of_several_records(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update marts.credit_outcomes set netsuite_internal_id = '61' where document_id = 'in_2'")
    insert(warehouse, "credit_memos", {"document_id": "cn_2", "external_id": "cn_2", "netsuite_invoice_id": "61"})
    assert found(warehouse, "61") == [
        ("cn_1", "creditMemo in NetSuite"),
        ("cn_2", "invoice in NetSuite"),
        ("in_2", "invoice in NetSuite"),
    ]


@pytest.mark.parametrize(
    ("id", "ids"),
    [
        ("cn_9", ["cn_1", "cn_2"]),  # one letter
        ("CN_1", ["cn_1", "cn_2", "in_1"]),
        ("A-1-", ["A-1", "A-1-CN-01"]),  # the beginning
        ("cbtxn_2", ["cbtxn_1"]),
        ("nothing_like_it", []),
        ("", []),
    ],
)
def test_the_nearest_ids_are_named(warehouse: duckdb.DuckDBPyConnection, id: str, ids: list[str]) -> None:
    assert set(ids) <= set(nearest(warehouse, id)) if ids else nearest(warehouse, id) == []
    assert nearest(warehouse, id)[:1] == ids[:1]


def test_at_most_so_many_ids_are_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    insert(warehouse, "credit_outcomes", *({"document_id": f"cn_long_{n}"} for n in range(9)))
    assert nearest(warehouse, "cn_long_x", most=3) == ["cn_long_0", "cn_long_1", "cn_long_2"]


def test_a_document_number_of_netsuite_leads_to_the_documents(warehouse: duckdb.DuckDBPyConnection) -> None:
    for id, number in (("61", "CM7"), ("31", "INV31"), ("71", "R1"), ("81", "J1")):
        insert(warehouse, "netsuite_names", {"record_kind": "transaction", "netsuite_id": id, "record_number": number})
    insert(warehouse, "netsuite_names", {"record_kind": "account", "netsuite_id": "61", "record_number": "1100"})
    assert found(warehouse, "CM7") == [("cn_1", "number of the creditMemo in NetSuite")]
    assert ("cn_1", "number of the invoice in NetSuite") in found(warehouse, "INV31")
    assert found(warehouse, "R1") == [("cn_1", "number of the customerRefund in NetSuite")]
    assert found(warehouse, "J1") == [("cn_old", "number of the journalEntry in NetSuite")]
    assert found(warehouse, "1100") == []
