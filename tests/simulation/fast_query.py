"""SuiteQL of the NetSuite stand-in, in plain Python: the loader's few kinds of look-up, straight from the books."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandbox.netsuite.books import Books
from sandbox.netsuite.records import Transaction

LOOK_UP = re.compile(r" FROM (\w+) WHERE (?:mainline = 'F' AND )?(LOWER\(externalid\)|\w+) IN \((.*)\) ORDER BY")


class FastQuery:
    """Transactions by external or internal id, items by external id, lines and links by internal id.

    lag: tells by how many seconds SuiteQL is behind the books.
    """

    def __init__(
        self, books: Books, lag: Callable[[], float] = lambda: 0.0, now: Callable[[], float] = time.time
    ) -> None:
        self._books = books
        self._lag, self._now = lag, now

    def query(self, q: str, params: Sequence[object] = (), limit: int = 1000, offset: int = 0) -> dict[str, Any]:
        """A page, as the stand-in's engine gives it."""
        parts = LOOK_UP.search(q)
        assert parts, q
        table, column, listed = parts.groups()
        values = {text or number for text, number in re.findall(r"'([^']*)'|(\d+)", listed)}
        rows = {
            "transaction": self._transactions,
            "item": self._items,
            "nexttransactionlinelink": self._links,
            "transactionline": self._lines,
        }[table](column, values)
        items = [{name: str(value) for name, value in row.items() if value is not None} for row in rows]
        return {"items": items[offset : offset + limit], "hasMore": offset + limit < len(items)}

    def _shows(self, at: dt.datetime) -> bool:
        """Whether SuiteQL has caught up with a moment of the books."""
        return not self._lag() or at.timestamp() <= self._now() - self._lag()

    def _shown(self) -> Iterator[Transaction]:
        return (t for t in self._books.transactions() if self._shows(t.created))

    def _transactions(self, column: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for t in self._shown():
            key = str(t.id) if column == "id" else (t.external_id or "").lower()
            if key in values:
                sign = -1 if t.type in ("CustCred", "CustRfnd") else 1
                yield {
                    "id": t.id,
                    "externalid": t.external_id,
                    "type": t.type,
                    "entity": t.entity,
                    "currency": t.currency,
                    "foreigntotal": sign * t.total,
                    "trandate": t.tran_date,
                    "memo": t.memo,
                    "voided": "F",
                    "foreignamountunpaid": self._books.open_amount(t) if t.type == "CustInvc" else None,
                }

    def _items(self, _: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for row in self._books.rows("item"):
            if (row["externalid"] or "").lower() in values:
                yield {"id": row["id"], "externalid": row["externalid"], "itemtype": row["itemtype"]}

    def _lines(self, _: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for t in self._shown():
            for entry in t.journal if str(t.id) in values else ():
                yield {"transaction": t.id, "foreignamount": entry.debit - entry.credit}
            sign = -1 if t.type == "CustInvc" else 1
            for line in t.lines if str(t.id) in values else ():
                yield {
                    "transaction": t.id,
                    "id": line.line,
                    "taxline": "F",
                    "item": line.item,
                    "foreignamount": sign * line.amount,
                }

    def _links(self, column: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for t in self._books.transactions():
            if not self._shows(t.modified):
                continue
            for id, amount in t.applications.items():
                target = self._books.transaction(id)
                assert target is not None
                previous, following = (t, target) if t.type == "CustRfnd" else (target, t)
                if str((previous if column == "previousdoc" else following).id) in values:
                    yield {
                        "previousdoc": previous.id,
                        "previoustype": previous.type,
                        "nextdoc": following.id,
                        "nexttype": following.type,
                        "linktype": "Payment",
                        "foreignamount": amount,
                    }
