"""Order is not the clock (rule P9): a clock far off stops the run, times in the future mean "compare everything"."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from extract.errors import ClockWrong
from extract.stripe import run as stripe_run
from extract.stripe.report import StripeReport
from tests.extract.fake_stripe import FakeStripe, credit_note, customer, invoice, refund

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]
NOW = int(time.time())
AHEAD = timedelta(days=200)


@pytest.fixture
def account(stripe: FakeStripe) -> FakeStripe:
    """An account with an event feed, too large for a full comparison in every run."""
    stripe.add("invoices", *(invoice(f"in_{n}", NOW - 200 * 86_400 + n, customer=f"cus_{n}") for n in range(900)))
    stripe.add("customers", *(customer(f"cus_{n}", NOW - 200 * 86_400 + n) for n in range(900)))
    stripe.add("refunds", *(refund(f"re_{n}", NOW - 100 * 86_400) for n in range(600)))
    stripe.event(stripe.lists["invoices"]["in_1"], "invoice.created", NOW - 5000)
    return stripe


@pytest.mark.parametrize("off", [timedelta(days=200), timedelta(days=-2), timedelta(hours=25)])
def test_a_clock_a_day_off_stops_the_run_before_anything_is_written(
    stripe: FakeStripe, read: Read, query: Query, off: timedelta
) -> None:
    stripe.add("customers", customer("cus_1"))
    theirs = datetime.now(UTC) - off
    stripe.date = format_datetime(theirs, usegmt=True)
    with pytest.raises(ClockWrong) as caught:
        read()
    assert f"{theirs:%Y-%m-%d}" in str(caught.value) and f"{datetime.now(UTC):%Y-%m-%d}" in str(caught.value)
    assert len(stripe.requests) == 1
    assert query("select count(*) from raw_stripe.extract_runs") == [(0,)]
    assert query("select count(*) from raw_stripe.customers") == [(0,)]


@pytest.mark.parametrize(
    "date",
    [None, format_datetime(datetime.now(UTC) - timedelta(hours=20), usegmt=True), "soon"],
    ids=["none", "20 h ago", "no date"],
)
def test_a_clock_that_is_about_right_is_enough(stripe: FakeStripe, read: Read, date: str | None) -> None:
    stripe.date = date
    assert read().mode == "first"


def read_ahead(read: Read, monkeypatch: pytest.MonkeyPatch) -> StripeReport:
    """A run with a clock 200 days ahead, of an account whose answers have no date."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + AHEAD

    with monkeypatch.context() as context:
        context.setattr(stripe_run, "datetime", Ahead)
        return read()


def test_after_a_run_ahead_of_time_one_run_compares_everything_and_the_guards_go_on(
    account: FakeStripe, read: Read, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_ahead(read, monkeypatch)
    account.add("customers", {**account.lists["customers"]["cus_9"], "balance": -1})  # without an event
    report = read()
    assert report.mode == "full" and "lie in the future" in str(report.why)
    assert query("select (payload->>'balance') from raw_stripe.customers_current where id = 'cus_9'") == [("-1",)]
    assert read().mode == "later"
    query("update raw_stripe.extract_runs set started_at = started_at - interval 30 day")
    assert "29 days" in str(read().why)
    assert read().mode == "later"
    query("update raw_stripe.extract_runs set started_at = started_at - interval 8 day where mode in ('first', 'full')")
    assert "7 days" in str(read().why)


@pytest.mark.parametrize(
    "change",
    [
        "started_at = now() + interval 200 day",
        "finished_at = now() + interval 200 day",
        "read_up_to = now() + interval 200 day",
        "event_created = now() + interval 200 day",
        "distrust_until = now() + interval 200 day",
    ],
)
def test_each_stored_time_in_the_future_means_compare_everything(
    account: FakeStripe, first_read: Read, read: Read, query: Query, change: str
) -> None:
    first_read()
    assert read().mode == "later"
    query(f"update raw_stripe.extract_runs set {change} where finished_at is not null")
    account.add("customers", {**account.lists["customers"]["cus_9"], "balance": -1})  # without an event
    assert read().mode == "full"
    assert query("select (payload->>'balance') from raw_stripe.customers_current where id = 'cus_9'") == [("-1",)]


def test_a_position_in_the_feed_that_lies_ahead_hides_no_event(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    query("update raw_stripe.extract_runs set event_created = now() + interval 200 day")
    account.event(account.lists["refunds"]["re_1"], "refund.updated", NOW)
    read()
    ((created,),) = query("select event_created from raw_stripe.extract_runs order by position desc limit 1")
    assert created.timestamp() == NOW
    assert read().mode == "later"


def test_distrust_of_the_feed_ends_in_seven_days_whatever_was_stored(
    account: FakeStripe, first_read: Read, read: Read, query: Query
) -> None:
    first_read()
    query("update raw_stripe.extract_runs set distrust_until = now() + interval 200 day")
    read()
    ((until,),) = query("select distrust_until from raw_stripe.extract_runs order by position desc limit 1")
    assert timedelta(days=6) < until - datetime.now(UTC) <= timedelta(days=7)


def test_a_stopped_run_ahead_of_time_does_not_make_old_versions_current(
    account: FakeStripe, first_read: Read, read: Read, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not finished, so nothing but its rows says how far ahead it was."""
    first_read()
    account.add("refunds", refund("re_x", NOW, status="pending"))

    def fail_at_the_end(path: str, params: dict[str, str]) -> Any:
        return (401, {}, {"error": {"message": "no"}}) if path.startswith("/v1/credit_notes") else None

    account.hook = fail_at_the_end
    account.add("credit_notes", credit_note("cn_1", NOW))
    account.event(account.lists["refunds"]["re_x"], "refund.created", NOW)
    with pytest.raises(Exception, match="401"):
        read_ahead(read, monkeypatch)
    query("update raw_stripe.refunds set fetched_at = fetched_at + interval 200 day where id = 're_1'")
    account.hook = lambda path, params: None
    account.add("refunds", {**account.lists["refunds"]["re_1"], "status": "failed"})
    account.event(account.lists["refunds"]["re_1"], "refund.failed", NOW)
    read()
    assert query("select (payload->>'status') from raw_stripe.refunds_current where id = 're_1'") == [("failed",)]


def test_a_stopped_first_load_ahead_of_time_is_not_continued(
    account: FakeStripe, read: Read, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows how old it is, so the event feed may not reach back to it."""

    def fail(path: str, params: dict[str, str]) -> Any:
        return (401, {}, {"error": {"message": "no"}}) if path.startswith("/v1/payouts") else None

    account.hook = fail
    with pytest.raises(Exception, match="401"):
        read_ahead(read, monkeypatch)
    account.hook = lambda path, params: None
    query("""
        insert into raw_stripe.extract_slices
        select run_id, 'coupons', null, null, null, 1, 0, 0, started_at from raw_stripe.extract_runs""")
    account.requests.clear()
    read()
    assert "/v1/coupons" in {path for path, _ in account.requests}


def test_runs_of_an_earlier_version_get_their_order_once(stripe: FakeStripe, read: Read, query: Query) -> None:
    read()
    read()
    query("alter table raw_stripe.extract_runs drop column position")
    query("alter table raw_stripe.extract_runs drop column read_from")
    read()
    assert query("select position from raw_stripe.extract_runs order by started_at") != []
    order = [row[0] for row in query("select run_id from raw_stripe.extract_runs order by position")]
    assert order == [row[0] for row in query("select run_id from raw_stripe.extract_runs order by started_at")]
