"""The plan: the records that a push would post, as tables and as a file that a later push can be held to.

`plan.json`: {"format": 2, "target", "netsuite_account_id", "position", "records": [...]}. A record has `operation`,
`record_type`, `external_id`, `body` (the hash of its body without applications) and `applications` (external id of the
document → amount): a push posts nothing else. The other fields are for people: `action`, `currency`, `total`,
`customer`, `tran_date`, `period`, `account`. `position` is that of the journal's last row, so that a push can tell what
was posted since. The file holds no secrets and no bodies.

plan.py          makes the plan
plan_tables.py   shows it
plan_check.py    compares it with what is ready now, and with what was posted since
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from load_netsuite import bodies
from load_netsuite.adoption import Existing, adopt, look_up
from load_netsuite.errors import PlanMoved
from load_netsuite.journal import LAST_POSITION
from load_netsuite.marts import STEPS, Marts
from load_netsuite.plan_tables import Names, Totals, print_plan
from load_netsuite.records import Record
from load_netsuite.tables import open_with_journal
from load_netsuite.watcher import Watcher, expect_all
from netsuite.api import NetSuite
from netsuite.names import find_income_accounts, find_names
from settings import Settings
from warehouse.query import ask

FORMAT = 2

Key = tuple[str, str]
"""record type, external id"""


class Planned(msgspec.Struct, kw_only=True):
    operation: str
    record_type: str
    external_id: str
    body: str
    applications: dict[str, Decimal]
    action: str
    currency: str | None
    total: Decimal
    customer: str | None
    tran_date: str | None
    period: str | None
    account: str | None

    @property
    def key(self) -> Key:
        return self.record_type, self.external_id


class PlanFile(msgspec.Struct):
    format: int
    target: str
    netsuite_account_id: str | None
    position: int
    records: list[Planned]


@dataclass(frozen=True)
class Plan:
    """The records that a push may post. position: of the journal when the plan was made."""

    name: str
    position: int
    records: dict[Key, Planned] = field(default_factory=dict)

    def holds(self, record: Record) -> bool:
        """Whether the plan has the record, or the record and all its applications where it is in NetSuite already."""
        planned = self.records.get((record.record_type, record.external_id))
        if planned is None:
            return False
        if record.operation == "create":
            return planned.operation == "create"
        return record.named_applications.items() <= planned.applications.items()


def plan(
    settings: Settings,
    path: Path = Path("plan.json"),
    console: Console | None = None,
    watch: Callable[[], AbstractContextManager[Watcher]] | None = None,
) -> Path:
    """Writes the plan file, prints the tables, and returns the file's path. Writes nothing to NetSuite: it asks which
    of the records are there already, and for the names behind ids. watch: gives who is told of the progress, until the
    tables are printed.

    Raises WarehouseLocked, WarehouseError, LoginRefused, NetSuiteError.
    """
    totals, records = Totals(), list[Planned]()
    with (
        open_with_journal(settings.warehouse_url or settings.warehouse_path, "plan") as warehouse,
        NetSuite(settings) as client,
        watch() if watch else nullcontext() as watcher,
    ):
        if watcher:
            expect_all(watcher, warehouse)
        position = ask(warehouse.cursor(), LAST_POSITION)[0][0] or 0
        for chunk in ready_records(Marts(warehouse)):
            existing = look_up(client, chunk)
            heads = _heads_of_late_refunds(warehouse, chunk)
            for record in chunk:
                planned = _planned(record, _action(record, existing), heads.get(record.external_id, {}))
                records.append(planned)
                totals.add(planned, record, heads.get(record.external_id, {}))
            if watcher:
                watcher(len(chunk))
        names = _names(client, records, totals)
    content = PlanFile(FORMAT, settings.target, settings.netsuite_account_id, position, names.into(records))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    print_plan(content.records, totals, names, console or Console(markup=False, emoji=False, highlight=False))
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
    return Plan(path.name, content.position, {record.key: record for record in content.records})


def ready_records(marts: Marts) -> Iterator[list[Record]]:
    """The records that a push would post, in its order, a chunk at a time."""
    for _, read in STEPS:
        yield from read(marts)


def _action(record: Record, existing: Existing) -> str:
    """What a push does with the record: it decides by the same look-up."""
    is_there = record.external_id in existing.records
    if is_there or record.internal_id or (record.existing_id and not record.problem):
        entries, _ = adopt(record, existing)
        if any(entry.status == "differs" for entry in entries):
            return "differs"
        return "apply" if record.internal_id else "adopt"
    return "cannot be sent" if record.problem else "create"


def _planned(record: Record, action: str, head: dict[str, Any]) -> Planned:
    applications = record.named_applications
    is_sum = record.operation == "apply" or record.record_type == "customerRefund"
    total = sum(applications.values(), Decimal(0)) if is_sum else record.total
    body = record.body
    account = body.get("account", {}).get("id") or head.get("netsuite_account_id")
    return Planned(
        operation=record.operation,
        record_type=record.record_type,
        external_id=record.external_id,
        body=record.body_hash,
        applications=applications,
        action=action,
        currency=record.currency,
        total=_in_decimals(total, record.precision),
        customer=record.customer_id,
        tran_date=body.get("tranDate") or head.get("tran_date"),
        period=body.get("postingPeriod", {}).get("id") or head.get("netsuite_posting_period_id"),
        account=account,
    )


def _in_decimals(total: Decimal, precision: int | None) -> Decimal:
    """The amount with NetSuite's decimals; as it is where it has more, so that the plan shows what is wrong."""
    try:
        return bodies.money(total, precision, "the record")
    except bodies.CannotBuild:
        return total


def _heads_of_late_refunds(warehouse: Any, chunk: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """external id → accounts, date and period of the customer refunds that only get further applications: these have no
    body, yet NetSuite books the further part to the same accounts."""
    late = [r.external_id for r in chunk if r.record_type == "customerRefund" and r.internal_id]
    if not late:
        return {}
    columns = "netsuite_account_id, netsuite_receivables_account_id, netsuite_posting_period_id"
    rows = ask(
        warehouse.cursor(),
        f"select stripe_refund_id, {columns}, cast(tran_date as varchar) from marts.customer_refunds "
        "where stripe_refund_id in (select unnest(?::varchar[]))",
        [late],
    )
    keys = (*columns.split(", "), "tran_date")
    return {external_id: dict(zip(keys, values, strict=True)) for external_id, *values in rows}


def _names(client: NetSuite, records: Sequence[Planned], totals: Totals) -> Names:
    """Asks NetSuite for the names of all ids that the tables show."""
    items = totals.items()
    incomes = find_income_accounts(client, items)
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        for table, id in (("customer", record.customer), ("accountingperiod", record.period)):
            ids[table].add(id or "")
    ids["item"] |= items
    ids["account"] |= totals.accounts() | set(incomes.values()) | {record.account or "" for record in records}
    return Names({table: find_names(client, table, wanted) for table, wanted in ids.items()}, incomes)
