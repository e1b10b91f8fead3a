"""Short cuts that let thousands of histories fit into a minute: the marts' views and the stand-in's SuiteQL
in plain Python.

Every fiftieth history runs without them, on DuckDB; `test_short_cuts.py` holds both against each other.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from load_netsuite.bodies import Row
from load_netsuite.journal import LAST_POSITION, NO_EFFECT_SEEN, PRESENT, RESULTS, WRITTEN
from load_netsuite.journal_queries import NEWEST, PAYLOADS, UNCHECKED, UNSETTLED
from load_netsuite.marts import HELD, ExpectedTotal, Marts, in_chunks
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
    "position",
)


class FastQuery:
    """Answers the loader's kinds of look-up from the books. `lag()`: seconds by which SuiteQL is behind them."""

    def __init__(
        self, books: Books, lag: Callable[[], float] = lambda: 0.0, now: Callable[[], float] = time.time
    ) -> None:
        self._books = books
        self._lag, self._now = lag, now

    def _is_late(self, at: dt.datetime) -> bool:
        return bool(self._lag()) and at.timestamp() > self._now() - self._lag()

    def _shown(self) -> Iterator[Any]:
        return (t for t in self._books.transactions() if not self._is_late(t.created))

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
        for t in self._shown():
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
            if self._is_late(t.modified):
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


class FastLog:
    """Answers the loader's queries to the load log from a list of rows. `execute` and `fetch...` as
    DuckDB's."""

    def __init__(self, log: list[Row]) -> None:
        self._log = log
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> FastLog:
        if sql == LAST_POSITION:
            self._rows = [(max((row["position"] for row in self._log), default=None),)]
        elif sql == NEWEST:
            self._rows = list(self._newest())
        elif sql == UNSETTLED:
            self._rows = sorted(self._unsettled(), key=lambda row: row[:2])
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
        written: dict[tuple[str, str], tuple[int, str, int]] = {}
        checked: dict[tuple[str, str], tuple[int, str, str | None]] = {}
        was_right: set[tuple[str, str]] = set()
        unseen: dict[tuple[str, str], int] = {}
        for position, row in enumerate(self._log):
            key = row["record_type"], row["external_id"]
            if row["status"] in WRITTEN and row["record_type"] != "serviceSaleItem":
                written[key] = position, row["internal_id"] or written[key][1], row["at"]
            if row["operation"] == "read_back" and row["status"] in ("verified", "differs"):
                checked[key] = position, row["status"], row["error_detail"]
                was_right |= {key} if row["status"] == "verified" else set()
            elif row["operation"] == "read_back":
                unseen[key] = position
        for key, (position, internal_id, at) in written.items():
            check = checked.get(key)
            if check is None or check[0] < position or check[1] == "differs":
                known = check[2] if check and check[0] > position else None
                yield *key, internal_id, known, key not in was_right, at, unseen.get(key, -1) > position

    def _newest(self) -> Iterator[tuple[Any, ...]]:
        rows: dict[tuple[str, str], list[Row]] = {}
        for row in self._log:
            if row["record_type"] != "serviceSaleItem":
                rows.setdefault((row["record_type"], row["external_id"]), []).append(row)
        for key, own in sorted(rows.items(), key=lambda item: -item[1][-1]["position"]):
            ids = [row["internal_id"] for row in own if row["status"] in PRESENT]
            words = [row["status"] for row in own if row["status"] in WRITTEN or row["operation"] == "read_back"]
            if ids:
                yield *key, ids[-1], words[-1] == "verified"

    def _unsettled(self) -> Iterator[tuple[Any, ...]]:
        ended = {row["attempt_id"]: row["error_code"] for row in self._log if row["status"] in RESULTS}
        taken = {
            row["attempt_id"]
            for row in self._log
            if row["status"] == "unknown" and 400 <= (row["http_status"] or 0) < 500 and row["http_status"] != 408
        }
        present = {
            (row["record_type"], row["external_id"]): row["internal_id"]
            for row in self._log
            if row["status"] in PRESENT
        }
        for row in self._log:
            id, key = row["attempt_id"], (row["record_type"], row["external_id"])
            is_late = ended.get(id) == NO_EFFECT_SEEN and row["operation"] == "create" and key not in present
            if row["status"] == "attempted" and (id not in ended or (is_late and id not in taken)):
                internal_id = row["internal_id"] or present.get(key)
                yield *key, row["operation"], id, row["payload"], internal_id, id not in ended, id in taken

    def _payloads(self, record_type: str, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        sent = {row["attempt_id"]: row["payload"] for row in self._log if row["status"] == "attempted"}
        for row in self._log:
            if row["status"] in WRITTEN and row["record_type"] == record_type and row["external_id"] in names:
                body = row["payload"] if row["status"] == "adopted" else sent.get(row["attempt_id"], row["payload"])
                yield row["external_id"], row["status"], body


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
            if status in RESULTS and row["error_code"] != NO_EFFECT_SEEN:
                record["answer"] = (status, position)
            if status in ("created", "applied", "adopted", "verified"):
                of_attempt = bodies.get(row["attempt_id"]) if status in ("created", "applied") else None
                payload = of_attempt or row["payload"]
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
        differs = record["check"] is not None and record["check"][0] == "differs"
        if record["internal_id"] is not None:
            return "blocked" if differs else "posted"
        if (row.get("until_round") or self.round + 1) <= self.round:
            return "skipped"
        if row["from_round"] > self.round:
            return "waiting"
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
            states = ("waiting", "blocked") if wanted == HELD else ("ready",)
            rows = [
                row for row in relations[relation] if row["state"] in states and row["netsuite_internal_id"] is None
            ]
        by = "created_at" if relation == "credit_memos" and wanted != HELD else "external_id"
        for part in in_chunks(sorted(rows, key=lambda row: row[by])):
            yield [_filled(row, columns) for row in part]

    def _parts_of(self, owners: Sequence[Row], relation: str, columns: str, order: str) -> dict[str, list[Row]]:
        rows = [_filled(row, f"external_id, {columns}") for row in self._wanted.rows.get(relation, [])]
        return _grouped(rows, "external_id")

    def _fields_of(self, owners: Sequence[Row], record_type: str) -> dict[str, list[Row]]:
        return defaultdict(list)

    def _applications_of(
        self, owners: Sequence[Row], kind: str, of: str, on: str, state: str | None = "ready"
    ) -> dict[str, list[Row]]:
        rows = [
            _claim(row, of, on)
            for row in self.states()[1]["credit_memo_applications"]
            if row["application_type"] == kind and state in (None, row["state"])
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
            and row["error_code"] != NO_EFFECT_SEEN
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
