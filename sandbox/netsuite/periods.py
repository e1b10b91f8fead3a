"""Dates and accounting periods of a transaction (facts, NetSuite section 7). Each check raises `Refused`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sandbox.netsuite import errors, references
from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.records import Transaction


def date_and_period(books: Ledger, values: Mapping[str, Any], old: Transaction | None) -> tuple[date, str]:
    """`tranDate` and `postingPeriod`, which must agree. A missing date is today."""
    day: date = values.get("tranDate") or (old.tran_date if old else books.now().date())
    period: str | None = values.get("postingPeriod")
    if period is not None:
        row = references.active(books, "accountingperiod", period, "postingPeriod")
        if "T" in (row["isyear"], row["isquarter"]):
            raise errors.invalid_value(period, "postingPeriod", "postingPeriod")
        if not row["startdate"] <= day.isoformat() <= row["enddate"]:
            raise errors.date_outside_period()
        return day, period
    if old and day == old.tran_date:
        return day, old.period
    period = books.period_on(day)
    if period is None:
        raise errors.no_period(day)
    return day, period


def require_open(books: Ledger, transaction: Transaction, for_ledger: bool = True) -> None:
    """Refuse a change in a closed or locked period.

    A closed period takes nothing that touches the general ledger, a locked one nothing on A/R: no role here can
    override it. A change off the general ledger (an application) passes if the period allows it (documented).
    """
    row = books.row("accountingperiod", transaction.period)
    if row is None:
        raise errors.no_period(transaction.tran_date)
    if not for_ledger and row["allownonglchanges"] == "T":
        return
    if row["closed"] == "T":
        raise errors.period_closed(row["periodname"])
    if row["alllocked"] == "T" or (row["arlocked"] == "T" and transaction.type != "Journal"):
        raise errors.period_locked(row["periodname"])
