"""Settled customers are not asked for; any change of their objects unsettles them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.last_transform import note_transform, rules_fingerprint
from extract.netsuite.run import note_asked_ids
from extract.netsuite.settled_customers import SettledCustomers
from extract.netsuite.snapshot import store_snapshot
from extract.netsuite.wanted import Wanted
from extract.raw_tables import ASKED_IDS, NETSUITE_COLUMNS
from mapping_files.reader import create_missing
from settings import Settings
from tests.extract.fake_stripe import credit_note, customer, invoice, ledger_row, refund
from tests.extract.netsuite.raw_rows import put


def test_settled_customers_are_not_asked_for(settings: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    settled = SettledCustomers.of(settings, warehouse)
    assert settled.left_out == {"cus_1", "cus_2"}
    wanted = Wanted.of(settings, warehouse, settled.left_out)
    assert not (wanted.customers | wanted.invoices | wanted.externals)
    warehouse.execute("update marts.credit_outcomes set state = 'waiting' where document_id = 'cn_1'")
    settled = SettledCustomers.of(settings, warehouse)
    wanted = Wanted.of(settings, warehouse, settled.left_out)
    assert (wanted.customers, wanted.invoices) == ({"cus_1"}, {"in_1"})
    assert wanted.externals == {"cn_1", "re_1", "ns_memo:cn_1", "ns_memo:re_1"}


def test_what_settled_customers_were_asked_for_stays_known(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """Else an id of theirs that NetSuite lacks would pass for one that nobody has asked for yet."""
    warehouse.execute(ASKED_IDS)
    query = "select table_name, id from raw_netsuite.asked_ids order by all"
    wanted = Wanted.of(settings, warehouse, frozenset())
    some = replace(wanted, customer_ids={"8"}, transaction_ids=set(), item_ids=set(), account_ids=set())
    note_asked_ids(warehouse, replace(some, customer_ids={"7", "8"}, transaction_ids={"70"}), is_all=True)
    before = warehouse.execute(query).fetchall()
    assert before == [("customers", "7"), ("customers", "8"), ("transactions", "70")]
    note_asked_ids(warehouse, some, is_all=False)
    assert warehouse.execute(query).fetchall() == before
    note_asked_ids(warehouse, some, is_all=True)
    assert warehouse.execute(query).fetchall() == [("customers", "8")]


@pytest.mark.parametrize(
    ("table", "item", "parent"),
    [
        ("credit_notes", credit_note("cn_1", customer="cus_1", invoice="in_1", status="void"), None),
        ("credit_notes", credit_note("cn_new", customer="cus_1", invoice="in_1"), None),
        ("invoices", invoice("in_1", customer="cus_1", status="void"), None),
        ("customers", customer("cus_1", metadata={"netsuite_customer_id": "7"}), None),
        ("refunds", refund("re_1", status="failed"), None),
        ("customer_balance_transactions", ledger_row("cbtxn_1", 5, invoice="in_1"), "cus_1"),
        ("invoice_payments", {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1"}, None),
        (
            "balance_transactions",
            {"id": "txn_1", "object": "balance_transaction", "source": "re_1"},
            "po_1",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_of_any_object_of_a_customer_unsettles_it(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    table: str,
    item: dict[str, Any],
    parent: str | None,
) -> None:
    put(warehouse, table, item, parent=parent)
    assert SettledCustomers.of(settings, warehouse).left_out == {"cus_2"}


def test_a_waiting_application_unsettles_its_customer(settings: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        "insert into marts.credit_memo_applications values ('cn_1', 'customer_refund', 're_1', 'waiting')"
    )
    assert SettledCustomers.of(settings, warehouse).left_out == {"cus_2"}


def test_a_customer_is_read_once_more_after_its_last_posting(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    nothing: dict[str, list[Any]] = {table: [] for table in NETSUITE_COLUMNS}
    warehouse.execute("update marts.credit_outcomes set state = 'ready' where document_id = 'cn_1'")
    store_snapshot(warehouse, nothing, None, SettledCustomers.of(settings, warehouse).settled)
    warehouse.execute("update marts.credit_outcomes set state = 'posted'")  # by the push of that run
    assert SettledCustomers.of(settings, warehouse).left_out == {"cus_2"}
    store_snapshot(warehouse, nothing, None, SettledCustomers.of(settings, warehouse).settled)
    assert SettledCustomers.of(settings, warehouse).left_out == {"cus_1", "cus_2"}


def test_everything_is_asked_for_when_rules_may_have_changed(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "mappings"
    create_missing(folder)
    settings = settings.model_copy(update={"mappings_dir": folder})

    def why(settings: Settings = settings) -> str | None:
        settled = SettledCustomers.of(settings, warehouse)
        assert not settled.left_out or not settled.why_none
        return settled.why_none

    note_transform(warehouse, rules_fingerprint(settings))
    assert why() is None
    other = settings.model_copy(update={"pipeline_vars": {"go_live_date": "2026-01-01"}})
    assert "changed" in (why(other) or "")
    decisions = folder / "manual_decisions.csv"
    decisions.write_text("document_id,decision,note\n\n", encoding="utf-16")
    assert why() is None, "written otherwise, the same rows"
    decisions.write_text("document_id,decision,note\ncn_1,skip,\n")
    assert "changed" in (why() or "")
    note_transform(warehouse, rules_fingerprint(settings))
    warehouse.execute("drop schema marts cascade")
    assert "marts" in (why() or "")
    warehouse.execute("delete from raw_stripe.extract_transforms")
    assert "no transform" in (why() or "")
