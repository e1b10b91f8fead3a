"""What must be in NetSuite by now, from round to round."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from tests.property.oracle.shapes import Document


@dataclass
class PostedRefund:
    """A customer refund and the memos it is applied to."""

    parts: dict[str, int] = field(default_factory=dict)  # credit note -> minor amount
    posting_date: date | None = None
    reason: str | None = None  # Stripe's


@dataclass
class PostedRecords:
    """Documents as they were when their records were posted; customer refunds."""

    documents: dict[str, Document] = field(default_factory=dict)
    refunds: dict[str, PostedRefund] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)  # refunds and documents whose content the rules leave open
