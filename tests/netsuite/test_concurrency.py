"""The limit of requests in flight."""

from __future__ import annotations

from netsuite.concurrency import Slots


def test_slots_are_halved_once_a_burst_and_grow_again() -> None:
    slots = Slots(8)
    with slots.one() as first, slots.one() as second:
        slots.overloaded(first)
        slots.overloaded(second)
        assert slots.limit == 4
    with slots.one() as third:
        slots.overloaded(third)
    assert slots.limit == 2
    for _ in range(100):
        slots.succeeded()
    assert slots.limit == 8
