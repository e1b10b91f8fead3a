"""What a run reads, with look-up tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

Obj = dict[str, Any]

DEFAULTS: Obj = {
    "go_live_date": None,
    "pre_go_live_credit_notes": "manual",
    "uncollectible_invoices": "wait",
    "require_charge_for_remainder": True,
    "accounting_timezone": "UTC",
    "credit_note_date": "created",
    "customer_balance_date": "paid_at",
    "period_end": "inclusive",
    "closed_period": "first_open_day",
    "customer_balance_lines": "auto",
    "missing_item": "unallocated",
    "line_amount_basis": "amount",
    "discount_posting": "non_posting",
    "tax_strategy": "tax_lines",
    "untaxed_tax_code": None,
    "customer_id_field": None,
    "invoice_id_field": None,
}


@dataclass
class Facts:
    """Everything the rules look at.

    stripe: kind of object -> id -> object, as landed.
    mappings: mapping file -> rows.
    netsuite: table of raw_netsuite -> rows, all values text.
    variables: dbt vars that differ from DEFAULTS.
    """

    stripe: dict[str, dict[str, Obj]]
    mappings: dict[str, list[Obj]]
    netsuite: dict[str, list[Obj]]
    variables: Obj

    # ---------------------------------------------------------------- settings and mapping files

    @cached_property
    def settings(self) -> Obj:
        return DEFAULTS | self.variables

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings["accounting_timezone"])

    @cached_property
    def default_items(self) -> dict[str, str]:
        """Role -> NetSuite item."""
        return self._mapping("default_items", "role", "netsuite_item_id")

    @cached_property
    def item_map(self) -> dict[str, str]:
        """Stripe price, product or coupon -> NetSuite item."""
        return self._mapping("item_map", "stripe_id", "netsuite_item_id")

    @cached_property
    def customer_map(self) -> dict[str, str]:
        return self._mapping("customer_map", "stripe_customer_id", "netsuite_customer_id")

    @cached_property
    def invoice_map(self) -> dict[str, str]:
        return self._mapping("invoice_map", "stripe_invoice_id", "netsuite_invoice_id")

    @cached_property
    def decisions(self) -> dict[str, str]:
        """Document -> decision by hand (X5)."""
        return self._mapping("manual_decisions", "document_id", "decision")

    @cached_property
    def tax_map(self) -> dict[str, Obj]:
        """Stripe tax rate -> row; "" is the row for any rate."""
        return {row["stripe_tax_rate_id"] or "": row for row in self.mappings.get("tax_map", [])}

    def _mapping(self, file: str, key: str, value: str) -> dict[str, str]:
        return {row[key]: row[value] for row in self.mappings.get(file, [])}

    # ---------------------------------------------------------------- NetSuite

    @cached_property
    def netsuite_customers(self) -> dict[str, Obj]:
        """By internal id."""
        return {row["id"]: row for row in self.netsuite["customers"]}

    @cached_property
    def transactions(self) -> dict[str, Obj]:
        """By internal id."""
        return {row["id"]: row for row in self.netsuite["transactions"]}

    @cached_property
    def netsuite_by_field(self) -> dict[tuple[str, str], dict[str, Obj]]:
        """(table, column) -> value of that column -> row."""
        return {
            (table, column): {row[column]: row for row in self.netsuite[table] if row.get(column)}
            for table in ("customers", "transactions")
            for column in ("externalid", "stripe_id")
        }

    @cached_property
    def items_by_external_id(self) -> dict[str, str]:
        return {row["externalid"]: row["id"] for row in self.netsuite["items"] if row.get("externalid")}

    @cached_property
    def symbols(self) -> dict[str, str]:
        """Internal id of a currency -> Stripe's name of it."""
        return {row["id"]: row["symbol"].lower() for row in self.netsuite["currencies"]}

    @cached_property
    def precisions(self) -> dict[str, int]:
        """Stripe's name of a currency -> decimals in NetSuite."""
        return {row["symbol"].lower(): int(row["currencyprecision"]) for row in self.netsuite["currencies"]}

    # ---------------------------------------------------------------- Stripe

    @cached_property
    def credit_notes_of(self) -> dict[str, list[Obj]]:
        """Invoice -> its credit notes in the order of C5 and C6: by `created`, then id."""
        notes = sorted(self.stripe["credit_notes"].values(), key=lambda note: (note["created"], note["id"]))
        return grouped(notes, "invoice")

    @cached_property
    def payments_of(self) -> dict[str, list[Obj]]:
        return grouped(self.stripe["invoice_payments"].values(), "invoice")

    @cached_property
    def invoices_of(self) -> dict[tuple[str, str], list[Obj]]:
        """(customer, currency) -> invoices."""
        return by_ledger(self.stripe["invoices"].values())

    @cached_property
    def coupons(self) -> dict[str, str]:
        """Discount -> its coupon."""
        return {id: discount["source"]["coupon"] for id, discount in self.stripe["discounts"].items()}


def grouped(rows: Iterable[Obj], key: str) -> dict[str, list[Obj]]:
    """Rows by the value of one column."""
    groups: dict[str, list[Obj]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return dict(groups)


def by_ledger(rows: Iterable[Obj]) -> dict[tuple[str, str], list[Obj]]:
    """Rows by customer and currency: Stripe keeps one balance for each pair."""
    groups: dict[tuple[str, str], list[Obj]] = defaultdict(list)
    for row in rows:
        groups[row["customer"], row["currency"]].append(row)
    return dict(groups)
