"""Reads Stripe and NetSuite completely, without anything private, into `raw_stripe` and `raw_netsuite`.

`run` is the only entry. The result is the raw tables of docs/architecture.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from extract.netsuite.run import NetSuiteReport
    from extract.stripe.report import StripeReport
    from progress import Progress
    from settings import Settings


@dataclass(frozen=True)
class ExtractReport:
    """What a run read of Stripe and of NetSuite."""

    stripe: StripeReport
    netsuite: NetSuiteReport

    def lines(self) -> list[str]:
        """The report in sentences, one a line."""
        return [*self.stripe.lines(), *self.netsuite.lines()]


def run(settings: Settings, progress: Progress, on_news: Callable[[], object] = lambda: None) -> ExtractReport:
    """Bring the raw tables up to date: Stripe first, then the NetSuite records that Stripe's documents refer to.

    on_news: called once, from a thread of its own, before the first new version is loaded.
    Raises `extract.errors.ExtractError`, `netsuite.errors.NetSuiteError` or `warehouse.connection.WarehouseError`. What
    was loaded before the error stays, and the next run builds on it.
    """
    from extract.netsuite.run import read_netsuite
    from extract.raw_tables import declare_all
    from extract.stripe.run import read_stripe
    from warehouse.connection import open_warehouse

    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        stripe = read_stripe(settings, connection, progress, on_news=on_news)
        is_full = stripe.mode != "later"  # at least once in seven days
        return ExtractReport(stripe, read_netsuite(settings, connection, progress, include_settled=is_full))
