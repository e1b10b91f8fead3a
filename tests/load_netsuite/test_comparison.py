"""Lines that differ, and rows of NetSuite that prove nothing (P5)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from load_netsuite import comparison
from netsuite.lookup import Found, Line


def memo(total: str) -> Found:
    return Found("7", "cn_1", "CustCred", None, None, Decimal(total), None, None, False)


def rows(*amounts: str, tax: tuple[str, ...] = ()) -> list[Line]:
    return [Line("50", Decimal(amount), False) for amount in amounts] + [
        Line(None, Decimal(amount), True) for amount in tax
    ]


@pytest.mark.parametrize(
    ("total", "sent", "shown", "is_seen"),
    [
        # as the fact sheet has it, and with the other sign
        ("10", ["4", "6"], rows("4", "6"), False),
        ("10", ["4", "6"], rows("-4.0", "-6.00"), False),
        ("10", ["4", "6"], rows("5", "5"), True),
        ("10", ["4", "6"], rows("-5", "-5"), True),
        ("8", ["10", "-2"], rows("10", "-2"), False),
        ("8", ["10", "-2"], rows("9", "-1"), True),
        # SuiteTax: the tax has rows of its own here, or none
        ("11", ["4", "6"], rows("4", "6", tax=("1",)), False),
        ("11", ["4", "6"], rows("4", "6"), False),
        ("11", ["4", "6"], rows("5", "5", tax=("1",)), True),
        ("11", ["4", "6"], rows("5", "5"), True),
        # what does not add up proves nothing: a discount taken out of its line, members of a kit, no amounts
        ("8", ["10", "-2"], rows("8", "-2"), False),
        ("10", ["4", "6"], rows("4", "6", "1", "5"), False),
        ("10", ["4", "6"], rows("0", "0"), False),
        # an item group: a head without an amount, then its members
        ("10", ["10"], [*rows("0"), Line("51", Decimal(10), False)], False),
        # a zero invoice holds its items and no amounts
        ("0", ["0", "0"], rows("0", "0"), False),
        ("0", ["0", "0"], rows("0"), True),
        # every line twice the right way, once the wrong way
        ("12", ["4", "4", "4"], rows("4", "8"), True),
    ],
)
def test_when_lines_differ(total: str, sent: list[str], shown: list[Line], is_seen: bool) -> None:
    difference = comparison.of_lines(memo(total), [("50", Decimal(amount)) for amount in sent], shown)
    assert (difference is not None) == is_seen, difference
