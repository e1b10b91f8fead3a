"""Can Stripe be read? One request of one object per endpoint; nothing is written, nothing is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from doctor.finding import Finding
from extract.errors import StripeError
from extract.stripe.api import StripeClient
from extract.stripe.endpoints import ENDPOINTS
from settings import Settings


def check(settings: Settings) -> list[Finding]:
    """A finding per endpoint that an extract reads."""
    assert settings.stripe_api_key is not None
    stripe = StripeClient(
        settings.stripe_api_base,
        settings.stripe_api_key.get_secret_value(),
        per_endpoint=settings.stripe_requests_per_second,
        total=settings.stripe_requests_per_second_total,
        attempts=3,
    )
    paths = ["/v1/events", *(endpoint.path for endpoint in ENDPOINTS.values()), "/v1/balance_transactions"]

    def one(path: str) -> Finding:
        try:
            found = stripe.page(path, {"limit": 1}).items
        except StripeError as error:
            return Finding("error", f"Stripe {path}", str(error))
        return Finding("ok", f"Stripe {path}", "readable" if found else "readable, holds nothing")

    def ledger() -> Finding:
        subject = "Stripe /v1/customers/*/balance_transactions"
        try:
            customers = stripe.page("/v1/customers", {"limit": 1}).items
            if not customers:
                return Finding("ok", subject, "not checked: there is no customer")
            stripe.page(f"/v1/customers/{customers[0]['id']}/balance_transactions", {"limit": 1})
        except StripeError as error:
            return Finding("error", subject, str(error))
        return Finding("ok", subject, "readable")

    with ThreadPoolExecutor(8) as pool:
        last = pool.submit(ledger)
        findings = [*pool.map(one, paths), last.result()]
    events = findings[0]
    if events.level == "ok" and "nothing" in events.message:
        findings[0] = Finding("warning", events.subject, "the event feed is empty: every run compares all lists")
    return findings
