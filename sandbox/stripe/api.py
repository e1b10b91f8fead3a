"""What a GET of the Stripe API answers, without HTTP: lists, retrieval, filters, expansion (facts/stripe.md
section 3).

    Api(billing).get("/v1/credit_notes", {"limit": ["100"]})  # -> JSON bytes; raises `Answer` for errors
"""

from __future__ import annotations

import bisect
import functools
import operator
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from sandbox.stripe.billing import KINDS, Billing
from sandbox.stripe.shapes import Obj

DAY = 86_400

# Filters beyond paging (facts 3.1). Ranges take [gt|gte|lt|lte]; the others compare with the field of the
# same name, but for those in `_SPECIAL`.
FILTERS = {
    "credit_notes": "created customer customer_account invoice",
    "invoices": "created customer customer_account status subscription collection_method due_date",
    "invoice_payments": "created invoice status payment[type] payment[payment_intent] payment[payment_record]",
    "refunds": "created charge payment_intent",
    "charges": "created customer payment_intent transfer_group",
    "payment_intents": "created customer customer_account",
    "customers": "created email test_clock",
    "prices": "active created currency product type",
    "products": "active created ids[] shippable url",
    "coupons": "created",
    "tax_rates": "active created inclusive",
    "events": "created type types[] delivery_success",
    "balance_transactions": "created currency payout source type",
    "payouts": "created arrival_date status destination",
    "customers/balance_transactions": "created invoice",
    "lines": "",
}
RANGES = ("created", "due_date", "arrival_date")
PAGING = ("limit", "starting_after", "ending_before", "expand[]")
EXPANDABLE = frozenset(
    [
        "customer",
        "invoice",
        "credit_note",
        "customer_balance_transaction",
        "discount",
        "discounts",
        "coupon",
        "refund",
        "charge",
        "payment_intent",
        "latest_charge",
        "balance_transaction",
        "failure_balance_transaction",
        "source",
        "price",
        "product",
    ]
)
EXPANDABLE_LISTS = {("invoice", "payments"): "invoice_payments", ("charge", "refunds"): "refunds"}
_SPECIAL: dict[str, Callable[[Obj, list[str]], bool]] = {
    "ids[]": lambda obj, values: obj["id"] in values,
    "types[]": lambda obj, values: obj["type"] in values,
    "delivery_success": lambda obj, values: (obj["pending_webhooks"] == 0) == (values[0] == "true"),
    "subscription": lambda obj, values: values[0] in {line["subscription"] for line in obj["lines"]["data"]},
    "payment[type]": lambda obj, values: obj["payment"]["type"] == values[0],
    "payment[payment_intent]": lambda obj, values: obj["payment"].get("payment_intent") == values[0],
    "payment[payment_record]": lambda obj, values: obj["payment"].get("payment_record") == values[0],
}


