"""The Stripe client by itself; its answers to faults are tested with whole runs in test_reading.py."""

from __future__ import annotations

import pytest

from extract.errors import StripeRefused
from extract.stripe.api import StripeClient
from tests.extract.fake_stripe import KEY


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
