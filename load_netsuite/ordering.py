"""Runs writes in parallel, yet in order where two of them change the same document."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, Protocol, TypeVar


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
