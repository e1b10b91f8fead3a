"""P1 to P7 under faults: seeded histories, each checked with every invariant (invariants.py).

`make test` plays some hundred of them, which find every bug that test_planted_bugs.py plants; `make soak` 50,000.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from load_netsuite.push import Push
from tests.simulation.history import History, Result, play

HISTORIES = int(os.environ.get("SIMULATION_HISTORIES", "400"))
FIRST_SEED = int(os.environ.get("SIMULATION_FIRST_SEED", "0"))
BATCH = 100


def _play(first: int) -> Result:
    logging.disable()
    return play(range(first, min(first + BATCH, FIRST_SEED + HISTORIES)))


def test_every_history_ends_as_if_nothing_had_happened() -> None:
    starts = range(FIRST_SEED, FIRST_SEED + HISTORIES, BATCH)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(_play, starts))
    failures = [failure for result in results for failure in result.failures]
    assert not failures, "\n".join(failures)
    assert sum(result.histories for result in results) == HISTORIES


def test_a_failure_of_any_kind_names_the_command_that_replays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(self: Push) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(Push, "run", crash)
    (failure,) = play(range(70, 80), stop_at=1).failures
    assert failure.startswith("seed 70: KeyError") and failure.endswith("python -m tests.simulation 70")
    with pytest.raises(KeyError, match="planted"):
        History(70).run()


def test_a_seed_plays_the_same_history_each_time() -> None:
    """So one command is enough to reproduce a failure."""
    first, second = History(4, on_engine=False), History(4, on_engine=False)
    steps = []
    for history in (first, second):
        history.run()
        steps.append(history.steps)
    assert steps[0] == steps[1]
    assert any("effect" in step for step in steps[0]), "seed 4 has no fault: choose another"
