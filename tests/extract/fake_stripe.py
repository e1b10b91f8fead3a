"""A Stripe of a few dictionaries, for tests of reading: lists, `created`, nested lines, events, faults.

The sandbox's Stripe knows billing and stays correct. This one does what a test tells it, including wrong answers:

    stripe = FakeStripe().start()
    stripe.add("credit_notes", credit_note("cn_1"))
    stripe.hook = lambda path, params: (500, {}, {"error": {"message": "down"}})   # None = answer as usual
    stripe.requests                                                               # [(path, params), ...]
"""

from __future__ import annotations

import json
import operator
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from extract.stripe.api import pinned_version

Object = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]
KEY = "rk_test_hush_hush"
T0 = 1_767_225_600  # 2026-01-01


class FakeStripe:
    def __init__(self) -> None:
        # by "credit_notes" or "customers/cus_1/balance_transactions", then by id
        self.lists: dict[str, dict[str, Object]] = {}
        self.hook: Callable[[str, dict[str, str]], Answer | None] = lambda path, params: None
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.lock = threading.RLock()
        self.url = ""
        self.account: Object | None = {"id": "acct_1", "object": "account"}  # None: the key may not read it
        self.date: str | None = None  # the Date header; None: the right one

    # ---------- contents

    def add(self, where: str, *objects: Object) -> None:
        with self.lock:
            for item in objects:
                self.lists.setdefault(where, {})[item["id"]] = item

    def event(self, item: Object, kind: str, created: int) -> None:
        with self.lock:
            identifier = f"evt_{len(self.lists.get('events', {}))}"
            self.add(
                "events",
                {
                    "id": identifier,
                    "object": "event",
                    "created": created,
                    "type": kind,
                    "data": {"object": {"id": item["id"], "object": item["object"]}},
                },
            )

    # ---------- answers

    def start(self) -> FakeStripe:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                params = dict(parse_qsl(url.query))
                with fake.lock:
                    fake.requests.append((url.path, params))
                answer = fake.hook(url.path, params) or fake.answer(url.path, params)
                status, headers, body = answer
                encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response_only(status)
                self.send_header("Date", fake.date or self.date_time_string())
                for name, value in {
                    "Stripe-Version": pinned_version(),
                    "Request-Id": "req_1",
                    "Content-Length": str(len(encoded)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(encoded)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *args: object) -> None:
                pass  # a stopped reader closes its connections

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, params: dict[str, str]) -> Answer:
        with self.lock:
            if path == "/v1/account":
                return (200, {}, self.account) if self.account else forbidden("rak_account_read")
            parts = [unquote(part) for part in path.removeprefix("/v1/").split("/")]
            if parts[:2] == ["checkout", "sessions"]:
                item = self.lists.get("checkout/sessions", {}).get(parts[2])
                return (200, {}, item) if item else missing(parts[2])
            if len(parts) == 2:
                item = self.lists.get(parts[0], {}).get(parts[1])
                return (200, {}, shown(item)) if item else missing(parts[1])
            if len(parts) == 3 and parts[2] == "lines":
                item = self.lists.get(parts[0], {}).get(parts[1])
                if not item:
                    return missing(parts[1])
                return page([line for line in item["lines"]["data"]], params, whole_count=True)
            if len(parts) == 3 and parts[1] not in self.lists.get(parts[0], {}):
                return missing(parts[1])
            items = list(self.lists.get("/".join(parts), {}).values())
        items = matching(reversed(items), params)
        items.sort(key=lambda item: -item.get("created", 0))  # stable: later added first within a second
        return page(items, params)


def page(items: list[Object], params: dict[str, str], whole_count: bool = False) -> Answer:
    start = 0
    if after := params.get("starting_after"):
        place = [index for index, item in enumerate(items) if item["id"] == after]
        if not place:
            return (
                400,
                {},
                {
                    "error": {
                        "type": "invalid_request_error",
                        "code": "resource_missing",
                        "param": "starting_after",
                        "message": f"No such object: '{after}'",
                    }
                },
            )
        start = place[0] + 1
    limit = int(params.get("limit", 10))
    body = {
        "object": "list",
        "data": [shown(item) for item in items[start : start + limit]],
        "has_more": start + limit < len(items),
    }
    if whole_count:
        body["total_count"] = len(items)
    return 200, {}, body


