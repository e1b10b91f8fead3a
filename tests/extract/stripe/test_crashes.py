"""An extract that is killed at any moment and run again ends with the rows of an undisturbed run."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from extract.raw_tables import current
from extract.stripe.endpoints import TABLES
from tests.extract.fake_stripe import T0, FakeStripe, credit_note, customer, invoice, ledger_row, refund

CRASH = Path(__file__).parent / "crash.py"
# One pattern of kills each; the seed reproduces a failure. `make soak` plays ten.
SEEDS = range(1, 11) if os.environ.get("SOAK") == "1" else (1,)


@pytest.fixture
def account(stripe: FakeStripe) -> FakeStripe:
    stripe.add(
        "invoices",
        *(
            invoice(
                f"in_{n}",
                T0 + n * 3600,
                lines=15 if n % 40 == 0 else 2,
                customer=f"cus_{n % 50}",
                starting_balance=-5 if n % 50 == 1 else 0,
            )
            for n in range(600)
        ),
    )
    stripe.add("customers", *(customer(f"cus_{n}", T0 + n) for n in range(50)))
    stripe.add(
        "credit_notes",
        *(credit_note(f"cn_{n}", T0 + n * 3600, invoice=f"in_{n}", customer=f"cus_{n % 50}") for n in range(200)),
    )
    stripe.add("refunds", *(refund(f"re_{n}", T0 + n * 7200) for n in range(300)))
    stripe.add("customers/cus_1/balance_transactions", *(ledger_row(f"cbtxn_{n}", 1, T0 + n) for n in range(20)))
    stripe.event(stripe.lists["refunds"]["re_1"], "refund.created", int(time.time()) - 60)
    return stripe


def start(stripe: FakeStripe, warehouse: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(CRASH), stripe.url, str(warehouse)])


def rows(warehouse: Path) -> dict[str, list[tuple[str, ...]]]:
    with duckdb.connect(warehouse) as connection:
        return {
            table: connection.execute(
                f"select id, parent_id, content_hash from {current(table)} order by all"
            ).fetchall()
            for table in TABLES
        }


def test_kill_at_random_moments(account: FakeStripe, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed" / "w.duckdb"
    began = time.monotonic()
    assert start(account, undisturbed).wait() == 0
    takes = time.monotonic() - began
    expected = rows(undisturbed)
    for seed in SEEDS:
        moments = random.Random(seed)
        warehouse = tmp_path / str(seed) / "w.duckdb"
        for _ in range(2):
            process = start(account, warehouse)
            time.sleep(moments.uniform(0.3, takes))
            process.kill()
            process.wait()
        assert start(account, warehouse).wait() == 0
        found = rows(warehouse)
        assert found == expected, f"seed {seed}"
        with duckdb.connect(warehouse) as connection:
            doubled = sum(
                connection.execute(f"""
                select count(*) from (select id, content_hash from raw_stripe.{table}
                group by all having count(*) > 1)""").fetchone()[0]
                for table in TABLES
            )
            odd = connection.execute("""select table_name, column_name from information_schema.columns
                where column_name like '%\\_\\_v\\_%' escape '\\'""").fetchall()
        assert doubled == 0, f"seed {seed}: a version was landed twice"
        assert odd == []


def test_a_run_continues_a_stopped_first_load(account: FakeStripe, tmp_path: Path) -> None:
    """Recorded slices are not read again, and changes since the start of the first load are still read."""
    account.add("prices", *({"id": f"price_{n}", "object": "price", "created": T0 + n} for n in range(50)))
    warehouse = tmp_path / "w.duckdb"
    process = start(account, warehouse)
    while process.poll() is None:
        if sum(path.startswith("/v1/") for path, _ in account.requests) > 25:
            process.kill()
        time.sleep(0.01)
    with duckdb.connect(warehouse) as connection:
        booked = {
            row[0]
            for row in connection.execute("""
            select endpoint from raw_stripe.extract_slices group by endpoint
            having bool_or(created_gte is null) and bool_or(created_lt is null)
                and count(*) = 1""").fetchall()
        }
    changed = {**account.lists["refunds"]["re_5"], "amount": 1}
    account.add("refunds", changed)
    account.event(changed, "refund.updated", int(time.time()))
    account.requests.clear()
    assert start(account, warehouse).wait() == 0
    asked = {path.removeprefix("/v1/") for path, _ in account.requests}
    assert not booked & asked, "a finished list was read again"
    with duckdb.connect(warehouse) as connection:
        assert connection.execute(
            "select (payload->>'amount') from raw_stripe.refunds where id = 're_5' order by fetched_at desc"
        ).fetchone() == ("1",)
        assert connection.execute("select count(distinct id) from raw_stripe.invoices").fetchone() == (600,)
