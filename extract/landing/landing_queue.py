"""The queue between the readers and the landing thread, limited by bytes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pyarrow as pa

# Rows of a table; an action that runs after they are loaded; an event that is set after a flush; or the end.
Entry = tuple[str, pa.Table] | Callable[[], None] | threading.Event | None


class LandingQueue(queue.Queue[Entry]):
    """Holds as many bytes as make a package: the next package is complete when the one before it is loaded."""

    def __init__(self, package_bytes: int) -> None:
        self._size = 0
        super().__init__(package_bytes)

    def _qsize(self) -> int:
        return self._size

    def _put(self, entry: Entry) -> None:
        self._size += _size(entry)
        super()._put(entry)

    def _get(self) -> Entry:
        entry = super()._get()
        self._size -= _size(entry)
        return entry


def _size(entry: Entry) -> int:
    """Bytes of the rows. Any other entry counts as one byte, so that `_qsize` is 0 only for an empty queue."""
    return entry[1].nbytes if isinstance(entry, tuple) else 1
