"""The Stripe client by itself; its answers to faults are tested with whole runs in test_reading.py."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from requests import Request

from extract.errors import Inconsistent, StripeRefused, Unavailable
from extract.stripe.api import StripeClient
from tests.extract.fake_stripe import KEY, FakeStripe
from tests.support.wire import HEAD, Start, bomb, drip, start

__all__ = ["start"]


def test_the_client_says_whether_another_request_could_start() -> None:
    client = StripeClient("http://127.0.0.1:9", KEY, per_endpoint=1, total=1)
    assert client.has_room("/v1/refunds") and client.has_room("/v1/invoices/in_1/lines")
    client._limiter("/v1/refunds").wait()
    assert not client.has_room("/v1/refunds") and client.has_room("/v1/invoices")
    client._total.wait()
    assert not client.has_room("/v1/invoices")


def test_a_refused_expansion_is_left_out():
    """Only the expansion of the taxes of shipping may be refused: a server may always show them."""
    asked: list[list[str]] = []

    class Server(StripeClient):
        def _attempt(self, path, endpoint, params, check):
            asked.append(params["expand[]"])
            if any(name.endswith("shipping_cost.taxes") for name in params["expand[]"]):
                raise StripeRefused("This property cannot be expanded (shipping_cost.taxes).")
            if any(name.endswith("nonsense") for name in params["expand[]"]):
                raise StripeRefused("This property cannot be expanded (nonsense).")
            return "answer"

    server = Server("http://127.0.0.1:1", "sk_test_x")
    wanted = {"expand[]": ["data.discount_amounts.discount", "data.shipping_cost.taxes"]}
    assert server.get("/v1/credit_notes", wanted) == "answer"
    assert server.get("/v1/credit_notes", wanted) == "answer"
    assert asked[1:] == [["data.discount_amounts.discount"]] * 2
    with pytest.raises(StripeRefused):
        server.get("/v1/credit_notes", {"expand[]": ["data.nonsense"]})


def test_an_answer_that_drips_is_no_answer(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extract.stripe.api.TIMEOUT", (5, 0.3))
    client = StripeClient(start(drip(b" ", HEAD + b"\r\n")), KEY, attempts=2, first_wait=0.01)
    with pytest.raises(Unavailable, match=r"GET /v1/events: no answer .* \(ReadTimeout\)"):
        client.page("/v1/events", {})
    assert client.requests_sent == 2


def test_an_answer_that_is_too_large_is_not_asked_for_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bounded_http.ANSWER_BYTES", 2**20)
    client = StripeClient(start(bomb(gzip.compress(bytes(2 * 2**20)))), KEY)
    with pytest.raises(Inconsistent, match=r"GET /v1/events .*: the answer is larger than 1 MiB"):
        client.page("/v1/events", {})
    assert client.requests_sent == 1


HALF = '{"data": [{"id": "cn_1"}, {"id": "cn_2", "metadata": {"note": "a\\ud800"}}], "has_more": false}'
BROKEN = {
    "half of a character": (HALF.encode(), "cn_2: metadata holds half of a character"),
    "deep": (b"[" * 100_000, "maximum recursion depth"),
    "another encoding": (
        '{"data": [{"id": "caf\xe9"}], "has_more": false}'.encode("latin-1"),
        "can't decode byte 0xe9",
    ),
    "a page for people": (b"<html>", "JSON is malformed"),
    "a time of no calendar": (b'{"data": [{"id": "cn_1", "created": 9e9}], "has_more": false}', "not a whole number"),
    "a time after all calendars": (
        b'{"data": [{"id": "cn_1", "created": 9999999999999}], "has_more": false}',
        "`created` of cn_1 is 9999999999999, which is no time",
    ),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_an_answer_that_cannot_be_read_is_inconsistent(stripe: FakeStripe, content: bytes, words: str) -> None:
    stripe.hook = lambda path, params: (200, {}, content)
    client = StripeClient(stripe.url, KEY, attempts=1)
    with pytest.raises(Inconsistent, match=re.escape(words)):
        client.page("/v1/credit_notes", {})


def test_the_environment_names_the_proxy_and_no_netrc_replaces_the_key(
    stripe: FakeStripe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", stripe.url)
    monkeypatch.setenv("NO_PROXY", "direct.invalid")
    assert StripeClient("http://stripe.invalid", KEY).page("/v1/events", {}).items == []
    sent = StripeClient("http://stripe.invalid", KEY)._session()
    assert sent.prepare_request(Request("GET", "http://stripe.invalid")).headers["Authorization"] == f"Bearer {KEY}"
    with pytest.raises(Unavailable):
        StripeClient("http://direct.invalid", KEY, attempts=1).page("/v1/events", {})
