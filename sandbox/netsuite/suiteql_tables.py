"""The tables that SuiteQL shows: their columns, and the rows that one record contributes to each.

Columns, signs and texts: facts, NetSuite section 4. `guessed` marks what no source confirms.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sandbox.netsuite import render
from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.records import Transaction

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


COLUMNS: Mapping[str, Mapping[str, str]] = {
    "transaction": _columns(
        ids="id entity currency postingperiod approvalstatus",
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
        ids="id currency", texts="acctnumber accountsearchdisplayname accttype externalid isinactive subsidiary"
    ),
    "subsidiary": _columns(ids="id currency", texts="name externalid isinactive"),
    "itemsubsidiarymap": _columns(ids="item subsidiary"),
}
# The id by which the rows of a table are replaced, for tables whose rows come from transactions.
TRANSACTION_KEYS = {
    "transaction": "id",
    "transactionline": "transaction",
    "nexttransactionlinelink": "case when previoustype = 'CustRfnd' then previousdoc else nextdoc end",
}


def check_columns(hidden: Iterable[str]) -> None:
    """Raise `ValueError` for a `table.column` that does not exist."""
    for name in hidden:
        table, _, column = name.partition(".")
        if column not in COLUMNS.get(table, ()):
            raise ValueError(f"SuiteQL has no column {name}")


def columns(books: Ledger, table: str) -> dict[str, str]:
    """Columns of a table that the account exposes, with its custom fields: name -> DuckDB type."""
    custom = books.custom_fields_of(table)
    known = dict(COLUMNS[table]) | {name: _CUSTOM_TYPES[kind] for name, kind in custom.items()}
    hidden = books.company()["hiddencolumns"]
    return {name: type for name, type in known.items() if f"{table}.{name}" not in hidden}


def source(table: str) -> str:
    """The part of the books that a table shows: `transaction`, or master data of the same name."""
    if table == "itemsubsidiarymap":
        return "item"
    return "transaction" if table in TRANSACTION_KEYS else table


def key(table: str) -> str:
    """SQL of the id of the record that a row comes from."""
    return "item" if table == "itemsubsidiarymap" else TRANSACTION_KEYS.get(table, "id")


def all_ids(books: Ledger, table: str) -> set[int]:
    """Ids of all records that a table shows."""
    if source(table) == "transaction":
        return {transaction.id for transaction in books.transactions()}
    return {int(row["id"]) for row in books.rows(source(table))}


def rows(books: Ledger, table: str, id: int) -> Iterator[dict[str, Any]]:
    """The rows of a table that come from one transaction or one row of master data; none if it is deleted."""
    if table == "itemsubsidiarymap":
        item = books.row("item", str(id)) or {}
        all_of_them = [row["id"] for row in books.rows("subsidiary")]
        yield from ({"item": id, "subsidiary": own} for own in item.get("subsidiary") or all_of_them)
        return
    if table not in TRANSACTION_KEYS:
        row = books.row(table, str(id))
        if row:
            yield {name: ", ".join(v) or None if isinstance(v, list) else v for name, v in row.items()}
        return
    transaction = books.transaction(id)
    if transaction is None:
        return
    if table == "transaction":
        yield transaction_row(books, transaction)
    elif table == "transactionline":
        yield from line_rows(transaction)
    else:
        yield from link_rows(books, transaction)


def transaction_row(books: Ledger, transaction: Transaction) -> dict[str, Any]:
    """The row of a transaction in the table `transaction`, with the signs of SuiteQL's totals."""
    # Negative for a refund is guessed, because it credits the bank.
    sign = -1 if transaction.type in ("CustCred", "CustRfnd") else 1
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
        "voided": "T" if transaction.voided else "F",
        "postingperiod": transaction.period,
        "createddate": transaction.created.replace(tzinfo=None),
        "lastmodifieddate": transaction.modified.replace(tzinfo=None),
    }
    if transaction.type == "Journal" and books.company()["hidesjournaltotals"]:
        del row["foreigntotal"]
    if transaction.type == "CustInvc":  # null on memos and payments (guessed)
        row["approvalstatus"] = "2" if transaction.approved else "3" if transaction.rejected else "1"
        open_amount = books.open_amount(transaction)
        row |= {"foreignamountpaid": transaction.total - open_amount, "foreignamountunpaid": open_amount}
    return row | _custom(transaction.extra, "custbody")


def line_rows(transaction: Transaction) -> Iterator[dict[str, Any]]:
    """The main line (id 0), then item, tax or journal lines, with the signs of the general ledger.

    Sold lines are negative (seen), so lines of a memo are positive (inferred). Guessed: a discount's line has its own
    sign, and overridden tax details show as tax lines.
    """
    number = itertools.count()

    def row(amount: Decimal, **fields: Any) -> dict[str, Any]:
        id = next(number)
        return {
            "transaction": transaction.id, "id": id, "linesequencenumber": id, "uniquekey": transaction.id *
            10_000 + id,
            "mainline": "F", "taxline": "F", "iscogs": "F", "foreignamount": amount, "subsidiary":
            transaction.subsidiary,
            "entity": transaction.entity,
        } | fields  # fmt: skip

    if transaction.type == "Journal":  # every line is a main line (seen: facts 11, D9)
        for entry in transaction.journal:
            amount = entry.debit - entry.credit
            made = row(amount, mainline="T", expenseaccount=entry.account, memo=entry.memo)
            yield made | _custom(entry.extra, "custcol")
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


def link_rows(books: Ledger, transaction: Transaction) -> Iterator[dict[str, Any]]:
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
