"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error", "not checked"]


@dataclass(frozen=True)
class Finding:
    """One checked thing. `message` says what to fix when `level` is `warning` or `error`, and why it could not be known
    when it is `not checked`."""

    level: Level
    subject: str
    message: str
