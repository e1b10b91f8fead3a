"""Slices: parts of a list by the time `created`, and how to divide a slice among readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from extract.errors import Inconsistent
from extract.stripe.api import PAGE
from extract.stripe.endpoints import Endpoint
from extract.stripe.paths import printable

WORTH_DIVIDING = 3  # pages left in a slice
REACH = 4  # in a list of unknown age, each new slice is longer than the newer one by this factor
OLDEST_CREATED = 1262304000  # 2010-01-01: no object of Stripe is older


@dataclass
class Slice:
    """The objects of a list with `created` in [gte, lt) (Unix seconds, None = open), and what was read of them."""

    endpoint: Endpoint
    gte: int | None = None
    lt: int | None = None
    filters: dict[str, str] = field(default_factory=dict)  # e.g. {"status": "open"}
    pages: int = 0
    objects: int = 0
    lines: int = 0
    newest: int | None = None  # `created` of the first object read
    last: tuple[int | None, str] | None = None  # `created` and id of the last object read
    ids_of_last_second: set[str] = field(default_factory=set)  # objects read that have the last object's `created`
    open_jobs: int = 0  # pages and nested lists that are not read yet

    def params(self) -> dict[str, Any]:
        """The request parameters of the next page."""
        params: dict[str, Any] = {"limit": PAGE, **self.endpoint.expanding("data."), **self.filters}
        if self.gte is not None:
            params["created[gte]"] = self.gte
        if self.lt is not None:
            params["created[lt]"] = self.lt
        if self.last:
            params["starting_after"] = self.last[1]
        return params

    def estimated_rest(self) -> int:
        """How many objects are left if the rest is as dense as the part read; 0 before the first object."""
        newest, last = self.newest, self.last  # read once: another thread may be reading the slice
        if newest is None or last is None or last[0] is None:
            return 0
        return self.objects * max(last[0] - self._oldest(), 0) // max(newest - last[0], 1)

    def check(self, items: list[dict[str, Any]]) -> None:
        """Raise Inconsistent unless `items` can be the next page of this slice."""
        before = self.last[0] if self.last else None
        for item in items:
            created, name = item.get("created"), printable(item["id"])
            if item.get("object") != self.endpoint.object:
                raise Inconsistent(f"{name} is a {item.get('object')}, not a {self.endpoint.object}")
            if item["id"] in self.ids_of_last_second:
                raise Inconsistent(f"{name} was on an earlier page already")
            if created is None:
                continue
            if before is not None and created > before:
                raise Inconsistent(f"{name} is newer than the object before it")
            if (self.lt is not None and created >= self.lt) or (self.gte is not None and created < self.gte):
                raise Inconsistent(f"{name} lies outside the slice asked for")
            before = created

    def record_page(self, items: list[dict[str, Any]]) -> None:
        """Record a page that was read.

        Only the ids of its last second are kept: an older object that came again would be newer than the object
        before it, which `check` refuses.
        """
        self.pages += 1
        self.objects += len(items)
        if not items:
            return
        newest, oldest = items[0].get("created"), items[-1].get("created")
        self.newest = self.newest or newest
        if newest != oldest:
            self.ids_of_last_second.clear()
        self.ids_of_last_second.update(item["id"] for item in items if item.get("created") == oldest)
        self.last = (oldest, items[-1]["id"])

    def restart_below_last(self) -> None:
        """Continue without a cursor, from the second of the last object on.

        For a cursor whose object was deleted meanwhile. Objects of that second come again; landing leaves them out.
        """
        assert self.last is not None and self.last[0] is not None
        self.lt, self.last = self.last[0] + 1, None
        self.ids_of_last_second.clear()

    def divide(self, items: list[dict[str, Any]]) -> list[Slice]:
        """Give the older part of the rest away as new slices, if it is long enough. `items`: the page just read.

        This slice keeps the newer half. Of a list whose age is not known yet, the new slices get longer and longer.
        """
        newest, created = items[0].get("created"), items[-1].get("created")
        if newest is None or created is None:
            return []
        page_seconds = max(newest - created, 1)
        pages_left = (created - self._oldest()) // page_seconds  # if the rest is as dense as this page
        if pages_left < WORTH_DIVIDING:
            return []
        if self.gte is None and self.pages == 1:
            distances = [REACH**power for power in range(1, 64) if REACH**power < pages_left]
        else:
            distances = [(pages_left + 1) // 2]
        bounds = [created - pages * page_seconds for pages in distances]
        older = [Slice(self.endpoint, lower, upper, self.filters) for upper, lower in pairwise([*bounds, self.gte])]
        if bounds:
            self.gte = bounds[0]
        return older

    def _oldest(self) -> int:
        return self.gte if self.gte is not None else OLDEST_CREATED
