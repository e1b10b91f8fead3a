"""Reads whole lists at the rate that Stripe allows, single objects, and nested lists, and lands them.

A list is one slice at first: no bounds, newest first. After each page with more behind it, the reader divides the slice
if Stripe's limits allow more requests than are being sent. The slice keeps the newer half of its rest, and a new slice
takes the older half; a list of unknown age gives away several slices at once, each longer than the one before. So
a short list costs one request, and a long list is read by as many readers as the limits allow, however fast Stripe
answers and however its objects are distributed over time. A division costs at most one page that is not full, so only
the large slices of a list are divided.

A page must continue the page before: no id twice in a slice, `created` never rising, and inside the slice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from extract.errors import Inconsistent, ObjectGone, StripeRefused
from extract.landing.landing import Landing
from extract.stripe.api import COMPUTE_LOCK, PAGE, Answer, StripeClient
from extract.stripe.endpoints import Endpoint
from extract.stripe.json_codec import decode
from extract.stripe.paths import object_path, printable
from extract.stripe.rows import Row, line_count, lines_missing, row_of, same_but_for_lines, with_lines
from extract.stripe.slices import Slice
from extract.stripe.worker_pool import WORKERS, WorkerPool

ATTEMPTS_FOR_LINES = 3  # of an object that changes while its lines are read


@dataclass
class NestedList:
    """All pages of a list."""

    items: list[dict[str, Any]]
    first_answer: Answer
    pages: int
    total_count: int | None  # as Stripe counts, where it says so


class Reader:
    """Turns lists and single objects into rows. Its jobs run in `workers`; `workers.run()` waits for them.

    on_slice: called in the landing thread for each slice when all its rows are loaded · on_rows: called with the
    number of objects in each group read · on_expected: called after each page with the estimated number of objects in
    all · current_payloads(table, ids): payloads in the warehouse; an object with many lines that equals its payload
    otherwise is not read again line by line · remember_ids: whether `ids_read` collects the ids, by table.
    """

    def __init__(
        self,
        client: StripeClient,
        landing: Landing,
        workers: WorkerPool,
        *,
        on_slice: Callable[[Slice], None],
        on_rows: Callable[[int], None],
        on_expected: Callable[[int], None] | None,
        current_payloads: Callable[[str, list[str]], dict[str, str]],
        remember_ids: bool,
    ):
        self.ids_read: dict[str, set[str]] = {}
        self.objects = 0
        self._client, self._landing, self._workers = client, landing, workers
        self._on_slice, self._on_rows, self._on_expected = on_slice, on_rows, on_expected
        self._current_payloads, self._remember_ids = current_payloads, remember_ids
        self._unfinished: dict[int, Slice] = {}  # by identity
        self._lock = threading.Lock()

    # ---------- whole lists

    def read_list(self, list_slice: Slice, *, divide: bool = True) -> None:
        """Read a slice, page by page; `divide` allows more readers to share it."""
        with self._lock:
            list_slice.open_jobs += 1
            self._unfinished[id(list_slice)] = list_slice
        self._workers.add(lambda: self._next_page(list_slice, divide))

    def _next_page(self, list_slice: Slice, divide: bool) -> None:
        try:
            page = self._client.page(list_slice.endpoint.path, list_slice.params(), list_slice.check)
        except StripeRefused as refused:
            if refused.param != "starting_after" or list_slice.last is None or list_slice.last[0] is None:
                raise
            list_slice.restart_below_last()
            return self._workers.add(lambda: self._next_page(list_slice, divide))
        list_slice.record_page(page.items)
        if page.has_more:
            if divide:
                self._divide(list_slice, page.items)
            with self._lock:
                list_slice.open_jobs += 1
            self._workers.add(lambda: self._next_page(list_slice, divide))
        else:
            with self._lock:
                del self._unfinished[id(list_slice)]
        self._report_expected()
        self._take(list_slice, page, page.items)
        self._finish_job(list_slice)

    def _report_expected(self) -> None:
        if self._on_expected:
            with self._lock:
                expected = self.objects + sum(each.estimated_rest() for each in self._unfinished.values())
            self._on_expected(expected)

    def _divide(self, list_slice: Slice, items: list[dict[str, Any]]) -> None:
        """Divide a slice if readers and Stripe are free and no slice of the same list is twice as large."""
        if not self._client.has_room(list_slice.endpoint.path):
            return
        with self._lock:
            same_list = [each for each in self._unfinished.values() if each.endpoint is list_slice.endpoint]
            largest = max(each.estimated_rest() for each in same_list)
            if len(self._unfinished) >= WORKERS or list_slice.estimated_rest() < largest / 2:
                return
        for older in list_slice.divide(items):
            self.read_list(older)

    def _take(self, list_slice: Slice, answer: Answer, items: list[dict[str, Any]]) -> None:
        """Land the complete objects of a page, and have the lines of the others read."""
        table = list_slice.endpoint.table
        complete = [item for item in items if not lines_missing(item)]
        list_slice.lines += sum(line_count(item) for item in complete)
        with COMPUTE_LOCK:
            rows = [row_of(item, answer.sent_at, answer.api_version) for item in complete]
        self._land(table, rows)
        incomplete = [item for item in items if lines_missing(item)]
        if not incomplete:
            return
        payloads = self._current_payloads(table, [item["id"] for item in incomplete])
        for item in incomplete:
            if item["id"] in payloads and same_but_for_lines(item, landed := decode(payloads[item["id"]])):
                list_slice.lines += line_count(landed)
                self._record_read(table, [item["id"]])
                continue
            with self._lock:
                list_slice.open_jobs += 1
            self._workers.add(partial(self._complete, list_slice, answer, item))

    def _complete(self, list_slice: Slice, answer: Answer, item: dict[str, Any]) -> None:
        row = self._complete_row(list_slice.endpoint, answer, item)
        if row:
            with self._lock:
                list_slice.lines += line_count(item)
            self._land(list_slice.endpoint.table, [row])
        self._finish_job(list_slice)

    def _finish_job(self, list_slice: Slice) -> None:
        with self._lock:
            list_slice.open_jobs -= 1
            finished = list_slice.open_jobs == 0
        if finished:
            list_slice.ids_of_last_second.clear()
            self._landing.after(lambda: self._on_slice(list_slice))

    # ---------- single objects and nested lists

    def read_object(self, endpoint: Endpoint, identifier: str, gone: Callable[[str], None]) -> None:
        """Read one object; call `gone(id)` if Stripe does not have it, or only a stub that says it was deleted."""

        def job() -> None:
            try:
                answer = self._client.get(object_path(endpoint.table, identifier), endpoint.expanding(), _check_object)
            except ObjectGone:
                return gone(identifier)
            except StripeRefused as refused:
                # The API does not say whether a path of `customers` takes the account that an object names instead.
                if endpoint.table == "customers" and is_account(identifier) and refused.status == 400:
                    return gone(identifier)
                raise
            if answer.body.get("deleted"):
                return gone(identifier)
            row = self._complete_row(endpoint, answer, answer.body)
            if row:
                self._land(endpoint.table, [row])

        self._workers.add(job)

    def read_nested_list(
        self,
        path: str,
        table: str,
        parent_id: str,
        params: dict[str, Any],
        *,
        kind: str,
        keep: Callable[[dict[str, Any]], bool] = lambda item: True,
        done: Callable[[int, int], None],
        unread: Callable[[], None] | None = None,
    ) -> None:
        """Read every page of a list that belongs to `parent_id`, and land the entries for which `keep` is true.

        kind: the `object` of its entries · `done(pages, objects)` runs when they are loaded · `unread()` runs if Stripe
        does not have the list; without it that is an error.
        """

        def job() -> None:
            try:
                nested = self._all_pages(path, params, kind)
            except (ObjectGone, StripeRefused) as error:
                is_absent = isinstance(error, ObjectGone) or (error.status == 400 and is_account(parent_id))
                if unread is None or not is_absent:
                    raise
                return unread()
            answer, items = nested.first_answer, [item for item in nested.items if keep(item)]
            self._land(table, [row_of(item, answer.sent_at, answer.api_version, parent_id) for item in items])
            self._landing.after(lambda: done(nested.pages, len(items)))

        self._workers.add(job)

    def _complete_row(self, endpoint: Endpoint, answer: Answer, item: dict[str, Any]) -> Row | None:
        """The row of an object with all its lines; None if the object was deleted while they were read."""
        for attempt in range(ATTEMPTS_FOR_LINES):
            try:
                if lines_missing(item):
                    lines = self._lines_of(endpoint, item["id"])
                    with_lines(item, lines.items, lines.total_count)
                return row_of(item, answer.sent_at, answer.api_version)
            except Inconsistent:
                if attempt == ATTEMPTS_FOR_LINES - 1:
                    raise
                # The object may have changed between its own answer and its lines: read both again.
                path = object_path(endpoint.table, item["id"])
                try:
                    answer = self._client.get(path, endpoint.expanding(), _check_object)
                except ObjectGone:
                    return None
                item.clear()
                item.update(answer.body)
        raise AssertionError("unreachable")

    def _lines_of(self, endpoint: Endpoint, identifier: str) -> NestedList:
        """Raises Inconsistent if Stripe has no lines of an object that it has shown."""
        try:
            return self._all_pages(object_path(endpoint.table, identifier, "lines"), {})
        except ObjectGone as gone:
            raise Inconsistent(f"{printable(identifier)} is there, and its lines are not: {gone}") from gone

    def _all_pages(self, path: str, params: dict[str, Any], kind: str | None = None) -> NestedList:
        items: list[dict[str, Any]] = []
        ids: set[str] = set()
        pages = 0
        first: Answer | None = None

        def check(page: list[dict[str, Any]]) -> None:
            for item in page:
                if item["id"] in ids:
                    raise Inconsistent(f"{printable(item['id'])} was on an earlier page already")
                if kind is not None and item.get("object") != kind:
                    raise Inconsistent(f"{printable(item['id'])} is a {item.get('object')}, not a {kind}")

        while True:
            cursor = {"starting_after": items[-1]["id"]} if items else {}
            page = self._client.page(path, {"limit": PAGE, **params, **cursor}, check)
            first = first or page
            pages += 1
            items += page.items
            ids.update(item["id"] for item in page.items)
            if not page.has_more:
                return NestedList(items, first, pages, page.total_count)

    def _land(self, table: str, rows: list[Row]) -> None:
        self._landing.put(table, rows)
        self._record_read(table, [row.id for row in rows])

    def _record_read(self, table: str, ids: list[str]) -> None:
        with self._lock:
            self.objects += len(ids)
            if self._remember_ids:
                self.ids_read.setdefault(table, set()).update(ids)
        self._on_rows(len(ids))


def is_account(identifier: str) -> bool:
    """Whether the id is a `customer_account`'s, which an object names where it has no `customer` (rule X1)."""
    return identifier.startswith("acct_")


def _check_object(body: Any) -> None:
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        raise Inconsistent("the answer is not an object with an id")
