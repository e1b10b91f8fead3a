"""A trace in 80 columns and as JSON: the whole content, and no text of others that acts."""

from __future__ import annotations

import io
import json

import duckdb

from pipeline.console import console
from report.find import find
from report.trace import traces
from report.trace_text import as_json, print_hits, print_trace
from tests.report.conftest import MARKUP
from tests.report.marts import insert

SHOWN_MARKUP = MARKUP.replace("\x1b", "\ufffd")


def shown(warehouse: duckdb.DuckDBPyConnection, id: str) -> str:
    text = io.StringIO()
    page = console(text)
    page.width = 80
    (trace,) = traces(warehouse, [id])
    print_trace(page, trace)
    return text.getvalue()


def flowing(text: str) -> str:
    return " ".join(text.split())


def test_a_memo_that_is_smaller_than_its_note_is_explained(warehouse: duckdb.DuckDBPyConnection) -> None:
    text = flowing(shown(warehouse, "cn_1"))
    for sentence in (
        "cn_1: credit note of 91.50 USD, posted (created)",
        "91.50 USD credit note cn_1 (A-1-CN-01): issued, created 2026-03-01",
        "158.49 USD invoice in_1 (A-1): paid, created 2026-03-01, finalized 2026-03-01, paid 2026-03-02",
        "2000 JPY refund re_1: succeeded",
        "What becomes of 91.50 USD",
        "69.29 customer balance cbtxn_1: kept there, no memo until it is used (C1)",
        "Credit memo cn_1: 22.21 USD, posted (created), NetSuite 61",
        "customer 21 (by customer_map.csv), invoice 31 (by external id), account 11",
        "scaled from 91.50 to 22.21 (S1)",
        f"1 20.00 item, item 101 by item_map.csv price_1 (L1): 2.5 x {SHOWN_MARKUP}",
        "2 2.21 tax, no item: nothing names one, tax rate txr_1 (L8)",
        "3 0.00 item, item price_new by created by the push (L1)",
        "tax 0.20 of line 1, on 2.00, code 41, type 51 by tax_map.csv txr_1 (L8)",
        "field custcol_1 of line 1: b (by field_map.csv)",
        "Customer refund ns_refund:1: 18.88 USD, blocked (netsuite_differs), NetSuite 71",
        "18.88 customer refund re_1, NetSuite 71: blocked (netsuite_differs) Customer refund 71 shows something else.",
        "2026-03-03 09:00:00 create creditMemo cn_1: attempted",
        "2026-03-03 08:00:00 create creditMemo cn_1: created (HTTP 204, NetSuite 61)",
        f"rejected (HTTP 400, USER_ERROR, {SHOWN_MARKUP})",
        "creditMemo cn_1, total (posted 22.21, found 22.00): The total was changed.",
    ):
        assert flowing(sentence) in text


