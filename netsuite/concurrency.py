"""How many requests at once, and in which order: the two things that parallel writing must not get wrong."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True)
class Clock:
    """Time and chance, in one place so that a simulation can own them."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def back_off(self, attempt: int, first: float = 0.5, longest: float = 30.0) -> float:
        """Seconds to wait before try `attempt` + 1 (from 0): doubled each time, jittered down to half of
        it."""
        return min(longest, first * 2.0 ** min(attempt, 20)) * (0.5 + self.random() / 2)


class Slots:
    """At most `most` requests in flight; fewer while NetSuite says it is overloaded (P7).

    Additive increase, multiplicative decrease: an overload halves the limit, each success adds 1/limit. A
    burst of refusals counts once: only a request that started after the last cut can cut again.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.limit = float(self.most)
        self._in_flight = 0
        self._generation = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[int]:
        """Waits for a slot; yields the generation to hand to `overloaded`."""
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
        with self._changed:
            if generation == self._generation:
                self._generation += 1
                self.limit = max(1.0, self.limit / 2)

    def succeeded(self) -> None:
        with self._changed:
            self.limit = min(float(self.most), self.limit + 1.0 / self.limit)
            self._changed.notify_all()


class Task(Protocol):
    """Something to do. Tasks that share a key are done one after the other, in the order they came."""

    @property
    def keys(self) -> frozenset[Hashable]: ...


T = TypeVar("T", bound=Task)


class Lanes(Generic[T]):
    """Which tasks may start: those that no earlier unfinished task shares a key with."""

    def __init__(self) -> None:
        self.ready: deque[T] = deque()
        self.unfinished = 0
        self._queues: dict[Hashable, deque[T]] = {}

    def add(self, task: T) -> None:
        self.unfinished += 1
        for key in task.keys:
            self._queues.setdefault(key, deque()).append(task)
        if self._is_first(task):
            self.ready.append(task)

    def done(self, task: T) -> None:
        self.unfinished -= 1
        followers = []
        for key in task.keys:
            queue = self._queues[key]
            queue.popleft()
            if queue:
                followers.append(queue[0])
            else:
                del self._queues[key]
        # A follower that waits in two of our lanes is met twice and must start once.
        for follower in {id(follower): follower for follower in followers}.values():
            if self._is_first(follower):
                self.ready.append(follower)

    def _is_first(self, task: T) -> bool:
        return all(self._queues[key][0] is task for key in task.keys)


def in_order(
    tasks: Iterable[T], do: Callable[[T], None], threads: int, pick: Callable[[int], int] | None = None
) -> None:
    """Does every task, up to `threads` at once, tasks of one key in order; returns when all are done.

    `tasks` is pulled only a window ahead (flat memory). The first exception stops the start of further
    tasks and is raised once those under way have ended. With one thread all runs here, in the caller's
    thread; then `pick(n)` may choose which of n startable tasks is next (a simulation's way to shuffle),
    else the oldest is.
    """
    if threads <= 1:
        _in_this_thread(tasks, do, pick or (lambda _: 0))
    else:
        _Pool(do, threads).run(tasks)


def _in_this_thread(tasks: Iterable[T], do: Callable[[T], None], pick: Callable[[int], int], window: int = 8) -> None:
    lanes: Lanes[T] = Lanes()
    source = iter(tasks)
    exhausted = False
    while not exhausted or lanes.unfinished:
        while not exhausted and lanes.unfinished < window:
            task = next(source, None)
            exhausted = task is None
            if task is not None:
                lanes.add(task)
        if lanes.ready:
            index = pick(len(lanes.ready))
            task = lanes.ready[index]
            del lanes.ready[index]
            do(task)
            lanes.done(task)


class _Pool(Generic[T]):
    WINDOW_PER_THREAD = 16

    def __init__(self, do: Callable[[T], None], threads: int) -> None:
        self._do = do
        self._threads = threads
        self._lanes: Lanes[T] = Lanes()
        self._changed = threading.Condition()
        self._closed = False
        self._failure: BaseException | None = None

    def run(self, tasks: Iterable[T]) -> None:
        workers = [threading.Thread(target=self._work, name=f"push-{n}") for n in range(self._threads)]
        for worker in workers:
            worker.start()
        try:
            for task in tasks:
                with self._changed:
                    self._lanes.add(task)
                    self._changed.notify_all()
                    self._changed.wait_for(self._has_room)
                    if self._failure:
                        break
            with self._changed:
                self._changed.wait_for(lambda: self._failure or not self._lanes.unfinished)
        except BaseException as error:
            self._failure = self._failure or error
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in workers:
            worker.join()
        if self._failure:
            raise self._failure

    def _has_room(self) -> bool:
        return bool(self._failure) or self._lanes.unfinished < self._threads * self.WINDOW_PER_THREAD

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._failure or self._lanes.ready)
                if self._failure or not self._lanes.ready:
                    return
                task = self._lanes.ready.popleft()
            try:
                self._do(task)
            except BaseException as error:
                with self._changed:
                    self._failure = self._failure or error
            finally:
                with self._changed:
                    self._lanes.done(task)
                    self._changed.notify_all()
