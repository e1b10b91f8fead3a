"""One history: rounds of the loader with faults, kills and people in between, then fault-free rounds, then
the invariants.

Between rounds documents can leave `ready` (a person skips them), and the warehouse can be lost. SuiteQL can lag. In
some histories two warehouses post to one NetSuite, in turns.
"""

from __future__ import annotations

import email.utils
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import duckdb
import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import ProtocolError

from load_netsuite.errors import LoaderError, WrongBooks
from load_netsuite.journal import PRESENT, RESULTS
from load_netsuite.push import Push
from netsuite.api import NetSuite
from netsuite.concurrency import Clock
from netsuite.errors import NetSuiteError
from sandbox.netsuite import credentials, errors
from sandbox.netsuite.service import Answer, Options, Request, Service
from tests.simulation.fast import LOG_COLUMNS, FastLog, FastMarts, FastQuery
from tests.simulation.world import ROUNDS, Company, Time, draw_wanted, fill, transform

BASE_URL = "http://127.0.0.1:9"
LATE_SECONDS = (1, 5, 40, 400, 1500)
SETTLING_ROUNDS = 6
FULL_EVERY = 50  # one history in so many uses DuckDB throughout


class Killed(BaseException):
    """The loader's process ends here, as by kill -9."""


class Violation(AssertionError):
    """An invariant does not hold."""


@lru_cache(maxsize=1)
def made_up_credentials() -> credentials.Credentials:
    import tempfile

    return credentials.ensure(tempfile.mkdtemp(prefix="simulation-"))


@dataclass
class Faults:
    """How often things go wrong, each drawn once a history so that some histories are calm and some are
    wild."""

    write: float
    read: float
    kill: float
    disk: float
    person: float
    lost: float  # chance of losing the warehouse between two rounds
    lag: float  # seconds by which SuiteQL is behind

    @classmethod
    def draw(cls, chance: random.Random) -> Faults:
        often = chance.choice((0.05, 0.15, 0.4))
        return cls(
            write=often,
            read=chance.choice((0.0, 0.03, 0.1)),
            kill=chance.choice((0.0, 0.02, 0.06)),
            disk=chance.choice((0.0, 0.0, 0.02)),
            person=chance.choice((0.0, 0.0, 0.05)),
            lost=chance.choice((0.0, 0.0, 0.3)),
            lag=chance.choice((0.0, 0.0, 20.0, 90.0)),
        )

    @classmethod
    def none(cls) -> Faults:
        return cls(0, 0, 0, 0, 0, 0, 0)


@dataclass
class Side:
    """One warehouse. unasked: writes of unknown effect NetSuite was not asked about yet."""

    log: list[dict[str, Any]]
    marts: FastMarts
    unasked: set[tuple[str, str]] = field(default_factory=set)


