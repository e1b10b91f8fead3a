"""What goes wrong on purpose: faults of NetSuite's stand-in, kills at a chosen write, a person who gets in between."""

from __future__ import annotations

import random
import subprocess
import threading
from collections.abc import Callable

from sandbox.netsuite import service

WRITE_FAULTS = (
    service.DROP_BEFORE,
    service.DROP_AFTER,
    service.ERROR_BEFORE,
    service.ERROR_AFTER,
    service.GATEWAY_BEFORE,
    service.GATEWAY_AFTER,
    service.NO_LOCATION,
    service.Fault("drop", "later", after=1.5),
    service.Fault(delay=0.5),
)
READ_FAULTS = (service.DROP_BEFORE, service.ERROR_BEFORE, service.GATEWAY_BEFORE)


class Trouble:
    """Asked by the stand-in before each request; gives the fault, if any."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.lock = chance, threading.Lock()
        self.is_active = False
        self.kill_at: tuple[int, bool] | None = None  # (number of the write, whether before it takes effect)
        self.process: subprocess.Popen[str] | None = None
        self.writes = 0
        self.overloads_left = 0
        self.before_first_write: Callable[[], None] | None = None

    def __call__(self, request: service.Request) -> service.Fault | None:
        with self.lock:
            fault = self._at_write() if request.is_write else None
            if fault or not self.is_active:
                return fault
            if self.overloads_left:
                self.overloads_left -= 1
                return service.OVERLOAD
            return self._random_fault(request)

    def _at_write(self) -> service.Fault | None:
        """Count the write; let the person act; kill the process if it is time."""
        self.writes += 1
        if self.before_first_write:
            act, self.before_first_write = self.before_first_write, None
            act()
        if not self.kill_at or self.writes < self.kill_at[0] or not self.process:
            return None
        is_before = self.kill_at[1]
        self.kill_at = None
        self.process.kill()
        return service.DROP_BEFORE if is_before else service.DROP_AFTER

    def _random_fault(self, request: service.Request) -> service.Fault | None:
        dice = self.chance.random()
        if request.path == service.TOKEN:
            return service.ERROR_BEFORE if dice < 0.1 else None
        if dice < 0.01:
            self.overloads_left = self.chance.randint(1, 6)
            return service.OVERLOAD
        if dice < 0.02:
            return service.EXPIRED
        if request.is_write:
            return self.chance.choice(WRITE_FAULTS) if dice < 0.14 else None
        return self.chance.choice(READ_FAULTS) if dice < 0.05 else None
