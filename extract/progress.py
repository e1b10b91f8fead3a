"""Shows the progress of a stage: moving numbers on a terminal, one line per stage in a log."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars


class Progress:
    """Stages with counts. `with progress.stage("Stripe", total=1000) as count: count(100)`."""

    def __init__(self, quiet: bool = False):
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty() and not quiet

    def print_line(self, text: str) -> None:
        """Print one line."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Stage]:
        """A stage with a count of objects; `total` gives it an estimated end."""
        bars = self._bars() if self._is_terminal else None
        stage = Stage(name, total, bars)
        try:
            yield stage
        finally:
            if bars:
                bars.stop()
        self.print_line(stage.summary())

    @staticmethod
    def _bars() -> Bars:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} objects"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
        )
        bars.start()
        return bars


class Stage:
    """The count of one stage, from any thread. `detail`: text at the end of the summary."""

    def __init__(self, name: str, total: int | None, bars: Bars | None):
        self.name, self.count, self.detail = name, 0, ""
        self._total = total
        self._began, self._lock, self._bars = time.monotonic(), threading.Lock(), bars
        self._task = bars.add_task(name, total=total, rate="", left="") if bars else None

    def expect(self, total: int) -> None:
        """Set the estimated number of objects in all. Later calls may correct it."""
        self._total = total
        if self._bars and self._task is not None:
            self._bars.update(self._task, total=total)

    def __call__(self, advance: int) -> None:
        """Count `advance` more objects."""
        with self._lock:
            self.count += advance
        if self._bars and self._task is not None:
            rate = self.count / max(time.monotonic() - self._began, 0.1)
            self._bars.update(self._task, completed=self.count, rate=f"{rate:,.0f}/s", left=self._left(rate))

    def _left(self, rate: float) -> str:
        """The estimated end, from the rate so far. `rich` forgets its own when the total changes."""
        if self._total is None or rate <= 0:
            return ""
        return f"about {timedelta(seconds=round(max(self._total - self.count, 0) / rate))} left"

    def summary(self) -> str:
        """One line: name, count, seconds, detail."""
        seconds = time.monotonic() - self._began
        return f"{self.name}: {self.count:,} objects in {seconds:.1f} s{self.detail}"
