"""One history: rounds of the loader with faults, kills and people in between; then fault-free rounds; then the
invariants.

Between rounds a person skips documents, and the warehouse can be lost. SuiteQL can lag. In some histories two
warehouses post to one NetSuite, in turns.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import requests

from load_netsuite.errors import LoaderError, RecordsGone
from load_netsuite.push import Push
from netsuite.api import NetSuite
from netsuite.concurrency import Clock
from netsuite.errors import NetSuiteError
from sandbox.netsuite import credentials
from sandbox.netsuite.service import Options, Request, Service
from tests.simulation import invariants, person
from tests.simulation.fast_marts import FastMarts
from tests.simulation.fast_query import FastQuery
from tests.simulation.faults import LATE_SECONDS, NO_FAULTS, Faults, Killed
from tests.simulation.faulty_warehouse import FaultyWarehouse
from tests.simulation.wire import BASE_URL, Wire
from tests.simulation.world import ROUNDS, Company, Time, draw_wanted, fill, transform
from warehouse.connection import WarehouseError
from warehouse.query import Warehouse

SETTLING_ROUNDS = 6
ON_DUCKDB_EVERY = 50  # one history in so many uses DuckDB throughout


@lru_cache(maxsize=1)
def made_up_credentials() -> credentials.Credentials:
    return credentials.ensure(tempfile.mkdtemp(prefix="simulation-"))


@dataclass
class Side:
    """One warehouse. unasked: (record type, external id) of writes of unknown outcome that NetSuite was not asked about
    yet.
    """

    log: list[dict[str, Any]]
    marts: FastMarts
    unasked: set[tuple[str, str]] = field(default_factory=set)


class History:
    """`run()` plays the history of a seed to its end. `steps` tells what happened, for a replay.

    on_engine: None = DuckDB for one history in `ON_DUCKDB_EVERY`, else short cuts in Python · warehouse: of another
    engine, with the tables of `world.engine`.
    """

    def __init__(self, seed: int, on_engine: bool | None = None, warehouse: Warehouse | None = None) -> None:
        self.seed = seed
        self.on_engine = seed % ON_DUCKDB_EVERY == 0 if on_engine is None else on_engine
        self.chance = random.Random(seed)
        self.time = Time()
        self.company = Company(self.chance, self.time)
        self.wanted = draw_wanted(self.chance, self.company)
        self.time.advance(120)  # SuiteQL shows what was there before the first extract
        if self.on_engine:
            self.warehouse = fill(self.wanted, warehouse)
        has_two = self.chance.random() < 0.2 and not self.on_engine
        self.sides = [self._new_side() for _ in range(2 if has_two else 1)]
        self.side = self.sides[0]  # whose turn it is
        self.faults = Faults.draw(self.chance)
        self.was_lost = False  # a warehouse was lost: nobody knows what was skipped since
        self.was_stopped = False  # the last run that stopped found nothing of what was posted (I4)
        self.steps: list[str] = []
        self.is_edited = False  # a person has changed what the loader made, or taken what it needs
        self.deleted: set[str] = set()  # internal ids
        options = Options(
            concurrency=50,
            clock=lambda: self.time.now,
            sleep=self.time.advance,
            later=self.time.later,
            token_lifetime=3600,
        )
        self.service = Service(self.company.books, made_up_credentials(), options)
        if not self.on_engine:
            self.service.suiteql = FastQuery(  # type: ignore[assignment]
                self.company.books, lag=lambda: self.faults.lag, now=lambda: self.time.now
            )

    def _new_side(self) -> Side:
        log: list[dict[str, Any]] = []
        return Side(log, FastMarts(self.wanted, log))

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log of the warehouse whose turn it is."""
        return self.side.log

    @property
    def marts(self) -> FastMarts:
        return self.side.marts

    @property
    def has_one_memory(self) -> bool:
        """One warehouse knows all that was posted: it was never lost, and there is no second one."""
        return not self.was_lost and len(self.sides) == 1

    # ---------------------------------------------------------------- playing

    def run(self) -> None:
        """Play to the end.

        Raises:
            Violation: an invariant does not hold.
        """
        for number in range(1, ROUNDS + 1):
            for side in self.sides:
                self.side = side
                self._maybe_lose()
                self._round(number)
            self.time.advance(self.chance.choice((0, 30, 3600)))
        self.faults = NO_FAULTS
        self.time.advance(max(LATE_SECONDS))
        self.company.open_period()
        self._settle()
        for side in self.sides:
            self.side = side
            invariants.check_end(self)

    def _maybe_lose(self) -> None:
        """The warehouse is lost, and set up anew."""
        if self.log and self.chance.random() < self.faults.lost:
            self.tell("  the warehouse is lost")
            self.was_lost = True
            self.log.clear()
            if self.on_engine:
                self.warehouse.execute("delete from load_netsuite.load_log")
            self.side.unasked.clear()

    def _settle(self) -> None:
        """P4: fault-free runs come to an end: one of them has nothing to do."""
        for _ in range(SETTLING_ROUNDS):
            before = [len(side.log) for side in self.sides]
            for side in self.sides:
                self.side = side
                self._round(ROUNDS)
            if [len(side.log) for side in self.sides] == before:
                return
        if not self.is_edited:
            invariants.fail(f"the log still grows after {SETTLING_ROUNDS} fault-free runs")

    def _round(self, number: int) -> None:
        """A transform and a push; under faults, the push can be killed or stop with an error."""
        if self.on_engine:
            transform(self.warehouse, number)
        self.marts.round, self.marts.built_at = number, len(self.log)
        self.tell(f"round {number}")
        try:
            push = self._new_push()
            report = push.run()
            self.tell(f"  done: {dict(report.counts)}")
        except Killed:
            self.tell("  KILLED")
        except (LoaderError, NetSuiteError, WarehouseError) as error:
            self.tell(f"  stopped: {type(error).__name__}: {error}")
            self.was_stopped = isinstance(error, RecordsGone)
            if self.faults == NO_FAULTS and not (self.was_stopped and self.is_edited):
                invariants.fail(f"a fault-free run failed: {error}")

    def _new_push(self) -> Push:
        """A new process of the loader; its clock can be wrong."""
        skew = self.chance.choice((0, 0, 0, -400, 4000)) if self.faults.write else 0
        clock = Clock(
            now=lambda: self.time.now + skew,
            monotonic=lambda: self.time.now,
            sleep=self.time.advance,
            random=self.chance.random,
        )
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", Wire(self))
        client = NetSuite(_settings(), session=session, clock=clock)
        push = Push(FaultyWarehouse(self), client, pick=self.chance.randrange)  # type: ignore[arg-type]
        self.marts.run_id = push.report.run_id
        if not self.on_engine:
            push._marts = self.marts
        return push

    def tell(self, text: str) -> None:
        self.steps.append(f"{self.time.now:.0f} {text}")

    # ---------------------------------------------------------------- what gets in between

    def maybe_kill(self, where: str) -> None:
        if self.faults.kill and self.chance.random() < self.faults.kill:
            self.tell(f"  kill: {where}")
            raise Killed(where)

    def maybe_person(self) -> None:
        if self.faults.person and self.chance.random() < self.faults.person:
            person.act(self)

    # ---------------------------------------------------------------- what the loader does

    def before_write(self, request: Request) -> None:
        name = invariants.attempt_is_logged(self, request)
        invariants.netsuite_was_asked(self, invariants.record_type_of(request), name)

    def after_unknown_outcome(self, request: Request) -> None:
        record_type = invariants.record_type_of(request)
        self.side.unasked |= {(record_type, row["external_id"]) for row in invariants.attempts_of(self.log, request)}

    def after_query(self, sql: str) -> None:
        """A look-up that names the external id, or an adopted memo by its internal id (K2), answers the question (of an
        application: the record's links, too)."""
        asked = {name for id, name in self.wanted.adopted.items() if re.search(rf" IN \([^)]*\b{id}\b", sql)}
        unasked = self.side.unasked
        self.side.unasked = {
            (kind, name) for kind, name in unasked if name not in asked and f"'{name.lower()}'" not in sql
        }


def _settings() -> SimpleNamespace:
    known = made_up_credentials()
    return SimpleNamespace(
        netsuite_base_url=BASE_URL,
        netsuite_account_id=known["account_id"],
        netsuite_auth="oauth2",
        netsuite_client_id=known["client_id"],
        netsuite_certificate_id=known["certificate_id"],
        netsuite_private_key_file=known["private_key_file"],
        netsuite_concurrency=1,
        netsuite_language=None,
    )


# -------------------------------------------------------------------- many histories


@dataclass
class Result:
    """How many histories were played, and what each failure says."""

    histories: int = 0
    failures: list[str] = field(default_factory=list)


def play(seeds: range, stop_at: int = 3, tell: Callable[[str], None] = lambda _: None) -> Result:
    """Play the histories of these seeds until `stop_at` of them fail.

    A failure names the seed, the reason, and the command that replays it; `tell` gets it at once.
    """
    result = Result()
    for seed in seeds:
        try:
            History(seed).run()
        except Exception as failure:
            reason = f"{type(failure).__name__}: {failure}"
            result.failures.append(f"seed {seed}: {reason}; replay: python -m tests.simulation {seed}")
            tell(result.failures[-1])
            if len(result.failures) >= stop_at:
                break
        result.histories += 1
    return result
