"""The month of a report."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from report.month import Month


@pytest.mark.parametrize(
    ("now", "time_zone", "month"),
    [
        ("2026-03-01 00:00", "UTC", "2026-02"),
        ("2026-03-31 23:59", "UTC", "2026-02"),
        ("2026-01-15 12:00", "UTC", "2025-12"),
        ("2026-03-01 04:59", "America/New_York", "2026-01"),
        ("2026-03-01 05:00", "America/New_York", "2026-02"),
        ("2026-02-28 15:00", "Asia/Tokyo", "2026-02"),
    ],
)
def test_the_last_whole_month_is_that_of_the_accounting_time_zone(now: str, time_zone: str, month: str) -> None:
    assert str(Month.last_whole(time_zone, datetime.fromisoformat(now).replace(tzinfo=UTC))) == month


def test_a_month_knows_where_it_ends() -> None:
    assert (Month.named("2025-12").first, Month.named("2025-12").next_first) == (date(2025, 12, 1), date(2026, 1, 1))
