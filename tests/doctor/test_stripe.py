"""The checks of Stripe: one finding for each endpoint, an error that names the endpoint."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from doctor import stripe
from extract.errors import StripeRefused
from extract.stripe.endpoints import ENDPOINTS
from settings import Settings

SETTINGS = Settings(_env_file=None, stripe_api_key=SecretStr("rk_test_x"))  # type: ignore[call-arg]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """path → objects or an error; every other list holds nothing."""
    by_path: dict[str, Any] = {}

    def page(self: Any, path: str, parameters: dict[str, int]) -> Any:
        assert parameters == {"limit": 1}
        answer = by_path.get(path, [])
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(items=answer)

    monkeypatch.setattr("doctor.stripe.StripeClient.page", page)
    return by_path


def test_every_endpoint_is_checked_once(answers: dict[str, Any]) -> None:
    answers |= {"/v1/events": [{"id": "evt_1"}], "/v1/customers": [{"id": "cus_1"}]}
    findings = {finding.subject: (finding.level, finding.message) for finding in stripe.check(SETTINGS)}
    assert len(findings) == len(ENDPOINTS) + 4
    assert findings["Stripe /v1/events"] == ("ok", "readable")
    assert findings["Stripe /v1/customers"] == ("ok", "readable")
    assert findings["Stripe /v1/credit_notes"] == ("ok", "readable, holds nothing")
    assert findings["Stripe /v1/customers/*/balance_transactions"] == ("ok", "readable")


def test_an_empty_event_feed_is_a_warning(answers: dict[str, Any]) -> None:
    first, *rest = stripe.check(SETTINGS)
    assert (first.level, first.subject) == ("warning", "Stripe /v1/events")
    unknown = {finding.subject: finding.message for finding in rest if finding.level == "not checked"}
    assert unknown == {
        "Stripe /v1/customers/*/balance_transactions": "there is no customer",
        "clock against Stripe": "no answer with a Date came",
    }
    assert {finding.level for finding in rest} == {"ok", "not checked"}


def test_a_refused_endpoint_is_an_error_that_names_it(answers: dict[str, Any]) -> None:
    answers |= {
        "/v1/refunds": StripeRefused("the key lacks rak_charge_read"),
        "/v1/customers": [{"id": "cus_1"}],
        "/v1/customers/cus_1/balance_transactions": StripeRefused("the key lacks rak_customer_read"),
    }
    wrong = [(f.subject, f.message) for f in stripe.check(SETTINGS) if f.level == "error"]
    assert wrong == [
        ("Stripe /v1/refunds", "the key lacks rak_charge_read"),
        ("Stripe /v1/customers/*/balance_transactions", "the key lacks rak_customer_read"),
    ]
