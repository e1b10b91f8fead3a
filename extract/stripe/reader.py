"""Reading whole lists at the rate Stripe allows: many slices of `created` at once.

A list is one slice to begin with: no bounds, newest first. After a page with more behind it, the slice is cut
if Stripe may be asked more often than it is: the slice keeps the newer half of what is left to read, a new
one takes the older half; of a list whose age is not known yet, several take longer and longer parts at once.
So a short list costs one request, a long one is read by as many readers as the
limits take, however fast Stripe answers, and where the objects lie in time does not matter. A cut costs at
most one page that is not full; that it be worth it, only the large slices of a list are cut.

A page must continue the one before: no id twice in a slice, `created` never rising, and inside the slice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol
from urllib.parse import quote

from extract.errors import Inconsistent, ObjectGone, StripeRefused
from extract.stripe.api import ONE_AT_A_TIME, PAGE, Answer, Stripe
from extract.stripe.endpoints import (
    Endpoint,
    Row,
    line_count,
    lines_missing,
    row_of,
    same_but_for_lines,
    with_lines,
)
from extract.stripe.privacy import decode

WORKERS = 32
WORTH_CUTTING = 3  # pages left in a slice
REACH = 4  # how much longer each slice is than the newer one, where a list of unknown age is cut
BEGINNING = 1262304000  # 2010-01-01: nothing in Stripe is older


class Sink(Protocol):
    """Where rows go: `Landing`."""

    def put(self, table: str, rows: list[Row]) -> None: ...

    def after(self, action: Callable[[], None]) -> None: ...


@dataclass
class Slice:
    """A piece of a list: `created` in [gte, lt), None = open. Counts what was read of it."""

    endpoint: Endpoint
    gte: int | None = None
    lt: int | None = None
    filters: dict[str, str] = field(default_factory=dict)  # e.g. {"status": "open"}
    pages: int = 0
    objects: int = 0
    lines: int = 0
    first: int | None = None  # created of the first object read
    last: tuple[int | None, str] | None = None  # created and id of the last object read
    ids: set[str] = field(default_factory=set)  # read already, of the last object's second
    open_jobs: int = 0  # pages and nested lists still to come

    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = {"limit": PAGE, **self.endpoint.expanding("data."), **self.filters}
        if self.gte is not None:
            params["created[gte]"] = self.gte
        if self.lt is not None:
            params["created[lt]"] = self.lt
        if self.last:
            params["starting_after"] = self.last[1]
        return params

    def still_to_come(self) -> int:
        """How many objects the rest of the slice holds if it is as dense as what was read of it; nothing is
        said of a slice that has shown no object yet."""
        newest, last = self.first, self.last  # once: another thread may be reading the slice
        if newest is None or last is None or last[0] is None:
            return 0
        oldest = self.gte if self.gte is not None else BEGINNING
        return self.objects * max(last[0] - oldest, 0) // max(newest - last[0], 1)

    def check(self, items: list[dict[str, Any]]) -> None:
        """Raise Inconsistent unless `items` can follow what was read of this slice."""
        before = self.last[0] if self.last else None
        for item in items:
            created = item.get("created")
            if item.get("object") != self.endpoint.object:
                raise Inconsistent(f"{item['id']} is a {item.get('object')}, not a {self.endpoint.object}")
            if item["id"] in self.ids:
                raise Inconsistent(f"{item['id']} was on an earlier page already")
            if created is None:
                continue
            if before is not None and created > before:
                raise Inconsistent(f"{item['id']} is newer than the object before it")
            if (self.lt is not None and created >= self.lt) or (self.gte is not None and created < self.gte):
                raise Inconsistent(f"{item['id']} lies outside the slice asked for")
            before = created

    def go_on_behind(self, items: list[dict[str, Any]]) -> None:
        """Note a page that was read. Only ids of its last second are kept: an older one that came again
        would be newer than the object before it."""
        newest, oldest = items[0].get("created"), items[-1].get("created")
        self.first = self.first or newest
        if newest != oldest:
            self.ids.clear()
        self.ids.update(item["id"] for item in items if item.get("created") == oldest)
        self.last = (oldest, items[-1]["id"])


class Crew:
    """Threads whose jobs may add jobs. The first error stops all of them and is raised by `run`."""

    def __init__(self, workers: int = WORKERS):
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="reader")
        self._changed = threading.Condition()
        self._jobs = 0
        self._error: BaseException | None = None

    def add(self, job: Callable[[], None]) -> None:
        with self._changed:
            self._jobs += 1
        self._pool.submit(self._do, job)

    def run(self) -> None:
        """Return when no job is left."""
        with self._changed:
            while self._jobs and not self._error:
                self._changed.wait(0.5)  # waking now and then lets Ctrl-C through
        if self._error:
            raise self._error

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._error = self._error or RuntimeError("stopped")
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _do(self, job: Callable[[], None]) -> None:
        error: BaseException | None = None
        if not self._error:
            try:
                job()
            except BaseException as caught:
                error = caught
        with self._changed:
            self._jobs -= 1
            self._error = self._error or error
            self._changed.notify_all()


class Reader:
    """Turns lists and single objects into rows in a sink.

    `on_slice` is called (in the landing thread) for each slice once all its rows are loaded; `on_rows` for
    each handful of objects as they are read, `on_expected` with each page for how many there may be in all.
    `known(table, ids)` gives current payloads: an object with many lines that is otherwise as before is not
    read again line by line. `seen` collects the ids read, by table, if it shall `remember` them.
    """

    def __init__(
        self,
        stripe: Stripe,
        sink: Sink,
        crew: Crew,
        *,
        on_slice: Callable[[Slice], None] = lambda piece: None,
        on_rows: Callable[[str, int], None] = lambda table, count: None,
        on_expected: Callable[[int], None] | None = None,
        known: Callable[[str, list[str]], dict[str, str]] = lambda table, ids: {},
        remember: bool = True,
    ):
        self.seen: dict[str, set[str]] = {}
        self.objects = 0
        self._stripe, self._sink, self._crew = stripe, sink, crew
        self._on_slice, self._on_rows, self._known = on_slice, on_rows, known
        self._on_expected, self._remember = on_expected, remember
        self._unfinished: dict[int, Slice] = {}  # by identity
        self._lock = threading.Lock()

    # ---------- whole lists

    def list(self, piece: Slice, *, cut: bool = True) -> None:
        """Read a slice; `cut` allows dividing it among readers."""
        with self._lock:
            piece.open_jobs += 1
            self._unfinished[id(piece)] = piece
        self._crew.add(lambda: self._next_page(piece, cut))

    def _next_page(self, piece: Slice, cut: bool) -> None:
        try:
            page = self._stripe.page(piece.endpoint.path, piece.params(), piece.check)
        except StripeRefused as refused:
            if refused.param != "starting_after" or piece.last is None or piece.last[0] is None:
                raise
            # The object that the cursor stood on was deleted meanwhile: go on below its second. What of that
            # second was read already comes again, and landing leaves it out.
            piece.lt, piece.last = piece.last[0] + 1, None
            piece.ids.clear()
            return self._crew.add(lambda: self._next_page(piece, cut))
        if page.items:
            piece.go_on_behind(page.items)
        piece.pages += 1
        piece.objects += len(page.items)
        if page.has_more:
            if cut:
                self._cut(piece, page.items)
            with self._lock:
                piece.open_jobs += 1
            self._crew.add(lambda: self._next_page(piece, cut))
        else:
            with self._lock:
                del self._unfinished[id(piece)]
        self._expect()
        self._take(piece, page, page.items)
        self._finish_job(piece)

    def _expect(self) -> None:
        """Tell how many objects there will be in all, as far as the slices under way show."""
        if self._on_expected:
            with self._lock:
                expected = self.objects + sum(each.still_to_come() for each in self._unfinished.values())
            self._on_expected(expected)

    def _cut(self, piece: Slice, items: list[dict[str, Any]]) -> None:
        """Give the older part of the rest away, if readers are free and the rest is worth it."""
        newest, created = items[0].get("created"), items[-1].get("created")
        if newest is None or created is None or not self._stripe.has_room(piece.endpoint.path):
            return
        with self._lock:
            alike = [each for each in self._unfinished.values() if each.endpoint is piece.endpoint]
            largest = max(each.still_to_come() for each in alike)
            if len(self._unfinished) >= WORKERS or piece.still_to_come() < largest / 2:
                return
        oldest = piece.gte if piece.gte is not None else BEGINNING
        page = max(newest - created, 1)  # seconds
        pages_left = (created - oldest) // page  # if the rest is as dense as this page
        if pages_left < WORTH_CUTTING:
            return
        if piece.gte is None and piece.pages == 1:
            # How far back the list reaches is not known: look near and far at once.
            kept = [REACH**power for power in range(1, 64) if REACH**power < pages_left]
        else:
            kept = [(pages_left + 1) // 2]
        bounds = [created - pages * page for pages in kept]
        for upper, lower in pairwise([*bounds, piece.gte]):
            self.list(Slice(piece.endpoint, lower, upper, piece.filters))
        if bounds:
            piece.gte = bounds[0]

    def _take(self, piece: Slice, answer: Answer, items: list[dict[str, Any]]) -> None:
        whole = [item for item in items if not lines_missing(item)]
        piece.lines += sum(line_count(item) for item in whole)
        with ONE_AT_A_TIME:
            rows = [row_of(item, answer.sent_at, answer.api_version) for item in whole]
        self._land(piece.endpoint.table, rows)
        partial = [item for item in items if lines_missing(item)]
        if not partial:
            return
        known = self._known(piece.endpoint.table, [item["id"] for item in partial])
        for item in partial:
            if item["id"] in known and same_but_for_lines(item, before := decode(known[item["id"]].encode())):
                piece.lines += line_count(before)
                self._note_read(piece.endpoint.table, [item["id"]])
                continue
            with self._lock:
                piece.open_jobs += 1
            self._crew.add(lambda item=item: self._complete(piece, answer, item))  # type: ignore[misc]

    def _complete(self, piece: Slice, answer: Answer, item: dict[str, Any]) -> None:
        row = self._whole_row(piece.endpoint, answer, item)
        if row:
            with self._lock:
                piece.lines += line_count(item)
            self._land(piece.endpoint.table, [row])
        self._finish_job(piece)

    def _finish_job(self, piece: Slice) -> None:
        with self._lock:
            piece.open_jobs -= 1
            finished = piece.open_jobs == 0
        if finished:
            piece.ids.clear()
            self._sink.after(lambda: self._on_slice(piece))

    # ---------- single objects and nested lists

    def retrieve(self, endpoint: Endpoint, identifier: str, gone: Callable[[str], None]) -> None:
        """Read one object again; `gone(id)` if Stripe has it no longer (or only as a deleted stub)."""

        def job() -> None:
            try:
                answer = self._stripe.get(_path(endpoint, identifier), endpoint.expanding(), _check_object)
            except ObjectGone:
                return gone(identifier)
            if answer.body.get("deleted"):
                return gone(identifier)
            row = self._whole_row(endpoint, answer, answer.body)
            if row:
                self._land(endpoint.table, [row])

        self._crew.add(job)

    def nested(
        self,
        path: str,
        table: str,
        parent_id: str,
        params: dict[str, Any],
        keep: Callable[[dict[str, Any]], bool] = lambda item: True,
        done: Callable[[int, int], None] = lambda pages, objects: None,
    ) -> None:
        """Read a list that belongs to `parent_id`, every page; land what `keep` says.
        `done(pages, objects)` runs once it is loaded."""

        def job() -> None:
            try:
                items, answer, pages, _ = self._all_pages(path, params)
            except ObjectGone:
                return self._sink.after(lambda: done(1, 0))
            kept = [item for item in items if keep(item)]
            self._land(table, [row_of(item, answer.sent_at, answer.api_version, parent_id) for item in kept])
            self._sink.after(lambda: done(pages, len(kept)))

        self._crew.add(job)

    def _whole_row(self, endpoint: Endpoint, answer: Answer, item: dict[str, Any]) -> Row | None:
        """The row of an object with all its lines; None if it was deleted while they were read."""
        for attempt in range(3):
            try:
                if lines_missing(item):
                    lines, _, _, total = self._all_pages(f"{_path(endpoint, item['id'])}/lines", {})
                    with_lines(item, lines, total)
                return row_of(item, answer.sent_at, answer.api_version)
            except ObjectGone:
                return None
            except Inconsistent:
                if attempt == 2:
                    raise
                # It may have changed between its own answer and its lines: take both anew.
                answer = self._stripe.get(_path(endpoint, item["id"]), endpoint.expanding(), _check_object)
                item.clear()
                item.update(answer.body)
        raise AssertionError("unreachable")

    def _all_pages(self, path: str, params: dict[str, Any]) -> tuple[list[dict[str, Any]], Answer, int, int | None]:
        items: list[dict[str, Any]] = []
        ids: set[str] = set()
        pages = 0
        first: Answer | None = None

        def check(page: list[dict[str, Any]]) -> None:
            for item in page:
                if item["id"] in ids:
                    raise Inconsistent(f"{item['id']} was on an earlier page already")

        while True:
            cursor = {"starting_after": items[-1]["id"]} if items else {}
            page = self._stripe.page(path, {"limit": PAGE, **params, **cursor}, check)
            first = first or page
            pages += 1
            items += page.items
            ids.update(item["id"] for item in page.items)
            if not page.has_more:
                return items, first, pages, page.total_count

    def _land(self, table: str, rows: list[Row]) -> None:
        self._sink.put(table, rows)
        self._note_read(table, [row.id for row in rows])

    def _note_read(self, table: str, ids: list[str]) -> None:
        with self._lock:
            self.objects += len(ids)
            if self._remember:
                self.seen.setdefault(table, set()).update(ids)
        self._on_rows(table, len(ids))


def all_events(stripe: Stripe, created_gte: int | None) -> Iterable[dict[str, Any]]:
    """Events newest first, back to `created_gte` (Unix seconds) or as far as Stripe keeps them (30 days)."""
    params: dict[str, Any] = {"limit": PAGE}
    if created_gte is not None:
        params["created[gte]"] = created_gte
    while True:
        page = stripe.page("/v1/events", params)
        yield from page.items
        if not page.has_more:
            return
        params["starting_after"] = page.items[-1]["id"]


def _path(endpoint: Endpoint, identifier: str) -> str:
    return f"{endpoint.path}/{quote(identifier, safe='')}"  # a coupon's id is any text its owner chose


def _check_object(body: Any) -> None:
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        raise Inconsistent("the answer is not an object with an id")
