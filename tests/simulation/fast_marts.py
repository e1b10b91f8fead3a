"""The marts of marts.sql in plain Python, so that thousands of histories fit into a minute.

Every fiftieth history runs on DuckDB instead; `test_short_cuts.py` holds both against each other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from load_netsuite.bodies import Row
from load_netsuite.journal import NO_EFFECT_SEEN, RESULTS
from load_netsuite.marts import HELD, ExpectedTotal, Marts, in_chunks
from load_netsuite.records import Record, late_record
from tests.simulation.world import Wanted

OF_THE_OWNER = (
    "currency",
    "netsuite_currency_precision",
    "linked_amount_minor",
    "netsuite_customer_id",
    "netsuite_currency_id",
    "is_connector",
)


@dataclass
class LoggedRecord:
    """What the log tells of one record. `check` and `answer` are (status, position in the log) of the last one."""

    internal_id: str | None = None
    check: tuple[str, int] | None = None
    answer: tuple[str, int] | None = None
    applied_to: set[str] = field(default_factory=set)  # internal ids of applications that exist

    @property
    def differs(self) -> bool:
        return self.check is not None and self.check[0] == "differs"

    def is_rejected_since(self, position: int) -> bool:
        return self.answer is not None and self.answer[0] == "rejected" and self.answer[1] >= position

    def differs_since(self, position: int) -> bool:
        return self.check is not None and self.differs and self.check[1] >= position


Records = Mapping[tuple[str, str], LoggedRecord]  # by record type and external id


class FastMarts(Marts):
    """The relations that the loader reads. The real code builds records from their rows."""

    def __init__(self, wanted: Wanted, log: list[Row]) -> None:
        self._wanted = wanted
        self._log = log
        self.round = 0
        self.built_at = 0  # rows of the log when the round began
        self.run_id = ""

    # ------------------------------------------------------------ states

    def states(self) -> tuple[Records, dict[str, list[Row]]]:
        """(what the log tells of each record, rows of each relation with their states)."""
        records = self._records()
        relations: dict[str, list[Row]] = {}
        for relation, table, kind in (
            ("credit_memos", "memos", "creditMemo"),
            ("zero_amount_invoices", "zero_invoices", "invoice"),
            ("journal_entries", "journals", "journalEntry"),
        ):
            relations[relation] = [
                row
                | {
                    "state": self._state(row, records[kind, row["external_id"]]),
                    "netsuite_internal_id": records[kind, row["external_id"]].internal_id,
                }
                for row in self._wanted.rows.get(table, [])
            ]
        memos = {row["external_id"]: row for row in relations["credit_memos"]}
        relations["credit_memo_applications"] = [
            self._application(row, memos[row["external_id"]], records)
            for row in self._wanted.rows.get("applications", [])
        ]
        relations["customer_refunds"] = list(self._refunds(relations["credit_memo_applications"], records))
        return records, relations

    def _records(self) -> Records:
        """View `wanted.records` and `wanted.present`."""
        records: defaultdict[tuple[str, str], LoggedRecord] = defaultdict(LoggedRecord)
        bodies = {row["attempt_id"]: row["payload"] for row in self._log if row["status"] == "attempted"}
        for position, row in enumerate(self._log):
            record, status = records[row["record_type"], row["external_id"]], row["status"]
            if status in ("created", "adopted"):
                record.internal_id = row["internal_id"]
            if status in ("verified", "differs"):
                record.check = (status, position)
            if status in RESULTS and row["error_code"] != NO_EFFECT_SEEN:
                record.answer = (status, position)
            if status in ("created", "applied", "adopted", "verified"):
                of_attempt = bodies.get(row["attempt_id"]) if status in ("created", "applied") else None
                items = json.loads(of_attempt or row["payload"]).get("apply", {}).get("items", [])
                record.applied_to |= {item["doc"]["id"] for item in items}
        return records

    def _state(self, row: Row, record: LoggedRecord) -> str:
        """View `wanted.judged`."""
        if record.internal_id is not None:
            return "blocked" if record.differs else "posted"
        if (row.get("until_round") or self.round + 1) <= self.round:
            return "skipped"
        if row["from_round"] > self.round:
            return "waiting"
        is_blocked = record.is_rejected_since(self.built_at) or record.differs_since(self.built_at)
        return "blocked" if is_blocked else "ready"

    def _application(self, row: Row, memo: Row, records: Records) -> Row:
        """View `marts.credit_memo_applications`."""
        is_refund = row["application_type"] == "customer_refund"
        key = ("customerRefund", row["target_external_id"]) if is_refund else ("creditMemo", row["external_id"])
        carrier, memo_id = records[key], memo["netsuite_internal_id"]
        target_id = carrier.internal_id if is_refund else row["target_netsuite_id"]
        applied_to = memo_id if is_refund else target_id
        if applied_to is not None and applied_to in carrier.applied_to:
            state = "posted"
        elif row["from_round"] > self.round:
            state = "waiting"
        elif row["application_type"] == "out_of_band" or self._holds_back(memo):
            state = memo["state"]
        else:
            state = "blocked" if self._is_blocked(carrier) else "ready"
        return row | {"target_netsuite_id": target_id, "netsuite_memo_id": memo_id, "state": state}

    def _holds_back(self, memo: Row) -> bool:
        is_created = memo["netsuite_internal_id"] is not None
        return memo["state"] == "blocked" or (memo["state"] != "ready" and not is_created)

    def _is_blocked(self, carrier: LoggedRecord) -> bool:
        """The record that carries an application was refused, or is not as expected."""
        if carrier.is_rejected_since(self.built_at) or carrier.differs_since(self.built_at):
            return True
        return carrier.differs and carrier.internal_id is not None

    def _refunds(self, applications: Sequence[Row], records: Records) -> Iterator[Row]:
        """View `marts.customer_refunds`."""
        for row in self._wanted.rows.get("refunds", []):
            own = [
                application
                for application in applications
                if application["application_type"] == "customer_refund"
                and application["target_external_id"] == row["external_id"]
            ]
            counted = [application for application in own if application["state"] in ("ready", "posted")]
            record = records["customerRefund", row["external_id"]]
            if record.internal_id is not None:
                state = "blocked" if record.differs else "posted"
            else:
                state = "ready" if any(application["state"] == "ready" for application in own) else "waiting"
            yield row | {
                "amount_minor": sum(application["amount_minor"] for application in counted) if counted else None,
                "amount": sum((application["amount"] for application in counted), Decimal(0)) if counted else None,
                "state": state,
                "netsuite_internal_id": record.internal_id,
            }

    # ------------------------------------------------------------ reading

    def _chunks(self, relation: str, columns: str, wanted: str, order: str) -> Iterator[list[Row]]:
        records, relations = self.states()
        if relation == "items_to_create":
            rows = [
                row
                for row in self._wanted.rows.get(relation, [])
                if records["serviceSaleItem", row["external_id"]].internal_id is None
            ]
        else:
            states = ("waiting", "blocked") if wanted == HELD else ("ready",)
            rows = [
                row for row in relations[relation] if row["state"] in states and row["netsuite_internal_id"] is None
            ]
        by = "created_at" if relation == "credit_memos" and wanted != HELD else "external_id"
        for part in in_chunks(sorted(rows, key=lambda row: row[by])):
            yield [_filled(row, f"external_id, {columns}") for row in part]

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
            | {"internal_id": row[at], "linked_amount_minor": None, "is_connector": None}
            | {name: value for name, value in owners[row[_key(of)]].items() if name in OF_THE_OWNER}
            for row in relations["credit_memo_applications"]
            if row["application_type"] == kind
            and row["state"] == "ready"
            and row[at] is not None
            and row[_key(of)] not in failed
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
        "external_id": row[_key(of)],
        "doc": doc[0],
        "doc_external_id": doc[1],
        "amount": row["amount"],
        "amount_minor": row["amount_minor"],
    }


def _key(of: str) -> str:
    """The rows here know a record by our external id alone."""
    return "external_id" if of == "document_id" else of


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
