"""SuiteQL: visible rows, printed values, refused queries."""

import re
import time
from decimal import Decimal

import pytest

from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused
from sandbox.netsuite.suiteql import SuiteQL
from tests.sandbox.netsuite.company import applied, apply, company, credit, line, refund, sale


def world() -> Books:
    """Invoice 1 of 100, memo 2 of 33 with 10 on the invoice and 5 refunded by 3."""
    books = company()
    books.create("invoice", sale(line(100, rate=50, quantity=2), externalId="in_A", custbody_note="x", memo="text"))
    memo = credit(line(30, custcol_from="2026-01-01", taxCode="-6", isTaxable=True), **applied(apply("1", 10)))
    books.create("creditMemo", memo | {"externalId": "cn_1"})
    books.create("customerRefund", refund(apply("2", 5), externalId="re_1"))
    return books


def rows(books: Books, q: str, **more) -> list[dict[str, str]]:
    found = SuiteQL(books).query(q, **more)["items"]
    assert all(row.pop("links") == [] for row in found)
    return found


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (
            "SELECT id, type, foreigntotal, foreignamountunpaid, status FROM transaction ORDER BY id",
            [
                {"id": "1", "type": "CustInvc", "foreigntotal": "100", "foreignamountunpaid": "90",
                 "status": "A"},
                {"id": "2", "type": "CustCred", "foreigntotal": "-33", "status": "A"},
                {"id": "3", "type": "CustRfnd", "foreigntotal": "-5", "status": "R"},
            ],
        ),
        (
            "SELECT id, mainline, taxline, item, quantity, rate, foreignamount, expenseaccount, custcol_from "
            "FROM transactionline WHERE transaction = 2 ORDER BY id",
            [
                {"id": "0", "mainline": "T", "taxline": "F", "foreignamount": "-33", "expenseaccount": "10"},
                {"id": "1", "mainline": "F", "taxline": "F", "item": "50", "quantity": "1",
                 "foreignamount": "30", "custcol_from": "1/1/2026"},
                {"id": "2", "mainline": "F", "taxline": "T", "foreignamount": "3"},
            ],
        ),
        (
            "SELECT quantity, rate, foreignamount FROM transactionline "
            "WHERE transaction = '1' AND mainline = 'F'",
            [{"quantity": "-2", "rate": "50", "foreignamount": "-100"}],
        ),
        (
            "SELECT previousdoc, previoustype, nextdoc, nexttype, linktype, foreignamount "
            "FROM NextTransactionLineLink ORDER BY nextdoc, previousdoc",
            [
                {"previousdoc": "1", "previoustype": "CustInvc", "nextdoc": "2", "nexttype": "CustCred",
                 "linktype": "Payment", "foreignamount": "10"},
                {"previousdoc": "3", "previoustype": "CustRfnd", "nextdoc": "2", "nexttype": "CustCred",
                 "linktype": "Payment", "foreignamount": "5"},
            ],
        ),
        ("SELECT trandate, custbody_note FROM transaction WHERE id = 1",
         [{"trandate": "1/15/2026", "custbody_note": "x"}]),
        ("SELECT TO_CHAR(trandate, 'YYYY-MM-DD') AS trandate FROM transaction WHERE id = 1",
         [{"trandate": "2026-01-15"}]),
        ("""SELECT TO_CHAR(createddate, 'YYYY-MM-DD"T"HH24:MI:SS') AS at FROM transaction WHERE id = 1""",
         [{"at": "2026-01-20T12:00:00"}]),
        ("SELECT lastmodifieddate FROM transaction WHERE id = 1", [{"lastmodifieddate": "1/20/2026"}]),
        ("SELECT ID AS internalId FROM Transaction WHERE externalId = 'in_A'", [{"internalid": "1"}]),
        ("SELECT id FROM transaction WHERE externalid = 'in_a'", []),
        ("SELECT id FROM transaction WHERE LOWER(externalid) IN ('in_a', 'no')", [{"id": "1"}]),
        ("SELECT id FROM transaction ORDER BY id DESC FETCH FIRST 1 ROWS ONLY", [{"id": "3"}]),
        ("SELECT id FROM transaction WHERE trandate >= TO_DATE('2026-01-16', 'YYYY-MM-DD')", []),
        (
            "SELECT t.entity, SUM(l.foreignamount) AS amount FROM transaction t "
            "INNER JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'T' GROUP BY t.entity",
            [{"entity": "1", "amount": "62"}],
        ),
        ("SELECT id, externalid, currency, isinactive FROM customer WHERE isinactive = 'T'",
         [{"id": "3", "currency": "1", "isinactive": "T"}]),
        ("SELECT id, itemtype, subsidiary FROM item WHERE id IN (51, 53) ORDER BY id",
         [{"id": "51", "itemtype": "Discount"}, {"id": "53", "itemtype": "Service", "subsidiary": "2"}]),
        ("SELECT symbol, currencyprecision FROM currency WHERE id = 3",
         [{"symbol": "JPY", "currencyprecision": "0"}]),
        ("SELECT periodname, closed, isyear, arlocked FROM accountingperiod "
         "WHERE startdate = TO_DATE('2025-12-01', 'YYYY-MM-DD')",
         [{"periodname": "2025-12", "closed": "T", "isyear": "F", "arlocked": "F"}]),
        ("SELECT id, accttype FROM account WHERE id = 20", [{"id": "20", "accttype": "Bank"}]),
        ("SELECT COUNT(*) AS n FROM subsidiary", [{"n": "2"}]),
    ],
)  # fmt: skip
def test_visible_rows(q, expected):
    assert rows(world(), q) == expected


