"""One Ctrl-C or SIGTERM ends a command that waits, with a sentence and exit code 1. Each is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sandbox.netsuite import service
from settings import ROOT, Settings
from tests.extract.fake_stripe import KEY, FakeStripe
from tests.support.company import Company, company

__all__ = ["company"]

SOON = 6.0  # seconds; the promise is about one, and this machine may be busy. Every wait below is far longer.


def start(*command: str, **variables: str) -> subprocess.Popen[str]:
    known = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, **variables},
    )


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> str:
    """All that the process has printed. It must end soon after one signal."""
    began = time.monotonic()
    process.send_signal(number)
    try:
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert time.monotonic() - began < SOON
    assert process.returncode == 1
    assert output.splitlines()[-1].startswith("exit code 1:")
    assert "Traceback" not in output
    return output


def production(folder: Path, stripe: str, netsuite: Company | None = None) -> dict[str, str]:
    known = netsuite.credentials if netsuite else {}
    return {
        "TARGET": "production",
        "WAREHOUSE_PATH": str(netsuite.warehouse_path if netsuite else folder / "w.duckdb"),
        "MAPPINGS_DIR": str(ROOT / "dbt_project" / "seeds"),
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": stripe,
        "STRIPE_REQUESTS_PER_SECOND": "500",
        "NETSUITE_ACCOUNT_ID": known.get("account_id", "1234567"),
        "NETSUITE_BASE_URL": netsuite.server.url if netsuite else stripe,
        "NETSUITE_AUTH": "tba",
        **{
            f"NETSUITE_{name.upper()}": known.get(name, "x")
            for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")
        },
    }


@pytest.mark.parametrize(
    ("path", "is_slow", "number"),
    [
        ("/v1/account", True, signal.SIGTERM),
        ("/v1/invoices", True, signal.SIGINT),
        ("/v1/invoices", False, signal.SIGINT),
    ],
    ids=["main thread waits for an answer", "readers wait for answers", "readers wait before they ask again"],
)
def test_an_extract_ends(tmp_path: Path, path: str, is_slow: bool, number: signal.Signals) -> None:
    stripe, asked = FakeStripe(), threading.Semaphore(0)

    def hook(asked_for: str, _: dict[str, str]) -> tuple[int, dict[str, str], dict[str, object]] | None:
        if asked_for != path:
            return None
        asked.release()
        if is_slow:
            threading.Event().wait(60)
        return 500, {}, {}

    stripe.hook = hook
    stripe.start()
    try:
        process = start("-m", "pipeline", "extract", **production(tmp_path, stripe.url))
        for _ in range(1 if is_slow else 3):  # the third attempt is followed by a pause of seconds
            assert asked.acquire(timeout=60)
        output = stop(process, number)
    finally:
        stripe.stop()
    name = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert f"stopped by {name} during extract: what was read so far is kept" in output


@pytest.mark.parametrize("concurrency", ["1", "4"])
def test_a_push_ends_with_its_writes_as_open_attempts(company: Company, tmp_path: Path, concurrency: str) -> None:
    sent = threading.Semaphore(0)

    def fault(request: service.Request) -> service.Fault | None:
        if not request.is_write:
            return None
        sent.release()
        return service.Fault("drop", "never", delay=60) if "cn_2" in str(request.body) else None

    company.want_memo("cn_1", "1.00")
    company.want_memo("cn_2", "1.00")
    company.fault = fault
    company.release()
    variables = production(tmp_path, "http://127.0.0.1:9", company)
    process = start("-m", "pipeline", "push", **variables, NETSUITE_CONCURRENCY=concurrency)
    for _ in range(2):
        assert sent.acquire(timeout=30), process.communicate(timeout=5)
    output = stop(process)
    assert "stopped by Ctrl-C during push: 1 writes of this push took effect, 1 have no answer yet" in output
    with company.warehouse() as warehouse:
        rows = warehouse.execute(
            "select list(status order by position) from load_netsuite.load_log "
            "where operation = 'create' group by external_id order by all"
        ).fetchall()
    assert rows == [(["attempted"],), (["attempted", "created"],)]


def test_a_long_query_ends() -> None:
    """DuckDB looks for signals only between the parts of a query, and makes a RuntimeError of one."""
    program = """
import contextlib, io, sys, threading, duckdb, pipeline.command
def transform(settings, results):
    threading.Timer(0.5, lambda: print("begun", file=sys.__stdout__, flush=True)).start()
    with contextlib.redirect_stdout(io.StringIO()):  # as while dbt runs
        duckdb.sql("select sum(a.range * b.range) from range(100_000) a, range(100_000) b").fetchall()
pipeline.command.run_command([], transform, locked=False, needs_warehouse=False)
"""
    process = start("-c", program)
    assert process.stdout and process.stdout.readline() == "begun\n"
    assert "stopped by Ctrl-C during transform: nothing was pushed" in stop(process)
