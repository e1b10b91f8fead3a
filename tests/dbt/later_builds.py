"""Builds that come one after the other give the same marts as one first build of the same raw rows (models/scope).

The histories of a random world arrive in parts: objects come in older versions or later, NetSuite records are missing
or different for a day, mapping rows come and go, and NetSuite's answers reach the journal. Each build after the first
derives some customers anew. With the books of the others it has to give what a first build gives.
Part of `make soak`; one change at a time: test_staleness.py.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from sandbox.stripe.shapes import Obj
from tests.dbt.company import customers_in_scope
from tests.property.combinations import COMBINATIONS, Combination
from tests.property.histories.world import World, seeded_world
from tests.property.run_models import mapping_texts, read_marts
from tests.support import warehouse as testing

HISTORIES = int(os.environ.get("LATER_HISTORIES", "80"))
SEEDS = range(int(os.environ.get("LATER_SEEDS", "1")))
DAYS = 3
PAYLOAD = '{"tranDate": "2026-02-03", "memo": "as posted", "apply": {"items": []}}'


class Arrival:
    """The world on each day: most of it has arrived, some of it is older or missing."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world, self.dice, self.version = world, dice, 0
        customers = sorted(world.history_of)
        #: customers that change later; the others never do
        self.lively = set(dice.sample(customers, len(customers) // 4))

    def land(self, warehouse: Path, *, last: bool) -> None:
        """Append the versions of this day, replace the NetSuite snapshot."""
        self.version += 1
        with testing.opened(warehouse) as connection:
            testing.create_raw_tables(connection)
            for table in testing.STRIPE_TABLES:
                objects = [self._stripe(item, table, last) for item in self.world.stripe[table].values()]
                testing.land_stripe(connection, table, [o for o in objects if o], version=self.version)
            for table in testing.NETSUITE_TABLES:
                rows = [self._netsuite(row, last) for row in self.world.netsuite.get(table, [])]
                testing.land_netsuite(connection, table, [r for r in rows if r])

    def mappings(self, *, last: bool) -> dict[str, str]:
        """Rows that concern one customer come and go; rows that concern everybody stay, or everybody would be stale."""
        shown = dict(self.world.mappings)
        for name in ("customer_map", "invoice_map", "manual_decisions"):
            shown[name] = [r for r in shown.get(name, []) if last or self.dice.random() < 0.8]
        return mapping_texts(shown)

    def _stripe(self, item: Obj, table: str, last: bool) -> Obj | None:
        owner = item["id"] if table == "customers" else item.get("customer")
        parent = {"_parent": item["customer"]} if table == "customer_balance_transactions" else {}
        may_change = table in ("refunds", "invoice_payments") or owner in self.lively
        if not may_change or table == "customers" or self.dice.random() < (0.8 if last else 0.5):
            return item | parent
        if self.version == 1 and self.dice.random() < 0.5:
            return None
        older = (
            {"status": "open"}
            if table == "invoices"
            else {"status": "pending"}
            if table == "refunds"
            else {"memo": "older"}
        )
        return item | parent | older

    def _netsuite(self, row: Obj, last: bool) -> Obj | None:
        if "externalid" not in row or last or self.dice.random() < 0.97:
            return row
        return self.dice.choice(
            (None, row | {"externalid": None}, row | {"foreignamountunpaid": "0.00", "entity": "1"})
        )


def journal(warehouse: Path, dice: random.Random) -> None:
    """NetSuite answers for some of the ready records: created, rejected, verified or different."""
    ready = testing.rows(
        warehouse, "select external_id from marts.credit_memos where state = 'ready' order by external_id"
    )
    refunds = testing.rows(
        warehouse, "select external_id from marts.customer_refunds where state = 'ready' order by external_id"
    )
    with testing.opened(warehouse) as connection:
        for record_type, row in [("creditMemo", r) for r in ready] + [("customerRefund", r) for r in refunds]:
            if dice.random() > 0.1:
                continue
            attempt, internal_id = f"{row['external_id']}-{dice.random()}", str(dice.randrange(10**8))
            answers = dice.choice(
                (["created"], ["created", "verified"], ["created", "differs"], ["rejected"], ["adopted"])
            )
            for status in ["attempted", *answers]:
                connection.execute(
                    'insert into load_netsuite.load_log (run_id, attempt_id, "at", record_type, external_id, '
                    "operation, status, internal_id, error_detail, payload, position) "
                    f"select 'run', ?, now(), ?, ?, ?, ?, ?, ?, ?, ({testing.NEXT_POSITION})",
                    [
                        attempt,
                        record_type,
                        row["external_id"],
                        "read_back" if status in ("verified", "differs") else "create",
                        status,
                        None if status in ("attempted", "rejected") else internal_id,
                        "for a reason" if status in ("differs", "rejected") else None,
                        PAYLOAD if status == "attempted" else None,
                    ],
                )


def marts(warehouse: Path) -> dict[str, list[str]]:
    return {mart: sorted(map(repr, rows)) for mart, rows in read_marts(warehouse).items()}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("combination", COMBINATIONS[1:], ids=lambda c: c.name)
def test_later_builds_equal_a_first_one(combination: Combination, seed: int, tmp_path: Path) -> None:
    dice = random.Random(f"{seed}/{combination.name}")
    world = seeded_world(seed, combination, range(HISTORIES))
    arrival = Arrival(world, dice)
    later = tmp_path / "warehouse.duckdb"
    scopes = []
    for day in range(DAYS):
        project = testing.project_with_mappings(tmp_path, arrival.mappings(last=day == DAYS - 1))
        arrival.land(later, last=day == DAYS - 1)
        testing.build(project, later, variables=combination.variables, extra=testing.ANY_DECISIONS)
        scopes.append(len(customers_in_scope(later)))
        if day < DAYS - 1:
            journal(later, dice)
    assert all(0 < customers < scopes[0] for customers in scopes[1:]), scopes

    first = tmp_path / "first" / later.name
    first.parent.mkdir()
    shutil.copy(later, first)
    with testing.opened(first) as connection:
        for schema in (
            "parsed",
            "reference",
            "scope",
            "build",
            "books",
            "outcomes",
            "marts",
            "mapping",
        ):
            connection.execute(f"drop schema if exists {schema} cascade")
    testing.run_dbt(testing.WITHOUT_TESTS, project, first, variables=combination.variables)
    expected, found = marts(first), marts(later)
    for mart in expected:
        assert found[mart] == expected[mart], mart
