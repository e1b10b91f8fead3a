"""If a field that amounts depend on changes its type, the run stops and does not store the object."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from extract.errors import Inconsistent
from extract.stripe.rows import row_of
from sandbox.demo.history import first_half_year

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def note(**changed):
    line = {"id": "cnli_1", "object": "credit_note_line_item", "amount": 100, "taxes": [], "quantity": None}
    return {
        "id": "cn_1",
        "object": "credit_note",
        "total": 100,
        "lines": {"data": [line]},
        "metadata": {"total": 1.5},
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"total": Decimal("12.5")}, "cn_1: total is 12.5"),
        ({"total": "100"}, "cn_1: total is 100"),
        ({"total": True}, "cn_1: total is True"),
        ({"currency": 840}, "cn_1: currency is 840"),
        ({"refunds": "re_1"}, "cn_1: refunds is re_1"),
        ({"total": 2**63}, "cn_1: total is 9223372036854775808, Stripe declares a number of at most 16 digits"),
        ({"total": -(2**70)}, "cn_1: total is -1180591620717411303424"),
        ({"lines": {"data": [{"id": "cnli_1", "quantity": 10**30}]}}, "cn_1: lines.data[].quantity is 1000"),
        ({"created": 10**18}, "cn_1: created is 1000000000000000000, Stripe declares a time in Unix seconds"),
        ({"effective_at": -1}, "cn_1: effective_at is -1, Stripe declares a time"),
        (
            {"lines": {"data": [{"id": "cnli_1", "taxes": [{"amount": "7"}]}]}},
            "cn_1: lines.data[].taxes[].amount is 7",
        ),
        (
            {"lines": {"data": [{"id": "cnli_1", "quantity_decimal": Decimal("1.5")}]}},
            "cn_1: lines.data[].quantity_decimal is 1.5",
        ),
    ],
)
def test_a_changed_type_is_named(changed, named):
    with pytest.raises(Inconsistent, match=named.replace("[", r"\[").replace("]", r"\]")):
        row_of(note(**changed), NOW, "v")


def test_null_and_missing_fields_and_metadata_are_allowed():
    row_of(note(total=None, refunds=None), NOW, "v")


def test_every_object_of_the_demo_has_the_declared_types():
    billing = first_half_year()
    for kind in (
        "credit_notes",
        "invoices",
        "refunds",
        "customers",
        "customer_balance_transactions",
        "payouts",
        "prices",
        "coupons",
    ):
        for item in billing.objects(kind).values():
            row_of(copy.deepcopy(item), NOW, "v")
