"""When the last run or push went well, for `make doctor` (ALERT_AFTER_HOURS)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb

from doctor.finding import Finding, Level
from pipeline.reading import open_for_reading
from settings import Settings, SettingsError
from warehouse.connection import WarehouseError
from warehouse.ownership import WrongBooks
from warehouse.query import ask

LAST = """
select max_by(ended_at, position) from marts.runs
where command in ('run', 'push') and exit_code = 0
"""
SUBJECT = "last run that went well"


def check_last_run(settings: Settings, now: dt.datetime | None = None) -> Iterator[Finding]:
    """Whether a run or a push ended with exit code 0 in the last ALERT_AFTER_HOURS hours."""
    now, hours = now or dt.datetime.now(dt.UTC), settings.alert_after_hours
    try:
        with open_for_reading(settings) as marts:
            ((at,),) = ask(marts, LAST)
    except (duckdb.Error, WarehouseError, WrongBooks, SettingsError) as error:
        # Without a warehouse there is none; where one is demanded, that is what somebody must hear of.
        said = str(error).splitlines()[0]
        yield Finding("error" if hours else "not checked", SUBJECT, f"no run is known: {said}")
        return
    if at is None:
        yield Finding("error" if hours else "warning", SUBJECT, "no run has ended with exit code 0 yet")
        return
    age = (now - at).total_seconds() / 3600
    said = f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, {age:,.0f} hours ago"
    if age < 0:  # P9: a time in the future says nothing
        level: Level = "error" if hours else "warning"
        yield Finding(level, SUBJECT, f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC is in the future: set the clock")
    elif hours and age > hours:
        yield Finding("error", SUBJECT, f"{said}; ALERT_AFTER_HOURS={hours}: see why runs fail, or do not start")
    else:
        yield Finding("ok", SUBJECT, said)
