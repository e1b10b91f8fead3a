"""The summary: which push it shows as the last one, and when NetSuite was last compared with the journal."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from load_netsuite.tables import ensure_tables
from pipeline.console import console, printable
from pipeline.summary import print_summary
from tests.pipeline.test_commands import start

MARTS = """
create schema marts;
create schema reference;
create table marts.credit_outcomes (
    document_id varchar, state varchar, currency varchar, amount_minor bigint, reason varchar, detail varchar
);
create table marts.credit_memos (external_id varchar, currency varchar);
create table marts.credit_memo_applications (
    external_id varchar, application_type varchar, amount_minor bigint, state varchar, reason varchar
);
create table marts.credit_balance_check (
    stripe_customer_id varchar, currency varchar, tax_not_reversed_minor bigint, unattributed_minor bigint
);
create table reference.currencies (currency varchar, stripe_exponent integer);
create view marts.netsuite_load_log as select * from load_netsuite.load_log;
"""


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        ensure_tables(connection)
        connection.execute(MARTS)
        yield connection


def shown(warehouse: duckdb.DuckDBPyConnection) -> str:
    text = io.StringIO()
    print_summary(warehouse, console(text), None)
    return text.getvalue()


def log(warehouse: duckdb.DuckDBPyConnection, position: int, run: str, at: str, record_type: str) -> None:
    warehouse.execute(
        'insert into load_netsuite.load_log (position, run_id, "at", record_type, status) values (?, ?, ?, ?, ?)',
        [position, run, at, record_type, "created"],
    )


def test_the_last_push_is_the_last_one_in_the_journal_whatever_its_clock_said(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Rule P9: a run with a clock 200 days ahead does not stay the last one for 200 days."""
    log(warehouse, 1, "ahead", "2026-10-01", "creditMemo")
    log(warehouse, 2, "later", "2026-03-15", "journalEntry")
    assert "journalEntry" in shown(warehouse)
    assert "creditMemo" not in shown(warehouse)


def test_the_summary_says_when_netsuite_was_last_compared(warehouse: duckdb.DuckDBPyConnection) -> None:
    never = "NetSuite was never compared with the journal: run `make reconcile`."
    assert never in shown(warehouse)
    warehouse.execute(
        "insert into load_netsuite.reconciliations (reconciled_at, records, differences) values "
        "('2026-10-01 08:00Z', 5, 0), ('2026-03-15 09:30Z', 78, 2)"
    )
    last = "NetSuite was last compared with the journal at 2026-03-15 09:30 UTC: 78 records, 2 differences."
    assert last in " ".join(shown(warehouse).split())
    assert never not in shown(warehouse)


def test_the_summary_counts_applications_by_state_reason_and_currency(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("insert into reference.currencies values ('usd', 2), ('jpy', 0)")
    warehouse.execute("insert into marts.credit_memos values ('cn_1', 'usd'), ('cn_2', 'usd'), ('cn_3', 'jpy')")
    warehouse.execute("""
        insert into marts.credit_memo_applications values
            ('cn_1', 'invoice', 1050, 'posted', 'posted'),
            ('cn_2', 'invoice', 2000, 'posted', 'posted'),
            ('cn_2', 'customer_refund', 700, 'blocked', 'refund_failed'),
            ('cn_3', 'invoice', 500, 'posted', 'posted')
    """)
    lines = [" ".join(line.replace("|", " ").split()) for line in shown(warehouse).splitlines()]
    assert "posted posted invoice JPY 1 500" in lines
    assert "posted posted invoice USD 2 30.50" in lines
    assert "blocked refund_failed customer_refund USD 1 7.00" in lines


def test_the_summary_names_tax_that_is_not_reversed_and_rows_without_an_invoice(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Rules B5 and O2."""
    warehouse.execute("insert into reference.currencies values ('usd', 2), ('jpy', 0)")
    warehouse.execute("insert into marts.credit_balance_check values ('cus_1', 'usd', 0, 0), ('cus_2', 'eur', 0, 0)")
    quiet = " ".join(shown(warehouse).split())
    assert "not reversed" not in quiet
    assert "no invoice" not in quiet
    warehouse.execute("""
        insert into marts.credit_balance_check values
            ('cus_3', 'usd', 210, 0), ('cus_4', 'usd', 40, 4000), ('cus_4', 'jpy', 0, -300)
    """)
    said = " ".join(shown(warehouse).split())
    assert "Tax of 2.50 USD on used balances of 2 customers is not reversed in NetSuite" in said
    assert "Ledger rows of 40.00 USD of 1 customer belong to no invoice" in said
    assert "Ledger rows of -300 JPY of 1 customer belong to no invoice" in said


def test_no_control_character_reaches_the_terminal(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Text from outside is shown, never obeyed: neither by the terminal nor as rich's markup."""
    detail = "[/b] red \x1b[31m bell \x07 csi \x9b31m"
    warehouse.execute(
        "insert into marts.credit_outcomes values ('cn_1', 'blocked', 'usd', 100, 'netsuite_rejected', ?)", [detail]
    )
    text = shown(warehouse)
    assert "[/b] red \ufffd[31m bell \ufffd csi \ufffd31m" in text
    assert not {"\x1b", "\x07", "\x9b"} & set(text)
    assert printable("a\nb\tc\x00\r") == "a\nb\tc\ufffd\ufffd"


def test_a_report_of_the_marts_of_an_earlier_version_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(path) as warehouse:
        ensure_tables(warehouse)
        warehouse.execute(MARTS)
    code, lines = start("report", path)
    assert code == 1
    assert lines[0].startswith("report: there are no marts of this version yet; run `make run`, or `make transform`")
