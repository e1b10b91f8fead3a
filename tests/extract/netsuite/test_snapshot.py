"""The snapshot replaces the rows that were asked for, in one transaction."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from extract.errors import ExtractError
from extract.netsuite.snapshot import require_amounts, store_snapshot
from extract.netsuite.wanted import Wanted
from extract.raw_tables import NETSUITE_COLUMNS, declare_all
from settings import Settings
from warehouse.connection import open_warehouse


def test_the_snapshot_is_replaced_only_when_it_changed(settings: Settings) -> None:
    def write(rows: list[dict[str, str | None]]) -> list[str]:
        snapshot: dict[str, list[Any]] = {table: [] for table in NETSUITE_COLUMNS}
        snapshot["subsidiaries"] = rows
        with open_warehouse(settings.warehouse_path) as connection:
            declare_all(connection)
            return store_snapshot(connection, snapshot, None, frozenset())

    def present() -> list[Any]:
        with duckdb.connect(settings.warehouse_path) as connection:
            return connection.execute("select id from raw_netsuite.subsidiaries order by id").fetchall()

    assert write([{"id": "1"}, {"id": "2"}]) == ["subsidiaries"]
    assert write([{"id": "2"}, {"id": "1"}]) == []
    assert write([{"id": "3"}]) == ["subsidiaries"]
    assert present() == [("3",)]
    assert write([]) == ["subsidiaries"]
    assert present() == []


def test_rows_not_asked_for_stay_and_deleted_records_go(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    def rows(table: str, *values: dict[str, str]) -> list[dict[str, Any]]:
        return [{column: value.get(column) for column in NETSUITE_COLUMNS[table]} for value in values]

    def link(invoice_id: str, memo_id: str, amount: str) -> dict[str, str]:
        return {"previousdoc": invoice_id, "nextdoc": memo_id, "foreignamount": amount}

    def snapshot(**tables: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        return {**{table: [] for table in NETSUITE_COLUMNS}, **tables}

    def transaction(id: str, number: str) -> dict[str, str]:
        return {"record_kind": "transaction", "id": id, "number": number}

    first = snapshot(
        customers=rows("customers", {"id": "1", "externalid": "CUS_1"}, {"id": "2", "stripe_id": "cus_2"}),
        transactions=rows(
            "transactions",
            {"id": "11", "type": "CustInvc", "externalid": "IN_1"},
            {"id": "12", "type": "CustCred", "externalid": "cn_1"},
            {"id": "13", "type": "CustRfnd", "externalid": "re_1"},
            {"id": "21", "type": "CustInvc", "externalid": "in_2"},
            {"id": "22", "type": "CustCred", "externalid": "cn_2"},
        ),
        applications=rows(
            "applications",
            link("11", "12", "1"),
            link("13", "12", "2"),
            link("11", "99", "3"),
            link("21", "22", "4"),
        ),
        currencies=rows("currencies", {"id": "1", "symbol": "EUR"}),
        record_names=rows("record_names", transaction("12", "CM1"), transaction("22", "CM2")),
    )
    store_snapshot(warehouse, first, None, frozenset())
    warehouse.execute("update marts.credit_outcomes set state = 'waiting' where document_id = 'cn_1'")
    asked = Wanted.of(settings, warehouse, frozenset({"cus_2"}))
    # The refund is gone, the invoice has another payment instead of the first one.
    again = snapshot(
        customers=rows("customers", {"id": "1", "externalid": "CUS_1", "isinactive": "T"}),
        transactions=rows(
            "transactions",
            {"id": "11", "type": "CustInvc", "externalid": "IN_1", "status": "B"},
            {"id": "12", "type": "CustCred", "externalid": "cn_1"},
        ),
        applications=rows("applications", link("11", "12", "1"), link("11", "98", "3")),
        currencies=rows("currencies", {"id": "1", "symbol": "EUR"}),
        record_names=rows("record_names", transaction("11", "INV1"), transaction("12", "CM1b")),
    )
    changed = ["applications", "customers", "record_names", "transactions"]
    assert store_snapshot(warehouse, again, asked, frozenset()) == changed

    def present(sql: str) -> list[Any]:
        return warehouse.execute(sql).fetchall()

    assert present("select id, isinactive from raw_netsuite.customers order by id") == [
        ("1", "T"),
        ("2", None),
    ]
    assert present("select id, status from raw_netsuite.transactions order by id") == [
        ("11", "B"),
        ("12", None),
        ("21", None),
        ("22", None),
    ]
    assert present("select previousdoc, nextdoc from raw_netsuite.applications order by all") == [
        ("11", "12"),
        ("11", "98"),
        ("21", "22"),
    ]
    assert present("select id, number from raw_netsuite.record_names order by id") == [
        ("11", "INV1"),
        ("12", "CM1b"),
        ("22", "CM2"),
    ]
    assert store_snapshot(warehouse, again, asked, frozenset()) == []


def test_a_crash_while_storing_leaves_the_former_snapshot(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: dict[str, list[Any]] = {table: [] for table in NETSUITE_COLUMNS}
    store_snapshot(warehouse, {**before, "subsidiaries": [{"id": "1"}]}, None, frozenset({"cus_1"}))

    def stop(*_: object) -> None:
        raise RuntimeError("stopped here")

    monkeypatch.setattr("extract.netsuite.snapshot.record_settled", stop)
    with pytest.raises(RuntimeError):
        store_snapshot(warehouse, {**before, "subsidiaries": [{"id": "2"}]}, None, frozenset())
    assert warehouse.execute("select id from raw_netsuite.subsidiaries").fetchall() == [("1",)]
    assert warehouse.execute("select customer_id from raw_stripe.extract_settled").fetchall() == [("cus_1",)]


@pytest.mark.parametrize(
    ("table", "row", "named"),
    [
        ("transactions", {"id": "7", "foreigntotal": "1e30"}, "NetSuite transactions 7: foreigntotal"),
        ("transactions", {"id": "7", "foreignamountunpaid": "NaN"}, "NetSuite transactions 7: foreignamountunpaid"),
        (
            "applications",
            {"previousdoc": "7", "nextdoc": "8", "foreignamount": "ten"},
            "NetSuite applications 7 applied to 8: foreignamount",
        ),
    ],
)
def test_an_amount_that_no_model_could_read_names_its_record(table: str, row: dict[str, str], named: str) -> None:
    whole = {name: None for name in NETSUITE_COLUMNS[table]} | row
    with pytest.raises(ExtractError, match=named):
        require_amounts({"transactions": [], "applications": []} | {table: [whole]})
