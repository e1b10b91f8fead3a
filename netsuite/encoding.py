"""Request bodies as JSON with exact numbers."""

from __future__ import annotations

from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number").encode


def to_json(body: Any) -> bytes:
    """A request body as JSON. Decimals become number literals digit by digit. Raises TypeError for a float."""
    _refuse_floats(body)
    return _encode(body)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"money and quantities are Decimal, never float: {value!r}")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        _refuse_floats(part)
