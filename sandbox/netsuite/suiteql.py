"""SuiteQL as NetSuite answers it: Oracle's dialect, read-only, every value text. Runs on DuckDB, translated
by sqlglot.

The tables are copies of the books, brought up to date before each query (only what changed since the last
one). Columns, signs and texts: the NetSuite fact sheet, section 4. A name that is not there is refused, so
that a query that would fail on a real account fails here too.
"""

from __future__ import annotations

import atexit
import itertools
import random
import re
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from sandbox.netsuite import errors, render
from sandbox.netsuite.records import ZERO, Transaction

if TYPE_CHECKING:
    from sandbox.netsuite.books import Books

PAGE = 1000  # rows at most in one answer
REACH = 100_000  # rows at most of one query
IN_LIST = 1000

_TYPES = {
    "ids": "bigint",
    "texts": "text",
    "numbers": "decimal(28, 8)",
    "dates": "date",
    "times": "timestamp",
}
_CUSTOM_TYPES = {
    "text": "text",
    "boolean": "text",
    "reference": "bigint",
    "number": "decimal(28, 8)",
    "date": "date",
}


def _columns(**names: str) -> Mapping[str, str]:
    return {name: _TYPES[kind] for kind, text in names.items() for name in text.split()}


_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "transaction": _columns(
        ids="id entity currency postingperiod",
        texts="tranid externalid type memo status posting voided",
        numbers="exchangerate foreigntotal foreignamountpaid foreignamountunpaid",
        dates="trandate",
        times="createddate lastmodifieddate",
    ),
    "transactionline": _columns(
        ids="transaction id linesequencenumber uniquekey item expenseaccount createdfrom subsidiary entity",
        texts="mainline taxline iscogs memo",
        numbers="quantity rate foreignamount",
    ),
    "nexttransactionlinelink": _columns(
        ids="previousdoc previousline nextdoc nextline",
        texts="previoustype nexttype linktype",
        numbers="foreignamount",
    ),
    "customer": _columns(
        ids="id subsidiary currency receivablesaccount",
        texts="entityid companyname externalid isinactive taxable",
    ),
    "item": _columns(ids="id incomeaccount", texts="itemid displayname externalid itemtype isinactive subsidiary"),
    "currency": _columns(
        ids="id currencyprecision", texts="name symbol isinactive isbasecurrency", numbers="exchangerate"
    ),
    "accountingperiod": _columns(
        ids="id parent",
        texts="periodname isyear isquarter isadjust isposting isinactive "
        "closed arlocked aplocked alllocked allownonglchanges",
        dates="startdate enddate closedondate",
    ),
    "account": _columns(
        ids="id", texts="acctnumber accountsearchdisplayname accttype externalid isinactive subsidiary"
    ),
    "subsidiary": _columns(ids="id currency", texts="name externalid isinactive"),
}
# By which ids a table's rows are replaced: those of transactions, else of the master data of the same name.
_TRANSACTION_KEYS = {
    "transaction": "id",
    "transactionline": "transaction",
    "nexttransactionlinelink": "case when previoustype = 'CustRfnd' then previousdoc else nextdoc end",
}
_CUSTOM_PREFIX = {
    "transaction": "custbody",
    "transactionline": "custcol",
    "customer": "custentity",
    "item": "custitem",
}


