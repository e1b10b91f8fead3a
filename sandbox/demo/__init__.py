"""The demo company over both stand-ins: a fixed half-year of 2026, and `advance` to move it on by a month.

    build(state_dir)      # the world on 2026-07-01
    advance(state_dir)    # one month more

State is `stripe.json` and `netsuite.sqlite` under `state_dir`. Nothing here reads the wall clock. `history` makes the
Stripe side from `scenarios` and ordinary `business`; `netsuite` copies it to NetSuite.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sandbox.demo import history, netsuite
from sandbox.netsuite.books import Books
from sandbox.stripe.billing import Billing


def exists(state_dir: Path) -> bool:
    """Whether there is a complete world. The Stripe file is written last."""
    return _stripe_file(state_dir).exists()


def build(state_dir: Path) -> None:
    """Create the world on disk, over an incomplete one that a kill left behind."""
    state_dir.mkdir(parents=True, exist_ok=True)
    for leftover in state_dir.glob("netsuite.sqlite*"):
        leftover.unlink()
    billing = history.first_half_year()
    books = Books(_netsuite_file(state_dir), clock=lambda: history.today(billing))
    netsuite.set_up(books)
    netsuite.mirror(billing, books)
    netsuite.close_old_months(books)
    books.close()
    billing.save(_stripe_file(state_dir))


def advance(state_dir: Path) -> datetime:
    """Let one month pass in both systems. Returns the new date. After a kill half way it can run again."""
    billing = Billing.load(_stripe_file(state_dir))
    history.next_month(billing)
    books = Books(_netsuite_file(state_dir), clock=lambda: history.today(billing))
    netsuite.mirror(billing, books)
    books.close()
    billing.save(_stripe_file(state_dir))
    return history.today(billing)


def open_state(state_dir: Path) -> tuple[Path, Books]:
    """The Stripe file and the NetSuite books of the world, for the two stand-ins."""
    return _stripe_file(state_dir), Books(_netsuite_file(state_dir))


def _stripe_file(state_dir: Path) -> Path:
    return state_dir / "stripe.json"


def _netsuite_file(state_dir: Path) -> Path:
    return state_dir / "netsuite.sqlite"
