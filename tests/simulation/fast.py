"""Short cuts that let thousands of histories fit into a minute: the marts' views and the stand-in's SuiteQL
in plain Python.

Every fiftieth history runs without them, on DuckDB; `test_short_cuts.py` holds both against each other.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from load_netsuite.bodies import Row
from load_netsuite.journal import WRITTEN
from load_netsuite.journal_queries import PAYLOADS, UNCHECKED
from load_netsuite.marts import ExpectedTotal, Marts, in_chunks
from load_netsuite.records import Record, late_record
from sandbox.netsuite.books import Books
from tests.simulation.world import Wanted

LOG_COLUMNS = (
    "run_id",
    "attempt_id",
    "at",
    "record_type",
    "external_id",
    "operation",
    "status",
    "internal_id",
    "http_status",
    "error_code",
    "error_detail",
    "netsuite_operation_id",
    "payload",
    "duration_ms",
)


class FastQuery:
    """Answers the loader's five kinds of look-up from the books."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def query(self, q: str, params: Sequence[object] = (), limit: int = 1000, offset: int = 0) -> dict[str, Any]:
        table = re.search(
            r" FROM (\w+) WHERE (?:mainline = 'F' AND )?(LOWER\(externalid\)|\w+) IN \((.*)\) ORDER BY", q
        )
        assert table, q
        wanted = set(re.findall(r"'([^']*)'|(\d+)", table[3]))
        values = {text or number for text, number in wanted}
        rows = {
            "transaction": self._transactions,
            "item": self._items,
            "nexttransactionlinelink": self._links,
            "transactionline": self._lines,
        }[table[1]](table[2], values)
        items = [{name: str(value) for name, value in row.items() if value is not None} for row in rows]
        return {"items": items[offset : offset + limit], "hasMore": offset + limit < len(items)}

    def _transactions(self, column: str, values: set[str]) -> Iterator[dict[str, Any]]:
        for t in self._books.transactions():
            if (t.external_id or "").lower() in values if column != "id" else str(t.id) in values:
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


