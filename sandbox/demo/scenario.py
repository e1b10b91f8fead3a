"""A scenario: a small story at the demo company for some of the rules, and its expected outcomes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from sandbox.demo.world import World

# The steps of a scenario. The generator yields the days that pass between two steps.
Steps = Generator[int, None, None]


@dataclass(frozen=True)
class Scenario:
    """A named scenario. Its function's docstring is the `description`.

    `outcomes` are document id -> "state reason" after the first run with the committed mappings and default vars,
    `later_outcomes` those that differ after one `advance` and another run. `first_day` counts days from the demo's
    first day; None: some time in spring.
    """

    name: str
    rules: tuple[str, ...]
    outcomes: dict[str, str]
    later_outcomes: dict[str, str]
    description: str
    steps: Callable[[World], Steps]
    first_day: int | None


def scenario(
    rules: str, *, first_day: int | None = None, later: dict[str, str] | None = None, **outcomes: str
) -> Callable[[Callable[[World], Steps]], Scenario]:
    """Decorator that makes a function a `Scenario`. `outcomes` are by document id."""

    def make(steps: Callable[[World], Steps]) -> Scenario:
        description = " ".join((steps.__doc__ or "").split())
        return Scenario(steps.__name__, tuple(rules.split()), outcomes, later or {}, description, steps, first_day)

    return make
