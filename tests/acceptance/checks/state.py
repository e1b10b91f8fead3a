"""What the checks of one run look at, and the differences they find."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import duckdb

from sandbox.netsuite.records import Transaction
from tests.acceptance.checks.posted import PostedRecords
from tests.acceptance.world import World
from tests.property.oracle.amounts import decimals
from tests.property.oracle.expectations import Expectations
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.shapes import Document


@dataclass
class State:
    """One run: the world, the expectations, and the warehouse after it. `tag` names the run."""

    world: World
    posted: PostedRecords
    expectations: Expectations
    warehouse: Path
    tag: str
    found: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """A difference in words."""
        self.found.append(f"[{self.tag}] {text}")

    def check(self, what: str, id: str, expected: object, found: object) -> bool:
        """Note a difference of one value; whether both are the same."""
        if expected != found:
            self.note(f"{what} of {id}: expected {expected!r}, found {found!r}")
        return expected == found

    # ---------------------------------------------------------------- expectations

    @property
    def facts(self) -> Facts:
        return self.expectations.facts

    @property
    def tax_strategy(self) -> str:
        return str(self.facts.settings["tax_strategy"])

    def mapped_fields(self, target: str) -> set[str]:
        """NetSuite's fields that field_map fills for one target."""
        field_map = self.world.mappings.get("field_map", [])
        return {row["netsuite_field"] for row in field_map if row["target"] == target}

    # ---------------------------------------------------------------- warehouse

    @cached_property
    def outcomes(self) -> dict[str, Obj]:
        return {row["document_id"]: row for row in self.rows("select * from marts.credit_outcomes")}

    @cached_property
    def load_log(self) -> list[Obj]:
        return self.rows('select * from marts.netsuite_load_log order by "at"')

    @cached_property
    def applications(self) -> dict[tuple[str, str, str | None], Obj]:
        """(document, type, target) -> row of credit_memo_applications."""
        found = self.rows("select * from marts.credit_memo_applications")
        return {(row["document_id"], row["application_type"], row["target_external_id"]): row for row in found}

    def rows(self, query: str) -> list[Obj]:
        """Read only: what a killed run left behind is the next run's to recover."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    # ---------------------------------------------------------------- NetSuite

    @cached_property
    def records(self) -> dict[str, list[Transaction]]:
        """External id -> transactions that are not the test's own."""
        self.world.books.refresh()
        found = defaultdict(list)
        for t in self.world.books.transactions():
            if t.external_id and t.id not in self.world.not_from_pipeline:
                found[t.external_id].append(t)
        return found

    def record(self, id: str, type: str) -> Transaction | None:
        """The one transaction of a type with this external id; else a difference."""
        found = [t for t in self.records.get(id, []) if t.type == type]
        if len(found) == 1:
            return found[0]
        self.note(f"{type} {id}: {len(found)} records in NetSuite")
        return None

    def currency_of(self, t: Transaction) -> str:
        row = self.world.books.row("currency", t.currency)
        return str(row["symbol"]).lower() if row else "?"


def major(document: Document, amount: int) -> Decimal:
    """A minor amount of a document in major units."""
    return Decimal(amount).scaleb(-decimals(document.currency))
