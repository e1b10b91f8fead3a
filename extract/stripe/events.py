"""The event feed: a position in it, and the objects that its events name.

Events are hints. The objects that they name are read again in the pinned API version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from extract.stripe.api import PAGE, StripeClient
from extract.stripe.endpoints import BY_OBJECT

SETTLING_SECONDS = 600  # for so long an event may still appear behind a newer one


class FeedPosition(NamedTuple):
    """The newest event that was read, and the ids of those near it, so that late ones are recognised."""

    event_id: str
    created: int  # Unix seconds
    recent_ids: list[str]


class EventFeed:
    """Reads events newer than a position. `named`: (table, id) of the objects that the events read so far name."""

    def __init__(self, client: StripeClient, position: FeedPosition | None):
        self.named: set[tuple[str, str]] = set()
        self._client = client
        self._newest = (position.event_id, position.created) if position else None
        self._recent = dict.fromkeys(position.recent_ids, position.created) if position else {}  # id -> created

    @property
    def is_empty(self) -> bool:
        """Whether no event was ever seen."""
        return self._newest is None

    def start_at_newest(self) -> None:
        """Begin at the newest event, where a first load begins. Earlier events name objects that the lists show."""
        page = self._client.page("/v1/events", {"limit": PAGE})
        if page.items:
            self._newest = (page.items[0]["id"], page.items[0]["created"])
            self._recent = {event["id"]: event["created"] for event in page.items}

    def read(self) -> None:
        """Read the events since the position, add their objects to `named`, and move the position."""
        since = self._newest[1] - SETTLING_SECONDS if self._newest else None
        for event in self._events_since(since):
            if event["id"] in self._recent:
                continue
            self._recent[event["id"]] = event["created"]
            if self._newest is None or event["created"] >= self._newest[1]:
                self._newest = (event["id"], event["created"])
            item = (event.get("data") or {}).get("object") or {}
            endpoint = BY_OBJECT.get(str(item.get("object")))
            if endpoint and item.get("id"):
                self.named.add((endpoint.table, item["id"]))

    def position(self) -> FeedPosition | None:
        """The position from which the next run reads; None if no event was ever seen."""
        if self._newest is None:
            return None
        near = self._newest[1] - SETTLING_SECONDS
        return FeedPosition(*self._newest, sorted(each for each, created in self._recent.items() if created >= near))

    def _events_since(self, created_gte: int | None) -> Iterator[dict[str, Any]]:
        """Events, newest first, back to `created_gte` (Unix seconds) or to the oldest that Stripe keeps (30 days)."""
        params: dict[str, Any] = {"limit": PAGE}
        if created_gte is not None:
            params["created[gte]"] = created_gte
        while True:
            page = self._client.page("/v1/events", params)
            yield from page.items
            if not page.has_more:
                return
            params["starting_after"] = page.items[-1]["id"]
