"""How close a push comes to the limit of NetSuite's latency: `python -m tests.bench.bench_push [records] [rows]`.

Against the stand-in at 300 ms a write: at least 95 % of concurrency / latency, and at most 1.05 requests for a posted
record. With `rows`, the loader's memory for ten times the rows stays flat: this part runs against a stand-in without
latency in a process of its own, so that only the loader's memory is counted.
"""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from load_netsuite.push import push
from load_netsuite.tables import ensure_tables
from sandbox.netsuite import credentials
from sandbox.netsuite.books import Books
from warehouse.postgres import PostgresUrl
from warehouse.query import Warehouse

LATENCY = 0.3
MARTS = Path(__file__).parents[1] / "simulation" / "marts.sql"

SERVE = """
import sys, time
from pathlib import Path
from sandbox.netsuite import credentials
from sandbox.netsuite.books import Books
from sandbox.netsuite.server import start
from tests.bench.bench_push import create_company
books = Books(None)
create_company(books)
known = credentials.ensure(Path(sys.argv[1]))
server = start(books, credentials=known, concurrency=50, latency=float(sys.argv[2]))
print(server.url, flush=True)
sys.stdin.read()
print(len(server.log), flush=True)
"""


def create_company(books: Books) -> dict[str, str]:
    """The company's lists. The order is fixed, so every process gets the same ids."""
    ids = {
        "subsidiary": books.add("subsidiary", name="Parent"),
        "currency": books.add("currency", symbol="USD", name="US Dollar"),
    }
    ids["receivables"] = books.add("account", acctnumber="1100", accttype="AcctRec")
    ids["income"] = books.add("account", acctnumber="4000", accttype="Income")
    ids["period"] = books.add("accountingperiod", periodname="Mar 2026", startdate="2026-03-01", enddate="2026-03-31")
    ids["item"] = books.add("item", itemid="Service", itemtype="Service", incomeaccount=ids["income"])
    ids["customer"] = books.add("customer", companyname="One", subsidiary=ids["subsidiary"], currency=ids["currency"])
    return ids


def fill(warehouse: Warehouse, records: int, ids: dict[str, str]) -> None:
    """This many ready memos of three lines, in a warehouse with the tables of the simulation. In SQL of any engine."""
    warehouse.execute("insert into wanted.world values (1, 0)")
    warehouse.execute(
        "insert into wanted.memos (from_round, created_at, external_id, currency, netsuite_customer_id, "
        "netsuite_currency_id, netsuite_currency_precision, netsuite_subsidiary_id, netsuite_account_id, "
        "netsuite_posting_period_id, tran_date, memo_text, amount_minor, amount) "
        "select 1, timestamptz '2026-03-05', 'cn_' || n, 'usd', ?, ?, 2, ?, ?, ?, date '2026-03-05', "
        "'Stripe: cn_' || n || '.', 3000, 30.000 from generate_series(1, ?) as t(n)",
        [ids["customer"], ids["currency"], ids["subsidiary"], ids["receivables"], ids["period"], records],
    )
    warehouse.execute(
        "insert into marts.credit_memo_lines (external_id, line_number, netsuite_item_id, description, quantity, "
        "amount, is_gross, is_taxable) select 'cn_' || n, line, ?, repeat('A service. ', 10), 1, 10.000, false, false "
        "from generate_series(1, ?) as t(n), generate_series(1, 3) as l(line)",
        [ids["item"], records],
    )


def fill_file(path: Path, records: int, ids: dict[str, str]) -> None:
    with duckdb.connect(str(path)) as warehouse:
        ensure_tables(warehouse)
        warehouse.execute(MARTS.read_text())
        fill(warehouse, records, ids)


def measure(
    folder: Path, records: int, concurrency: int, latency: float, warehouse_url: str | None = None
) -> dict[str, Any]:
    """Seconds, requests and peak memory (MB) of one push of this many records, in a process of its own.

    warehouse_url: of a warehouse in Postgres that `fill` has filled; None: a file is made and filled.
    """
    folder.mkdir(parents=True)
    if warehouse_url is None:
        fill_file(folder / "warehouse.duckdb", records, create_company(Books(None)))
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder / "netsuite"), str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    url = server.stdout.readline().strip()
    loader = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_push", "--push", str(folder), url, str(concurrency)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "WAREHOUSE_URL": warehouse_url or ""},
    )
    server.communicate("")
    seconds, requests, created, megabytes = loader.stdout.split()
    assert int(created) == records, f"{created} of {records} created"
    return {"seconds": float(seconds), "requests": int(requests), "megabytes": float(megabytes)}


def push_once(folder: Path, url: str, concurrency: int) -> None:
    """The measured process: prints seconds, requests, created records and peak memory (MB)."""
    logging.disable()
    known = credentials.ensure(folder / "netsuite")
    settings = SimpleNamespace(
        target="sandbox",
        warehouse_path=folder / "warehouse.duckdb",
        warehouse_url=PostgresUrl.parse(url_given) if (url_given := os.environ.get("WAREHOUSE_URL")) else None,
        netsuite_base_url=url,
        netsuite_auth="oauth2",
        netsuite_account_id=known["account_id"],
        netsuite_client_id=known["client_id"],
        netsuite_concurrency=concurrency,
        netsuite_language=None,
        netsuite_certificate_id=known["certificate_id"],
        netsuite_private_key_file=Path(known["private_key_file"]),
    )
    started = time.monotonic()
    report = push(settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.monotonic() - started, report.requests, report.count("created"), peak)


def main() -> int:
    if sys.argv[1:2] == ["--push"]:
        push_once(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
        return 0
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    failed = False
    with tempfile.TemporaryDirectory() as name:
        for concurrency in (4, 15):
            count = records * concurrency // 4
            took = measure(Path(name) / f"push_{concurrency}", count, concurrency, LATENCY)
            possible = concurrency / LATENCY
            share = count / took["seconds"] / possible
            per_record = took["requests"] / count
            failed |= share < 0.95 or per_record > 1.05
            print(
                f"push, {concurrency:2} at once, {LATENCY * 1000:.0f} ms a write: "
                f"{count / took['seconds']:6.1f} records/s of {possible:.1f} "
                f"possible = {share:.1%} (at least 95 %); {per_record:.3f} requests per record (at most 1.05)"
            )
        if rows:
            small = measure(Path(name) / "small", rows // 10, 8, 0.0)
            large = measure(Path(name) / "large", rows, 8, 0.0)
            print(
                f"memory: {small['megabytes']:.0f} MB for {rows // 10} records, {large['megabytes']:.0f} "
                f"MB for {rows}; {rows / large['seconds']:.0f} records/s without latency"
            )
    return int(failed)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    sys.exit(main())
