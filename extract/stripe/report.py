"""What a run read of Stripe, in numbers and in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["first", "full", "later"]

MODES: dict[Mode, str] = {
    "first": "first load",
    "full": "full comparison",
    "later": "changes since the last run",
}


@dataclass
class StripeReport:
    """What a run read.

    mode: how it read (`MODES`) · why: the reason of a full comparison · landed: new versions by table · lines_landed:
    nested lines of these versions by table, as many as were counted when they were read · customers, ledgers_read: all
    customers in the warehouse, and those whose balance ledger some run has read.
    """

    mode: Mode
    why: str | None = None
    requests: int = 0
    objects_read: int = 0
    landed: dict[str, int] = field(default_factory=dict)
    lines_landed: dict[str, int] = field(default_factory=dict)
    customers: int = 0
    ledgers_read: int = 0

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
        return sentences
