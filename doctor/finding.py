"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One checked thing. `message` says what to fix when `level` is not `ok`."""

    level: Level
    subject: str
    message: str
