"""Parallel writes keep their order where they share a document."""

from __future__ import annotations

from typing import Any

import pytest

from load_netsuite.ordering import in_order
from netsuite.errors import NetSuiteError


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_tasks_of_one_key_are_done_in_order_and_one_at_a_time(threads: int) -> None:
    import random
    import threading
    import time
    from types import SimpleNamespace

    chance = random.Random(threads)
    tasks = [
        SimpleNamespace(number=n, keys=frozenset(chance.sample(range(6), chance.randint(0, 3)))) for n in range(300)
    ]
    busy: dict[int, int] = {}
    done: list[Any] = []
    lock = threading.Lock()

    def do(task: Any) -> None:
        with lock:
            assert not any(key in busy for key in task.keys)
            busy.update(dict.fromkeys(task.keys, task.number))
        time.sleep(0.0002)
        with lock:
            for key in task.keys:
                del busy[key]
            done.append(task)

    in_order(iter(tasks), do, threads)
    assert len(done) == 300
    for key in range(6):
        numbers = [task.number for task in done if key in task.keys]
        assert numbers == sorted(numbers)


def test_an_error_ends_the_work_and_is_raised() -> None:
    from types import SimpleNamespace

    done = []

    def do(task: Any) -> None:
        done.append(task)
        if len(done) == 5:
            raise NetSuiteError("stop")

    with pytest.raises(NetSuiteError, match="stop"):
        in_order((SimpleNamespace(keys=frozenset()) for _ in range(10_000)), do, 4)
    assert len(done) < 50
