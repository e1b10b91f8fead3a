"""Command line of the sandbox: `python -m sandbox serve|advance|scenarios`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox import demo
from sandbox.demo_scenarios import SCENARIOS

DEFAULT_STATE = Path("data/sandbox")
PARENT_POLL = 0.25  # seconds between looks at whether the parent is alive


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Stand-ins for Stripe and NetSuite, and a demo company."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    serve_ = commands.add_parser(
        "serve", help="run both stand-ins on loopback until the parent process ends or SIGTERM comes"
    )
    serve_.add_argument(
        "--state",
        type=Path,
        default=DEFAULT_STATE,
        help="directory of the demo world; made when there is none",
    )
    serve_.add_argument(
        "--ports-file",
        type=Path,
        required=True,
        help="JSON file that gets the URLs and credentials, once both listen",
    )
    serve_.add_argument(
        "--stripe-rate",
        type=float,
        default=25,
        help="requests a second on one Stripe endpoint, 0 = no limit (25)",
    )
    serve_.add_argument("--stripe-rate-total", type=float, default=100, help="the same over all endpoints (100)")
    serve_.set_defaults(
        command=lambda given: serve(given.state, given.ports_file, given.stripe_rate, given.stripe_rate_total)
    )

    advance = commands.add_parser("advance", help="move the demo world on by a month")
    advance.add_argument("--state", type=Path, default=DEFAULT_STATE, help="directory of the demo world")
    advance.set_defaults(command=lambda given: advance_(given.state))

    scenarios = commands.add_parser("scenarios", help="list the stories of the demo world and what must come of them")
    scenarios.set_defaults(command=lambda given: show_scenarios())

    given = parser.parse_args(arguments)
    return int(given.command(given))


def serve(state: Path, ports_file: Path, endpoint_rate: float, total_rate: float) -> int:
    """Start both, tell where in `ports_file`, stay until told to go. State on disk survives a kill at any
    moment.
    """
    from sandbox.netsuite import credentials  # heavy imports: only where needed
    from sandbox.netsuite import server as netsuite
    from sandbox.stripe import server as stripe

    parent = os.getppid()
    told_to_go = threading.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_, lambda *_: told_to_go.set())
    if not demo.exists(state):
        demo.build(state)
    stripe_file, books = demo.open_state(state)
    keys = credentials.ensure(state)
    netsuite_server = netsuite.start(books, credentials=keys)
    # The demo's clock is its own, a client's the wall clock: with a 30-day window `advance` could hide events
    # never read.
    stripe_server = stripe.start(
        stripe_file, endpoint_rate=endpoint_rate or None, total_rate=total_rate or None, event_days=None
    )
    where = {
        "stripe": stripe_server.url,
        "netsuite": netsuite_server.url,
        "stripe_api_key": stripe_server.api_key,
        "netsuite_account_id": keys["account_id"],
        "netsuite_client_id": keys["client_id"],
        "netsuite_certificate_id": keys["certificate_id"],
        "netsuite_private_key_file": str(Path(keys["private_key_file"]).resolve()),
    }
    part = ports_file.with_name(ports_file.name + ".part")
    part.write_text(json.dumps(where, indent=2))
    part.replace(ports_file)
    while not told_to_go.wait(PARENT_POLL) and os.getppid() == parent:
        pass
    stripe_server.stop()
    netsuite_server.stop()
    books.close()
    return 0


def advance_(state: Path) -> int:
    if not demo.exists(state):
        print(f"no demo world in {state}: run `make run` (or `python -m sandbox serve`) first", file=sys.stderr)
        return 1
    print(f"the demo company is now at {demo.advance(state):%Y-%m-%d}")
    return 0


def show_scenarios() -> int:
    for story in SCENARIOS.values():
        print(f"{story.name.replace('_', ' ')}  [{' '.join(story.rules)}]")
        if story.told:
            print(f"    {story.told}")
        for document, outcome in story.sees.items():
            print(f"    {document}: {outcome}")
        for document, outcome in story.later.items():
            print(f"    {document}, a month later: {outcome}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
