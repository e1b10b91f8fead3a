"""Texts that are sent to NetSuite: C3, C7, X4, X6."""

from __future__ import annotations

import unicodedata

from tests.property.oracle.shapes import Document

LENGTH = 999  # of a memo's text
DESCRIPTION_LENGTH = 4000
OUT_OF_BAND = " Out-of-band credit: apply it by hand to a customer refund."

JOINER = "\u200d"
SKIN_TONES = range(0x1F3FB, 0x1F400)
TAGS = range(0xE0020, 0xE0080)
FLAG_LETTERS = range(0x1F1E6, 0x1F200)


def text_of(document: Document) -> str:
    """C3, C7, X4: Stripe's text gives way to the additions, which stand whole."""
    additions = OUT_OF_BAND if document.type == "credit_note" and document.applied_to("out_of_band") else ""
    if document.original_date:
        additions += f" Original transaction date: {document.original_date}"
    return cut(clean(document.memo_text), LENGTH - len(additions)) + additions


def description_of(text: str | None) -> str | None:
    """C3: the description of a line; None where it is empty."""
    return cut(clean(text or ""), DESCRIPTION_LENGTH) or None


def clean(text: str) -> str:
    """X6: control characters except newline and tab are removed."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def cut(text: str, length: int) -> str:
    """X6: at most `length` code points, and no part of a grapheme if one begins before it."""
    if len(text) <= length:
        return text
    end = length
    while end > 0 and not _is_boundary(text, end):
        end -= 1
    return text[: end or length]


def _is_boundary(text: str, position: int) -> bool:
    """Whether a grapheme begins at the position. Marks, joined emoji, skin tones and flags belong together."""
    before, after = text[position - 1], text[position]
    if unicodedata.category(after).startswith("M") or after in (JOINER, "\u200c"):
        return False
    if ord(after) in SKIN_TONES or ord(after) in TAGS:
        return False
    if before == JOINER and unicodedata.category(after) == "So":
        return False
    if ord(before) in FLAG_LETTERS and ord(after) in FLAG_LETTERS:
        first = position
        while first > 0 and ord(text[first - 1]) in FLAG_LETTERS:
            first -= 1
        return (position - first) % 2 == 0
    return True
