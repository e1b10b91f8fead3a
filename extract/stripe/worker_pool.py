"""Threads whose jobs may add jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WORKERS = 32


class WorkerPool:
    """A thread pool that ends with its last job. The first error stops all jobs, and `run` raises it."""

    def __init__(self, workers: int = WORKERS):
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="reader")
        self._changed = threading.Condition()
        self._jobs = 0
        self._error: BaseException | None = None

    def add(self, job: Callable[[], None]) -> None:
        """Queue a job. A job may add jobs."""
        with self._changed:
            self._jobs += 1
        self._pool.submit(self._do, job)

    def run(self) -> None:
        """Return when no job is left."""
        with self._changed:
            while self._jobs and not self._error:
                self._changed.wait(0.5)  # the time-out lets Ctrl-C interrupt the wait
        if self._error:
            raise self._error

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._error = self._error or RuntimeError("stopped")
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _do(self, job: Callable[[], None]) -> None:
        error: BaseException | None = None
        if not self._error:
            try:
                job()
            except BaseException as caught:
                error = caught
        with self._changed:
            self._jobs -= 1
            self._error = self._error or error
            if not self._jobs or self._error:
                self._changed.notify_all()
