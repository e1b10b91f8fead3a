"""Shows how far a stage is: moving numbers on a terminal, a line a minute in a log."""

from __future__ import annotations

import logging
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars

log = logging.getLogger(__name__)

FIRST_SECONDS, FURTHER_SECONDS = 10.0, 60.0
"""Seconds until a log gets its first line about a stage under way, and from line to line. A quick stage gets none."""


class Progress:
    """Stages with counts. `with progress.stage("Stripe", total=1000) as count: count(100)`."""

    def __init__(self, quiet: bool = False):
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty() and not quiet

    @contextmanager
    def stage(
        self, name: str, total: int | None = None, unit: str = "objects", *, has_summary: bool = True
    ) -> Iterator[Stage]:
        """A stage with a count of units; `total` gives it an estimated end. has_summary: a line at the end says how
        much it was."""
        bars = self._bars(unit) if self._is_terminal else None
        stage = Stage(name, total, bars, unit)
        is_over = threading.Event()
        if not bars and not self._quiet:
            threading.Thread(target=stage.tell_until, args=(is_over,), name="progress", daemon=True).start()
        try:
            yield stage
        finally:
            is_over.set()
            if bars:
                bars.stop()
        if has_summary and not self._quiet:
            log.info(stage.summary())

    @staticmethod
    def _bars(unit: str) -> Bars:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
        )
        bars.start()
        return bars


class Stage:
    """The count of one stage, from any thread. `detail`: text at the end of the summary."""

    def __init__(self, name: str, total: int | None, bars: Bars | None, unit: str = "objects"):
        self.name, self.count, self.detail = name, 0, ""
        self._total, self._unit = total, unit
        self._began, self._lock, self._bars = time.monotonic(), threading.Lock(), bars
        self._task = bars.add_task(name, total=total, rate="", left="") if bars else None

    def expect(self, total: int) -> None:
        """Set the estimated number of units in all. Later calls may correct it."""
        self._total = total
        if self._bars and self._task is not None:
            self._bars.update(self._task, total=total)

    def __call__(self, advance: int = 1) -> None:
        """Count `advance` more units."""
        with self._lock:
            self.count += advance
        if self._bars and self._task is not None:
            rate = self._rate()
            self._bars.update(self._task, completed=self.count, rate=f"{rate:,.0f}/s", left=self._left(rate))

    def tell_until(self, is_over: threading.Event) -> None:
        """Logs how far the stage is, from time to time until it is over."""
        seconds = FIRST_SECONDS
        while not is_over.wait(seconds):
            log.info(self.so_far())
            seconds = FURTHER_SECONDS

    def so_far(self) -> str:
        """One line: `push: 120 of 1,000 records, 4/s, about 0:03:40 left`."""
        if self._total is None and not self.count:
            return f"{self.name}: under way"
        rate = self._rate()
        of_all = "" if self._total is None else f" of {self._total:,}"
        parts = (
            f"{self.name}: {self.count:,}{of_all} {self._unit}",
            f"{rate:,.0f}/s" if rate >= 1 else "",
            self._left(rate),
        )
        return ", ".join(part for part in parts if part)

    def _rate(self) -> float:
        return self.count / max(time.monotonic() - self._began, 0.1)

    def _left(self, rate: float) -> str:
        """The estimated end, from the rate so far. `rich` forgets its own when the total changes."""
        if self._total is None or rate <= 0:
            return ""
        return f"about {timedelta(seconds=round(max(self._total - self.count, 0) / rate))} left"

    def summary(self) -> str:
        """One line: name, count, seconds, detail."""
        seconds = time.monotonic() - self._began
        return f"{self.name}: {self.count:,} {self._unit} in {seconds:.1f} s{self.detail}"