COMPARISONS = {"gte": operator.ge, "gt": operator.gt, "lte": operator.le, "lt": operator.lt}


def matching(items: Iterable[Object], params: dict[str, str]) -> list[Object]:
    times = [(COMPARISONS[name[8:-1]], int(value)) for name, value in params.items() if name.startswith("created[")]
    values = {name: value for name, value in params.items() if "[" not in name}
    values = {name: value for name, value in values.items() if name not in ("limit", "starting_after")}
    return [
        item
        for item in items
        if not item.get("deleted")
        and all(compare(item["created"], time) for compare, time in times)
        and all(str(item.get(name)) == value for name, value in values.items())
    ]


def shown(item: Object) -> Object:
    """The object with its first ten nested lines."""
    if "lines" not in item:
        return item
    lines = item["lines"]["data"]
    return {
        **item,
        "lines": {
            "object": "list",
            "data": lines[:10],
            "has_more": len(lines) > 10,
            "total_count": len(lines),
            "url": f"/v1/{item['object']}s/{item['id']}/lines",
        },
    }


def missing(identifier: str) -> Answer:
    return (
        404,
        {},
        {
            "error": {
                "type": "invalid_request_error",
                "code": "resource_missing",
                "param": "id",
                "message": f"No such object: '{identifier}'",
            }
        },
    )


def forbidden(permission: str) -> Answer:
    message = (
        f"The provided key does not have the required permissions. Having the '{permission}' permission would help"
    )
    return 403, {}, {"error": {"type": "invalid_request_error", "message": message}}


# ---------- objects, with the fields that an extract reads


def customer(identifier: str, created: int = T0, **fields: Any) -> Object:
    return {
        "id": identifier,
        "object": "customer",
        "created": created,
        "balance": 0,
        "name": "Ada Private",
        "email": "ada@private.example",
        "metadata": {},
        **fields,
    }


def invoice(identifier: str, created: int = T0, lines: int = 1, **fields: Any) -> Object:
    return {
        "id": identifier,
        "object": "invoice",
        "created": created,
        "customer": "cus_1",
        "status": "paid",
        "currency": "eur",
        "total": 1000,
        "amount_due": 1000,
        "starting_balance": 0,
        "ending_balance": 0,
        "pre_payment_credit_notes_amount": 0,
        "customer_name": "Ada Private",
        "total_discount_amounts": [],
        "customer_email": "ada@private.example",
        "metadata": {},
        "lines": {
            "data": [
                {
                    "id": f"il_{identifier}_{n}",
                    "object": "line_item",
                    "amount": 10,
                    "description": f"Line {n}",
                }
                for n in range(lines)
            ]
        },
        **fields,
    }


def credit_note(identifier: str, created: int = T0, lines: int = 1, **fields: Any) -> Object:
    return {
        "id": identifier,
        "object": "credit_note",
        "created": created,
        "customer": "cus_1",
        "invoice": "in_1",
        "status": "issued",
        "amount": 500,
        "total": 500,
        "refunds": [],
        "discount_amounts": [],
        "customer_balance_transaction": None,
        "metadata": {},
        "lines": {
            "data": [
                {"id": f"cnli_{identifier}_{n}", "object": "credit_note_line_item", "amount": 10} for n in range(lines)
            ]
        },
        **fields,
    }


def refund(identifier: str, created: int = T0, **fields: Any) -> Object:
    return {
        "id": identifier,
        "object": "refund",
        "created": created,
        "amount": 500,
        "status": "succeeded",
        **fields,
    }


def coupon(identifier: str, created: int = T0, **fields: Any) -> Object:
    return {"id": identifier, "object": "coupon", "created": created, "percent_off": 5, **fields}


def payout(identifier: str, created: int = T0, **fields: Any) -> Object:
    return {
        "id": identifier,
        "object": "payout",
        "created": created,
        "automatic": True,
        "status": "paid",
        **fields,
    }


def ledger_row(identifier: str, amount: int, created: int = T0, **fields: Any) -> Object:
    return {
        "id": identifier,
        "object": "customer_balance_transaction",
        "created": created,
        "amount": amount,
        "type": "adjustment",
        **fields,
    }