def test_times_are_utc_in_any_session(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("set timezone = 'America/New_York'")
    assert "2026-03-03 09:00:00  create creditMemo cn_1: attempted" in shown(warehouse, "cn_1")
    content = json.loads(as_json("cn_1", [], traces(warehouse, ["cn_1"])))
    assert content["documents"][0]["log"][0]["at"] == "2026-03-03T09:00:00Z"


def test_no_line_is_wider_than_the_terminal_and_no_id_is_broken(warehouse: duckdb.DuckDBPyConnection) -> None:
    long_id = "re_1MxvRqLkdIwHu7ixY0xbUcxkLongerThanAny"
    warehouse.execute("update marts.credit_document_objects set stripe_id = ? where object_type = 'refund'", [long_id])
    text = shown(warehouse, "cn_1")
    assert max(len(line) for line in text.splitlines()) <= 80
    assert long_id in text


def test_nothing_of_others_acts(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert "\x1b" not in shown(warehouse, "cn_1")


def test_a_document_that_is_not_known_yet_says_so(warehouse: duckdb.DuckDBPyConnection) -> None:
    text = flowing(shown(warehouse, "cn_2"))
    assert "credit note cn_2: not read from Stripe" in text
    assert "5.00 the whole note: not known, see the reason above" in text
    assert "Requests" not in text and "Applications" not in text


def test_an_unknown_currency_stays_in_its_minor_unit(warehouse: duckdb.DuckDBPyConnection) -> None:
    text = flowing(shown(warehouse, "in_2"))
    assert "in_2: negative invoice of -700 minor units XXX, ready" in text
    assert "1 0 minor units zero amount, item 102 by default_items.csv unallocated_invoice_item (N1): 1 x" in text


def test_the_states_so_far_are_shown(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        'insert into marts.credit_outcome_history (document_id, "from", "to", state, reason, position) values '
        "('cn_1', '2026-03-01 00:00Z', '2026-03-02 10:00Z', 'waiting', 'invoice_open', 1), "
        "('cn_1', '2026-03-02 10:00Z', null, null, null, 2)"
    )
    text = flowing(shown(warehouse, "cn_1"))
    assert "2026-03-01 00:00:00 waiting (invoice_open) until 2026-03-02 10:00:00" in text
    assert "2026-03-02 10:00:00 not a document any more" in text


def test_several_documents_are_listed_with_what_the_id_is(warehouse: duckdb.DuckDBPyConnection) -> None:
    hits = find(warehouse, "A-1")
    text = io.StringIO()
    print_hits(console(text), "A-1", hits, traces(warehouse, [hit.document_id for hit in hits]))
    said = flowing(text.getvalue())
    assert "A-1 leads to 2 documents" in said
    assert "91.50 USD cn_1, posted (created): A-1 is its number of the Stripe invoice" in said
    assert "5.00 USD cn_2, blocked (parts_do_not_add_up)" in said


def test_json_holds_the_same_content(warehouse: duckdb.DuckDBPyConnection) -> None:
    hits = find(warehouse, "cn_1")
    content = json.loads(as_json("cn_1", hits, traces(warehouse, ["cn_1"])))
    assert content["id"] == "cn_1"
    assert content["hits"] == [{"document_id": "cn_1", "found_as": "document"}]
    (document,) = content["documents"]
    assert set(document) == {
        *("document", "objects", "parts", "records", "lines", "tax_details", "fields", "applications", "history"),
        *("log", "drift"),
    }
    (kept,) = (part for part in document["parts"] if part["part"] == "kept")
    assert (kept["amount_minor"], kept["amount"]) == (6929, "69.29")
    assert document["document"]["created_at"] == "2026-03-01T09:00:00Z"
    assert document["records"][0]["tran_date"] == "2026-03-01"
    assert document["lines"][0]["quantity"] == "2.5" and document["lines"][0]["description"] == MARKUP
    assert document["log"][0]["at"] == "2026-03-03T09:00:00Z"
    assert document["drift"][0]["reconciled_at"] == "2026-03-09T00:00:00Z"


def test_whole_quantities_have_no_exponent(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update marts.credit_memo_lines set quantity = 1000 where line_number = 1")
    assert "1000 x" in shown(warehouse, "cn_1")


def test_numbers_and_names_stand_beside_the_ids(warehouse: duckdb.DuckDBPyConnection) -> None:
    """As far as the last extract knows them."""
    assert "NetSuite 61\n" in shown(warehouse, "cn_1")
    warehouse.execute("update marts.credit_memos set netsuite_account_id = '11' where document_id = 'cn_1'")
    numbers = (("61", "CM 7"), ("31", "INV-31"), ("71", "[red]9"))
    insert(
        warehouse,
        "netsuite_names",
        *({"record_kind": "transaction", "netsuite_id": id, "record_number": number} for id, number in numbers),
        {"record_kind": "account", "netsuite_id": "11", "shown_as": "1100 Receivable"},
        {"record_kind": "account", "netsuite_id": "61", "record_number": "1", "shown_as": "1 of another kind"},
    )
    text = flowing(shown(warehouse, "cn_1"))
    for words in ("NetSuite 61 CM 7", "invoice 31 INV-31 (by ", "account 11 1100 Receivable", "NetSuite 71 [red]9"):
        assert words in text
    assert "of another kind" not in text
