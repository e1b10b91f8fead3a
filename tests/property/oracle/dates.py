"""Days in the accounting time zone, go-live, open periods: G1, X4."""

from __future__ import annotations

from datetime import date, datetime

from tests.property.oracle.facts import Facts
from tests.property.oracle.shapes import Document


def day_of(facts: Facts, moment: int) -> date:
    """The day of a Unix time in the accounting time zone."""
    return datetime.fromtimestamp(moment, facts.zone).date()


def is_before_go_live(facts: Facts, moment: int) -> bool:
    """G1: the go-live day itself is not before."""
    go_live = facts.settings["go_live_date"]
    return bool(go_live) and day_of(facts, moment) < date.fromisoformat(go_live)


def open_day(facts: Facts, day: date) -> date | None:
    """X4: the first day from `day` on that lies in an open month; None if no such day exists."""
    days = []
    for period in facts.netsuite["accounting_periods"]:
        if "T" in (period["isyear"], period["isquarter"], period["isadjust"], period["isinactive"]):
            continue
        if "T" in (period["closed"], period["arlocked"], period["alllocked"]):
            continue
        first, last = date.fromisoformat(period["startdate"]), date.fromisoformat(period["enddate"])
        if last >= day:
            days.append(max(first, day))
    return min(days, default=None)


def posting_day(facts: Facts, day: date) -> date | None:
    """X4: the day a record of `day` is posted on; None if closed periods block it."""
    open_from = open_day(facts, day)
    if open_from != day and facts.settings["closed_period"] == "block":
        return None
    return open_from


def set_posting_date(facts: Facts, document: Document, day: date) -> None:
    """X4: the document's posting date; `original_date` is set if the date moved."""
    document.posting_date = posting_day(facts, day)
    if document.posting_date is None:
        document.findings.add("period_closed")
    elif document.posting_date != day:
        document.original_date = day
