"""A small world for tests of later builds.

A company has records in Stripe and NetSuite, mapping files and a journal; helpers build the marts and compare them.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.support import warehouse as testing

Obj = dict[str, Any]

DAY = 86_400
NOW = 1_772_000_000  # in February 2026
VARIABLES = {
    "go_live_date": "2026-01-01",
    "pre_go_live_credit_notes": "income_account",
    "tax_strategy": "suitetax_override",
    "customer_balance_lines": "invoice_lines",
    "missing_item": "create",
}


class Company:
    """What Stripe, NetSuite, the mapping files and the journal hold; a test changes them in place.

    The objects of customer `x` are cus_x, in_x, cn_x, il_x (invoice line), price_x and prod_x.
    NetSuite has customer Nx and invoice Tx for it.
    """

    def __init__(self) -> None:
        self.stripe: dict[str, dict[str, Obj]] = {table: {} for table in testing.STRIPE_TABLES}
        self.netsuite: dict[str, dict[str, Obj]] = {table: {} for table in testing.NETSUITE_TABLES}
        self.mappings: dict[str, list[str]] = {
            "default_items": [f"{role},{n}" for n, role in enumerate(
                ("unallocated_invoice_item", "custom_credit_note_line", "credit_note", "customer_balance"), 200)],
            "account_map": ["refund,,21", "pre_go_live_income,,42", "item_income,,41"],
            "tax_map": [",301,5,3"],
        }  # fmt: skip
        self.journal: list[tuple[str, str, str, str]] = []
        self.version = 0
        self.netsuite["currencies"]["1"] = {"id": "1", "symbol": "USD", "currencyprecision": "2"}
        self.netsuite["subsidiaries"]["1"] = {"id": "1"}
        self.netsuite["accounting_periods"]["1"] = {"id": "1", "startdate": "2025-01-01", "enddate": "2026-12-31"}

    def customer(self, name: str, **fields: Any) -> str:
        id = f"cus_{name}"
        self.stripe["customers"][id] = {"id": id, "currency": "usd", "balance": 0, "metadata": {}} | fields
        self.netsuite["customers"][f"N{name}"] = {
            "id": f"N{name}",
            "externalid": id,
            "subsidiary": "1",
            "receivablesaccount": "11",
        }
        return id

    def invoice(self, name: str, total: int = 1000, **fields: Any) -> str:
        id, at = f"in_{name}", fields.pop("at", NOW)
        line = {
            "id": f"il_{name}", "amount": total, "description": name, "quantity": 1,
            "period": {"start": at, "end": at + 30 * DAY},
            "pricing": {"price_details": {"price": f"price_{name}", "product": f"prod_{name}"}},
        }  # fmt: skip
        self.stripe["invoices"][id] = {
            "id": id, "customer": f"cus_{name}", "currency": "usd", "status": "paid", "total": total,
            "amount_due": total, "created": at, "number": name, "metadata": {}, "lines": {"data": [line]},
            "status_transitions": {"finalized_at": at, "paid_at": at},
        } | fields  # fmt: skip
        self.transaction(f"T{name}", externalid=id, entity=f"N{name}")
        return id

    def transaction(self, id: str, **fields: Any) -> None:
        self.netsuite["transactions"][id] = {
            "id": id, "type": "CustInvc", "currency": "1", "foreigntotal": "10.00", "foreignamountunpaid": "10.00",
            "voided": "F", "subsidiary": "1", "account": "11",
        } | fields  # fmt: skip

    def note(self, name: str, *, refund: str | None = None, **fields: Any) -> str:
        id = fields.pop("id", f"cn_{name}")
        amount, tax = 100, fields.pop("tax", None)
        line: Obj = {
            "id": f"cnli_{id}",
            "type": "invoice_line_item",
            "amount": amount,
            "quantity": 1,
            "invoice_line_item": f"il_{name}",
        }
        if tax:
            line |= {
                "amount": 80,
                "taxes": [
                    {
                        "amount": 20,
                        "tax_behavior": "exclusive",
                        "taxable_amount": 80,
                        "tax_rate_details": {"tax_rate": tax},
                    }
                ],
            }
        self.stripe["credit_notes"][id] = {
            "id": id, "customer": f"cus_{name}", "invoice": f"in_{name}", "currency": "usd", "status": "issued",
            "total": amount, "amount": amount, "pre_payment_amount": 0 if refund else amount, "created": NOW + DAY,
            "number": id, "metadata": {}, "lines": {"data": [line]},
            "refunds": [{"amount_refunded": amount, "refund": refund, "type": "refund"}] if refund else [],
        } | fields  # fmt: skip
        return id

    def refund(self, id: str, status: str = "succeeded", amount: int = 100) -> None:
        self.stripe["refunds"][id] = {
            "id": id,
            "amount": amount,
            "currency": "usd",
            "status": status,
            "created": NOW + DAY,
            "metadata": {},
        }

    def ledger(self, id: str, customer: str, type: str, amount: int, ending: int, **fields: Any) -> None:
        self.stripe["customer_balance_transactions"][id] = {
            "id": id, "customer": customer, "type": type, "amount": amount, "ending_balance": ending, "currency": "usd",
            "created": NOW + len(self.stripe["customer_balance_transactions"]), "_parent": customer,
        } | fields  # fmt: skip

    def full(self, name: str, **note: Any) -> None:
        self.customer(name)
        self.invoice(name)
        self.note(name, **note)

    def land(self, warehouse: Path, project: Path) -> None:
        """Append a newer version of every Stripe object, replace NetSuite's tables and add the new journal rows.

        The dbt project is copied anew, with these mapping files.
        """
        self.version += 1
        testing.project_with_mappings(project.parent, {n: "\n".join(rows) for n, rows in self.mappings.items()})
        with testing.opened(warehouse) as connection:
            testing.create_raw_tables(connection)
            for table, objects in self.stripe.items():
                testing.land_stripe(connection, table, objects.values(), version=self.version)
            for table, rows in self.netsuite.items():
                testing.land_netsuite(connection, table, rows.values())
            for record_type, external_id, status, internal_id in self.journal:
                connection.execute(
                    'insert into load_netsuite.load_log (run_id, attempt_id, "at", record_type, external_id, '
                    "operation, status, internal_id, position) select 'run', ?, now(), ?, ?, 'create', ?, ?, "
                    f"({testing.NEXT_POSITION})",
                    [f"{external_id}-{status}", record_type, external_id, status, internal_id or None],
                )
            self.journal = []

    def map(self, file: str, row: str) -> None:
        self.mappings.setdefault(file, []).append(row)


def marts(warehouse: Path) -> dict[str, list[str]]:
    """Each mart with its rows as sorted texts, without the journal itself."""
    found = testing.rows_of_marts(warehouse)
    return {name: sorted(map(repr, rows)) for name, rows in found.items() if name != "netsuite_load_log"}


def differences(found: dict[str, list[str]], expected: dict[str, list[str]]) -> str:
    """What distinguishes these marts, one line per row; empty when nothing does."""
    lines = []
    for mart in expected:
        lines += [f"{mart}: too much {row}" for row in found[mart] if row not in expected[mart]]
        lines += [f"{mart}: missing {row}" for row in expected[mart] if row not in found[mart]]
        if not lines and found[mart] != expected[mart]:
            lines.append(f"{mart}: a row stands twice")
    return "\n".join(lines)


def first_warehouse(warehouse: Path) -> Path:
    """Where first_build() builds: a file with the same name, for which dbt need not parse the project again."""
    return warehouse.parent / "first" / warehouse.name


def first_build(project: Path, warehouse: Path) -> dict[str, list[str]]:
    """The marts of a first build from the same raw rows."""
    first = first_warehouse(warehouse)
    first.parent.mkdir(exist_ok=True)
    shutil.copy(warehouse, first)
    with testing.opened(first) as connection:
        for schema in (
            "parsed",
            "reference",
            "scope",
            "build",
            "books",
            "outcomes",
            "marts",
            "mapping",
        ):
            connection.execute(f"drop schema if exists {schema} cascade")
    testing.run_dbt(testing.WITHOUT_TESTS, project, first, variables=VARIABLES)
    return marts(first)


def customers_in_scope(warehouse: Path) -> set[str]:
    """The customers that the last build derived anew."""
    return {row["customer_key"] for row in testing.rows(warehouse, "select customer_key from scope.customers")}


def derive_scope(project: Path, warehouse: Path) -> set[str]:
    """The customers that the next build would derive anew; they stay stale."""
    testing.run_dbt(["run", "--select", "+scope_customers"], project, warehouse, variables=VARIABLES)
    return customers_in_scope(warehouse)