class Answer(Exception):
    """An answer that is no object: HTTP status, Stripe's error body, extra headers (facts 3.4)."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        reason: str | None = None,
        **fields: str,
    ) -> None:
        self.status = status
        self.body = msgspec.json.encode({"error": {"type": type, "message": message} | fields})
        self.headers = {"Stripe-Rate-Limited-Reason": reason} if reason else {}


class Api:
    """One account, given in memory or as the file it is saved in, which is read again whenever it changes."""

    def __init__(self, source: Billing | Path, event_days: int | None) -> None:
        self._path = source if isinstance(source, Path) else None
        self._file_time = 0
        self._billing = source if isinstance(source, Billing) else Billing()
        self._event_days = event_days
        self._forget()

    def get(self, path: str, parameters: dict[str, list[str]]) -> bytes:
        """The body of a 200; raises `Answer` for any other."""
        self._refresh()
        version, *parts = [unquote(part) for part in path.strip("/").split("/")]
        kind, *rest = parts or [""]
        if version == "v1" and kind in FILTERS and kind != "lines":
            match rest:
                case []:
                    return self._list(kind, self._all(kind, parameters), parameters, path)
                case [id]:
                    return self._retrieve(kind, id, parameters)
                case [id, "lines"] if kind in ("invoices", "credit_notes"):
                    rows = self._find(kind, id)["lines"]["data"]
                    return self._list("lines", _Rows(rows), parameters, path)
                case [id, "balance_transactions"] if kind == "customers":
                    self._find(kind, id)
                    rows = self._billing.owned(id, "customer_balance_transactions")[::-1]
                    return self._list("customers/balance_transactions", _Rows(rows), parameters, path)
                case [_, "balance_transactions", row] if kind == "customers":
                    return self._retrieve("customer_balance_transactions", row, parameters)
        raise Answer(404, f"Unrecognized request URL (GET: {path}).")

    # ------------------------------------------------------------------ state

    def _refresh(self) -> None:
        """Load the file again if it is another one, and forget answers that are out of date."""
        if self._path:
            changed = self._path.stat().st_mtime_ns
            if changed != self._file_time:
                self._billing, self._file_time = Billing.load(self._path), changed
                self._forget()
        if self._revision != self._billing.revision:
            self._forget()

    def _forget(self) -> None:
        self._revision = self._billing.revision
        self._bodies: dict[tuple[str, str, tuple[str, ...]], msgspec.Raw] = {}
        self._rows: dict[str, _Rows] = {}

    def _find(self, kind: str, id: str) -> Obj:
        try:
            return self._billing.objects(kind)[id]
        except KeyError:
            raise Answer(404, f"No such {_noun(kind)}: '{id}'", code="resource_missing", param="id") from None

    def _all(self, kind: str, parameters: dict[str, list[str]]) -> _Rows:
        """The rows a list runs over, newest first; those of one owner where a filter names it."""
        billing = self._billing
        if kind == "balance_transactions" and "payout" in parameters:
            return _Rows(billing.owned(parameters["payout"][0], kind)[::-1])
        if kind in ("credit_notes", "invoice_payments") and "invoice" in parameters:
            return _Rows(billing.owned(parameters["invoice"][0], kind)[::-1])
        if kind not in self._rows:
            rows = list(billing.objects(kind).values())[::-1]
            if kind == "customers":
                rows = [row for row in rows if not row.get("deleted")]
            if kind == "events" and self._event_days is not None:
                rows = [row for row in rows if row["created"] > billing.now - self._event_days * DAY]
            self._rows[kind] = _Rows(rows)
        return self._rows[kind]

    # ------------------------------------------------------------------ answers

    def _retrieve(self, kind: str, id: str, parameters: dict[str, list[str]]) -> bytes:
        _only_known(parameters, ("expand[]",))
        return bytes(self._body(kind, self._find(kind, id), tuple(parameters.get("expand[]", ()))))

    def _list(self, kind: str, rows: _Rows, parameters: dict[str, list[str]], path: str) -> bytes:
        known = FILTERS[kind].split()
        ranges = [f"{name}[{bound}]" for name in known if name in RANGES for bound in ("gt", "gte", "lt", "lte")]
        _only_known(parameters, (*PAGING, *known, *ranges))
        expand = [path.partition(".") for path in parameters.get("expand[]", ())]
        if wrong := [path for path in expand if path[0] != "data" or not path[2]]:
            raise Answer(400, f"This property cannot be expanded ({''.join(wrong[0])}).")
        limit = _integer(parameters.get("limit", ["10"])[-1], "limit")
        if not 1 <= limit <= 100:
            raise Answer(400, "limit must be between 1 and 100", param="limit")
        page, more = self._page(kind, rows, parameters, limit)
        bodies = [self._body(kind, row, tuple(path for _, _, path in expand)) for row in page]
        return msgspec.json.encode({"object": "list", "data": bodies, "has_more": more, "url": path})

    def _page(self, kind: str, rows: _Rows, parameters: dict[str, list[str]], limit: int) -> tuple[list[Obj], bool]:
        """Up to `limit` matching rows from the cursor on (facts 3.1), and whether more follow that way."""
        wanted = list(_tests(kind, parameters))
        first, last = rows.between(parameters)
        backwards = "ending_before" in parameters
        for name in ("starting_after", "ending_before"):
            if name in parameters:
                position = rows.position(parameters[name][0])
                if position is None:
                    message = f"No such {_noun(kind)}: '{parameters[name][0]}'"
                    raise Answer(400, message, code="resource_missing", param=name)
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
            shown = _cut_lines(obj)
            for path in expand:
                shown = self._expanded(shown, path.split("."), path)
            self._bodies[key] = msgspec.Raw(msgspec.json.encode(shown))
        return self._bodies[key]

    def _expanded(self, value: Any, path: list[str], whole: str) -> Any:
        """A copy of `value` with the ids at `path` replaced by their objects."""
        if isinstance(value, list):
            return [self._expanded(item, path, whole) for item in value]
        if value is None:
            return None
        name, rest = path[0], path[1:]
        nested = EXPANDABLE_LISTS.get((value.get("object", ""), name))
        if nested:
            rows = self._billing.owned(value["id"], nested)
            inner: Any = {
                "object": "list",
                "data": rows[:10],
                "has_more": len(rows) > 10,
                "url": f"/v1/{nested}",
            }
        elif name not in value and not (name in EXPANDABLE or name in ("lines", "data", "taxes")):
            raise Answer(400, f"This property cannot be expanded ({whole}).")
        else:
            inner = value.get(name)
            if name in EXPANDABLE:
                inner = [self._object(item) for item in inner] if isinstance(inner, list) else self._object(inner)
            elif not isinstance(inner, dict | list | None):
                raise Answer(400, f"This property cannot be expanded ({whole}).")
        return (
            value | {name: self._expanded(inner, rest, whole) if rest else inner} if name in value or nested else value
        )

    def _object(self, id: Any) -> Any:
        """The object behind an id; what is no id of ours stays as it is."""
        found = (self._billing.objects(kind).get(id) for kind in KINDS) if isinstance(id, str) else iter(())
        return next((_cut_lines(obj) for obj in found if obj), id)


class _Rows:
    """Objects in the order of a list endpoint, with what paging needs. A row hidden by a test clock keeps
    its place.
    """

    def __init__(self, rows: list[Obj]) -> None:
        self.rows = rows
        self._positions: dict[str, int] = {}

    def position(self, id: str) -> int | None:
        if not self._positions:
            self._positions = {row["id"]: index for index, row in enumerate(self.rows)}
        return self._positions.get(id)

    def between(self, parameters: dict[str, list[str]]) -> tuple[int, int]:
        """First and last index that the `created` bounds allow: rows are newest first."""
        first, last = 0, len(self.rows)
        for name, values in parameters.items():
            if name.startswith("created"):
                bound = _integer(values[-1], name)
                not_newer = bisect.bisect_left(self.rows, -bound, key=_age)
                older = bisect.bisect_right(self.rows, -bound, key=_age)
                if name in ("created[lte]", "created[lt]", "created"):
                    first = max(first, older if name == "created[lt]" else not_newer)
                if name in ("created[gte]", "created[gt]", "created"):
                    last = min(last, not_newer if name == "created[gt]" else older)
        return first, last


def _tests(kind: str, parameters: dict[str, list[str]]) -> Iterator[Callable[[Obj], bool]]:
    """One predicate per filter; `created` is dealt with by position, `payout` by owner."""
    if kind == "customers" and "test_clock" not in parameters:
        yield _equals("test_clock", "None")
    for name, values in parameters.items():
        field, _, bound = name.partition("[")
        if name in PAGING or field in ("created", "payout"):
            continue
        if name in _SPECIAL:
            yield functools.partial(_SPECIAL[name], values=values)
        elif field in RANGES:
            yield _within(field, bound.rstrip("]"), _integer(values[-1], name))
        elif kind == "events" and values[-1].endswith("*"):
            yield _starts("type", values[-1][:-1])
        else:
            yield _equals(name, values[-1])


def _equals(field: str, value: str) -> Callable[[Obj], bool]:
    return lambda row: _text(row.get(field)) == value


def _starts(field: str, start: str) -> Callable[[Obj], bool]:
    return lambda row: str(row[field]).startswith(start)


def _within(field: str, bound: str, limit: int) -> Callable[[Obj], bool]:
    compare = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le, "": operator.eq}[bound]
    return lambda row: row[field] is not None and bool(compare(row[field], limit))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _age(row: Obj) -> int:
    return -int(row["created"])


def _cut_lines(obj: Obj) -> Obj:
    """Nested lists show ten rows (facts 3.3)."""
    lines = obj.get("lines")
    if not lines or len(lines["data"]) <= 10:
        return obj
    return obj | {"lines": lines | {"data": lines["data"][:10], "has_more": True}}


def _noun(kind: str) -> str:
    return kind.rpartition("/")[2].removesuffix("s").replace("_", " ")


def _only_known(parameters: dict[str, list[str]], known: tuple[str, ...]) -> None:
    for name in parameters:
        if name not in known:
            raise Answer(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def _integer(text: str, name: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise Answer(400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)
