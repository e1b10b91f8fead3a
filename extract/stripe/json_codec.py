"""JSON in and out without loss: numbers keep their digits, so that 8.8750 stays 8.8750."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(body: bytes | str) -> Any:
    """JSON to plain Python; fractions as `Decimal`. Raises `msgspec.DecodeError` on broken JSON."""
    return _decoder.decode(body)


def encode(value: object) -> str:
    """Plain Python to JSON text; keys keep their order."""
    return _encoder.encode(value).decode()