class SuiteQL:
    """Answers queries over one `Books`. Thread-safe."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._touched = books.watch()
        self._lock = threading.Lock()
        self._schema = f"books_{next(_numbers)}"
        self._db = _duckdb().cursor()
        self._db.execute(f"create schema {self._schema}")
        self._db.execute(f"set schema = '{self._schema}'")
        self._custom: Mapping[str, str] | None = None  # the custom fields the tables were made with
        self._stale: dict[str, set[int]] = {}  # table -> ids whose rows must be replaced; absent: no table yet
        weakref.finalize(self, _drop, self._db, self._schema)

    def query(self, q: str, params: Sequence[object] = (), limit: int = PAGE, offset: int = 0) -> dict[str, Any]:
        """`{count, hasMore, items, links, offset, totalResults}`; a null column is absent from its row.
        Raises `Refused`."""
        if not 1 <= limit <= PAGE:
            raise errors.bad_parameter("limit", str(limit))
        if not 0 <= offset < REACH:
            raise errors.bad_parameter("offset", str(offset))
        query = _parsed(q, tuple(params))
        with self._lock:
            self._bring_up_to_date(query.tables)
            try:
                rows, names, total = self._page(query, limit, offset)
            except duckdb.Error as problem:
                raise errors.bad_query(str(problem).partition("\n")[0]) from None
        items = [
            {"links": []} | {name: _shown(value) for name, value in zip(names, row, strict=True) if value is not None}
            for row in rows
        ]
        return {
            "links": [],
            "count": len(items),
            "hasMore": offset + len(items) < total,
            "items": items,
            "offset": offset,
            "totalResults": total,
        }

    def _page(self, query: _Query, limit: int, offset: int) -> tuple[list[tuple[Any, ...]], list[str], int]:
        """The rows of a page, their column names, and how many rows there are in all."""
        if not query.is_ordered:
            rows = self._db.execute(query.sql).fetchall()
            names = [column[0].lower() for column in self._db.description]
            if len(rows) > limit:  # pages of an unordered query repeat and lose rows (documented)
                random.Random(offset).shuffle(rows)
            return rows[offset : offset + limit], names, min(len(rows), REACH)
        rows = self._db.execute(f"select * from ({query.sql}) limit {limit} offset {offset}").fetchall()
        names = [column[0].lower() for column in self._db.description]
        if len(rows) < limit and (rows or not offset):
            return rows, names, offset + len(rows)
        [(total,)] = self._db.execute(f"select count(*) from ({query.sql})").fetchall()
        return rows, names, min(total, REACH)

    # ------------------------------------------------------------ copies of the books

    def _bring_up_to_date(self, tables: Iterable[str]) -> None:
        """Makes the copies of these tables show what the books hold now."""
        books = self._books
        with books.lock:
            books.refresh()
            if books.company()["customfields"] != self._custom:
                self._custom, self._stale = books.company()["customfields"], {}
            for table, stale in self._stale.items():
                stale |= self._touched[_source(table)]
            for touched in self._touched.values():
                touched.clear()
            for table in tables:
                if table not in self._stale:
                    self._create(table)
                if self._stale[table]:
                    self._replace(table, sorted(self._stale[table]))
                    self._stale[table] = set()

    def _create(self, table: str) -> None:
        columns = ", ".join(f'"{name}" {type}' for name, type in self._columns(table).items())
        self._db.execute(f'create or replace table "{table}" ({columns})')
        if table in _TRANSACTION_KEYS:
            self._stale[table] = {transaction.id for transaction in self._books.transactions()}
        else:
            self._stale[table] = {int(row["id"]) for row in self._books.rows(table)}

    def _replace(self, table: str, ids: Sequence[int]) -> None:
        """Replaces the rows of these ids. Values travel as text; DuckDB casts them to the columns' types."""
        rows = [row for id in ids for row in _rows(self._books, table, id)]
        columns = {name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in self._columns(table)}
        self._db.begin()
        try:
            self._exchange(table, ids, pa.table(columns))
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def _exchange(self, table: str, ids: Sequence[int], rows: pa.Table) -> None:
        key = _TRANSACTION_KEYS.get(table, "id")
        self._db.execute(f'delete from "{table}" where {key} in (select unnest(?))', [ids])
        if rows.num_rows:
            self._db.register("new_rows", rows)
            self._db.execute(f'insert into "{table}" select * from new_rows')
            self._db.unregister("new_rows")

    def _columns(self, table: str) -> dict[str, str]:
        prefix = _CUSTOM_PREFIX.get(table)
        custom = self._books.custom_fields(prefix) if prefix else {}
        return dict(_COLUMNS[table]) | {name: _CUSTOM_TYPES[kind] for name, kind in custom.items()}


_numbers = itertools.count(1)


