"""One history again: `python -m tests.property.reproduce <combination> <seed> <number>`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.property.combinations import Combination, combination_named
from tests.property.comparison.compare import compare
from tests.property.comparison.differences import Difference
from tests.property.histories.world import World, seeded_world
from tests.property.run_models import run_models

Obj = dict[str, Any]

# Keys of Stripe's objects that no rule reads.
IRRELEVANT = {
    "url",
    "pdf",
    "hosted_invoice_url",
    "invoice_pdf",
    "tax_rates",
    "customer_name",
    "customer_email",
    "parent",
    "issuer",
    "automatic_tax",
    "payment_settings",
    "destination_details",
    "account_name",
    "livemode",
    "rate",
    "source",
}


def reproduction(world: World, combination: Combination, seed: int, differences: Sequence[Difference]) -> str:
    """The smallest customer with a difference: the command that makes it again, its differences and its objects."""
    by_customer: dict[str, list[Difference]] = defaultdict(list)
    for difference in differences:
        by_customer[difference.customer].append(difference)
    kinds = dict(Counter(difference.what for difference in differences))
    lines = [f"{len(differences)} differences, {len(by_customer)} customers; by kind: {kinds}"]
    sizes = {c: len(json.dumps(objects_of(world, c))) for c in list(by_customer)[:200] if c}
    if not sizes:
        return "\n".join(lines + [str(difference) for difference in differences[:5]])
    customer = min(sizes, key=lambda c: sizes[c])
    lines += [f"again: python -m tests.property.reproduce {combination.name} {seed} {world.history_of[customer]}"]
    lines += [str(difference) for difference in by_customer[customer][:5]]
    lines += [f"{kind}: {json.dumps(obj)}" for kind, objs in objects_of(world, customer).items() for obj in objs]
    return "\n".join(lines)


def objects_of(world: World, customer: str) -> dict[str, list[Obj]]:
    """One customer's objects, without empty values and irrelevant keys."""
    stripe, netsuite = world.stripe, world.netsuite
    invoices = {id for id, invoice in stripe["invoices"].items() if invoice["customer"] == customer}

    def owned(kind: str) -> list[Obj]:
        return [_shortened(obj) for obj in stripe[kind].values() if obj["customer"] == customer]

    return {
        "invoice": owned("invoices"),
        "credit_note": owned("credit_notes"),
        "ledger": owned("customer_balance_transactions"),
        "payment": [_shortened(p) for p in stripe["invoice_payments"].values() if p["invoice"] in invoices],
        "refund": owned("refunds"),
        "netsuite customer": [row for row in netsuite["customers"] if row.get("externalid") == customer],
        "netsuite invoice": [row for row in netsuite["transactions"] if row.get("externalid") in invoices],
    }


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _shortened(item)
            for key, item in value.items()
            if item not in (None, [], {}, "", False) and key not in IRRELEVANT
        }
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    return value if not isinstance(value, str) or len(value) < 80 else value[:80] + "..."


def main(name: str, seed: int, number: int) -> int:
    combination = combination_named(name)
    world = seeded_world(seed, combination, [number])
    with tempfile.TemporaryDirectory() as folder:
        differences = compare(world, combination, run_models(world, Path(folder), combination)).found
    print(reproduction(world, combination, seed, differences) if differences else "no difference")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
