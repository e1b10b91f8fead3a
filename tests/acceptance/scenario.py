"""One seed from an empty warehouse to a settled company, with kills and faults on the way."""

from __future__ import annotations

import functools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from sandbox.netsuite import credentials, server, service
from sandbox.stripe import server as stripe_server
from tests.acceptance.expect import Check, Expect, Expectations
from tests.acceptance.world import World, make, move_on, settle

ROOT = Path(__file__).parents[2]
TIMEOUT = 240  # seconds of one run


class Trouble:
    """Faults of NetSuite's stand-in, and kills at a chosen write."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.lock = rng, threading.Lock()
        self.active = False
        self.kill_at: tuple[int, bool] | None = None  # (writes until then, before it takes effect?)
        self.process: subprocess.Popen[str] | None = None
        self.writes = 0
        self.burst = 0
        self.meddle: Any = None  # what a person does in NetSuite just before the first write

    def __call__(self, request: service.Request) -> service.Fault | None:
        with self.lock:
            if request.is_write:
                self.writes += 1
                if self.meddle:
                    meddle, self.meddle = self.meddle, None
                    meddle()
                if self.kill_at and self.writes >= self.kill_at[0] and self.process:
                    before = self.kill_at[1]
                    self.kill_at = None
                    self.process.kill()
                    return service.DROP_BEFORE if before else service.DROP_AFTER
            if not self.active:
                return None
            if self.burst:
                self.burst -= 1
                return service.OVERLOAD
            dice = self.rng.random()
            if request.path == service.TOKEN:
                return service.ERROR_BEFORE if dice < 0.1 else None
            if dice < 0.01:
                self.burst = self.rng.randint(1, 6)
                return service.OVERLOAD
            if dice < 0.02:
                return service.EXPIRED
            if request.is_write:
                kinds = (
                    service.DROP_BEFORE, service.DROP_AFTER, service.ERROR_BEFORE, service.ERROR_AFTER,
                    service.GATEWAY_BEFORE, service.GATEWAY_AFTER, service.NO_LOCATION,
                    service.Fault("drop", "later", after=1.5), service.Fault(delay=0.5),
                )  # fmt: skip
                return self.rng.choice(kinds) if dice < 0.14 else None
            return (
                self.rng.choice((service.DROP_BEFORE, service.ERROR_BEFORE, service.GATEWAY_BEFORE))
                if dice < 0.05
                else None
            )


class Scenario:
    def __init__(self, seed: int, customers: int, folder: Path, *, say: Any = print) -> None:
        self.seed, self.say, self.folder = seed, say, folder
        self.rng = random.Random(f"scenario {seed}")
        began = time.monotonic()
        self.world: World = make(seed, customers)
        self.checkout = folder / "checkout"
        subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(self.checkout)], check=True)
        (self.checkout / ".venv").symlink_to((ROOT / ".venv").resolve())
        # What got lost is waited for two minutes a step: in the copy, seconds.
        push = self.checkout / "load_netsuite" / "push.py"
        push.write_text(re.sub(r"(?m)^RESOLVE_PAUSES = .*$", "RESOLVE_PAUSES = (0.0, 0.5, 1.0, 1.0)", push.read_text()))
        self.kept = Expectations()
        self.trouble = Trouble(self.rng)
        self.credentials = credentials.ensure(folder / "keys", kind=self.rng.choice(("ec", "rsa")))
        server._Http.handle_error = lambda *_: None  # type: ignore[method-assign]  # killed clients hang up
        self.netsuite = server.start(
            self.world.books,
            credentials=self.credentials,
            faults=self.trouble,
            latency=0.005,
            concurrency=self.rng.choice((5, 5, 2, 1)),
            token_lifetime=self.rng.choice((3600.0, 3600.0, 8.0)),
        )
        self.stripe = stripe_server.start(
            self.world.billing, api_key="rk_test_" + "Acceptance" * 3, endpoint_rate=None, total_rate=None
        )
        self.found: list[str] = []
        self.runs: list[str] = []
        self.output = ""
        self.say(f"seed {seed}: {customers} customers, {self.world.choices}; made in {time.monotonic() - began:.1f} s")

    @property
    def warehouse(self) -> Path:
        return self.checkout / "data" / f"production-{self.credentials['account_id']}.duckdb"

    def stop(self) -> None:
        self.netsuite.stop()
        self.stripe.stop()

    def environment(self) -> dict[str, str]:
        import json

        own = credentials.environment(self.credentials, self.netsuite.url, self.world.choices.auth)
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        return keep | own | {
            "TARGET": "production",
            "STRIPE_API_KEY": self.stripe.api_key,
            "STRIPE_API_BASE": self.stripe.url,
            "STRIPE_REQUESTS_PER_SECOND": "200",
            "STRIPE_REQUESTS_PER_SECOND_TOTAL": "800",
            "PIPELINE_VARS": json.dumps(self.world.choices.variables),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    def pipeline(self, *, kill_after: float | None = None, kill_at: tuple[int, bool] | None = None) -> int:
        """One run; its exit code (-9: killed)."""
        self.world.write_mappings(self.checkout / "dbt_project" / "seeds")
        self.trouble.writes = 0
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(
                [".venv/bin/python", "-B", "-m", "pipeline", "run"],
                cwd=self.checkout, env=self.environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                text=True, preexec_fn=lambda: os.nice(5),
            )  # fmt: skip
            self.trouble.process, self.trouble.kill_at = process, kill_at
            try:
                code = process.wait(kill_after if kill_after else TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
                if not kill_after:
                    self.found.append(f"a run took more than {TIMEOUT} s")
            self.trouble.process = None
            out.seek(0)
            self.output = out.read()
        (self.folder / f"run{len(self.runs)}.txt").write_text(self.output)
        time.sleep(0.3)  # what the server has under way
        self.runs.append(f"{code} in {time.monotonic() - began:.1f} s, {self.trouble.writes} writes")
        self.say(f"  run {len(self.runs) - 1}: exit {self.runs[-1]}")
        return code

    def round(self, tag: str, *, kills: int, faults: bool, settle: bool = True) -> None:
        if faults:
            self.trouble.active = True
            self.stripe.faults[:] = [
                stripe_server.Fault("invoices", status=500), stripe_server.Fault("refunds", status=429),
                stripe_server.Fault("credit_notes", status=0),
                stripe_server.Fault("customers", status=200, cut=True),
            ]  # fmt: skip
        expect = Expect(self.world, self.kept.posted)
        self.say(
            f"  {tag}: " + ", ".join(f"{k} {n}" for k, n in Counter(d.state for d in expect.documents.values()).items())
        )
        meddled = self._meddle(expect) if tag == "first" and self.seed % 3 == 0 else None
        if meddled:
            kills, faults, self.trouble.active = 0, False, False
            code = self.pipeline()
            if code != 3:
                self.found.append(f"[{tag}] NetSuite refused {meddled}, yet exit {code}: {self.output[-800:]}")
        code, tries = -9, 0
        for _ in range(kills):
            if self.rng.random() < 0.75 or not settle:
                code = self.pipeline(kill_at=(self.rng.randint(1, 40), self.rng.random() < 0.4))
            else:
                code = self.pipeline(kill_after=self.rng.uniform(1, 14))
        while code not in (0, 3) and tries < 5:
            if tries == 3:
                self.trouble.active = False
            code = self.pipeline()
            tries += 1
            if code == 2 or (code == 1 and not self.trouble.active):
                self.found.append(f"[{tag}] exit {code}: {self.output[-1500:]}")
                break
        self.trouble.active = False
        self.stripe.faults[:] = []
        if (kills or faults) and settle:  # what a fault left over is settled by one more run
            self.pipeline()
        self._exit_code(tag)
        self._check(expect, tag)

    def _meddle(self, expect: Expect) -> str | None:
        """A person pays an invoice between the reading and the push: what was to be applied is refused, and
        found too low by the next run."""
        wanted: dict[str, list[Any]] = {}
        for document in expect.documents.values():
            if document.state == "ready" and document.netsuite_invoice:
                wanted.setdefault(document.netsuite_invoice, []).append(document)
        for id, documents in wanted.items():
            document = documents[0]
            invoice = self.world.books.transaction(id)
            if len(documents) == 1 and document.type == "balance_use" and invoice:
                left = self.world.books.open_amount(invoice)
                self.trouble.meddle = functools.partial(self._pay, id, left)
                document.state, document.reason = "blocked", "invoice_remaining_too_low"
                return str(document.id)
        return None

    def _pay(self, invoice: str, amount: Decimal) -> None:
        settle(self.world.books, invoice, amount)
        self.world.made.add(self.world.books.transactions("CustPymt")[-1].id)

    def _exit_code(self, tag: str) -> None:
        if "Traceback" in self.output or "unexpected" in self.output:
            self.found.append(f"[{tag}] output: {self.output[-1500:]}")

    def _check(self, expect: Expect, tag: str) -> None:
        if not self.warehouse.exists():
            self.found.append(f"[{tag}] no warehouse")
            return
        try:
            known = {f.partition("] ")[2] for f in self.found}
            found = Check(self.world, self.kept, expect, self.warehouse, tag).run()
            self.found += [f for f in found if f.partition("] ")[2] not in known]
        except Exception as error:
            if type(error).__module__.startswith("duckdb") or "duckdb" in type(error).__name__.lower():
                self.found.append(f"[{tag}] {error}; output: {self.output[-1500:]}")
            else:
                raise

    def quiet(self, tag: str) -> None:
        refused = any("netsuite_rejected" in f for f in self.found)
        code = self.pipeline()
        # what NetSuite refuses is tried again by every run (P4)
        if self.trouble.writes > self._refused_now() and not refused:
            self.found.append(f"[{tag}] nothing changed, yet {self.trouble.writes} writes")
        if code not in (0, 3):
            self.found.append(f"[{tag}] nothing changed, exit {code}: {self.output[-800:]}")
        expect = Expect(self.world, self.kept.posted)
        self._check(expect, tag)

    def _refused_now(self) -> int:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            row = connection.execute(
                """
                select count(*) from load_netsuite.load_log where status = 'rejected'
                and run_id = (select run_id from load_netsuite.load_log order by "at" desc limit 1)"""
            ).fetchone()
        return row[0] if row else 0

    def secrets(self) -> None:
        given = {
            name: value
            for name, value in self.credentials.items()
            if name in ("consumer_secret", "token_secret", "consumer_key", "token_id", "client_id")
        } | {"stripe key": self.stripe.api_key, "key": self.credentials["private_key"].splitlines()[1]}
        given |= {f"token {i}": t for i, t in enumerate(self.netsuite.service.gate._expiry)}
        for path in [*self.checkout.rglob("*"), *self.folder.glob("run*.txt")]:
            if not path.is_file() or ".venv" in path.parts or ".git" in path.parts:
                continue
            content = path.read_bytes()
            for name, value in given.items():
                if str(value).encode() in content:
                    self.found.append(f"secret {name} is in {path.relative_to(self.folder)}")


def play(seed: int, customers: int, *, mode: str = "full", keep: bool = False, say: Any = print) -> list[str]:
    """All differences of one seed. Modes: `full`; `short`: a killed run and the next, the world moves on,
    a third one."""
    folder = Path(tempfile.mkdtemp(prefix=f"acceptance-{seed}-"))
    scenario = Scenario(seed, customers, folder, say=say)
    rng = random.Random(f"play {seed}")
    full = mode == "full"
    try:
        kills = rng.choice((0, 1, 2, 3)) if full else 1
        scenario.round("first", kills=kills, faults=rng.random() < 0.5 and full, settle=full)
        if full:
            scenario.quiet("first, again")
        move_on(scenario.world, close=rng.random() < 0.6)
        kills = rng.choice((0, 0, 1, 2)) if full else 0
        scenario.round("moved on", kills=kills, faults=rng.random() < 0.3 and full, settle=full)
        if full:
            scenario.quiet("last")
            scenario.quiet("last, again")
        scenario.secrets()
    finally:
        scenario.stop()
    if not scenario.found and not keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        say(f"seed {seed}: kept {folder}")
    return scenario.found


def main(arguments: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(prog="python -m tests.acceptance")
    parser.add_argument("seed", type=int, nargs="+")
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--mode", choices=("full", "kill", "move"), default="full")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args(arguments)
    worst = 0
    for seed in given.seed:
        found = play(seed, given.customers, mode=given.mode, keep=given.keep)
        print(f"seed {seed}: {len(found)} differences")
        shown: Counter[str] = Counter()
        for line in found:
            kind = line.partition(" of ")[0]
            shown[kind] += 1
            if shown[kind] <= 12:
                print("   ", line[:1200])
        print("   ", dict(shown))
        worst = max(worst, bool(found))
        sys.stdout.flush()
    return worst
