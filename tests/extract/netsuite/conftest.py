from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.last_transform import note_transform, rules_fingerprint
from extract.netsuite.settled_customers import SettledCustomers
from extract.netsuite.snapshot import store_snapshot
from extract.raw_tables import NETSUITE_COLUMNS, declare_all
from settings import Settings
from tests.extract.fake_stripe import KEY, credit_note, customer, invoice, refund
from tests.extract.netsuite.raw_rows import put
from warehouse.connection import open_warehouse


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, stripe_api_key=KEY, warehouse_path=tmp_path / "w.duckdb")


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Two customers with a credit note each, both posted in the last build, and NetSuite read since."""
    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        for n in (1, 2):
            put(connection, "customers", customer(f"cus_{n}"))
            put(connection, "invoices", invoice(f"in_{n}", customer=f"cus_{n}"))
            put(connection, "refunds", refund(f"re_{n}"))
            put(
                connection,
                "credit_notes",
                credit_note(f"cn_{n}", customer=f"cus_{n}", invoice=f"in_{n}", refunds=[{"refund": f"re_{n}"}]),
            )
        connection.execute("""
            create schema marts;
            create table marts.credit_outcomes as select * from (values
                ('cn_1', 'cus_1', 'cn_1', 'posted'), ('cn_2', 'cus_2', 'cn_2', 'skipped')
            ) as rows (document_id, stripe_customer_id, external_id, state);
            create table marts.credit_memo_applications as select * from (values
                ('cn_1', 'invoice', 'in_1', 'posted')
            ) as rows (external_id, application_type, target_external_id, state)""")
        note_transform(connection, rules_fingerprint(settings))
        nothing: dict[str, list[Any]] = {table: [] for table in NETSUITE_COLUMNS}
        store_snapshot(connection, nothing, None, SettledCustomers.of(settings, connection).settled)
        yield connection
