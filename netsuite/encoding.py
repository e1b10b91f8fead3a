"""JSON out and in: request bodies with exact numbers, texts of answers that every later step can store."""

from __future__ import annotations

from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number").encode


def to_json(body: Any) -> bytes:
    """A request body as JSON. Decimals become number literals digit by digit. Raises TypeError for a float."""
    _refuse_floats(body)
    return _encode(body)


def storable(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair, which JSON can hold and neither a file nor DuckDB."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"money and quantities are Decimal, never float: {value!r}")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        _refuse_floats(part)
