"""The plan: the records that a push would post, as a table and as a file that a later push can be held to.

`plan.json`: {"format": 1, "target", "netsuite_account_id", "records": [{"operation", "record_type", "external_id",
"currency", "total", "fingerprint"}]}. A fingerprint is the hash of the body with documents named by external id, so it
stays the same while a run turns external ids into internal ones. The file holds no secrets and no bodies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from load_netsuite.errors import PlanMoved
from load_netsuite.marts import STEPS, Marts
from load_netsuite.records import Record
from load_netsuite.tables import open_with_journal
from settings import Settings

FORMAT = 1
SHOWN_DIFFERENCES = 20

Key = tuple[str, str, str]
"""operation, record type, external id"""


class Planned(msgspec.Struct, frozen=True):
    operation: str
    record_type: str
    external_id: str
    currency: str | None
    total: str
    fingerprint: str

    @property
    def key(self) -> Key:
        return self.operation, self.record_type, self.external_id


class PlanFile(msgspec.Struct):
    format: int
    target: str
    netsuite_account_id: str | None
    records: list[Planned]


@dataclass(frozen=True)
class Plan:
    """The records that a push may post: key → fingerprint."""

    fingerprints: dict[Key, str]

    def holds(self, record: Record) -> bool:
        """Whether the plan has a record of this operation, type and external id."""
        return _key(record) in self.fingerprints


def plan(settings: Settings, path: Path = Path("plan.json"), console: Console | None = None) -> Path:
    """Writes the plan file, prints the table, and returns the file's path. Sends NetSuite nothing.

    Raises WarehouseLocked, WarehouseError.
    """
    totals: defaultdict[tuple[str, ...], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    records = []
    with open_with_journal(settings.warehouse_path) as warehouse:
        for record in _records(Marts(warehouse)):
            records.append(Planned(*_key(record), record.currency, str(_amount(record)), record.fingerprint))
            action = "adopt" if record.existing_id and record.operation == "create" else record.operation
            for posts_to, amount in _postings(record):
                key = record.record_type, action, record.currency or "", posts_to, _period(record)
                rows, total = totals[key]
                totals[key] = rows + 1, total + amount
    content = PlanFile(FORMAT, settings.target, settings.netsuite_account_id, records)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    _print(totals, len(records), console or Console())
    return path


def read_plan(path: Path, settings: Settings) -> Plan:
    """The plan in a file. Raises PlanMoved when the file is no plan for this target and account."""
    try:
        content = msgspec.json.decode(path.read_bytes(), type=PlanFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise PlanMoved(
            f"{path.name} cannot be read as a plan ({error}); make it anew with `make plan`. Nothing was posted."
        ) from None
    for name, planned, now in (
        ("format", content.format, FORMAT),
        ("TARGET", content.target, settings.target),
        ("NETSUITE_ACCOUNT_ID", content.netsuite_account_id, settings.netsuite_account_id),
    ):
        if planned != now:
            raise PlanMoved(f"{path.name} was made for {name} {planned}, this is {now}. Nothing was posted.")
    return Plan({record.key: record.fingerprint for record in content.records})


def refuse_if_moved(plan: Plan, marts: Marts) -> None:
    """Raises PlanMoved, naming the records, unless the ready records and their bodies are exactly those of the plan."""
    now = {_key(record): record.fingerprint for record in _records(marts)}
    moved = [
        *(f"{_name(key)} is ready now and not in the plan" for key in now.keys() - plan.fingerprints.keys()),
        *(f"{_name(key)} is in the plan and not ready any more" for key in plan.fingerprints.keys() - now.keys()),
        *(
            f"{_name(key)} would be posted with another body"
            for key in now.keys() & plan.fingerprints.keys()
            if now[key] != plan.fingerprints[key]
        ),
    ]
    if moved:
        rest = f"\n  ... and {len(moved) - SHOWN_DIFFERENCES} more" if len(moved) > SHOWN_DIFFERENCES else ""
        raise PlanMoved(
            "the records to post have changed since the plan was made; nothing was posted. Make a new plan with `make "
            "plan`.\n  " + "\n  ".join(sorted(moved)[:SHOWN_DIFFERENCES]) + rest
        )


def _records(marts: Marts) -> Iterator[Record]:
    for _, read in STEPS:
        for chunk in read(marts):
            yield from chunk


def _key(record: Record) -> Key:
    return record.operation, record.record_type, record.external_id


def _name(key: Key) -> str:
    return " ".join(key)


def _amount(record: Record) -> Decimal:
    return sum((a.amount for a in record.applications), Decimal(0)) if record.operation == "apply" else record.total


def _postings(record: Record) -> Iterator[tuple[str, Decimal]]:
    """(item, account or applied document; amount) of each posting of the record."""
    if record.problem:
        yield f"cannot be sent: {record.problem[:60]}", record.total
    elif record.operation == "apply" or record.record_type == "customerRefund":
        account = record.body.get("account", {}).get("id")
        yield (f"account {account}" if account else "application"), _amount(record)
    elif record.record_type == "journalEntry":
        for line in record.body["line"]["items"]:
            side = "debit" if "debit" in line else "credit"
            yield f"account {line['account']['id']} {side}", line[side]
    elif "item" in record.body:
        for line in record.body["item"]["items"]:
            item = line["item"]
            yield f"item {item.get('id') or item['externalId']}", line.get("amount", line.get("grossAmt"))
    else:
        yield record.body.get("itemId", ""), Decimal(0)


def _period(record: Record) -> str:
    return str(record.body.get("postingPeriod", {}).get("id", ""))


def _print(totals: dict[tuple[str, ...], tuple[int, Decimal]], count: int, console: Console) -> None:
    table = Table(title=f"Would be posted to NetSuite: {count} records")
    for column in ("record type", "what", "currency", "item / account", "period"):
        table.add_column(column)
    for column in ("rows", "amount"):
        table.add_column(column, justify="right")
    for key in sorted(totals):
        rows, total = totals[key]
        table.add_row(*key, str(rows), f"{total:,}")
    console.print(table)
