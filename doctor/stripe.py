"""Checks Stripe: one request for one object of each endpoint. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from doctor.finding import Finding, Level
from doctor.machine import check_clock
from extract.errors import StripeError
from extract.stripe.api import StripeClient
from extract.stripe.endpoints import ENDPOINTS
from extract.stripe.paths import object_path
from settings import Settings

EVENTS = "/v1/events"


def check(settings: Settings) -> list[Finding]:
    """A finding for each endpoint that an extract reads, and one for the clock."""
    assert settings.stripe_api_key is not None
    stripe = StripeClient(
        settings.stripe_api_base,
        settings.stripe_api_key.get_secret_value(),
        per_endpoint=settings.stripe_requests_per_second,
        total=settings.stripe_requests_per_second_total,
        attempts=3,
    )
    paths = [*(endpoint.path for endpoint in ENDPOINTS.values()), "/v1/balance_transactions"]
    with ThreadPoolExecutor(8) as pool:
        ledger = pool.submit(_finding, "/v1/customers/*/balance_transactions", lambda: _ledger(stripe))
        events = pool.submit(_finding, EVENTS, lambda: _events(stripe))
        lists = pool.map(lambda path: _finding(path, lambda: _list(stripe, path)), paths)
        findings = [events.result(), *lists, ledger.result()]
    return [*findings, check_clock("Stripe", stripe.seconds_ahead)]


def _finding(path: str, ask: Callable[[], tuple[Level, str]]) -> Finding:
    try:
        level, message = ask()
    except StripeError as error:
        level, message = "error", str(error)
    return Finding(level, f"Stripe {path}", message)


def _list(stripe: StripeClient, path: str) -> tuple[Level, str]:
    return "ok", "readable" if stripe.page(path, {"limit": 1}).items else "readable, holds nothing"


def _events(stripe: StripeClient) -> tuple[Level, str]:
    if stripe.page(EVENTS, {"limit": 1}).items:
        return "ok", "readable"
    return "warning", "the event feed is empty: every run compares all lists"


def _ledger(stripe: StripeClient) -> tuple[Level, str]:
    customers = stripe.page("/v1/customers", {"limit": 1}).items
    if not customers:
        return "not checked", "there is no customer"
    stripe.page(object_path("customers", customers[0]["id"], "balance_transactions"), {"limit": 1})
    return "ok", "readable"
