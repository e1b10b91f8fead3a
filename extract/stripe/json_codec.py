"""JSON in and out without loss: numbers keep their digits, so that 8.8750 stays 8.8750."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

from extract.stripe.paths import printable

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(body: bytes | str) -> Any:
    """JSON to plain Python; fractions as `Decimal`. Raises `msgspec.DecodeError` on broken JSON."""
    try:
        return _decoder.decode(body)
    except (RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(str(error)) from None


def with_half_characters(body: bytes) -> str:
    """Where JSON has half of a surrogate pair, which is no text: `cn_1: memo` of an object or a page; else ''."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    items = answer.get("data") if isinstance(answer, dict) else None
    for item in items if isinstance(items, list) else [answer]:
        for name, value in item.items() if isinstance(item, dict) else ():
            if re.search(r"[\ud800-\udfff]", json.dumps([name, value], ensure_ascii=False)):
                return f"{printable(item.get('id'))}: {printable(name)}"
    return ""


def encode(value: object) -> bytes:
    """Plain Python to JSON text in UTF-8; keys keep their order."""
    return _encoder.encode(value)
