"""Time, and how many requests are in flight at once (P7)."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)

SPOKEN_SECONDS = 3.0
"""A wait of this length is said, so that a quiet run is never a riddle."""


@dataclass(frozen=True)
class Clock:
    """Time and chance, in one place so that a simulation can replace them."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def back_off(self, attempt: int, first: float = 0.5, longest: float = 30.0) -> float:
        """Seconds to wait before try `attempt` + 1 (from 0): doubled each time, jittered down to half."""
        return min(longest, first * 2.0 ** min(attempt, 20)) * (0.5 + self.random() / 2)

    def wait(self, seconds: float, why: str) -> None:
        """Sleeps; says before a long wait what it is for."""
        if seconds >= SPOKEN_SECONDS:
            log.warning("waiting %.0f s: %s", seconds, why)
        self.sleep(seconds)


class Slots:
    """At most `maximum` requests in flight; fewer while NetSuite is overloaded (P7).

    Additive increase, multiplicative decrease: an overload halves the limit, each success adds 1/limit. A
    burst of refusals counts once: only a request that started after the last cut can cut again.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = max(1, maximum)
        self.limit = float(self.maximum)
        self._in_flight = 0
        self._generation = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[int]:
        """Waits for a slot and yields the generation, which `overloaded` takes."""
        with self._changed:
            while self._in_flight >= int(self.limit):
                self._changed.wait()
            self._in_flight += 1
            generation = self._generation
        try:
            yield generation
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def overloaded(self, generation: int) -> None:
        """NetSuite refused a request of this generation for too many at once."""
        with self._changed:
            if generation == self._generation:
                self._generation += 1
                self.limit = max(1.0, self.limit / 2)

    def succeeded(self) -> None:
        """NetSuite answered a request."""
        with self._changed:
            self.limit = min(float(self.maximum), self.limit + 1.0 / self.limit)
            self._changed.notify_all()
