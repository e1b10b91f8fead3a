"""The limit of requests in flight."""

from __future__ import annotations

import pytest

from netsuite.concurrency import Clock, Slots


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


def test_only_a_long_wait_is_said(caplog: pytest.LogCaptureFixture) -> None:
    slept: list[float] = []
    clock = Clock(sleep=slept.append)
    clock.wait(2.9, "a short one")
    clock.wait(3.0, "a long one")
    assert slept == [2.9, 3.0]
    assert [record.getMessage() for record in caplog.records] == ["waiting 3 s: a long one"]
