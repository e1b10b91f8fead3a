"""The order of the two sources."""

from __future__ import annotations

import pytest

import extract
from extract.netsuite.run import NetSuiteReport
from extract.stripe.report import Mode, StripeReport
from progress import Progress
from settings import Settings


@pytest.mark.parametrize(("mode", "include_settled"), [("first", True), ("full", True), ("later", False)])
def test_a_full_comparison_of_stripe_asks_netsuite_for_everything(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, mode: Mode, include_settled: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("extract.stripe.run.read_stripe", lambda *_, on_news: StripeReport(mode))
    monkeypatch.setattr(
        "extract.netsuite.run.read_netsuite",
        lambda *_, include_settled: asked.append(include_settled) or NetSuiteReport(),
    )
    extract.run(settings, Progress(quiet=True))
    assert asked == [include_settled]
