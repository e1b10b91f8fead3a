"""The accountants' mapping files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.property.histories.catalogue import Catalogue
from tests.property.histories.netsuite import NetSuiteRows

Obj = dict[str, Any]

ROLES = (
    "unallocated_invoice_item",
    "custom_credit_note_line",
    "credit_note",
    "customer_balance",
    "discount_posting",
    "discount_non_posting",
    "billing_credit",
    "shipping",
)
ACCOUNTS = (
    {"purpose": "refund", "currency": "", "netsuite_account_id": "12"},
    {"purpose": "refund", "currency": "usd", "netsuite_account_id": "13"},
    {"purpose": "pre_go_live_income", "currency": "", "netsuite_account_id": "14"},
    {"purpose": "item_income", "currency": "", "netsuite_account_id": "15"},
)

# Rows of field_map, in the order of its columns: M1, and M2 on every row of a memo.
FIELD_MAP = (
    ("memo", "custbody_number", "text", "credit_note.number", ""),
    ("memo", "custbody_created", "date", "credit_note.created", ""),
    ("memo", "custbody_total", "number", "invoice.total", ""),
    ("memo", "custbody_source", "text", "", "Stripe"),
    ("memo_line", "custcol_line", "text", "credit_note_line.id", ""),
    ("memo_line", "custcol_kind", "text", "", "line"),
    ("memo_row", "custcol_kind", "text", "", "row"),
    ("memo_row", "custcol_invoice_line", "text", "invoice_line.id", ""),
    ("memo_row", "custcol_number", "text", "credit_note.number", ""),
)


def mapping_files(
    catalogue: Catalogue,
    netsuite: NetSuiteRows,
    *,
    any_rate: bool = False,
    has_field_map: bool = False,
    missing_roles: Sequence[str] = (),
    accounts: Sequence[Obj] = (),
) -> dict[str, list[Obj]]:
    """Mapping file -> rows. Some prices, products and coupons are mapped, some are known to NetSuite by external id,
    some are unknown.

    any_rate: tax_map has a row for rates without their own. accounts: replace ACCOUNTS.
    """
    _name_items(catalogue, netsuite)
    items = {catalogue.products[0]: "110"}
    items |= {catalogue.prices[currency][0]: "111" for currency in ("usd", "huf")}
    items[catalogue.coupons["usd"][0]] = "112"
    taxes = [_tax(rate, i) for i, rate in enumerate([*catalogue.exclusive, *catalogue.inclusive])]
    roles = {role: str(101 + i) for i, role in enumerate(ROLES) if role not in missing_roles}
    return netsuite.mappings | {
        "default_items": [{"role": role, "netsuite_item_id": item} for role, item in roles.items()],
        "item_map": [{"stripe_id": id, "netsuite_item_id": item} for id, item in items.items()],
        "tax_map": [*taxes, *([_tax("", 9)] if any_rate else [])],
        "account_map": list(accounts or ACCOUNTS),
        "field_map": field_map(FIELD_MAP) if has_field_map else [],
    }


def field_map(rows: Sequence[Sequence[str]]) -> list[Obj]:
    """Rows of field_map by column."""
    columns = ("target", "netsuite_field", "value_type", "source", "constant")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _name_items(catalogue: Catalogue, netsuite: NetSuiteRows) -> None:
    """L1: external ids of items."""
    items = {row["id"]: row for row in netsuite.rows["items"]}
    items["120"]["externalid"] = catalogue.products[2]
    items["121"]["externalid"] = catalogue.prices["eur"][3]
    items["122"]["externalid"] = catalogue.prices["usd"][0]  # loses to item_map
    # K5: a discount item under a coupon's id, an item of another type, and an inactive one
    items["128"] |= {"externalid": catalogue.coupons["usd"][2], "itemtype": "Discount"}
    items["129"]["externalid"] = catalogue.coupons["usd"][3]
    items["127"]["isinactive"] = "T"


def _tax(rate: str, number: int) -> Obj:
    return {
        "stripe_tax_rate_id": rate,
        "netsuite_item_id": str(130 + number),
        "netsuite_tax_code_id": str(50 + number),
        "netsuite_tax_type_id": str(60 + number),
    }