class History:
    """`run()` plays it to its end and raises Violation. `steps` tells what happened, for a replay."""

    def __init__(self, seed: int, on_duckdb: bool | None = None) -> None:
        self.seed = seed
        self.on_duckdb = seed % FULL_EVERY == 0 if on_duckdb is None else on_duckdb
        self.chance = random.Random(seed)
        self.time = Time()
        self.company = Company(self.chance, self.time)
        self.wanted = draw_wanted(self.chance, self.company)
        if self.on_duckdb:
            self.warehouse = fill(self.wanted)
        has_two = self.chance.random() < 0.2 and not self.on_duckdb
        self.sides = [self._new_side() for _ in range(2 if has_two else 1)]
        self.side = self.sides[0]
        self.faults = Faults.draw(self.chance)
        self.was_lost = False  # a warehouse was lost: what was skipped since is no more known
        self.was_stopped = False  # a run found nothing of what was posted, and stopped (I4)
        self.steps: list[str] = []
        self.edited = False  # a person has changed what the loader made: the end state is theirs
        self.deleted: set[str] = set()  # internal ids
        options = Options(
            concurrency=50,
            clock=lambda: self.time.now,
            sleep=self.time.pass_,
            later=self.time.later,
            token_lifetime=3600,
        )
        self.service = Service(self.company.books, made_up_credentials(), options)
        if not self.on_duckdb:
            self.service.suiteql = FastQuery(  # type: ignore[assignment]
                self.company.books, lambda: self.faults.lag, lambda: self.time.now
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

    # ------------------------------------------------------------ playing

    def run(self) -> None:
        for round_ in range(1, ROUNDS + 1):
            for side in self.sides:
                self.side = side
                self._maybe_lose()
                self._round(round_)
            self.time.pass_(self.chance.choice((0, 30, 3600)))
        self.faults = Faults.none()
        self.time.pass_(max(LATE_SECONDS))
        self._open_period()
        for _ in range(SETTLING_ROUNDS):
            before = [len(side.log) for side in self.sides]
            for side in self.sides:
                self.side = side
                self._round(ROUNDS)
            if [len(side.log) for side in self.sides] == before:
                break
        else:
            if not self.edited:
                self._fail(f"the log still grows after {SETTLING_ROUNDS} fault-free runs")
        for side in self.sides:
            self.side = side
            self._check_books()
            if not self.was_stopped:
                self._check_attempts()

    def _maybe_lose(self) -> None:
        """The warehouse is lost, and set up anew."""
        if self.log and self.chance.random() < self.faults.lost:
            self._tell("  the warehouse is lost")
            self.was_lost = True
            self.log.clear()
            if self.on_duckdb:
                self.warehouse.execute("delete from load_netsuite.load_log")
            self.side.unasked.clear()

    def _round(self, round_: int) -> None:
        if self.on_duckdb:
            transform(self.warehouse, round_)
        self.marts.round, self.marts.built_at = round_, len(self.log)
        self._tell(f"round {round_}")
        client_clock = Clock(
            now=lambda: self.time.now + skew,
            monotonic=lambda: self.time.now,
            sleep=self.time.pass_,
            random=self.chance.random,
        )
        skew = self.chance.choice((0, 0, 0, -400, 4000)) if self.faults.write else 0
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", Wire(self))
        try:
            client = NetSuite(_settings(), session=session, clock=client_clock)
            push = Push(Warehouse(self), client, pick=self._pick)  # type: ignore[arg-type]
            self.marts.run_id = push.report.run_id
            if not self.on_duckdb:
                push._marts = self.marts
            report = push.run()
            self._tell(f"  done: {dict(report.counts)}")
        except Killed:
            self._tell("  KILLED")
        except (LoaderError, NetSuiteError) as error:
            self._tell(f"  stopped: {type(error).__name__}: {error}")
            self.was_stopped = isinstance(error, WrongBooks)
            if self.faults == Faults.none() and not (self.was_stopped and self.edited):
                self._fail(f"a fault-free run failed: {error}")

    def _pick(self, count: int) -> int:
        return self.chance.randrange(count)

    def maybe_kill(self, where: str) -> None:
        if self.faults.kill and self.chance.random() < self.faults.kill:
            self._tell(f"  kill: {where}")
            raise Killed(where)

    def maybe_person(self) -> None:
        """Someone works in NetSuite meanwhile."""
        if not self.faults.person or self.chance.random() >= self.faults.person:
            return
        ours = [t for t in self.company.books.transactions() if t.external_id in self.wanted.records]
        memos = [t for t in ours if t.type == "CustCred"]
        deed = self.chance.choice(("unapply", "close", "open", "delete", "edit", "take"))
        try:
            if deed == "close":
                self.company.books.set_period(self.company.period, closed=True)
            elif deed == "open":
                self._open_period()
            elif deed == "unapply" and memos:
                self.edited = True
                self.company.books.unapply(self.chance.choice(memos).id)
            elif deed == "edit" and memos:
                self.edited = True
                self.company.books.edit_amount(self.chance.choice(memos).id, "123.45")
            elif deed == "delete" and ours:
                self.edited = True
                self.company.books.delete(doomed := self.chance.choice(ours).id)
                self.deleted.add(str(doomed))
            elif deed == "take":
                # The customer pays the invoice, so that a credit for it finds nothing open.
                self.edited = True
                invoice, _, customer = self.chance.choice(self.company.invoices)
                self.company.books.create(
                    "customerPayment", _payment(self.company, invoice, customer, self.company.books)
                )
            else:
                return
            self._tell(f"  person: {deed}")
        except errors.Refused as refused:
            self._tell(f"  person: {deed} refused: {refused}")

    def _open_period(self) -> None:
        self.company.books.set_period(self.company.period, closed=False)

    # ------------------------------------------------------------ what the loader does

    def before_write(self, request: Request) -> None:
        """P2: an attempt with exactly this body is in the log, and NetSuite has been asked about an unknown
        one."""
        kind = request.path.partition("/record/v1/")[2].partition("/")[0]
        body = request.body.decode()
        ended = {row["attempt_id"] for row in self.log if row["status"] != "attempted"}
        rows = [row["external_id"] for row in self._attempts(kind, body) if row["attempt_id"] not in ended]
        if not rows:
            self._fail(f"{request.method} {request.path} left without an attempt in the log")
        if (kind, rows[-1]) in self.side.unasked:
            self._fail(f"{kind} {rows[-1]} was sent again without asking NetSuite after an unknown outcome")

    def after_write(self, request: Request, is_known: bool) -> None:
        if is_known:
            return
        kind = request.path.partition("/record/v1/")[2].partition("/")[0]
        self.side.unasked |= {(kind, row["external_id"]) for row in self._attempts(kind, request.body.decode())}

    def _attempts(self, kind: str, body: str) -> list[dict[str, Any]]:
        return [
            row
            for row in self.log
            if row["status"] == "attempted" and row["record_type"] == kind and row["payload"] == body
        ]

    def after_query(self, sql: str) -> None:
        """A look-up that names the external id (of an application: the links of the record, too) answers
        the question."""
        unasked = self.side.unasked
        self.side.unasked = {(kind, name) for kind, name in unasked if f"'{name.lower()}'" not in sql}

    # ------------------------------------------------------------ invariants

    def _check_books(self) -> None:
        books, wanted = self.company.books, self.wanted.records
        names = Counter(t.external_id.lower() for t in books.transactions() if t.external_id)
        if twice := [name for name, count in names.items() if count > 1]:
            self._fail(f"two records for {twice}")
        there = {t.external_id: t for t in books.transactions() if t.external_id in wanted}
        items = {row["externalid"]: row for row in books.rows("item") if row["externalid"]}
        by_id = {t.id: t.external_id for t in books.transactions()}
        self._check_log(
            {name: str(t.id) for name, t in there.items()} | {name: row["id"] for name, row in items.items()}
        )
        for name, (kind, total, applied) in wanted.items():
            if kind == "Service":
                if name not in items:
                    self._fail(f"item {name} is missing")
                continue
            found = there.get(name)
            shown = {by_id[doc]: amount for doc, amount in found.applications.items()} if found else {}
            for doc, amount in shown.items():
                if amount > applied.get(doc or "", Decimal(0)):
                    self._fail(f"{name} applies {amount} to {doc}, wanted was {applied.get(doc or '')}")
            is_given_up = name in self.wanted.skippable and (found is None or self.was_lost or len(self.sides) > 1)
            if self.edited or is_given_up:
                continue
            if kind == "CustRfnd" and set(applied) & self.wanted.skippable:
                # A part counts if the log has its memo; one whose warehouse was lost is known to nobody.
                known = {row["external_id"] for row in self.log if row["status"] in PRESENT}
                applied = {doc: amount for doc, amount in applied.items() if doc in known}
                total = sum(applied.values(), Decimal(0))
                if self.was_lost or len(self.sides) > 1 or (found is None and not total):
                    continue
            if found is None:
                self._fail(f"{name} is missing")
            if (found.type, found.total, shown) != (kind, total, applied):
                self._fail(f"{name} is {found.type} {found.total} {shown}, wanted was {kind} {total} {applied}")

    def _check_log(self, ids: dict[str, str]) -> None:
        """The log's internal id is NetSuite's; what the loader made is in the log; nothing is left
        unverified."""
        logged: dict[str, str] = {}
        for row in self.log:
            if row["status"] in ("created", "adopted") and row["internal_id"]:
                logged[row["external_id"]] = row["internal_id"]
        for name, id in ids.items():
            # A document that was skipped before its warehouse was lost is asked for by nobody but reconcile.
            is_given_up = name in self.wanted.skippable and (self.was_lost or len(self.sides) > 1)
            if name not in logged and not self.edited and not is_given_up:
                self._fail(f"{name} is in NetSuite and not in the log")
            if logged.get(name, id) == id:
                continue
            # Found right, deleted by a person, and made again by an attempt that NetSuite had kept waiting:
            # reconcile says so, nothing else asks again for what was found right.
            is_again = logged[name] in self.deleted
            # NetSuite named another record's id, and a person edited the right one before it was read back:
            # it is not as meant, so it is not adopted, and the difference names it.
            is_edited = any(
                row["status"] == "differs" and (row["external_id"], row["internal_id"]) == (name, id)
                for row in self.log
            )
            if not self.edited or not (is_again or is_edited):
                self._fail(f"{name} is {id} in NetSuite, {logged[name]} in the log")
        if not self.edited and (gone := set(logged) - set(ids)):
            self._fail(f"{gone} are in the log and not in NetSuite")

    def _check_attempts(self) -> None:
        """Every attempt has exactly one result (P2), and what we attempted and found is `created`."""
        results = Counter(row["attempt_id"] for row in self.log if row["status"] in RESULTS)
        tried = {row["attempt_id"]: row for row in self.log if row["status"] == "attempted"}
        for id, row in tried.items():
            if results[id] != 1:
                self._fail(f"attempt {id} of {row['external_id']} ({row['operation']}) has {results[id]} results")
        if not self.edited and (alarms := [row["error_detail"] for row in self.log if row["status"] == "differs"]):
            self._fail(f"nobody changed anything, but the log says: {alarms}")
        if len(self.sides) > 1 or self.was_lost:
            return  # then another warehouse may have created it
        # A request that the network doubles is refused although it was ours: nobody can tell that from somebody else's.
        refused = {
            row["attempt_id"]
            for row in self.log
            if row["status"] == "adopted" or (row["status"] in ("unknown", "rejected") and row["http_status"] == 400)
        }
        ours = {
            (row["record_type"], row["external_id"])
            for id, row in tried.items()
            if row["operation"] == "create" and id not in refused
        }
        for status in ("adopted", "created"):
            found = {(row["record_type"], row["external_id"]) for row in self.log if row["status"] == status}
            ours = ours & found if status == "adopted" else ours - found
        if ours:
            self._fail(f"{ours} are adopted, but an attempt to create them was ours")

    def _tell(self, text: str) -> None:
        self.steps.append(f"{self.time.now:.0f} {text}")

    def _fail(self, what: str) -> Any:
        raise Violation(what)


# ------------------------------------------------------------ boundaries


class Wire(BaseAdapter):
    """A requests transport that hands requests to the stand-in without sockets, and loses, doubles or bends
    answers."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history

    def close(self) -> None:
        pass

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        history, chance = self.history, self.history.chance
        parts = urlsplit(request.url or "")
        body = request.body or b""
        sent = Request(
            request.method or "",
            parts.path + (f"?{parts.query}" if parts.query else ""),
            {name.lower(): value for name, value in request.headers.items()} | {"host": parts.netloc},
            body.encode() if isinstance(body, str) else body,
        )
        history.maybe_person()
        history.maybe_kill(f"before {sent.method} {sent.path}")
        history.time.pass_(chance.choice((0.1, 1, 3)))
        if sent.is_write:
            answer = self._write(sent)
        else:
            answer = self._read(sent)
            if answer is not None and answer.status == 200 and sent.path.endswith("suiteql"):
                history.after_query(json.loads(sent.body)["q"])
        history.maybe_kill(f"after {sent.method} {sent.path}")
        if answer is None:
            raise requests.ConnectionError(ProtocolError("Connection aborted."))
        return _response(request, answer, history.time.now)

    def _read(self, sent: Request) -> Answer | None:
        history = self.history
        if history.chance.random() < history.faults.read:
            kind = history.chance.choice(("drop", "500", "502", "429", "401"))
            history._tell(f"  read fault: {kind}")
            return None if kind == "drop" else BENT[kind]
        return self._handle(sent)

    def _write(self, sent: Request) -> Answer | None:
        history, chance = self.history, self.history.chance
        history.before_write(sent)
        if chance.random() >= history.faults.write:
            answer = self._handle(sent)
            history._tell(f"  {sent.method} {sent.path} {_shown(sent)} -> {answer.status if answer else 'dropped'}")
            return answer
        effect = chance.choice(("none", "now", "twice", "late"))
        told = chance.choice(("drop", "timeout", "500", "502", "no_location", "own", "wrong", "another", "429", "401"))
        if told in ("429", "401"):
            effect = "none"  # NetSuite does nothing when it says so
        if told in ("no_location", "own") and effect != "twice":
            effect = "now"
        if told in ("wrong", "another"):
            effect = "now"
        history._tell(f"  {sent.method} {sent.path} {_shown(sent)}: effect {effect}, answer {told}")
        answer: Answer | None = BENT["500"]
        if effect in ("now", "twice"):
            answer = self._handle(sent)
        if effect == "twice":
            answer = self._handle(sent)
        if effect == "late":
            history.time.later(chance.choice(LATE_SECONDS), lambda: self._late(sent))
        is_known = told in ("own", "another", "429", "401")
        history.after_write(sent, is_known)
        if told == "timeout":
            history.time.pass_(300)
            raise requests.ReadTimeout()
        if told == "drop":
            return None
        if told == "own":
            return answer
        if told == "another":
            assert answer is not None
            return self._naming_another(answer)
        if told == "no_location":
            assert answer is not None
            return answer._replace(headers=[header for header in answer.headers if header[0] != "Location"])
        return BENT[told]

    def _naming_another(self, answer: Answer) -> Answer:
        """The answer with the id of another record of the same kind in Location, where there is one."""
        headers = dict(answer.headers)
        url, _, id = headers.get("Location", "").rpartition("/")
        made = self.history.company.books.transaction(id) if id.isdigit() else None
        others = [
            t.id for t in self.history.company.books.transactions() if made and t.type == made.type and t.id != made.id
        ]
        if not others or url.endswith("item"):
            return answer
        return answer._replace(
            headers=list((headers | {"Location": f"{url}/{self.history.chance.choice(others)}"}).items())
        )

    def _late(self, sent: Request) -> None:
        answer = self._handle(sent)
        self.history._tell(f"  late: {sent.method} {sent.path} -> {answer.status if answer else None}")

    def _handle(self, sent: Request) -> Answer | None:
        return self.history.service.handle(sent)


def _refusal(refused: errors.Refused) -> Answer:
    return Answer(refused.status, [("Content-Type", "application/json")], json.dumps(refused.body()).encode())


BENT: dict[str, Answer] = {
    "500": _refusal(errors.unexpected("0")),
    "502": Answer(502, [("Content-Type", "text/html")], b"<html>502 Bad Gateway</html>"),
    "429": _refusal(errors.concurrency_limit()),
    "401": _refusal(errors.invalid_login()),
    "wrong": Answer(204, [("Location", f"{BASE_URL}/services/rest/record/v1/vendorbill/7")]),
}


class Warehouse:
    """The warehouse as the loader gets it: a commit to the log can fail, and the process can die around
    it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._cursor = history.warehouse.cursor() if history.on_duckdb else FastLog(history.log)

    def cursor(self) -> Warehouse:
        return Warehouse(self._history)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if not sql.startswith("insert into load_netsuite.load_log"):
            return self._cursor.execute(sql, parameters)
        history = self._history
        history.maybe_kill("before a commit")
        if history.faults.disk and history.chance.random() < history.faults.disk:
            history._tell("  the disk is full")
            raise duckdb.IOException("No space left on device")
        if history.on_duckdb:
            self._cursor.execute(sql, parameters)
        width = len(LOG_COLUMNS)
        for start in range(0, len(parameters), width):
            history.log.append(dict(zip(LOG_COLUMNS, parameters[start : start + width], strict=True)))
        history.maybe_kill("after a commit")
        return None


def _response(request: requests.PreparedRequest, answer: Answer, now: float) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(dict(answer.headers) | {"Date": email.utils.formatdate(now, usegmt=True)})
    response.raw = io.BytesIO(answer.body)
    response._content = answer.body
    response.request, response.url = request, request.url or ""
    return response


def _shown(sent: Request) -> str:
    body = json.loads(sent.body)
    return str(body.get("externalId") or body)


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


def _payment(company: Company, invoice: str, customer: str, books: Any) -> dict[str, Any]:
    open_amount = books.open_amount(books.transaction(invoice))
    return {
        "customer": {"id": customer},
        "arAcct": {"id": company.receivables},
        "currency": {"id": company.currency},
        "payment": open_amount,
        "autoApply": False,
        "tranDate": "2026-03-09",
        "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": open_amount}]},
    }


@dataclass
class Result:
    histories: int = 0
    failures: list[str] = field(default_factory=list)


def play(seeds: range, stop_at: int = 3, tell: Callable[[str], None] = lambda _: None) -> Result:
    """Plays the histories of these seeds; stops after `stop_at` failures. Each names the seed, what is
    wrong, and the command that replays it."""
    result = Result()
    for seed in seeds:
        try:
            History(seed).run()
        except Exception as failure:
            result.failures.append(
                f"seed {seed}: {type(failure).__name__}: {failure}; replay: python -m tests.simulation {seed}"
            )
            tell(result.failures[-1])
            if len(result.failures) >= stop_at:
                break
        result.histories += 1
    return result