@pytest.mark.parametrize(
    ("q", "about"),
    [
        ("SELECT id FROM transaction LIMIT 5", "LIMIT"),
        ("SELECT nothing FROM transaction", "nothing"),
        ("SELECT subsidiary FROM transaction", "subsidiary"),
        ("SELECT id FROM nowhere", "NOWHERE"),
        ("SELECT id FROM other.transaction", "TRANSACTION"),
        ("SELECT * FROM read_csv('x')", "READ_CSV"),
        ("SELECT unheard_of(id) FROM transaction", "UNHEARD_OF"),
        ("SELECT id FROM transaction WHERE externalid ILIKE 'x'", "ILIKE"),
        ("SELECT id FROM transaction WHERE TRUE", "boolean"),
        ("DELETE FROM transaction", "SELECT"),
        ("SELECT id FROM transaction; SELECT 1", "one"),
        ("SELEC id", ""),
        ("SELECT id FROM transaction WHERE id IN (" + ", ".join(map(str, range(1001))) + ")", "1000"),
        ("SELECT id FROM transaction WHERE id = ?", "parameter"),
        ("SELECT TO_CHAR(trandate, 'QQ') FROM transaction", "date format"),
    ],
)
def test_refused_queries(q, about):
    with pytest.raises(Refused) as refused:
        rows(world(), q)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_PARAMETER")
    assert re.search(about, refused.value.detail, re.IGNORECASE)


def test_bound_parameters():
    found = rows(world(), "SELECT id FROM transaction WHERE externalid = ? AND id < ?", params=["in_A", 5])
    assert found == [{"id": "1"}]


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (1001, 0), (10, 100_000), (10, -1), (10, 5), (1000, 999)])
def test_paging_limits(limit, offset):
    with pytest.raises(Refused):
        rows(world(), "SELECT id FROM transaction", limit=limit, offset=offset)


def test_paging():
    books = company()
    for n in range(25):
        books.create("invoice", sale(externalId=f"in_{n}"))
    engine = SuiteQL(books)
    pages = [engine.query("SELECT id FROM transaction ORDER BY id", limit=10, offset=n) for n in (0, 10, 20, 30)]
    assert [(p["count"], p["hasMore"], p["totalResults"], p["offset"]) for p in pages] == [
        (10, True, 25, 0), (10, True, 25, 10), (5, False, 25, 20), (0, False, 25, 30),
    ]  # fmt: skip
    assert [row["id"] for page in pages for row in page["items"]] == [str(n) for n in range(1, 26)]
    loose = [engine.query("SELECT id FROM transaction", limit=10, offset=n)["items"] for n in (0, 10, 20)]
    assert len({row["id"] for page in loose for row in page}) < 25  # without ORDER BY rows repeat and get lost


def test_a_query_sees_every_change_at_once(tmp_path):
    books = company(tmp_path / "books.sqlite")
    other = Books(tmp_path / "books.sqlite")
    engine = SuiteQL(books)

    def seen():
        sql = "SELECT id, foreignamountunpaid AS open FROM transaction WHERE type = 'CustInvc'"
        links = engine.query("SELECT foreignamount FROM nexttransactionlinelink")["items"]
        return [row.get("open") for row in engine.query(sql)["items"]], [row["foreignamount"] for row in links]

    assert seen() == ([], [])
    invoice = books.create("invoice", sale())
    assert seen() == (["100"], [])
    memo = other.create("creditMemo", credit(**applied(apply(invoice, Decimal("0.5")))))
    assert seen() == (["99.5"], ["0.5"])
    other.unapply(memo)
    assert seen() == (["100"], [])
    books.delete(memo)
    books.delete(invoice)
    assert seen() == ([], [])
    books.set_period(103, closed=True)
    assert engine.query("SELECT closed FROM accountingperiod WHERE id = 103")["items"][0]["closed"] == "T"
    books.configure(custom_fields=["custbody_late"])
    assert engine.query("SELECT custbody_late FROM transaction")["items"] == []


def test_books_do_not_see_each_other():
    one, two = SuiteQL(world()), SuiteQL(company())
    q = "SELECT id FROM transaction"
    assert (one.query(q)["totalResults"], two.query(q)["totalResults"]) == (3, 0)


def test_a_thousand_external_ids_among_many_are_found_quickly():
    books = company()
    for n in range(5000):
        books.create("creditMemo", credit(externalId=f"cn_{n}"))
    engine = SuiteQL(books)
    engine.query("SELECT id FROM transaction ORDER BY id")
    wanted = ", ".join(f"'cn_{n}'" for n in range(0, 5000, 5))
    start = time.perf_counter()
    found = engine.query(f"SELECT id FROM transaction WHERE LOWER(externalid) IN ({wanted}) ORDER BY id")
    assert found["count"] == 1000
    assert time.perf_counter() - start < 2  # usually 0.05