@lru_cache(maxsize=1)
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One engine for all books of the process (an engine takes 50 ms to start), a schema for each."""
    connection = duckdb.connect(":memory:")
    connection.execute("set threads = 1")
    connection.execute("set enable_external_access = false")
    atexit.register(_close)
    return connection


def _close() -> None:
    _duckdb().close()
    _duckdb.cache_clear()


def _drop(db: duckdb.DuckDBPyConnection, schema: str) -> None:
    try:
        db.execute(f"drop schema {schema} cascade")
        db.close()
    except duckdb.Error:  # the process ends
        pass


# ---------------------------------------------------------------- rows


def _source(table: str) -> str:
    """What of the books a table shows: `transaction` or master data."""
    return "transaction" if table in _TRANSACTION_KEYS else table


def _rows(books: Books, table: str, id: int) -> Iterator[dict[str, Any]]:
    """A table's rows that come from one transaction or one row of master data; none if that is gone."""
    if table not in _TRANSACTION_KEYS:
        row = books.row(table, str(id))
        if row:
            yield {name: ", ".join(v) or None if isinstance(v, list) else v for name, v in row.items()}
        return
    transaction = books.transaction(id)
    if transaction is None:
        return
    if table == "transaction":
        yield _transaction_row(books, transaction)
    elif table == "transactionline":
        yield from _line_rows(transaction)
    else:
        yield from _link_rows(books, transaction)


def _transaction_row(books: Books, transaction: Transaction) -> dict[str, Any]:
    sign = -1 if transaction.type in ("CustCred", "CustRfnd") else 1  # refund: guessed; it credits the bank
    row = {
        "id": transaction.id,
        "tranid": render.tran_id(transaction),
        "externalid": transaction.external_id,
        "type": transaction.type,
        "entity": transaction.entity,
        "trandate": transaction.tran_date,
        "memo": transaction.memo,
        "currency": transaction.currency,
        "exchangerate": "1",
        "foreigntotal": sign * transaction.total,
        "status": render.status(books, transaction),
        "posting": "T" if transaction.approved else "F",
        "voided": "F",
        "postingperiod": transaction.period,
        "createddate": transaction.created.replace(tzinfo=None),
        "lastmodifieddate": transaction.modified.replace(tzinfo=None),
    }
    if transaction.type == "CustInvc":  # of memos and payments: guessed to be null
        open_amount = books.open_amount(transaction)
        row |= {"foreignamountpaid": transaction.total - open_amount, "foreignamountunpaid": open_amount}
    return row | _custom(transaction.extra, "custbody")


def _line_rows(transaction: Transaction) -> Iterator[dict[str, Any]]:
    """The main line (id 0), then item, tax or journal lines, with the ledger's signs: sold lines are negative
    (seen), so those of a memo positive (inferred). Guessed: that a discount's line has its own sign, and that
    overridden tax details show as tax lines."""
    number = itertools.count()

    def row(amount: Decimal, **more: Any) -> dict[str, Any]:
        id = next(number)
        return {
            "transaction": transaction.id, "id": id, "linesequencenumber": id, "uniquekey": transaction.id *
            10_000 + id,
            "mainline": "F", "taxline": "F", "iscogs": "F", "foreignamount": amount, "subsidiary":
            transaction.subsidiary,
            "entity": transaction.entity,
        } | more  # fmt: skip

    if transaction.type == "Journal":  # no main line (guessed)
        for entry in transaction.journal:
            yield row(entry.debit - entry.credit, expenseaccount=entry.account, memo=entry.memo) | _custom(
                entry.extra, "custcol"
            )
        return
    if transaction.type in ("CustPymt", "CustRfnd"):  # main line on the bank's side (guessed)
        amount = transaction.total if transaction.type == "CustPymt" else -transaction.total
        yield row(amount, mainline="T", expenseaccount=transaction.account, memo=transaction.memo)
        yield row(-amount, expenseaccount=transaction.receivable)
        return
    sign = -1 if transaction.type == "CustInvc" else 1
    yield row(-sign * transaction.total, mainline="T", expenseaccount=transaction.receivable, memo=transaction.memo)
    for line in transaction.lines:
        quantity = None if line.quantity is None else sign * line.quantity
        yield row(
            sign * line.amount, item=line.item, quantity=quantity, rate=line.rate, memo=line.description
        ) | _custom(line.extra, "custcol")  # fmt: skip
    taxes = [detail.amount for detail in transaction.tax_details] or [
        line.tax for line in transaction.lines if line.tax
    ]
    for tax in taxes:
        yield row(sign * tax, taxline="T")


def _link_rows(books: Books, transaction: Transaction) -> Iterator[dict[str, Any]]:
    """Applications: a credit or payment follows its invoice; a refund precedes its memo (seen)."""
    for id, amount in transaction.applications.items():
        target = books.transaction(id)
        previous, following = (transaction, target) if transaction.type == "CustRfnd" else (target, transaction)
        assert previous and following
        yield {
            "previousdoc": previous.id, "previousline": 0, "previoustype": previous.type, "nextdoc":
            following.id, "nextline": 0,
            "nexttype": following.type, "linktype": "Payment", "foreignamount": amount,
        }  # fmt: skip