class FastLog:
    """Answers the loader's queries to the load log from a list of rows. `execute` and `fetch...` as
    DuckDB's."""

    def __init__(self, log: list[Row]) -> None:
        self._log = log
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> FastLog:
        if sql.startswith("select epoch_us(max"):
            self._rows = [(max((row["at"] for row in self._log), default=None),)]
        elif sql == UNCHECKED:
            self._rows = sorted(self._unchecked())
        elif sql == PAYLOADS:
            self._rows = list(self._payloads(*parameters))
        else:
            raise AssertionError(f"no short cut for: {sql}")
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def _unchecked(self) -> Iterator[tuple[Any, ...]]:
        written: dict[tuple[str, str], tuple[int, str]] = {}
        checked: dict[tuple[str, str], tuple[int, str, str | None]] = {}
        was_right: set[tuple[str, str]] = set()
        for position, row in enumerate(self._log):
            key = row["record_type"], row["external_id"]
            if row["status"] in WRITTEN and row["record_type"] != "serviceSaleItem":
                written[key] = position, row["internal_id"]
            if row["operation"] == "read_back":
                checked[key] = position, row["status"], row["error_detail"]
                was_right |= {key} if row["status"] == "verified" else set()
        for key, (position, internal_id) in written.items():
            check = checked.get(key)
            if check is None or check[0] < position or check[1] == "differs":
                known = check[2] if check and check[0] > position else None
                yield *key, internal_id, known, key not in was_right

    def _payloads(self, record_type: str, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        sent = {row["attempt_id"]: row["payload"] for row in self._log if row["status"] == "attempted"}
        for row in self._log:
            if row["status"] in WRITTEN and row["record_type"] == record_type and row["external_id"] in names:
                yield (
                    row["external_id"],
                    row["status"],
                    row["payload"] if row["status"] == "adopted" else sent[row["attempt_id"]],
                )


class FastMarts(Marts):
    """The views of marts.sql over a log kept in Python. Rows are built into records by the real code."""

    def __init__(self, wanted: Wanted, log: list[Row]) -> None:
        self._wanted = wanted
        self._log = log
        self.round = 0
        self.built_at = 0  # rows of the log when the round began
        self.run_id = ""

    # ------------------------------------------------------------ states

    def states(self) -> tuple[dict[tuple[str, str], Row], dict[str, list[Row]]]:
        """((record type, external id) → the log's word on it, rows of each relation with their states)."""
        records: defaultdict[tuple[str, str], Row] = defaultdict(
            lambda: {"internal_id": None, "check": None, "answer": None}
        )
        present: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        bodies = {row["attempt_id"]: row["payload"] for row in self._log if row["status"] == "attempted"}
        for position, row in enumerate(self._log):
            record = records[row["record_type"], row["external_id"]]
            status = row["status"]
            if status in ("created", "adopted"):
                record["internal_id"] = row["internal_id"]
            if status in ("verified", "differs"):
                record["check"] = (status, position)
            if status in ("created", "adopted", "applied", "rejected"):
                record["answer"] = (status, position)
            if status in ("created", "applied", "adopted", "verified"):
                payload = bodies[row["attempt_id"]] if status in ("created", "applied") else row["payload"]
                items = json.loads(payload).get("apply", {}).get("items", [])
                present[row["record_type"], row["external_id"]] |= {item["doc"]["id"] for item in items}
        relations: dict[str, list[Row]] = {}
        for relation, table, kind in (
            ("credit_memos", "memos", "creditMemo"),
            ("zero_amount_invoices", "zero_invoices", "invoice"),
            ("journal_entries", "journals", "journalEntry"),
        ):
            relations[relation] = [
                row
                | {
                    "state": self._judge(row, records[kind, row["external_id"]]),
                    "netsuite_internal_id": records[kind, row["external_id"]]["internal_id"],
                }
                for row in self._wanted.rows.get(table, [])
            ]
        memos = {row["external_id"]: row for row in relations["credit_memos"]}
        relations["credit_memo_applications"] = [
            self._application(row, memos[row["external_id"]], records, present)
            for row in self._wanted.rows.get("applications", [])
        ]
        relations["customer_refunds"] = list(self._refunds(relations["credit_memo_applications"], records))
        return records, relations

    def _judge(self, row: Row, record: Row) -> str:
        if row["from_round"] > self.round:
            return "waiting"
        differs = record["check"] is not None and record["check"][0] == "differs"
        if record["internal_id"] is not None:
            return "blocked" if differs else "posted"
        return (
            "blocked"
            if self._is_newly(record, "answer", "rejected") or self._is_newly(record, "check", "differs")
            else "ready"
        )

    def _is_newly(self, record: Row, what: str, status: str) -> bool:
        return record[what] is not None and record[what][0] == status and record[what][1] >= self.built_at

    def _application(self, row: Row, memo: Row, records: Any, present: Any) -> Row:
        is_refund = row["application_type"] == "customer_refund"
        key = ("customerRefund", row["target_external_id"]) if is_refund else ("creditMemo", row["external_id"])
        carrier, memo_id = records[key], memo["netsuite_internal_id"]
        target_id = carrier["internal_id"] if is_refund else row["target_netsuite_id"]
        differs = carrier["check"] is not None and carrier["check"][0] == "differs"
        if (memo_id if is_refund else target_id) in present[key] - {None}:
            state = "posted"
        elif row["from_round"] > self.round:
            state = "waiting"
        elif (
            row["application_type"] == "out_of_band"
            or (memo["state"] != "ready" and memo_id is None)
            or memo["state"] == "blocked"
        ):
            state = memo["state"]
        elif self._is_newly(carrier, "answer", "rejected") or (
            differs and (carrier["internal_id"] or self._is_newly(carrier, "check", "differs"))
        ):
            state = "blocked"
        else:
            state = "ready"
        return row | {"target_netsuite_id": target_id, "netsuite_memo_id": memo_id, "state": state}

    def _refunds(self, applications: Sequence[Row], records: Any) -> Iterator[Row]:
        for row in self._wanted.rows.get("refunds", []):
            mine = [
                a
                for a in applications
                if a["application_type"] == "customer_refund" and a["target_external_id"] == row["external_id"]
            ]
            shown = [a for a in mine if a["state"] in ("ready", "posted")]
            record = records["customerRefund", row["external_id"]]
            if record["internal_id"] is not None:
                state = "blocked" if record["check"] and record["check"][0] == "differs" else "posted"
            else:
                state = "ready" if any(a["state"] == "ready" for a in mine) else "waiting"
            yield row | {
                "amount_minor": sum(a["amount_minor"] for a in shown) if shown else None,
                "amount": sum((a["amount"] for a in shown), Decimal(0)) if shown else None,
                "state": state,
                "netsuite_internal_id": record["internal_id"],
            }

    # ------------------------------------------------------------ reading

    def _chunks(self, relation: str, columns: str, wanted: str, order: str) -> Iterator[list[Row]]:
        records, relations = self.states()
        if relation == "items_to_create":
            rows = [
                row
                for row in self._wanted.rows.get(relation, [])
                if records["serviceSaleItem", row["external_id"]]["internal_id"] is None
            ]
        else:
            rows = [
                row for row in relations[relation] if row["state"] == "ready" and row["netsuite_internal_id"] is None
            ]
        by = "created_at" if relation == "credit_memos" else "external_id"
        for part in in_chunks(sorted(rows, key=lambda row: row[by])):
            yield [_filled(row, columns) for row in part]

    def _parts_of(self, owners: Sequence[Row], relation: str, columns: str, order: str) -> dict[str, list[Row]]:
        rows = [_filled(row, f"external_id, {columns}") for row in self._wanted.rows.get(relation, [])]
        return _grouped(rows, "external_id")

    def _fields_of(self, owners: Sequence[Row], record_type: str) -> dict[str, list[Row]]:
        return defaultdict(list)

    def _applications_of(self, owners: Sequence[Row], kind: str, of: str, on: str) -> dict[str, list[Row]]:
        rows = [
            _claim(row, of, on)
            for row in self.states()[1]["credit_memo_applications"]
            if row["application_type"] == kind and row["state"] == "ready"
        ]
        return _grouped(sorted(rows, key=_by_document), "external_id")

    def _late(self, record_type: str, kind: str, of: str, at: str, on: str) -> Iterator[list[Record]]:
        relations = self.states()[1]
        owners = {
            row["external_id"]: row for row in relations["credit_memos" if kind == "invoice" else "customer_refunds"]
        }
        failed = {
            row["external_id"]
            for row in self._log
            if row["run_id"] == self.run_id
            and row["record_type"] == record_type
            and row["operation"] == "apply"
            and row["status"] in ("rejected", "unknown")
        }
        rows = [
            _claim(row, of, on)
            | {"internal_id": row[at], "linked_amount_minor": None}
            | {
                name: value
                for name, value in owners[row[of]].items()
                if name
                in (
                    "currency",
                    "netsuite_currency_precision",
                    "linked_amount_minor",
                    "netsuite_customer_id",
                    "netsuite_currency_id",
                )
            }
            for row in relations["credit_memo_applications"]
            if row["application_type"] == kind
            and row["state"] == "ready"
            and row[at] is not None
            and row[of] not in failed
        ]
        for chunk in in_chunks(sorted(_grouped(sorted(rows, key=_by_document), "external_id").items())):
            yield [late_record(record_type, claims) for _, claims in chunk]

    def expected_totals(self, record_type: str, external_ids: Sequence[str]) -> dict[str, ExpectedTotal]:
        relation = {
            "creditMemo": "credit_memos",
            "customerRefund": "customer_refunds",
            "journalEntry": "journal_entries",
        }.get(record_type)
        if relation is None:
            return {name: ExpectedTotal(Decimal(0), None) for name in external_ids}
        return {
            row["external_id"]: ExpectedTotal(
                row["amount"],
                Decimal(row["linked_amount_minor"]) / 100 if record_type == "customerRefund" else None,
            )
            for row in self.states()[1][relation]
            if row["external_id"] in external_ids
        }


def _claim(row: Row, of: str, on: str) -> Row:
    doc = (
        (row["target_netsuite_id"], row["target_external_id"])
        if on == "target"
        else (row["netsuite_memo_id"], row["external_id"])
    )
    return {
        "external_id": row[of],
        "doc": doc[0],
        "doc_external_id": doc[1],
        "amount": row["amount"],
        "amount_minor": row["amount_minor"],
    }


def _by_document(claim: Row) -> tuple[bool, str, str]:
    return claim["doc"] is None, claim["doc"] or "", claim["doc_external_id"] or ""


def _filled(row: Row, columns: str) -> Row:
    """The row with null for every column that was not given."""
    return {name: row.get(name) for name in columns.split(", ")}


def _grouped(rows: Sequence[Row], by: str) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[by]].append(row)
    return grouped
