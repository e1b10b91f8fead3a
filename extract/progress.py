"""What a person sees while a stage runs: moving numbers on a terminal, one line per stage in a log."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars


class Progress:
    """Stages with counts. `with progress.stage("Stripe", total=1000) as count: count(100)`."""

    def __init__(self, quiet: bool = False):
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty() and not quiet

    def say(self, text: str) -> None:
        """One line, now."""
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
        self.say(stage.summary())

    @staticmethod
    def _bars() -> Bars:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} objects"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        bars.start()
        return bars


class Stage:
    """The count of one stage; may be advanced from many threads."""

    def __init__(self, name: str, total: int | None, bars: Bars | None):
        self.name, self.count, self.detail = name, 0, ""
        self._began, self._lock, self._bars = time.monotonic(), threading.Lock(), bars
        self._task = bars.add_task(name, total=total, rate="") if bars else None

    def __call__(self, advance: int) -> None:
        with self._lock:
            self.count += advance
        if self._bars and self._task is not None:
            rate = f"{self.count / max(time.monotonic() - self._began, 0.1):,.0f}/s"
            self._bars.update(self._task, completed=self.count, rate=rate)

    def summary(self) -> str:
        seconds = time.monotonic() - self._began
        return f"{self.name}: {self.count:,} objects in {seconds:.1f} s{self.detail}"
