"""One seed from an empty warehouse to a settled company, with kills and faults on the way."""

from __future__ import annotations

import functools
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb

from sandbox.netsuite import credentials, server
from sandbox.stripe import server as stripe_server
from tests.acceptance.checks.posted import PostedRecords
from tests.acceptance.checks.run import check_run
from tests.acceptance.checks.state import State
from tests.acceptance.company import pay_invoice
from tests.acceptance.later import move_on
from tests.acceptance.trouble import Trouble
from tests.acceptance.world import World, make
from tests.property.oracle.expectations import Expectations
from tests.property.oracle.shapes import Document

ROOT = Path(__file__).parents[2]
TIMEOUT = 240  # seconds of one run
KILLED = -9  # exit code

REFUSED_BY_THE_LAST_RUN = """
select count(*) from load_netsuite.load_log where status = 'rejected'
and run_id = (select run_id from load_netsuite.load_log order by position desc limit 1)
"""
SECRETS = ("consumer_secret", "token_secret", "consumer_key", "token_id", "client_id")


class Scenario:
    """A copy of the repository that runs the pipeline against both stand-ins; `found` holds all differences."""

    def __init__(self, seed: int, customers: int, folder: Path, *, tell: Callable[[str], None] = print) -> None:
        self.seed, self.tell, self.folder = seed, tell, folder
        self.chance = random.Random(f"scenario {seed}")
        began = time.monotonic()
        self.world: World = make(seed, customers)
        self.checkout = self._clone()
        self.posted = PostedRecords()
        self.trouble = Trouble(self.chance)
        self.credentials = credentials.ensure(folder / "keys", kind=self.chance.choice(("ec", "rsa")))
        server._Http.handle_error = lambda *_: None  # type: ignore[method-assign]  # killed clients hang up
        self.netsuite = server.start(
            self.world.books,
            credentials=self.credentials,
            faults=self.trouble,
            latency=0.005,
            concurrency=self.chance.choice((5, 5, 2, 1)),
            token_lifetime=self.chance.choice((3600.0, 3600.0, 8.0)),
        )
        self.stripe = stripe_server.start(
            self.world.billing, api_key="rk_test_" + "Acceptance" * 3, endpoint_rate=None, total_rate=None
        )
        self.found: list[str] = []
        self.run_count = 0
        self.output = ""  # of the last run
        self.tell(f"seed {seed}: {customers} customers, {self.world.choices}; made in {time.monotonic() - began:.1f} s")

    def _clone(self) -> Path:
        checkout = self.folder / "checkout"
        subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(checkout)], check=True)
        (checkout / ".venv").symlink_to((ROOT / ".venv").resolve())
        # The loader waits up to two minutes a step for lost records: in the copy, seconds.
        push = checkout / "load_netsuite" / "push.py"
        push.write_text(re.sub(r"(?m)^RESOLVE_PAUSES = .*$", "RESOLVE_PAUSES = (0.0, 0.5, 1.0, 1.0)", push.read_text()))
        return checkout

    @property
    def warehouse(self) -> Path:
        return self.checkout / "data" / f"production-{self.credentials['account_id']}.duckdb"

    def stop(self) -> None:
        self.netsuite.stop()
        self.stripe.stop()

    # ---------------------------------------------------------------- one run of the pipeline

    def pipeline(self, *, kill_after: float | None = None, kill_at: tuple[int, bool] | None = None) -> int:
        """One run; the result is its exit code (KILLED included).

        kill_after: seconds. kill_at: (number of the write, whether before it takes effect).
        """
        self.world.write_mappings(self.checkout / "mappings")
        self.trouble.writes = 0
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(
                [".venv/bin/python", "-m", "tests.support.quick_pipeline", "run"],
                cwd=self.checkout, env=self._environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                text=True, preexec_fn=lambda: os.nice(5),
            )  # fmt: skip
            self.trouble.process, self.trouble.kill_at = process, kill_at
            try:
                code = process.wait(kill_after or TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
                if not kill_after:
                    self.found.append(f"a run took more than {TIMEOUT} s")
            self.trouble.process = None
            out.seek(0)
            self.output = out.read()
        (self.folder / f"run{self.run_count}.txt").write_text(self.output)
        time.sleep(0.3)  # the server finishes its last requests
        took = f"{time.monotonic() - began:.1f} s, {self.trouble.writes} writes"
        self.tell(f"  run {self.run_count}: exit {code} in {took}")
        self.run_count += 1
        return code

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        netsuite = credentials.environment(self.credentials, self.netsuite.url, self.world.choices.auth)
        return inherited | netsuite | {
            "TARGET": "production",
            "STRIPE_API_KEY": self.stripe.api_key,
            "STRIPE_API_BASE": self.stripe.url,
            "STRIPE_REQUESTS_PER_SECOND": "200",
            "STRIPE_REQUESTS_PER_SECOND_TOTAL": "800",
            "PIPELINE_VARS": json.dumps(self.world.choices.variables),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    # ---------------------------------------------------------------- rounds

    def round(self, tag: str, *, kills: int, faults: bool, settle: bool = True) -> None:
        """Runs until one ends well, then the checks.

        kills: runs that are killed first. settle: one more run settles what faults and kills left over.
        """
        if faults:
            self._start_faults()
        expectations = self.world.expectations(self.posted.documents)
        states = Counter(document.state for document in expectations.documents.values())
        self.tell(f"  {tag}: " + ", ".join(f"{state} {count}" for state, count in states.items()))
        refused = self._plan_refusal(expectations) if tag == "first" and self.seed % 3 == 0 else None
        if refused:
            kills, faults, self.trouble.is_active = 0, False, False
            code = self.pipeline()
            if code != 3:
                self.found.append(f"[{tag}] NetSuite refused {refused}, yet exit {code}: {self.output[-800:]}")
        code = KILLED
        for _ in range(kills):
            code = self._killed_run(with_timer=settle)
        if code not in (0, 3):
            self._run_to_the_end(tag)
        self.trouble.is_active = False
        self.stripe.faults[:] = []
        if (kills or faults) and settle:
            self.pipeline()
        if "Traceback" in self.output or "unexpected" in self.output:
            self.found.append(f"[{tag}] output: {self.output[-1500:]}")
        self._check(expectations, tag)

    def _start_faults(self) -> None:
        self.trouble.is_active = True
        self.stripe.faults[:] = [
            stripe_server.Fault("invoices", status=500),
            stripe_server.Fault("refunds", status=429),
            stripe_server.Fault("credit_notes", status=0),
            stripe_server.Fault("customers", status=200, cut=True),
        ]

    def _killed_run(self, *, with_timer: bool) -> int:
        """A run that is killed at a write, or after some seconds; it can end before. The result is its exit code."""
        if self.chance.random() < 0.75 or not with_timer:
            return self.pipeline(kill_at=(self.chance.randint(1, 40), self.chance.random() < 0.4))
        return self.pipeline(kill_after=self.chance.uniform(1, 14))

    def _run_to_the_end(self, tag: str) -> None:
        """Runs until one exits with 0 or 3, at most five; the last two without faults."""
        for number in range(5):
            if number == 3:
                self.trouble.is_active = False
            code = self.pipeline()
            if code in (0, 3):
                return
            if code == 2 or (code == 1 and not self.trouble.is_active):
                self.found.append(f"[{tag}] exit {code}: {self.output[-1500:]}")
                return

    def quiet_run(self, tag: str) -> None:
        """A run in which nothing has changed writes nothing but what NetSuite refuses: each run tries it again (P4)."""
        has_refused = any("netsuite_rejected" in text for text in self.found)
        code = self.pipeline()
        if self.trouble.writes > self._refused_by_last_run() and not has_refused:
            self.found.append(f"[{tag}] nothing changed, yet {self.trouble.writes} writes")
        if code not in (0, 3):
            self.found.append(f"[{tag}] nothing changed, exit {code}: {self.output[-800:]}")
        self._check(self.world.expectations(self.posted.documents), tag)

    def _refused_by_last_run(self) -> int:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            row = connection.execute(REFUSED_BY_THE_LAST_RUN).fetchone()
        return row[0] if row else 0

    # ---------------------------------------------------------------- a person gets in between

    def _plan_refusal(self, expectations: Expectations) -> str | None:
        """A person pays an invoice between the reading and the push: NetSuite refuses the memo, and the next run finds
        too little open. The result is the document, or None if none is suitable.
        """
        by_invoice: dict[str, list[Document]] = {}
        for document in expectations.documents.values():
            if document.state == "ready" and document.netsuite_invoice:
                by_invoice.setdefault(document.netsuite_invoice, []).append(document)
        for id, documents in by_invoice.items():
            document = documents[0]
            invoice = self.world.books.transaction(id)
            if len(documents) == 1 and document.type == "balance_use" and invoice:
                open_amount = self.world.books.open_amount(invoice)
                self.trouble.before_first_write = functools.partial(self._pay, id, open_amount)
                document.state, document.reason = "blocked", "invoice_remaining_too_low"
                return document.id
        return None

    def _pay(self, invoice: str, amount: Decimal) -> None:
        pay_invoice(self.world.books, invoice, amount)
        self.world.not_from_pipeline.add(self.world.books.transactions("CustPymt")[-1].id)

    # ---------------------------------------------------------------- checks

    def _check(self, expectations: Expectations, tag: str) -> None:
        """Note the differences that no earlier run showed."""
        if not self.warehouse.exists():
            self.found.append(f"[{tag}] no warehouse")
            return
        known = {text.partition("] ")[2] for text in self.found}
        try:
            found = check_run(State(self.world, self.posted, expectations, self.warehouse, tag))
        except duckdb.Error as error:
            self.found.append(f"[{tag}] {error}; output: {self.output[-1500:]}")
        else:
            self.found += [text for text in found if text.partition("] ")[2] not in known]

    def check_secrets(self) -> None:
        """No secret stands in any file that the pipeline wrote, or in its output."""
        secrets = {name: value for name, value in self.credentials.items() if name in SECRETS}
        secrets |= {"stripe key": self.stripe.api_key, "key": self.credentials["private_key"].splitlines()[1]}
        secrets |= {f"token {i}": token for i, token in enumerate(self.netsuite.service.gate._expiry)}
        for path in [*self.checkout.rglob("*"), *self.folder.glob("run*.txt")]:
            if not path.is_file() or ".venv" in path.parts or ".git" in path.parts:
                continue
            content = path.read_bytes()
            for name, value in secrets.items():
                if str(value).encode() in content:
                    self.found.append(f"secret {name} is in {path.relative_to(self.folder)}")


def play(
    seed: int, customers: int, *, mode: str = "full", keep: bool = False, tell: Callable[[str], None] = print
) -> list[str]:
    """All differences of one seed.

    mode: `full`; or `short`: a killed run and the next, the world moves on, a third one.
    keep: the folder stays even if nothing differs.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"acceptance-{seed}-"))
    scenario = Scenario(seed, customers, folder, tell=tell)
    chance = random.Random(f"play {seed}")
    is_full = mode == "full"
    try:
        kills = chance.choice((0, 1, 2, 3)) if is_full else 1
        scenario.round("first", kills=kills, faults=chance.random() < 0.5 and is_full, settle=is_full)
        if is_full:
            scenario.quiet_run("first, again")
        move_on(scenario.world, close_periods=chance.random() < 0.6)
        kills = chance.choice((0, 0, 1, 2)) if is_full else 0
        scenario.round("moved on", kills=kills, faults=chance.random() < 0.3 and is_full, settle=is_full)
        if is_full:
            scenario.quiet_run("last")
            scenario.quiet_run("last, again")
        scenario.check_secrets()
    finally:
        scenario.stop()
    if scenario.found or keep:
        tell(f"seed {seed}: see {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return scenario.found


def main(arguments: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(prog="python -m tests.acceptance")
    parser.add_argument("seed", type=int, nargs="+")
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--mode", choices=("full", "short"), default="full")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    has_differences = False
    for seed in options.seed:
        found = play(seed, options.customers, mode=options.mode, keep=options.keep)
        has_differences |= bool(found)
        print(f"seed {seed}: {len(found)} differences")
        kinds: Counter[str] = Counter()
        for text in found:
            kind = text.partition(" of ")[0]
            kinds[kind] += 1
            if kinds[kind] <= 12:
                print("   ", text[:1200])
        print("   ", dict(kinds), flush=True)
    return int(has_differences)
