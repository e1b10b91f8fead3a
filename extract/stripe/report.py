"""What a run read of Stripe, in numbers and in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from extract.stripe.paths import printable

Mode = Literal["first", "full", "later"]

MODES: dict[Mode, str] = {
    "first": "first load",
    "full": "full comparison",
    "later": "changes since the last run",
}


NAMES_SHOWN = 20


@dataclass
class StripeReport:
    """What a run read.

    mode: how it read (`MODES`) · why: the reason of a full comparison · landed: new versions by table · lines_landed:
    nested lines of these versions by table, as many as were counted when they were read · customers, ledgers_read: all
    customers in the warehouse, and those whose balance ledger some run has read · unread_ledgers: customers whose
    ledger answered 404 · gone: known objects that Stripe never deletes and that answer 404 · sessions_refused: why the
    key may not read Checkout sessions.
    """

    mode: Mode
    why: str | None = None
    requests: int = 0
    objects_read: int = 0
    landed: dict[str, int] = field(default_factory=dict)
    lines_landed: dict[str, int] = field(default_factory=dict)
    customers: int = 0
    ledgers_read: int = 0
    unread_ledgers: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    sessions_refused: str | None = None

    def lines(self) -> list[str]:
        """The report in sentences, one a line."""
        sentences = [
            f"Stripe: {MODES[self.mode]}" + (f" because {self.why}" if self.why else ""),
            f"Stripe: {self.requests} requests, {self.objects_read:,} objects read, "
            f"{sum(self.landed.values()):,} new versions landed",
        ]
        if self.lines_landed:
            counted = sorted(self.lines_landed.items())
            counts = ", ".join(f"{count:,} of {table.replace('_', ' ')}" for table, count in counted)
            sentences.append(f"Stripe: lines landed = lines counted: {counts}")
        sentences.append(
            f"Stripe: balance ledgers read of {self.ledgers_read:,} of {self.customers:,} customers; the "
            "others show no sign of a balance (FULL_LEDGER=1 also reads theirs)"
        )
        if self.unread_ledgers:
            sentences.append(
                f"Stripe: {len(self.unread_ledgers)} balance ledgers answer 404 and are unread, what was landed of "
                f"them stays: {_first(self.unread_ledgers)}"
            )
        if self.gone:
            sentences.append(
                f"Stripe: {len(self.gone)} known objects answer 404, and Stripe never deletes such ones; their "
                f"documents are blocked unless they are posted (gone_from_stripe): {_first(self.gone)}"
            )
        if self.sessions_refused:
            sentences.append(
                "Stripe: the key may not read Checkout sessions, so ledger rows without an invoice are paired by their "
                f"amounts: {self.sessions_refused}"
            )
        return sentences


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:NAMES_SHOWN])
    return shown + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")
