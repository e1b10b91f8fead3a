"""The answers to GET requests of the Stripe API, without HTTP: lists and single objects (facts/stripe.md section 3).

Example:

    Api(billing, event_days=30).get("/v1/credit_notes", {"limit": ["100"]})  # JSON as bytes
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import msgspec

from sandbox.stripe.account import Account
from sandbox.stripe.errors import ApiError
from sandbox.stripe.expansion import cut_lines, expanded
from sandbox.stripe.filters import FILTERS, Rows, check_known, integer, only_known, predicates
from sandbox.stripe.shapes import ACCOUNT, Obj

DAY = 86_400  # seconds


class Api:
    """One account, in memory or in its file. A file is loaded again when it changes.

    Events older than `event_days` by the account's clock are not listed; None lists all.
    """

    def __init__(self, source: Account | Path, event_days: int | None) -> None:
        self._path = source if isinstance(source, Path) else None
        self._file_time = 0
        self._account = source if isinstance(source, Account) else Account()
        self._event_days = event_days
        self._forget()

    def get(self, path: str, parameters: dict[str, list[str]]) -> bytes:
        """The body of a 200 answer, as JSON. Raises `ApiError` for every other answer."""
        self._refresh()
        version, *parts = [unquote(part) for part in path.strip("/").split("/")]
        kind, *rest = parts or [""]
        if [version, *parts] == ["v1", "account"]:
            only_known(parameters, ("expand[]",))
            return msgspec.json.encode(ACCOUNT | {"id": self._account.id})
        if [version, *parts[:2]] == ["v1", "checkout", "sessions"] and len(parts) == 3:
            return self._retrieve("checkout_sessions", parts[2], parameters)
        if version == "v1" and kind in FILTERS and kind != "lines":
            match rest:
                case []:
                    return self._list(kind, self._all(kind, parameters), parameters, path)
                case [id]:
                    return self._retrieve(kind, id, parameters)
                case [id, "lines"] if kind in ("invoices", "credit_notes"):
                    rows = self._find(kind, id)["lines"]["data"]
                    return self._list("lines", Rows(rows), parameters, path)
                case [id, "balance_transactions"] if kind == "customers":
                    self._find(kind, id)
                    rows = self._account.owned(id, "customer_balance_transactions")[::-1]
                    return self._list("customers/balance_transactions", Rows(rows), parameters, path)
                case [_, "balance_transactions", row] if kind == "customers":
                    return self._retrieve("customer_balance_transactions", row, parameters)
        raise ApiError(404, f"Unrecognized request URL (GET: {path}).")

    # ------------------------------------------------------------------ state

    def _refresh(self) -> None:
        """Load the file again if it changed, and forget stale answers."""
        if self._path:
            changed = self._path.stat().st_mtime_ns
            if changed != self._file_time:
                self._account, self._file_time = Account.load(self._path), changed
                self._forget()
        if self._revision != self._account.revision:
            self._forget()

    def _forget(self) -> None:
        self._revision = self._account.revision
        self._bodies: dict[tuple[str, str, tuple[str, ...]], msgspec.Raw] = {}
        self._rows: dict[str, Rows] = {}

    def _find(self, kind: str, id: str) -> Obj:
        try:
            return self._account.objects(kind)[id]
        except KeyError:
            raise ApiError(404, f"No such {_noun(kind)}: '{id}'", code="resource_missing", param="id") from None

    def _all(self, kind: str, parameters: dict[str, list[str]]) -> Rows:
        """The rows of a list before filters, newest first: of one owner if a filter names it."""
        account = self._account
        if kind == "balance_transactions" and "payout" in parameters:
            return Rows(account.owned(parameters["payout"][0], kind)[::-1])
        if kind in ("credit_notes", "invoice_payments") and "invoice" in parameters:
            return Rows(account.owned(parameters["invoice"][0], kind)[::-1])
        if kind not in self._rows:
            rows = list(account.objects(kind).values())[::-1]
            if kind == "customers":
                rows = [row for row in rows if not row.get("deleted")]
            if kind == "events" and self._event_days is not None:
                rows = [row for row in rows if row["created"] > account.now - self._event_days * DAY]
            self._rows[kind] = Rows(rows)
        return self._rows[kind]

    # ------------------------------------------------------------------ answers

    def _retrieve(self, kind: str, id: str, parameters: dict[str, list[str]]) -> bytes:
        only_known(parameters, ("expand[]",))
        return bytes(self._body(kind, self._find(kind, id), tuple(parameters.get("expand[]", ()))))

    def _list(self, kind: str, rows: Rows, parameters: dict[str, list[str]], path: str) -> bytes:
        check_known(kind, parameters)
        expand = [path.partition(".") for path in parameters.get("expand[]", ())]
        if wrong := [path for path in expand if path[0] != "data" or not path[2]]:
            raise ApiError(400, f"This property cannot be expanded ({''.join(wrong[0])}).")
        limit = integer(parameters.get("limit", ["10"])[-1], "limit")
        if not 1 <= limit <= 100:
            raise ApiError(400, "limit must be between 1 and 100", param="limit")
        page, has_more = self._page(kind, rows, parameters, limit)
        bodies = [self._body(kind, row, tuple(path for _, _, path in expand)) for row in page]
        return msgspec.json.encode({"object": "list", "data": bodies, "has_more": has_more, "url": path})

    def _page(self, kind: str, rows: Rows, parameters: dict[str, list[str]], limit: int) -> tuple[list[Obj], bool]:
        """Up to `limit` matching rows from the cursor on (facts 3.1), and whether another page follows."""
        wanted = list(predicates(kind, parameters))
        first, last = rows.between(parameters)
        backwards = "ending_before" in parameters
        for name in ("starting_after", "ending_before"):
            if name in parameters:
                position = rows.position(parameters[name][0])
                if position is None:
                    message = f"No such {_noun(kind)}: '{parameters[name][0]}'"
                    raise ApiError(400, message, code="resource_missing", param=name)
                first, last = (first, min(last, position)) if backwards else (max(first, position + 1), last)
        order = range(last - 1, first - 1, -1) if backwards else range(first, last)
        page: list[Obj] = []
        for index in order:
            row = rows.rows[index]
            if all(test(row) for test in wanted):
                if len(page) == limit:
                    return (page[::-1] if backwards else page), True
                page.append(row)
        return (page[::-1] if backwards else page), False

    def _body(self, kind: str, obj: Obj, expand: tuple[str, ...]) -> msgspec.Raw:
        key = (kind, obj["id"], expand)
        if key not in self._bodies:
            shown = cut_lines(obj)
            for path in expand:
                shown = expanded(self._account, shown, path)
            self._bodies[key] = msgspec.Raw(msgspec.json.encode(shown))
        return self._bodies[key]


def _noun(kind: str) -> str:
    return kind.rpartition("/")[2].removesuffix("s").replace("_", " ").replace("checkout session", "checkout.session")
