"""Test mode and live mode: one extract reads objects of one mode only (rule I2)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

from extract.stripe.paths import printable
from warehouse.ownership import WrongBooks, mode_name

LIVEMODE = re.compile(rb'"livemode"\s*:\s*(true|false)')


class LivemodeGuard:
    """Checks every answer. `is_live`: the mode of this run; None until the first object tells."""

    def __init__(self, is_live: bool | None):
        self.is_live = is_live
        self._lock = threading.Lock()

    def check(self, content: bytes, body: Any) -> None:
        """Raise WrongBooks if an object of the answer is of the other mode. content: the answer as JSON text.

        The search in the text is fast, and only an answer in which it finds something is looked through.
        """
        found = set(LIVEMODE.findall(content))
        if not found or (self.is_live is not None and found == {b"true" if self.is_live else b"false"}):
            return
        for identifier, is_live in _modes(body):
            with self._lock:
                if self.is_live is None:
                    self.is_live = is_live
            if is_live != self.is_live:
                raise WrongBooks(
                    f"Stripe answered with {printable(identifier)} of {mode_name(is_live)} mode, and this run reads "
                    f"{mode_name(self.is_live)} mode. Nothing of that answer was stored: set STRIPE_API_KEY to a key "
                    "of one account and mode, and WAREHOUSE_PATH to a file of its own"
                )


def _modes(value: Any, name: str = "an object without an id") -> Iterator[tuple[str, bool]]:
    """Name and `livemode` of every object in an answer, outside `metadata`."""
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            name = f"{value.get('object', 'object')} {value['id']}"
        if isinstance(value.get("livemode"), bool):
            yield name, value["livemode"]
        for key, inner in value.items():
            if key != "metadata":
                yield from _modes(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _modes(inner, name)
