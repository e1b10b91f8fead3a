"""Stripe is read completely or not at all: pages, slices, lines, faults, changes while reading."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from extract.errors import Inconsistent, LandingFailed, StripeRefused, Unavailable
from extract.stripe.json_codec import encode
from extract.stripe.report import StripeReport
from tests.extract.fake_stripe import (
    KEY,
    T0,
    FakeStripe,
    credit_note,
    customer,
    invoice,
    refund,
)

Read = Callable[..., StripeReport]
Query = Callable[..., list[tuple[Any, ...]]]


def counts(query: Query, table: str) -> tuple[int, int]:
    """Objects and versions."""
    return query(f"select count(distinct id), count(*) from raw_stripe.{table}")[0]


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 1234])
def test_every_object_of_a_list_is_landed_once(stripe: FakeStripe, read: Read, query: Query, number: int) -> None:
    seconds = random.Random(number)
    stripe.add("refunds", *(refund(f"re_{n}", T0 + seconds.randrange(40_000_000)) for n in range(number)))
    read()
    assert counts(query, "refunds") == (number, number)
    (counted,) = query("select sum(objects) from raw_stripe.extract_slices where endpoint = 'refunds'")[0]
    assert counted == number


def test_many_objects_of_one_second_are_landed_once(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add("customers", *(customer(f"cus_{n}", T0 + n // 250) for n in range(1000)))
    read()
    assert counts(query, "customers") == (1000, 1000)


def test_long_lists_are_divided_into_slices(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add("refunds", *(refund(f"re_{n}", T0 + n * 60) for n in range(3000)))
    read()
    slices = query("""select created_gte, created_lt from raw_stripe.extract_slices
        where endpoint = 'refunds' order by created_gte nulls first""")
    assert len(slices) > 1
    assert slices[0][0] is None and slices[-1][1] is None
    assert all(one[1] == other[0] for one, other in pairwise(slices)), "a gap or an overlap"
    asked = [params for path, params in stripe.requests if path == "/v1/refunds"]
    assert len(asked) <= 30 + 2 * len(slices), "a division costs at most two pages"


def test_old_objects_are_found_however_far_back(stripe: FakeStripe, read: Read, query: Query) -> None:
    """The list is dense today and sparse before, so the first division must reach near and far at once."""
    times = [T0 - 90 * n**3 for n in range(170)] + [T0 + n for n in range(300)] + [1_262_304_000 - 5]
    stripe.add("refunds", *(refund(f"re_{n}", at) for n, at in enumerate(times)))
    read()
    assert counts(query, "refunds") == (len(times), len(times))
    assert len([1 for path, _ in stripe.requests if path == "/v1/refunds"]) < 30


def test_objects_with_more_than_ten_lines_are_complete(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add("credit_notes", credit_note("cn_short", lines=10), credit_note("cn_long", lines=234))
    stripe.add("invoices", invoice("in_1", lines=11))
    stripe.add("customers", customer("cus_1"))
    read()
    assert query("""select id, json_array_length(payload, '$.lines.data'), (payload->>'$.lines.has_more')
        from raw_stripe.credit_notes order by id""") == [("cn_long", 234, "false"), ("cn_short", 10, "false")]
    assert {params["limit"] for path, params in stripe.requests if path.endswith("/lines")} == {"100"}
    (counted,) = query("select sum(lines) from raw_stripe.extract_slices where endpoint = 'credit_notes'")[0]
    assert counted == 244


def test_the_lines_landed_are_the_lines_counted(
    stripe: FakeStripe, read: Read, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe.add("invoices", invoice("in_1", lines=3), invoice("in_2", T0 + 1, lines=25))
    stripe.add("credit_notes", credit_note("cn_1", lines=2))
    stripe.add("customers", customer("cus_1"))
    report = read()
    assert report.lines_landed == {"credit_notes": 2, "invoices": 28}
    assert "Stripe: lines landed = lines counted: 2 of credit notes, 28 of invoices" in report.lines()

    def loses_a_line(value: Any) -> bytes:
        if value.get("id") == "in_3":
            value["lines"]["data"].pop()
        return encode(value)

    monkeypatch.setattr("extract.stripe.rows.encode", loses_a_line)
    stripe.add("invoices", invoice("in_3", T0 + 2, lines=4))
    with pytest.raises(LandingFailed, match="invoices: 4 lines were read, 3 are in the warehouse"):
        read()
    assert query("select count(*) from raw_stripe.extract_runs where finished_at is null") == [(1,)]


def test_a_first_load_estimates_how_much_there_is(
    stripe: FakeStripe, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe.add("invoices", *(invoice(f"in_{n}", T0 + n * 600) for n in range(6000)))
    stripe.add("customers", customer("cus_1"))
    estimates: list[tuple[int, int]] = []  # objects read so far, objects expected in all
    monkeypatch.setattr("progress.Stage.expect", lambda stage, total: estimates.append((stage.count, total)))
    # At full speed all pages can be requested before the first is counted.
    read(stripe_requests_per_second=40)
    late = [total for count, total in estimates if count > 4000]
    assert late and all(4500 < total < 9000 for total in late), estimates
    estimates.clear()
    read()
    assert not estimates


def test_fewer_lines_than_counted_stop_the_run(stripe: FakeStripe, read: Read) -> None:
    stripe.add("credit_notes", credit_note("cn_1", lines=30))

    def hook(path: str, params: dict[str, str]) -> Any:
        if path.endswith("/lines"):
            status, headers, body = stripe.answer(path, params)
            return status, headers, {**body, "data": body["data"][:-1]}
        return None

    stripe.hook = hook
    with pytest.raises(Inconsistent, match="cn_1: Stripe counts 30 lines, its list has 29"):
        read()


class Faults:
    """Answers the first `times` requests of a path with the correct answer changed by `fault`."""

    def __init__(self, stripe: FakeStripe, path: str, fault: Callable[[Any], Any], times: int = 2):
        self.stripe, self.path, self.fault, self.left = stripe, path, fault, times

    def __call__(self, path: str, params: dict[str, str]) -> Any:
        if path == self.path and self.left > 0:
            self.left -= 1
            return self.fault(self.stripe.answer(path, params))
        return None


def error(status: int, message: str = "no", headers: dict[str, str] | None = None, **fields: str) -> Any:
    return lambda answer: (status, headers or {}, {"error": {"message": message, **fields}})


def on_page(change: Callable[[list[Any]], list[Any]]) -> Any:
    return lambda answer: (200, {}, {**answer[2], "data": change(answer[2]["data"])})


@pytest.mark.parametrize(
    "fault",
    [
        error(500),
        error(503),
        error(409),
        error(429, code="lock_timeout"),
        error(429, headers={"Stripe-Rate-Limited-Reason": "endpoint-rate"}),
        error(429, headers={"Stripe-Rate-Limited-Reason": "global-rate"}),
        error(400, headers={"Stripe-Should-Retry": "true"}),
        lambda answer: (200, {}, b'{"object": "list", "data": [{"id": "re_'),
        lambda answer: (200, {"Content-Length": "9999999", "Connection": "close"}, b"{"),
        lambda answer: (200, {}, {"object": "list"}),
        on_page(lambda items: [*items, items[0]]),
        on_page(lambda items: items[::-1]),
        on_page(lambda items: [{**items[0], "object": "charge"}]),
        on_page(lambda items: [{"object": "refund"}]),
        lambda answer: (200, {}, {"data": [], "has_more": True}),
    ],
    ids=[
        "500",
        "503",
        "409",
        "lock_timeout",
        "endpoint-rate",
        "global-rate",
        "should-retry",
        "truncated",
        "cut short",
        "no list",
        "doubled",
        "out of order",
        "wrong object",
        "no id",
        "empty page",
    ],
)
def test_passing_faults_lose_nothing(stripe: FakeStripe, read: Read, query: Query, fault: Any) -> None:
    stripe.add("refunds", *(refund(f"re_{n}", T0 + n) for n in range(20)))
    stripe.hook = Faults(stripe, "/v1/refunds", fault)
    read()
    assert counts(query, "refunds") == (20, 20)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (
            error(403, "Having the 'rak_refund_read' permission would allow this"),
            StripeRefused,
            ["/v1/refunds", "403", "permission rak_refund_read", "req_1"],
        ),
        (error(403, f"not allowed for {KEY}"), StripeRefused, ["read on refunds", "***"]),
        (error(401, "Invalid API Key provided"), StripeRefused, ["STRIPE_API_KEY"]),
        (error(400, "Received unknown parameter", param="created"), StripeRefused, ["parameter created"]),
        (error(404, "Unrecognized request URL"), StripeRefused, ["/v1/refunds", "404"]),
        (error(302), StripeRefused, ["302"]),
        (error(500, "down"), Unavailable, ["/v1/refunds", "500", "down"]),
        (
            lambda answer: (200, {"Stripe-Version": "2020-08-27"}, answer[2]),
            Inconsistent,
            ["2020-08-27", "None of it was stored"],
        ),
        (
            on_page(lambda items: items[::-1]),
            Inconsistent,
            ["newer than the object before it", "/v1/refunds"],
        ),
    ],
    ids=["403", "403 with key", "401", "400", "404", "302", "500", "version", "order"],
)
def test_lasting_faults_stop_the_run(
    stripe: FakeStripe, read: Read, query: Query, fault: Any, kind: type[Exception], words: list[str]
) -> None:
    stripe.add("refunds", *(refund(f"re_{n}", T0 + n) for n in range(20)))
    stripe.hook = Faults(stripe, "/v1/refunds", fault, times=999)
    with pytest.raises(kind) as caught:
        read()
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert KEY not in str(caught.value)
    assert query("select count(*) from raw_stripe.extract_runs where finished_at is not null") == [(0,)]
    assert counts(query, "refunds") == (0, 0)


def test_the_object_of_a_cursor_is_deleted_while_reading(stripe: FakeStripe, read: Read, query: Query) -> None:
    stripe.add("customers", *(customer(f"cus_{n:03}", T0 + n // 7) for n in range(250)))
    deleted: list[str] = []

    def hook(path: str, params: dict[str, str]) -> None:
        if path == "/v1/customers" and "starting_after" in params and not deleted:
            deleted.append(params["starting_after"])
            with stripe.lock:
                del stripe.lists["customers"][deleted[0]]

    stripe.hook = hook
    read()
    assert counts(query, "customers")[0] == 250  # the deleted one was read before its deletion


def test_objects_that_change_while_lists_are_read_end_in_their_last_state(
    stripe: FakeStripe, read: Read, query: Query
) -> None:
    now = int(time.time())
    stripe.add("invoices", *(invoice(f"in_{n}", T0 + n, status="open") for n in range(300)))
    stripe.add("customers", customer("cus_1"))
    stripe.event(stripe.lists["invoices"]["in_0"], "invoice.created", now - 60)
    paid: list[str] = []

    def hook(path: str, params: dict[str, str]) -> None:
        """With each page of invoices, one that was read before is paid, and a new one appears."""
        if path == "/v1/invoices" and len(paid) < 5:
            number = 299 - len(paid)
            changed = {**stripe.lists["invoices"][f"in_{number}"], "status": "paid"}
            new = invoice(f"in_new{number}", now)
            paid.append(changed["id"])
            stripe.add("invoices", changed, new)
            stripe.event(changed, "invoice.paid", now)
            stripe.event(new, "invoice.created", now)

    stripe.hook = hook
    read()
    landed = dict(
        query("""select id, arg_max(payload->>'status', fetched_at) from raw_stripe.invoices
        group by id""")
    )
    assert landed == {each["id"]: each["status"] for each in stripe.lists["invoices"].values()}
