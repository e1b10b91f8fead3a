"""Request bodies as exact JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from netsuite.encoding import to_json


def test_money_is_a_number_digit_by_digit() -> None:
    assert (
        to_json({"a": Decimal("0.10"), "b": Decimal("12345678901234567890.12")})
        == b'{"a":0.10,"b":12345678901234567890.12}'
    )
    with pytest.raises(TypeError, match="never float"):
        to_json({"item": {"items": [{"amount": 0.1}]}})
