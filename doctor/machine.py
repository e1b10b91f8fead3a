"""Checks this machine: its clock against the servers', and the free space beside the warehouse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from doctor.finding import Finding, Level

CLOCK_SECONDS = 60
"""A token request carries this machine's time; NetSuite refuses one that is minutes off. A day off stops a run (P9)."""
LEAST_FREE = 100 * 2**20
COMFORTABLE = 2**30


def check_clock(server: str, seconds_ahead: float | None) -> Finding:
    """seconds_ahead: this machine's clock less the `Date` of the server's answer; None: no answer said."""
    subject = f"clock against {server}"
    if seconds_ahead is None:
        return Finding("not checked", subject, "no answer with a Date came")
    if abs(seconds_ahead) < CLOCK_SECONDS:
        return Finding("ok", subject, "less than a minute apart")
    side = "ahead of" if seconds_ahead > 0 else "behind"
    return Finding(
        "warning",
        subject,
        f"this machine is {abs(seconds_ahead):,.0f} s {side} it: set the clock, because signatures carry its time",
    )


def check_disk(warehouse: Path) -> Iterator[Finding]:
    """A build and its temporary files may need as much space again as the warehouse has."""
    folder = next(place for place in (warehouse.parent, *warehouse.parents) if place.exists())
    free = shutil.disk_usage(folder).free
    size = warehouse.stat().st_size if warehouse.is_file() else 0
    level: Level = "error" if free < LEAST_FREE else "warning" if free < max(COMFORTABLE, size) else "ok"
    advice = "" if level == "ok" else "; make room, or set WAREHOUSE_PATH to another disk"
    yield Finding(level, "free disk space", f"{free / 2**30:,.1f} GiB, the warehouse has {size / 2**30:,.1f}{advice}")
