"""Runs writes in parallel, yet in order where two of them change the same document."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, Protocol, TypeVar


class Task(Protocol):
    """A unit of work. Tasks that share a key are done one after the other, in their order."""

    @property
    def keys(self) -> frozenset[Hashable]: ...


T = TypeVar("T", bound=Task)

GRACE_SECONDS = 0.5
"""How long a Ctrl-C waits for running tasks. Those that end are journalled, the others are open attempts (P2)."""


class KeyedQueue(Generic[T]):
    """The tasks that may start are `ready`: no earlier unfinished task shares a key with them."""

    def __init__(self) -> None:
        self.ready: deque[T] = deque()
        self.unfinished = 0
        self._queues: dict[Hashable, deque[T]] = {}

    def add(self, task: T) -> None:
        """Appends a task."""
        self.unfinished += 1
        for key in task.keys:
            self._queues.setdefault(key, deque()).append(task)
        if self._is_first(task):
            self.ready.append(task)

    def done(self, task: T) -> None:
        """Removes a task that has ended, so that its followers may start."""
        self.unfinished -= 1
        followers = []
        for key in sorted(task.keys, key=str):  # not in the order of a set, which changes from process to process
            waiting = self._queues[key]
            waiting.popleft()
            if waiting:
                followers.append(waiting[0])
            else:
                del self._queues[key]
        # A follower that shares two keys with the task is met twice and must start once.
        for follower in {id(follower): follower for follower in followers}.values():
            if self._is_first(follower):
                self.ready.append(follower)

    def _is_first(self, task: T) -> bool:
        return all(self._queues[key][0] is task for key in task.keys)


def in_order(
    tasks: Iterable[T], do: Callable[[T], None], threads: int, pick: Callable[[int], int] | None = None
) -> None:
    """Does every task, up to `threads` at once, tasks that share a key in order; returns when all are done.

    `tasks` is read only a window ahead (flat memory). The first exception stops the start of further tasks; it is
    raised when the running tasks have ended, a KeyboardInterrupt at the latest after `GRACE_SECONDS`. With one thread,
    all tasks run in the caller's thread, and `pick(n)` may choose the next of n ready tasks (a simulation shuffles this
    way); without `pick` the oldest is next.
    """
    if threads <= 1:
        _in_this_thread(tasks, do, pick or (lambda _: 0))
    else:
        _WorkerPool(do, threads).run(tasks)


def _in_this_thread(tasks: Iterable[T], do: Callable[[T], None], pick: Callable[[int], int], window: int = 8) -> None:
    queue: KeyedQueue[T] = KeyedQueue()
    source = iter(tasks)
    exhausted = False
    while not exhausted or queue.unfinished:
        while not exhausted and queue.unfinished < window:
            task = next(source, None)
            exhausted = task is None
            if task is not None:
                queue.add(task)
        if queue.ready:
            index = pick(len(queue.ready))
            task = queue.ready[index]
            del queue.ready[index]
            do(task)
            queue.done(task)


class _WorkerPool(Generic[T]):
    WINDOW_PER_THREAD = 16

    def __init__(self, do: Callable[[T], None], threads: int) -> None:
        self._do = do
        self._threads = threads
        self._queue: KeyedQueue[T] = KeyedQueue()
        self._changed = threading.Condition()
        self._closed = False
        self._failure: BaseException | None = None

    def run(self, tasks: Iterable[T]) -> None:
        workers = [threading.Thread(target=self._work, name=f"push-{n}", daemon=True) for n in range(self._threads)]
        for worker in workers:
            worker.start()
        try:
            for task in tasks:
                with self._changed:
                    self._queue.add(task)
                    self._changed.notify_all()
                    self._changed.wait_for(self._has_room)
                    if self._failure:
                        break
            with self._changed:
                self._changed.wait_for(lambda: self._failure or not self._queue.unfinished)
        except BaseException as error:
            self._failure = self._failure or error
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        is_interrupt = isinstance(self._failure, KeyboardInterrupt)
        until = time.monotonic() + GRACE_SECONDS
        for worker in workers:
            worker.join(max(0.0, until - time.monotonic()) if is_interrupt else None)
        if self._failure:
            raise self._failure

    def _has_room(self) -> bool:
        return bool(self._failure) or self._queue.unfinished < self._threads * self.WINDOW_PER_THREAD

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._failure or self._queue.ready)
                if self._failure or not self._queue.ready:
                    return
                task = self._queue.ready.popleft()
            try:
                self._do(task)
            except BaseException as error:
                with self._changed:
                    self._failure = self._failure or error
            finally:
                with self._changed:
                    self._queue.done(task)
                    self._changed.notify_all()
