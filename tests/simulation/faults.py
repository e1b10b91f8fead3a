"""How often things go wrong in a history."""

from __future__ import annotations

import random
from dataclasses import dataclass

# After so many seconds NetSuite commits a write that it did not answer.
LATE_SECONDS = (1, 5, 40, 400, 1500)


class Killed(BaseException):
    """The loader's process ends here, as by kill -9."""


@dataclass(frozen=True)
class Faults:
    """Probabilities and the lag of SuiteQL, drawn once for a history: some histories are calm, some are wild."""

    write: float = 0
    read: float = 0
    kill: float = 0
    disk: float = 0
    person: float = 0
    lost: float = 0  # of losing the warehouse between two rounds
    lag: float = 0  # seconds by which SuiteQL is behind the books

    @classmethod
    def draw(cls, chance: random.Random) -> Faults:
        return cls(
            write=chance.choice((0.05, 0.15, 0.4)),
            read=chance.choice((0.0, 0.03, 0.1)),
            kill=chance.choice((0.0, 0.02, 0.06)),
            disk=chance.choice((0.0, 0.0, 0.02)),
            person=chance.choice((0.0, 0.0, 0.05)),
            lost=chance.choice((0.0, 0.0, 0.3)),
            lag=chance.choice((0.0, 0.0, 20.0, 90.0)),
        )


NO_FAULTS = Faults()
