"""How fast extract reads and lands Stripe, against a loopback server in a process of its own.

    make bench                # or: PYTHONPATH=. python tests/bench/bench_extract.py

1. Reading and landing, no limits: 5 kB invoices. Target 2,500 objects/s (Stripe's ceiling on one endpoint).
2. With 200 ms latency and Stripe's limits (25 requests/s on an endpoint, 100 in all): the share of the limits (target
   95 % on one endpoint), and the ratio to two peers that read page after page (target 8 times). One peer only reads,
   in its favour; the other is dlt's verified-source pattern, which lands. At 200 ms, pages in sequence give at most 500
   objects/s, and one endpoint at most 2,500: so the ratio is at most five on one endpoint and twenty on all together.
3. Landing alone, against DuckDB that reads the same objects as NDJSON (target: at most twice its time).
4. A later run in which nothing changed: its requests.

Server and reader share the cores of one machine: trust the ratios, not the figures.
"""

from __future__ import annotations

import bisect
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

T0 = 1_700_000_000
KEY = "rk_test_bench"
LATENCY, ENDPOINT_RATE, TOTAL_RATE = 0.2, 25, 100
OBJECT_BYTES = 5_000
KINDS = {
    "invoices": "invoice",
    "credit_notes": "credit_note",
    "refunds": "refund",
    "customers": "customer",
    "invoice_payments": "invoice_payment",
    "payouts": "payout",
    "coupons": "coupon",
    "prices": "price",
    "products": "product",
    "tax_rates": "tax_rate",
}


# ---------- the server


def sample(kind: str, number: int, created: int) -> bytes:
    """An object of about 5 kB with five lines, as varied as real ones."""
    some = random.Random(number)
    lines = [
        {
            "id": f"il_{some.getrandbits(96):024x}",
            "object": "line_item",
            "amount": some.randrange(100_000),
            "description": f"Seats for project {some.getrandbits(40):x} ({some.randrange(99)} x plan)",
            "period": {"start": created, "end": created + 2_592_000},
            "discount_amounts": [],
            "taxes": [],
            "pricing": {"price_details": {"price": f"price_{some.randrange(200)}", "product": "prod_1"}},
            "metadata": {"k": f"{some.getrandbits(64):x}"},
        }
        for _ in range(5)
    ]
    item = {
        "id": f"{kind}_{number:08}",
        "object": kind,
        "created": created,
        "customer": "cus_1",
        "status": "paid",
        "total": 1000,
        "amount_due": 1000,
        "currency": "eur",
        "balance": 0,
        "customer_name": "Somebody",
        "customer_address": {"city": "Somewhere"},
        "metadata": {},
        "automatic": False,
        "lines": {"object": "list", "data": lines, "has_more": False, "total_count": 5},
    }
    item["description"] = f"{some.getrandbits(4 * (OBJECT_BYTES - len(json.dumps(item)) - 20)):x}"
    return json.dumps(item).encode()


class Limit:
    """A bucket of one second."""

    def __init__(self, rate: float):
        self.rate, self.tokens, self.at, self.lock = rate, rate, time.monotonic(), threading.Lock()

    def take(self) -> bool:
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
            self.at = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True


def serve(counts: dict[str, int], latency: float, endpoint_rate: float, total_rate: float) -> None:
    held = {}
    for table, number in counts.items():
        created = [T0 + n * 500 for n in range(number)]
        held[table] = (created, [sample(KINDS[table], n, at) for n, at in enumerate(created)])
    paces = {table: Limit(endpoint_rate) for table in [*KINDS, "events"]}
    total = Limit(total_rate)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/v1/account":
                return self.answer(200, b'{"id": "acct_1", "object": "account"}')
            table = url.path.split("/")[2]
            time.sleep(latency)
            if not paces[table].take() or not total.take():
                return self.answer(429, b'{"error": {"message": "slow down"}}')
            if url.path.count("/") > 2:
                return self.answer(404, b'{"error": {"code": "resource_missing", "message": "not here"}}')
            params = dict(parse_qsl(url.query))
            created, bodies = held.get(table, ([], []))
            low = bisect.bisect_left(created, int(params.get("created[gte]", 0)))
            high = bisect.bisect_left(created, int(params.get("created[lt]", 1 << 40)))
            if "starting_after" in params:
                high = min(high, int(params["starting_after"].split("_")[-1]))
            first = max(low, high - int(params.get("limit", 10)))
            body = b",".join(bodies[first:high][::-1])
            if table == "events":
                body, first = json.dumps(EVENT).encode(), low
            self.answer(
                200,
                b'{"object":"list","data":[' + body + b'],"has_more":' + (b"true" if first > low else b"false") + b"}",
            )

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Stripe-Rate-Limited-Reason", "endpoint-rate")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    began = time.process_time()
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.readline()  # until the parent ends
    print(time.process_time() - began, flush=True)


