"""What a snapshot asks of NetSuite, and what becomes of the answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from extract.errors import ExtractError
from extract.netsuite.snapshot_queries import SnapshotQueries
from extract.netsuite.suiteql import BULK
from extract.netsuite.wanted import Wanted
from netsuite.errors import Refused
from settings import Settings

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


def ask(netsuite: FakeNetSuite, settings: Settings, **wanted: set[str]) -> dict[str, list[dict[str, Any]]]:
    return SnapshotQueries(netsuite, settings).snapshot(Wanted(**{**vars(NOTHING), **wanted}))  # type: ignore[arg-type]


def test_a_run_takes_one_request_per_900_ids_and_ten_more(settings: Settings) -> None:
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


def test_columns_that_an_account_does_not_have_stay_null(settings: Settings) -> None:
    netsuite = FakeNetSuite(
        {
            "customer": [{"id": "1", "externalid": "cus_1", "isinactive": "F", "currency": "2"}],
            "transaction": [{"id": "5", "type": "CustInvc", "externalid": "in_1"}],
            "transactionline": [{"transaction": "5", "subsidiary": "3", "account": "11"}],
        },
        without={"receivablesaccount", "expenseaccount"},
    )
    queries = SnapshotQueries(netsuite, settings)  # type: ignore[arg-type]
    snapshot = queries.snapshot(Wanted(**{**vars(NOTHING), "customers": {"cus_1"}, "invoices": {"in_1"}}))
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
    assert queries.refused == {"customer.receivablesaccount", "transactionline.expenseaccount"}
    assert netsuite.read == []


def test_the_invoice_record_gives_its_account_if_no_column_does(settings: Settings) -> None:
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
    snapshot = ask(
        netsuite, settings, invoices={"in_1"}
    )  # the links of both documents are asked for, so each comes twice
    assert snapshot["applications"] == [{**line, "foreignamount": "10.30"}]


def test_many_links_are_paged_by_document(settings: Settings) -> None:
    """No page is asked for by an offset, so a change between two pages cannot hide a link."""

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


NAMED = {
    "customer": [{"id": "1", "externalid": "cus_1", "isinactive": "F", "receivablesaccount": "12"}],
    "transaction": [{"id": "5", "type": "CustInvc", "externalid": "in_1", "tranid": "INV-77"}],
    "transactionline": [{"transaction": "5", "subsidiary": "3", "expenseaccount": "11"}],
    "account": [{"id": "11", "isinactive": "F", "acctnumber": "1100", "accountsearchdisplayname": "1100 Receivable"}],
}


def test_numbers_and_names_are_read_for_people(settings: Settings) -> None:
    """Of transactions and of accounts; the receivables accounts are no part of the accounts that rules read."""
    netsuite = FakeNetSuite(NAMED)
    snapshot = ask(netsuite, settings, customers={"cus_1"}, invoices={"in_1"})
    assert [tuple(row.values()) for row in snapshot["record_names"]] == [
        ("account", "11", "1100", "1100 Receivable"),
        ("transaction", "5", "INV-77", None),
    ]
    assert snapshot["accounts"] == []
    (sql,) = [sql for sql in netsuite.asked if " FROM account " in sql]
    assert "WHERE (id IN (11, 12))" in sql
    snapshot = ask(netsuite, settings, customers={"cus_1"}, account_ids={"11"})
    assert snapshot["accounts"] == [{"id": "11", "isinactive": "F"}]


@pytest.mark.parametrize(
    ("hidden", "found"),
    [
        ({"tranid"}, [("account", "11", "1100", "1100 Receivable")]),
        ({"acctnumber"}, [("account", "11", None, "1100 Receivable"), ("transaction", "5", "INV-77", None)]),
        ({"account"}, [("transaction", "5", "INV-77", None)]),  # the table: FakeNetSuite looks for the bare word
    ],
)
def test_an_account_that_shows_no_numbers_or_names_is_read_all_the_same(
    settings: Settings, hidden: set[str], found: list[tuple[str | None, ...]]
) -> None:
    netsuite = FakeNetSuite(NAMED, without=hidden)
    queries = SnapshotQueries(netsuite, settings)  # type: ignore[arg-type]
    snapshot = queries.snapshot(Wanted(**{**vars(NOTHING), "customers": {"cus_1"}, "invoices": {"in_1"}}))
    assert [tuple(row.values()) for row in snapshot["record_names"]] == found
    assert snapshot["transactions"][0]["externalid"] == "in_1"
    assert queries.refused
