"""The text of a memo: C3, C7, X4."""

from __future__ import annotations

from tests.property.oracle.shapes import Document

LENGTH = 999  # NetSuite's limit


def additions(document: Document) -> list[str]:
    """C7, X4: notes that follow Stripe's text."""
    found = []
    if document.applied_to("out_of_band"):
        found.append("out-of-band")
    if document.original_date:
        found.append(f"Original transaction date: {document.original_date}")
    return found


def is_expected(document: Document, text: str) -> bool:
    """C3, C7, X4: Stripe's text, cut at NetSuite's limit; additions stand whole, and Stripe's text gives way."""
    if not additions(document):
        return text == document.memo_text[:LENGTH]
    starts_right = text.startswith(document.memo_text[:600])
    return starts_right and len(text) <= LENGTH and all(a.lower() in text.lower() for a in additions(document))