EVENT = {
    "id": "evt_1",
    "object": "event",
    "created": int(time.time()) - 3600,
    "type": "charge.succeeded",
    "data": {"object": {"id": "ch_1", "object": "charge"}},
}


@dataclass
class Seconds:
    """Processor time that a server uses for its answers."""

    processor: float = 0


@contextmanager
def stripe(
    counts: dict[str, int],
    latency: float = 0,
    endpoint: float = 1e6,
    total: float = 1e6,
    took: Seconds | None = None,
) -> Iterator[str]:
    arguments = json.dumps([counts, latency, endpoint, total])
    process = subprocess.Popen(
        [sys.executable, __file__, "serve", arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        if took:
            took.processor = float(process.stdout.readline())
        process.wait()


# ---------- the measures


def read(url: str, warehouse: Path, endpoint_rate: int, total_rate: int) -> tuple[float, int, int]:
    """Seconds, objects and requests of one extract of Stripe."""
    from extract.raw_tables import declare_all
    from extract.stripe.run import read_stripe
    from progress import Progress
    from settings import Settings
    from warehouse.connection import open_warehouse

    settings = Settings(
        _env_file=None,
        stripe_api_key=KEY,
        stripe_api_base=url,
        warehouse_path=warehouse,
        stripe_requests_per_second=endpoint_rate,
        stripe_requests_per_second_total=total_rate,
    )
    began = time.monotonic()
    with open_warehouse(warehouse) as connection:
        declare_all(connection)
        report = read_stripe(settings, connection, Progress(quiet=True))
    return time.monotonic() - began, report.objects_read, report.requests


def read_in_sequence(url: str, pages: int) -> float:
    """Objects per second of a reader that reads one page after another and keeps nothing."""
    import requests

    session, cursor, objects = requests.Session(), {}, 0
    began = time.monotonic()
    for _ in range(pages):
        page = session.get(f"{url}/v1/invoices", params={"limit": 100, **cursor}).json()
        cursor = {"starting_after": page["data"][-1]["id"]}
        objects += len(page["data"])
    return objects / (time.monotonic() - began)


def read_with_dlt(url: str, warehouse: Path, pages: int) -> float:
    """Objects per second of dlt's verified-source pattern: pages in sequence, normalized by dlt."""
    import dlt
    import requests

    def rows() -> Iterator[list[dict[str, object]]]:
        session, cursor = requests.Session(), {}
        for _ in range(pages):
            page = session.get(f"{url}/v1/invoices", params={"limit": 100, **cursor}).json()
            cursor = {"starting_after": page["data"][-1]["id"]}
            yield page["data"]

    pipeline = dlt.pipeline(
        "peer",
        pipelines_dir=str(warehouse.parent),
        destination=dlt.destinations.duckdb(str(warehouse)),
        dataset_name="peer",
    )
    began = time.monotonic()
    pipeline.run(dlt.resource(rows, name="invoices"))
    return pages * 100 / (time.monotonic() - began)


def land(objects: list[bytes], directory: Path) -> tuple[float, float]:
    """Seconds of landing rows that exist already, and of DuckDB that reads the same objects as NDJSON."""
    import duckdb

    from extract.landing.landing import Landing
    from extract.raw_tables import declare_all
    from extract.stripe.json_codec import decode
    from extract.stripe.rows import row_of
    from warehouse.connection import STORAGE_OPTIONS, open_warehouse

    now = datetime.now(UTC)
    rows = [row_of(decode(item), now, "v") for item in objects]
    ndjson = directory / "objects.ndjson"
    ndjson.write_bytes(b"\n".join(row.payload.encode() for row in rows))
    began = time.monotonic()
    with open_warehouse(directory / "ours.duckdb") as connection:
        declare_all(connection)
        with Landing(connection, directory / "ours.duckdb") as landing:
            for start in range(0, len(rows), 100):
                landing.put("invoices", rows[start : start + 100])
    ours = time.monotonic() - began
    began = time.monotonic()
    with duckdb.connect(directory / "theirs.duckdb") as connection:
        for name, value in STORAGE_OPTIONS.items():
            connection.execute(f"set {name} = '{value}'")
        connection.execute(f"""create table invoices as select json->>'id' as id,
            (json->>'created')::bigint as
            created, json::varchar as payload from read_ndjson_objects('{ndjson}')""")
    return ours, time.monotonic() - began


def main() -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("measure", "result", "target", "ratio", title="Extract", title_justify="left")
    results: dict[str, float] = {}

    def note(name: str, value: float, unit: str, target: str, ratio: str = "") -> None:
        results[name] = round(value, 3)
        print(f"{name}: {value:,.2f} {unit}", file=sys.stderr, flush=True)
        table.add_row(name, f"{value:,.0f} {unit}" if value >= 10 else f"{value:.2f} {unit}", target, ratio)

    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        with stripe({"invoices": 40_000}) as url:
            seconds, objects, _ = read(url, directory / "a" / "w.duckdb", 10_000, 10_000)
            note(
                "read and land, no limits",
                objects / seconds,
                "objects/s",
                "2,500",
                f"{objects / seconds / 2500:.2f} of target",
            )
            seconds, _, requests = read(url, directory / "a" / "w.duckdb", 10_000, 10_000)
            note("nothing changed: requests", requests, "requests", "12")
            note("nothing changed: time", seconds, "s", "")
        peers: dict[str, float] = {}
        for name, counts, allowed, target in (
            ("one endpoint", {"invoices": 100_000}, ENDPOINT_RATE * 100, "95 %"),
            ("all endpoints", dict.fromkeys(KINDS, 12_000), TOTAL_RATE * 100, "near 10,000"),
        ):
            took = Seconds()
            with stripe(counts, LATENCY, ENDPOINT_RATE, TOTAL_RATE, took) as url:
                if not peers:
                    peers["page after page (reads only)"] = read_in_sequence(url, 20)
                    peers["dlt's pattern (reads and lands)"] = read_with_dlt(url, directory / "peer" / "w.duckdb", 8)
                    for peer, rate in peers.items():
                        note(peer, rate, "objects/s", "")
                own = time.process_time()
                seconds, objects, _ = read(url, directory / name / "w.duckdb", ENDPOINT_RATE, TOTAL_RATE)
                own = time.process_time() - own
            rate = objects / seconds
            note(
                f"{name}, limits and latency",
                rate,
                "objects/s",
                target,
                f"{rate / allowed:.0%} of the limit, "
                + " and ".join(f"{rate / peer:.1f} x" for peer in peers.values())
                + " the peers",
            )
            note(f"  processor time of the reader ({name})", own * 1e6 / objects, "µs/object", "")
            note(f"  processor time of the server ({name})", took.processor * 1e6 / objects, "µs/object", "")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        note("peak memory while reading", memory, "MB", "1,000")
        ours, theirs = land([sample("invoice", n, T0 + n) for n in range(40_000)], directory)
        note(
            "landing alone",
            40_000 / ours,
            "objects/s",
            "2 x the time",
            f"{ours / theirs:.2f} x the time of DuckDB with NDJSON ({40_000 / theirs:,.0f}/s)",
        )
    Console(width=130).print(table)
    out = Path("bench-results")
    out.mkdir(exist_ok=True)
    (out / "extract.json").write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*json.loads(sys.argv[2]))
    else:
        main()
