"""A plan for programs: the records of the file, with amounts in minor units."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from settings import Settings
from warehouse.connection import open_warehouse
from warehouse.query import ask


def plan_as_json(settings: Settings, path: Path) -> dict[str, Any]:
    """`plan`: the file · `records`: what a push would post, in its order, with `amount_minor`, `currency` and
    `currency_decimals`; a record without a currency (an item) has none of them. path: of the plan's file."""
    with open_warehouse(settings.warehouse_path) as warehouse:
        decimals = dict(ask(warehouse, "select currency, stripe_exponent from reference.currencies"))
    content = json.loads(path.read_bytes())
    return {"plan": str(path), "records": [_record(record, decimals) for record in content["records"]]}


def _record(record: Mapping[str, Any], decimals: Mapping[str, int]) -> dict[str, Any]:
    kept = ("action", "operation", "record_type", "external_id", "customer", "tran_date", "period", "account")
    exponent = decimals.get(record["currency"] or "")
    return {
        **{name: record[name] for name in kept},
        "currency": record["currency"],
        "currency_decimals": exponent,
        "amount_minor": None if exponent is None else _minor(record["total"], exponent),
        "applications": {
            name: None if exponent is None else _minor(amount, exponent)
            for name, amount in record["applications"].items()
        },
    }


def _minor(amount: str, exponent: int) -> int | None:
    """None where NetSuite's decimals are finer than the minor unit."""
    minor = Decimal(amount).scaleb(exponent)
    return int(minor) if minor == minor.to_integral_value() else None
