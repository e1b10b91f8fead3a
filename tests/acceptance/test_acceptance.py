"""The pipeline as a stranger would check it: TARGET=production, random worlds, kills, the rules to the cent.

Each run of the pipeline takes ten seconds; SOAK=1 plays whole scenarios (`python -m tests.acceptance`).
"""

from __future__ import annotations

import os

import pytest

from tests.acceptance.scenario import play

# A seed whose Stripe Connector is adopted (K2): each world has a note that it has booked.
SHORT = ((178, 30, "short"),)
LONG = tuple((seed, 50, "full") for seed in range(200, 208))


@pytest.mark.parametrize(("seed", "customers", "mode"), LONG if os.environ.get("SOAK") == "1" else SHORT)
def test_netsuite_shows_what_the_rules_say(seed: int, customers: int, mode: str) -> None:
    found = play(seed, customers, mode=mode)
    assert not found, "\n".join(found[:40])
