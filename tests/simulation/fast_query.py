"""SuiteQL of the NetSuite stand-in, in plain Python: the loader's few kinds of look-up, straight from the books."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.netsuite.books import Books

LOOK_UP = re.compile(r" FROM (\w+) WHERE (?:mainline = 'F' AND )?(LOWER\(externalid\)|\w+) IN \((.*)\) ORDER BY")


class FastQuery:
    """Transactions by external or internal id, items by external id, lines and links by internal id."""

    def __init__(self, books: Books) -> None:
        self._books = books

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

    def _transactions(self, column: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for t in self._books.transactions():
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
                }

    def _items(self, _: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for row in self._books.rows("item"):
            if (row["externalid"] or "").lower() in values:
                yield {"id": row["id"], "externalid": row["externalid"], "itemtype": row["itemtype"]}

    def _lines(self, _: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for t in self._books.transactions():
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