def _custom(extra: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name: value for name, value in extra.items() if name.startswith(prefix)}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return ("T" if value else "F") if isinstance(value, bool) else str(value)


def _shown(value: Any) -> str:
    """As SuiteQL prints it: numbers without needless zeros, dates in the user's format without their time
    (seen)."""
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return format(value.normalize() if value else ZERO, "f")
    if isinstance(value, date | datetime):
        return f"{value.month}/{value.day}/{value.year}"
    return str(value)


# ---------------------------------------------------------------- translation

_REFUSED: Mapping[type[exp.Expression], str] = {
    exp.Limit: "LIMIT is not supported",
    exp.ILike: "ILIKE is not supported",
    exp.Boolean: "there are no boolean literals",
    exp.Anonymous: "unknown function",
    exp.Dot: "unknown function",
}
_FORMATS = {
    "YYYY": "%Y",
    "MM": "%m",
    "DD": "%d",
    "HH24": "%H",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "YY": "%y",
    "MON": "%b",
    "DY": "%a",
}
_FORMAT_PART = re.compile(
    r'"([^"]*)"|' + "|".join(sorted(_FORMATS, key=len, reverse=True)) + r"|[^A-Za-z\"]", re.IGNORECASE
)


class _Query(NamedTuple):
    """A query in DuckDB's terms."""

    sql: str
    is_ordered: bool
    tables: frozenset[str]


@lru_cache(maxsize=64)
def _parsed(q: str, params: tuple[object, ...]) -> _Query:
    """The query, translated. Raises `Refused` for what NetSuite refuses."""
    try:
        statements = sqlglot.parse(q, read="oracle")
    except sqlglot.errors.SqlglotError as problem:
        raise errors.bad_query(str(problem).partition("\n")[0]) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise errors.bad_query("only one SELECT statement is allowed")
    select = statements[0]
    tables = _check(select)
    _bind(select, params)
    sql = select.transform(_to_duckdb, copy=False).sql("duckdb", copy=False)
    return _Query(sql, bool(select.args.get("order")), tables)


def _check(select: exp.Query) -> frozenset[str]:
    own = {cte.alias.lower() for cte in select.find_all(exp.CTE)}
    tables = set()
    for node in select.walk():
        for kind, why in _REFUSED.items():
            if isinstance(node, kind):
                raise errors.bad_query(f"{why}: {node.sql('oracle')}")
        if isinstance(node, exp.In) and len(node.expressions) > IN_LIST:
            raise errors.bad_query(f"more than {IN_LIST} items in an IN list")
        if isinstance(node, exp.Table):
            name = node.name.lower()
            if name in own:
                continue
            if name not in _COLUMNS or node.db:
                raise errors.bad_query(f"Record '{node.sql('oracle')}' was not found.")
            tables.add(name)
    return frozenset(tables)


def _bind(select: exp.Query, params: Sequence[object]) -> None:
    """Puts the values of `params` where the `?` marks stand."""
    marks = list(select.find_all(exp.Placeholder, bfs=False))
    if len(marks) != len(params):
        raise errors.bad_query(f"{len(marks)} parameter marks, {len(params)} parameters")
    for mark, value in zip(marks, params, strict=True):
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        mark.replace(exp.Literal.number(str(value)) if is_number else exp.Literal.string(str(value)))


def _to_duckdb(node: exp.Expression) -> exp.Expression:
    """What sqlglot does not translate by itself: TO_CHAR with a format."""
    if isinstance(node, exp.ToChar) and node.args.get("format"):
        pattern = _strftime(node.args["format"].name)
        return exp.func("strftime", exp.cast(node.this, "timestamp"), exp.Literal.string(pattern), dialect="duckdb")
    return node


def _strftime(oracle: str) -> str:
    position, out = 0, ""
    while position < len(oracle):
        match = _FORMAT_PART.match(oracle, position)
        if match is None:
            raise errors.bad_query(f"date format not recognized: {oracle}")
        out += match[1] if match[1] is not None else _FORMATS.get(match[0].upper(), match[0])
        position = match.end()
    return out
