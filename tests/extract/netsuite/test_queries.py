"""What is asked of NetSuite, and what becomes of its answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import extract
from extract.errors import ExtractError
from extract.netsuite.run import BULK, NetSuiteReport, Questions, Wanted, _store, numbers, seed
from extract.netsuite.settled_customers import Settled, note_transform, rules_fingerprint
from extract.progress import Progress
from extract.raw_tables import SNAPSHOT, declare_all
from extract.stripe.endpoints import row_of
from extract.stripe.run import StripeReport
from netsuite.errors import Refused
from settings import Settings
from tests.extract.conftest import KEY
from tests.extract.fake_stripe import credit_note, customer, invoice, ledger_row, refund
from warehouse.connection import open_warehouse

NOTHING = Wanted(set(), set(), set(), set(), set(), set(), set(), set())


class FakeNetSuite:
    """Answers each query with rows by table; `without`: columns it does not know."""

    def __init__(self, tables: dict[str, list[dict[str, str]]], without: set[str] = frozenset()):  # type: ignore[assignment]
        self.tables, self.without, self.asked, self.read = tables, without, [], []

    def suiteql(self, sql: str) -> list[dict[str, str]]:
        self.asked.append(sql)
        table = re.search(r" FROM (\w+)", sql)[1]  # type: ignore[index]
        for column in self.without:
            if re.search(rf"\b{column}\b", sql):
                raise Refused(f"Field '{column}' for record '{table}' was not found.", status=400)
        columns = sql.removeprefix("SELECT ").split(" FROM ")[0]
        names = [part.split(" AS ")[-1].strip() for part in re.split(r",(?![^(]*\))", columns)]
        return [{name: row[name] for name in names if name in row} for row in self.tables.get(table, [])]

    def suiteql_rows(self, sql: str) -> Iterator[dict[str, str]]:
        return iter(self.suiteql(sql))

    def get(self, record_type: str, internal_id: str, expand: bool = True) -> dict[str, Any]:
        self.read.append((record_type, internal_id))
        return {"id": internal_id, "account": {"id": "77"}}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, stripe_api_key=KEY, warehouse_path=tmp_path / "w.duckdb")


def ask(netsuite: FakeNetSuite, settings: Settings, **wanted: set[str]) -> dict[str, list[dict[str, Any]]]:
    return Questions(netsuite, settings).snapshot(Wanted(**{**vars(NOTHING), **wanted}))  # type: ignore[arg-type]


def test_requests_stay_below_ids_by_900_and_ten(settings: Settings) -> None:
    netsuite = FakeNetSuite({})
    many = {f"cn_{n}" for n in range(5 * BULK)}
    ask(
        netsuite,
        settings,
        externals=many,
        customers={f"cus_{n}" for n in range(2 * BULK)},
        customer_ids={"1"},
    )
    assert len(netsuite.asked) <= 7 + 1 + 10
    for sql in netsuite.asked:
        assert all(len(values.split(",")) <= BULK for values in re.findall(r"IN \(([^)]*)\)", sql))


def test_ids_are_quoted_and_compared_without_case(settings: Settings) -> None:
    netsuite = FakeNetSuite({})
    ask(netsuite, settings, customers={"cus_O'Hara"}, customer_ids={"12"})
    (sql,) = [sql for sql in netsuite.asked if " FROM customer " in sql]
    assert sql.endswith("WHERE (id IN (12) OR LOWER(externalid) IN ('cus_o''hara')) ORDER BY id")


def test_the_custom_field_is_read_and_searched(settings: Settings) -> None:
    netsuite = FakeNetSuite({"customer": [{"id": "1", "isinactive": "F", "stripe_id": "cus_1"}]})
    settings = settings.model_copy(update={"pipeline_vars": {"customer_id_field": "custentity_s"}})
    snapshot = ask(netsuite, settings, customers={"cus_1"})
    assert snapshot["customers"][0]["stripe_id"] == "cus_1"
    assert any("LOWER(custentity_s) IN ('cus_1')" in sql for sql in netsuite.asked)
    netsuite.without = {"custentity_s"}
    with pytest.raises(ExtractError, match="var customer_id_field"):
        ask(netsuite, settings, customers={"cus_1"})


def test_columns_that_are_not_there_are_left_out(settings: Settings) -> None:
    netsuite = FakeNetSuite(
        {
            "customer": [{"id": "1", "externalid": "cus_1", "isinactive": "F", "currency": "2"}],
            "transaction": [{"id": "5", "type": "CustInvc", "externalid": "in_1"}],
            "transactionline": [{"transaction": "5", "subsidiary": "3", "account": "11"}],
        },
        without={"receivablesaccount", "expenseaccount"},
    )
    questions = Questions(netsuite, settings)  # type: ignore[arg-type]
    snapshot = questions.snapshot(Wanted(**{**vars(NOTHING), "customers": {"cus_1"}, "invoices": {"in_1"}}))
    assert snapshot["customers"] == [
        {
            "id": "1",
            "externalid": "cus_1",
            "isinactive": "F",
            "subsidiary": None,
            "currency": "2",
            "receivablesaccount": None,
            "stripe_id": None,
        }
    ]
    assert (snapshot["transactions"][0]["subsidiary"], snapshot["transactions"][0]["account"]) == ("3", "11")
    assert questions.refused == {"customer.receivablesaccount", "transactionline.expenseaccount"}
    assert netsuite.read == []


def test_the_invoice_itself_shows_its_account_if_no_column_does(settings: Settings) -> None:
    netsuite = FakeNetSuite(
        {"transaction": [{"id": "5", "type": "CustInvc"}, {"id": "6", "type": "CustCred"}]},
        without={"account", "expenseaccount"},
    )
    snapshot = ask(netsuite, settings, invoices={"in_1"})
    assert [row["account"] for row in snapshot["transactions"]] == ["77", None]
    assert netsuite.read == [("invoice", "5")]


def test_applications_are_summed_per_pair_and_counted_once(settings: Settings) -> None:
    line = {
        "previousdoc": "5",
        "previoustype": "CustInvc",
        "nextdoc": "6",
        "nexttype": "CustCred",
        "linktype": "Payment",
    }
    netsuite = FakeNetSuite(
        {
            "transaction": [{"id": "5", "type": "CustInvc"}, {"id": "6", "type": "CustCred"}],
            "nexttransactionlinelink": [
                {**line, "previousline": "0", "nextline": "0", "foreignamount": "10.10"},
                {**line, "previousline": "0", "nextline": "1", "foreignamount": "0.20"},
            ],
        }
    )
    snapshot = ask(netsuite, settings, invoices={"in_1"})  # both sides are ours: each row comes twice
    assert snapshot["applications"] == [{**line, "foreignamount": "10.30"}]


def test_many_links_are_paged_by_document(settings: Settings) -> None:
    """No page is asked for by its place, so what changes between two pages cannot hide a link."""

    class Linked(FakeNetSuite):
        def suiteql(self, sql: str) -> list[dict[str, str]]:
            rows = super().suiteql(sql)
            if "nexttransactionlinelink" not in sql:
                return rows
            side = "previousdoc" if re.search(r"previousdoc (IN|=)", sql) else "nextdoc"
            asked = set(re.findall(r"\d+", sql.split(f"{side} ")[1].split("ORDER")[0]))
            return sorted((row for row in rows if row[side] in asked), key=lambda row: row[side])

    def link(invoice_id: int, memo: int) -> dict[str, str]:
        return {
            "previousdoc": str(invoice_id),
            "previousline": "0",
            "previoustype": "CustInvc",
            "nextdoc": str(10_000 + memo),
            "nextline": "0",
            "nexttype": "CustPymt",
            "linktype": "Payment",
            "foreignamount": "1",
        }

    links = [link(1, memo) for memo in range(1500)]  # more than a page of one document
    links += [link(number, memo) for number in range(2, 800) for memo in range(3)]
    netsuite = Linked(
        {
            "transaction": [{"id": str(number), "type": "CustInvc"} for number in range(1, 800)],
            "nexttransactionlinelink": links,
        }
    )
    snapshot = ask(netsuite, settings, invoices={"in_1"})
    assert len(snapshot["applications"]) == len(links)
    assert sum("nexttransactionlinelink" in sql for sql in netsuite.asked) <= 6


def test_accounts_without_subsidiaries(settings: Settings) -> None:
    class WithoutOneWorld(FakeNetSuite):
        def suiteql(self, sql: str) -> list[dict[str, str]]:
            if "FROM subsidiary" in sql:
                raise Refused("Record 'subsidiary' was not found.", status=400)
            return super().suiteql(sql)

    assert ask(WithoutOneWorld({}), settings)["subsidiaries"] == []


def put(connection: duckdb.DuckDBPyConnection, table: str, *items: dict[str, Any], parent: str | None = None) -> None:
    for item in items:
        row = row_of(item, datetime.now(UTC), "v", parent)
        connection.execute(
            f"insert into raw_stripe.{table} values (?, ?, ?, ?, ?, ?, ?)",
            [
                row.id,
                row.parent_id,
                row.created,
                row.fetched_at,
                row.api_version,
                row.content_hash,
                row.payload,
            ],
        )


def test_wanted_is_what_documents_refer_to(settings: Settings) -> None:
    price = {"price_details": {"price": "price_1", "product": "prod_1"}}
    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        put(connection, "credit_notes", credit_note("cn_1", refunds=[{"refund": "re_1"}]))
        put(
            connection,
            "invoices",
            {
                **invoice("in_1", metadata={"netsuite_invoice_id": "55"}),
                "lines": {"data": [{"id": "il_1", "pricing": price}]},
            },
            invoice("in_used", customer="cus_2", amount_due=0),
            invoice("in_plain", customer="cus_3"),
        )
        put(
            connection,
            "customers",
            customer("cus_1", metadata={"netsuite_customer_id": "66"}),
            customer("cus_2"),
            customer("cus_3"),
        )
        put(connection, "customer_balance_transactions", ledger_row("cbtxn_1", 5, invoice="in_used"))
        wanted = Wanted.of(settings, connection)
        dated = settings.model_copy(update={"pipeline_vars": {"go_live_date": "2026-01-01"}})
        assert "re_1_cn_1_income" in Wanted.of(dated, connection).externals
    assert wanted.customers == {"cus_1", "cus_2"}
    assert wanted.invoices == {"in_1", "in_used"}
    assert wanted.externals == {"cn_1", "re_1", "in_used_balance"}
    assert wanted.items == {"price_1", "prod_1"}
    assert "55" in wanted.invoice_ids and "66" in wanted.customer_ids


def test_seeds_that_cannot_be_read_are_left_to_dbt(tmp_path: Path) -> None:
    (tmp_path / "item_map.csv").write_text("\ufeffstripe_id,netsuite_item_id\nprice_1,7\nprice_2\n\nx,y,z\n")
    assert seed("item_map", "netsuite_item_id", tmp_path) == {"7", "y"}
    assert seed("item_map", "no_such_column", tmp_path) == set()
    assert seed("absent", "x", tmp_path) == set()
    assert numbers({"7", "y", " 8 ", "1; drop", "-3"}) == {"7", "8"}


def test_the_snapshot_is_replaced_only_when_it_changed(settings: Settings) -> None:
    def write(rows: list[dict[str, str | None]]) -> list[str]:
        snapshot: dict[str, list[Any]] = {table: [] for table in SNAPSHOT}
        snapshot["subsidiaries"] = rows
        with open_warehouse(settings.warehouse_path) as connection:
            declare_all(connection)
            return _store(connection, snapshot, None, frozenset())

    def present() -> list[Any]:
        with duckdb.connect(settings.warehouse_path) as connection:
            return connection.execute("select id from raw_netsuite.subsidiaries order by id").fetchall()

    assert write([{"id": "1"}, {"id": "2"}]) == ["subsidiaries"]
    assert write([{"id": "2"}, {"id": "1"}]) == []
    assert write([{"id": "3"}]) == ["subsidiaries"]
    assert present() == [("3",)]
    assert write([]) == ["subsidiaries"]
    assert present() == []


# ---------- customers that need nothing more


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
        nothing: dict[str, list[Any]] = {table: [] for table in SNAPSHOT}
        _store(connection, nothing, None, Settled.of(settings, connection).now)
        yield connection


def test_settled_customers_are_not_asked_for(settings: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    settled = Settled.of(settings, warehouse)
    assert settled.for_good == {"cus_1", "cus_2"}
    wanted = Wanted.of(settings, warehouse, settled.for_good)
    assert not (wanted.customers | wanted.invoices | wanted.externals)
    warehouse.execute("update marts.credit_outcomes set state = 'waiting' where document_id = 'cn_1'")
    settled = Settled.of(settings, warehouse)
    wanted = Wanted.of(settings, warehouse, settled.for_good)
    assert (wanted.customers, wanted.invoices, wanted.externals) == ({"cus_1"}, {"in_1"}, {"cn_1", "re_1"})


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
def test_whatever_lands_of_a_customer_has_it_asked_for_again(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    table: str,
    item: dict[str, Any],
    parent: str | None,
) -> None:
    put(warehouse, table, item, parent=parent)
    assert Settled.of(settings, warehouse).for_good == {"cus_2"}


def test_an_application_that_is_still_to_come_has_its_customer_asked_for(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute(
        "insert into marts.credit_memo_applications values ('cn_1', 'customer_refund', 're_1', 'waiting')"
    )
    assert Settled.of(settings, warehouse).for_good == {"cus_2"}


def test_a_customer_is_read_once_more_after_its_last_posting(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    nothing: dict[str, list[Any]] = {table: [] for table in SNAPSHOT}
    warehouse.execute("update marts.credit_outcomes set state = 'ready' where document_id = 'cn_1'")
    _store(warehouse, nothing, None, Settled.of(settings, warehouse).now)
    warehouse.execute("update marts.credit_outcomes set state = 'posted'")  # by the push of that run
    assert Settled.of(settings, warehouse).for_good == {"cus_2"}
    _store(warehouse, nothing, None, Settled.of(settings, warehouse).now)
    assert Settled.of(settings, warehouse).for_good == {"cus_1", "cus_2"}


def test_everything_is_asked_for_when_rules_may_have_changed(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def why(settings: Settings = settings) -> str | None:
        settled = Settled.of(settings, warehouse)
        assert not settled.for_good or not settled.why_none
        return settled.why_none

    assert why() is None
    other = settings.model_copy(update={"pipeline_vars": {"go_live_date": "2026-01-01"}})
    assert "changed" in (why(other) or "")
    project = tmp_path / "project"
    (project / "seeds").mkdir(parents=True)
    monkeypatch.setattr("extract.netsuite.settled_customers.PROJECT", project)
    note_transform(warehouse, rules_fingerprint(settings))
    assert why() is None
    (project / "seeds" / "manual_decisions.csv").write_text("document_id,decision,note\ncn_1,skip,\n")
    assert "changed" in (why() or "")
    note_transform(warehouse, rules_fingerprint(settings))
    warehouse.execute("drop schema marts cascade")
    assert "marts" in (why() or "")
    warehouse.execute("delete from raw_stripe.extract_transforms")
    assert "no transform" in (why() or "")


def test_what_is_not_asked_for_stays_and_what_is_gone_goes(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    def rows(table: str, *values: dict[str, str]) -> list[dict[str, Any]]:
        return [{column: value.get(column) for column in SNAPSHOT[table]} for value in values]

    def link(invoice_id: str, memo_id: str, amount: str) -> dict[str, str]:
        return {"previousdoc": invoice_id, "nextdoc": memo_id, "foreignamount": amount}

    def snapshot(**tables: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        return {**{table: [] for table in SNAPSHOT}, **tables}

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
    )
    _store(warehouse, first, None, frozenset())
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
    )
    assert _store(warehouse, again, asked, frozenset()) == ["applications", "customers", "transactions"]

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
    assert _store(warehouse, again, asked, frozenset()) == []


def test_a_crash_while_storing_leaves_what_was_there(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: dict[str, list[Any]] = {table: [] for table in SNAPSHOT}
    _store(warehouse, {**before, "subsidiaries": [{"id": "1"}]}, None, frozenset({"cus_1"}))

    def stop(*_: object) -> None:
        raise RuntimeError("stopped here")

    monkeypatch.setattr("extract.netsuite.run.note_settled", stop)
    with pytest.raises(RuntimeError):
        _store(warehouse, {**before, "subsidiaries": [{"id": "2"}]}, None, frozenset())
    assert warehouse.execute("select id from raw_netsuite.subsidiaries").fetchall() == [("1",)]
    assert warehouse.execute("select customer_id from raw_stripe.extract_settled").fetchall() == [("cus_1",)]


@pytest.mark.parametrize(("mode", "whole"), [("first", True), ("full", True), ("later", False)])
def test_a_whole_comparison_of_stripe_asks_netsuite_for_everything(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, mode: str, whole: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("extract.stripe.run.read_stripe", lambda *_: StripeReport(mode))
    monkeypatch.setattr(
        "extract.netsuite.run.read_netsuite",
        lambda *_, whole: asked.append(whole) or NetSuiteReport(),
    )
    extract.run(settings, Progress(quiet=True))
    assert asked == [whole]
