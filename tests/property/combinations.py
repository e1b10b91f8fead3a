"""Combinations of settings that the property test runs, with the mapping files and NetSuite rows that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Obj = dict[str, Any]


@dataclass(frozen=True)
class Combination:
    """One set of settings, and the mapping files and books that go with it."""

    name: str
    variables: Obj = field(default_factory=dict)
    closed_until: date | None = None
    unknown_currency: str | None = None
    any_rate: bool = False
    has_field_map: bool = False
    missing_roles: Sequence[str] = ()
    accounts: Sequence[Obj] = ()
    starts: tuple[int, int] = (0, 150)  # first day of a history, counted from START


COMBINATIONS = (
    Combination("default"),
    Combination(
        "override",
        {
            "go_live_date": "2026-01-01",
            "accounting_timezone": "America/Los_Angeles",
            "tax_strategy": "suitetax_override",
            "period_end": "as_is",
            "discount_posting": "posting",
            "credit_note_date": "effective_at",
            "customer_balance_lines": "invoice_lines",
            "uncollectible_invoices": "as_paid",
            "customer_id_field": "custentity_stripe_id",
            "invoice_id_field": "custbody_stripe_id",
            "connector_records": "adopt",
        },
        closed_until=date(2026, 2, 1),
        any_rate=True,
    ),
    Combination(
        "gross",
        {
            "line_amount_basis": "gross",
            "require_charge_for_remainder": False,
            "missing_item": "create",
            "customer_balance_lines": "balance_item",
            "closed_period": "block",
            "accounting_timezone": "Pacific/Auckland",
            "customer_balance_date": "applied_at",
            "connector_records": "ignore",
        },
        closed_until=date(2026, 1, 1),
    ),
    Combination(
        "none",
        {
            "tax_strategy": "none",
            "pre_go_live_credit_notes": "income_account",
            "go_live_date": "2026-02-01",
            "missing_item": "block",
            "untaxed_tax_code": "5",
        },
        unknown_currency="isk",
        starts=(40, 90),
    ),
    Combination(
        "sparse",
        {
            "accounting_timezone": "Asia/Kolkata",
            "untaxed_tax_code": "5",
        },
        closed_until=date(2026, 2, 1),
        unknown_currency="isk",
        has_field_map=True,
        missing_roles=("billing_credit",),
        accounts=[
            {"purpose": "refund", "currency": "usd", "netsuite_account_id": "13"},
            {"purpose": "refund", "currency": "huf", "netsuite_account_id": "14"},
            {"purpose": "item_income", "currency": "", "netsuite_account_id": "15"},
        ],
    ),
    Combination(
        "invoice_lines",
        {"customer_balance_lines": "invoice_lines", "untaxed_tax_code": "5"},
        missing_roles=("customer_balance",),
    ),
)

# `make soak` alone runs these: their values are in other combinations, too.
SELDOM = ("invoice_lines",)


def combination_named(name: str) -> Combination:
    return next(combination for combination in COMBINATIONS if combination.name == name)
