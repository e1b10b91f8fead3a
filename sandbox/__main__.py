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
from sandbox.demo.scenarios import SCENARIOS

DEFAULT_STATE = Path("data/sandbox")
PARENT_POLL = 0.25  # seconds between two checks that the parent lives


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
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
        help="directory of the demo world; created if it does not exist",
    )
    serve_.add_argument(
        "--ports-file",
        type=Path,
        required=True,
        help="JSON file for the URLs and credentials, written once both listen",
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

    scenarios = commands.add_parser(
        "scenarios", help="list the scenarios of the demo world with their expected outcomes"
    )
    scenarios.set_defaults(command=lambda given: show_scenarios())

    given = parser.parse_args(arguments)
    return int(given.command(given))


def serve(state: Path, ports_file: Path, endpoint_rate: float, total_rate: float) -> int:
    """Start both stand-ins, write their addresses to `ports_file`, and run until the parent ends or a signal comes.

    Rates are requests a second on one endpoint and in total; 0 means no limit. State on disk survives a kill.
    """
    from sandbox.netsuite import credentials  # imported here because `scenarios` does not need them
    from sandbox.netsuite import server as netsuite
    from sandbox.stripe import server as stripe

    parent = os.getppid()
    stop = threading.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_, lambda *_: stop.set())
    if not demo.exists(state):
        demo.build(state)
    stripe_file, books = demo.open_state(state)
    keys = credentials.ensure(state)
    netsuite_server = netsuite.start(books, credentials=keys)
    # The demo's clock differs from a client's: with a window of 30 days, `advance` could hide events that the client
    # has not read yet.
    stripe_server = stripe.start(
        stripe_file, endpoint_rate=endpoint_rate or None, total_rate=total_rate or None, event_days=None
    )
    addresses = {
        "stripe": stripe_server.url,
        "netsuite": netsuite_server.url,
        "stripe_api_key": stripe_server.api_key,
        "netsuite_account_id": keys["account_id"],
        "netsuite_client_id": keys["client_id"],
        "netsuite_certificate_id": keys["certificate_id"],
        "netsuite_private_key_file": str(Path(keys["private_key_file"]).resolve()),
    }
    part = ports_file.with_name(ports_file.name + ".part")
    part.write_text(json.dumps(addresses, indent=2))
    part.replace(ports_file)
    while not stop.wait(PARENT_POLL) and os.getppid() == parent:
        pass
    stripe_server.stop()
    netsuite_server.stop()
    books.close()
    return 0


def advance_(state: Path) -> int:
    """Advance the demo world by a month. Returns 1 if there is none."""
    if not demo.exists(state):
        print(f"no demo world in {state}: run `make run` (or `python -m sandbox serve`) first", file=sys.stderr)
        return 1
    print(f"the demo company is now at {demo.advance(state):%Y-%m-%d}")
    return 0


def show_scenarios() -> int:
    """Print every scenario with its rules, its description and its expected outcomes."""
    for scenario in SCENARIOS.values():
        print(f"{scenario.name.replace('_', ' ')}  [{' '.join(scenario.rules)}]")
        if scenario.description:
            print(f"    {scenario.description}")
        for document, outcome in scenario.outcomes.items():
            print(f"    {document}: {outcome}")
        for document, outcome in scenario.later_outcomes.items():
            print(f"    {document}, a month later: {outcome}")
    return 0


if __name__ == "__main__":
    os.umask(0o077)  # as a command of the pipeline
    sys.exit(main())
