"""What a seed decides about settings, books and mapping files."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from typing import Any

Obj = dict[str, Any]

SETTINGS = (
    ("accounting_timezone", ("UTC", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata")),
    ("credit_note_date", ("created", "effective_at")),
    ("customer_balance_date", ("paid_at", "applied_at")),
    ("customer_balance_lines", ("auto", "auto", "balance_item", "invoice_lines")),
    ("require_charge_for_remainder", (True, False)),
    ("missing_item", ("unallocated", "create", "block")),
    ("discount_posting", ("non_posting", "posting")),
    ("period_end", ("inclusive", "as_is")),
    ("closed_period", ("first_open_day", "first_open_day", "block")),
    ("uncollectible_invoices", ("wait", "as_paid")),
)


@dataclass
class Choices:
    """Settings of the pipeline (`variables`), and the world they are tried on."""

    variables: Obj
    closed_until: date | None = None
    unknown_currency: str | None = None
    any_rate: bool = False
    missing_roles: tuple[str, ...] = ()
    accounts: tuple[Obj, ...] = ()
    starts: tuple[int, int] = (0, 150)
    auth: str = "oauth2"
    has_id_fields: bool = False
    has_field_map: bool = False


def choose(seed: int) -> Choices:
    """A meaningful combination."""
    chance = random.Random(f"choices {seed}")
    variables = _variables(chance)
    has_id_fields = chance.random() < 0.4
    if has_id_fields:
        variables |= {"customer_id_field": "custentity_stripe_id", "invoice_id_field": "custbody_stripe_id"}
    return Choices(
        variables,
        closed_until=chance.choice((None, date(2026, 1, 1), date(2026, 2, 1))),
        unknown_currency=chance.choice((None, None, None, "isk")),
        any_rate=chance.random() < 0.4,
        missing_roles=chance.choice(((), (), (), ("billing_credit",), ("customer_balance",))),
        starts=(40, 90) if "go_live_date" in variables else (0, 150),
        auth=chance.choice(("oauth2", "oauth2", "tba")),
        has_id_fields=has_id_fields,
        has_field_map=chance.random() < 0.6,
    )


def _variables(chance: random.Random) -> Obj:
    variables: Obj = {}
    taxes = chance.choice(("tax_lines", "tax_lines", "suitetax_override", "suitetax_override", "gross", "none"))
    if taxes == "gross":
        variables["line_amount_basis"] = "gross"
    elif taxes != "tax_lines":
        variables["tax_strategy"] = taxes
    for name, options in SETTINGS:
        if chance.random() < 0.5:
            variables[name] = chance.choice(options)
    if chance.random() < 0.5:
        variables["go_live_date"] = chance.choice(("2026-01-05", "2026-01-20"))
        variables["pre_go_live_credit_notes"] = chance.choice(("manual", "income_account"))
    if chance.random() < 0.3:
        variables["untaxed_tax_code"] = "5"
    if chance.random() < 0.5:
        variables["out_of_band_field"] = "custbody_out_of_band"
    return variables
