"""The month of a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Month:
    """A calendar month of `accounting_timezone`. `first`: its first day."""

    first: date

    @classmethod
    def named(cls, name: str) -> Month:
        """The month of a name such as 2026-03. Raises ValueError."""
        return cls(date.fromisoformat(f"{name}-01"))

    @classmethod
    def last_whole(cls, time_zone: str, now: datetime | None = None) -> Month:
        """The last month that is over. now: an aware time; None is the clock's."""
        today = (now or datetime.now(ZoneInfo(time_zone))).astimezone(ZoneInfo(time_zone)).date()
        return cls((today.replace(day=1) - timedelta(days=1)).replace(day=1))

    @property
    def next_first(self) -> date:
        """The first day of the month after it."""
        return (self.first + timedelta(days=31)).replace(day=1)

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"
