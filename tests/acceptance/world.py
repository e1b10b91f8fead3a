"""One random company on both stand-ins: Stripe's account, NetSuite's books, mapping files, settings.

The histories are those of the property test; here they are served over HTTP, and NetSuite's rows become
records in the strict books, so that the pipeline reads what the stand-ins answer.
"""

from __future__ import annotations

import copy
import csv
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.netsuite.books import Books
from tests.acceptance.account import Account, make_trouble, sort_lists
from tests.acceptance.choices import Choices, choose
from tests.acceptance.company import fill_books
from tests.acceptance.oddities import CONNECTOR_NOTE, Oddities
from tests.property.histories.catalogue import make_catalogue
from tests.property.histories.dice import Dice, Seeded
from tests.property.histories.history import DAY, START, History
from tests.property.histories.landed import landed
from tests.property.histories.mapping_files import field_map, mapping_files
from tests.property.histories.netsuite import NetSuiteRows
from tests.property.oracle.expectations import Expectations, expect
from tests.property.oracle.facts import Facts
from tests.property.oracle.shapes import Document
from tests.support.warehouse import MAPPING_HEADERS

Obj = dict[str, Any]

FIELD_MAP = (
    ("memo", "custbody_note_number", "text", "credit_note.number", ""),
    ("memo", "custbody_invoice_number", "text", "invoice.number", ""),
    ("memo", "custbody_created", "date", "credit_note.created", ""),
    ("memo", "custbody_source", "text", "", "Stripe, Inc."),
    ("memo", "custbody_total", "number", "credit_note.total", ""),
    ("memo_line", "custcol_line_id", "text", "credit_note_line.id", ""),
    ("memo_row", "custcol_invoice_line", "text", "invoice_line.id", ""),
    ("memo_row", "custcol_kind", "text", "", "row"),
    ("memo_line", "custcol_kind", "text", "", "line"),
    ("zero_invoice", "custbody_invoice_number", "text", "invoice.number", ""),
    ("zero_invoice_row", "custcol_kind", "text", "", "zero"),
    ("customer_refund", "custbody_reason", "text", "refund.reason", ""),
)


@dataclass
class World:
    """Both stand-ins, and what a person keeps beside them."""

    choices: Choices
    billing: Account
    books: Books
    histories: list[History]
    mappings: dict[str, list[Obj]]
    dice: Seeded
    not_from_pipeline: set[int] = field(default_factory=set)  # transactions that the test made

    def expectations(self, posted: dict[str, Document]) -> Expectations:
        """What the rules give for the world as it is now; `posted` as `oracle.expectations.expect` takes it."""
        stripe = copy.deepcopy(landed(self.billing, []))
        return expect(Facts(stripe, self.mappings, self.netsuite(), self.choices.variables), posted)

    def netsuite(self) -> dict[str, list[Obj]]:
        """Rows of raw_netsuite, taken from the books and not through SuiteQL."""
        books = self.books
        books.refresh()
        columns = ("id", "externalid", "isinactive", "subsidiary", "receivablesaccount")
        customers = [
            {column: row[column] for column in columns} | {"stripe_id": row.get("custentity_stripe_id")}
            for row in books.rows("customer")
        ]
        transactions = [
            {
                "id": str(t.id),
                "externalid": t.external_id,
                "type": t.type,
                "entity": t.entity,
                "currency": t.currency,
                "foreigntotal": str(t.total),
                "foreignamountunpaid": str(books.open_amount(t)) if t.type == "CustInvc" else None,
                "voided": "T" if getattr(t, "voided", False) else "F",
                "subsidiary": t.subsidiary,
                "account": t.receivable,
                "stripe_id": t.extra.get("custbody_stripe_id"),
            }
            for t in books.transactions()
            if t.type == "CustInvc" or (t.type == "CustCred" and t.id in self.not_from_pipeline)
        ]
        return {
            "customers": customers,
            "transactions": transactions,
            "items": books.rows("item"),
            "currencies": books.rows("currency"),
            "accounting_periods": books.rows("accountingperiod"),
            "subsidiaries": books.rows("subsidiary"),
        }

    def write_mappings(self, folder: Path) -> None:
        """The mapping files."""
        folder.mkdir(exist_ok=True)
        for name, header in MAPPING_HEADERS.items():
            columns = header.split(",")
            with (folder / f"{name}.csv").open("w", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(columns)
                out.writerows([row.get(c, "") for c in columns] for row in self.mappings.get(name, []))


class Steady(Dice):
    """A customer that NetSuite knows as it should, with enough open on its invoices."""

    def integer(self, low: int, high: int) -> int:
        return high


def make(seed: int, customers: int) -> World:
    """A world of this many random customers, and the odd ones."""
    choices = choose(seed)
    billing = Account(tick=0)
    billing.salt = str(seed)
    catalogue = make_catalogue(billing)
    netsuite = NetSuiteRows(
        unknown_currency=choices.unknown_currency,
        closed_until=choices.closed_until,
        has_id_fields=choices.has_id_fields,
    )
    mappings = mapping_files(
        catalogue,
        netsuite,
        any_rate=choices.any_rate,
        missing_roles=choices.missing_roles,
        accounts=choices.accounts,
    )
    if choices.has_field_map:
        mappings["field_map"] = field_map(FIELD_MAP)
    histories: list[History] = []
    for number in range(customers):
        dice = Seeded(f"acceptance {seed}/{number}")
        history = History(dice, billing, catalogue, choices.starts)
        customer = history.run()
        for trouble in history.troubles:
            make_trouble(billing, trouble)
        netsuite.add(dice, billing, customer, number)
        histories.append(history)
    oddities = Oddities(billing, catalogue, START + (choices.starts[0] + 20) * DAY)
    oddities.create()
    for number, customer in enumerate(oddities.customers, customers):
        netsuite.add(Steady(), billing, customer, number)
    billing.delete_customer(oddities.deleted)
    sort_lists(billing)
    # The clock of both stand-ins is the machine's: the pipeline compares event times with its own.
    billing.now, billing.tick = int(time.time()) - 5, 0
    world = World(choices, billing, Books(None), histories, mappings, Seeded(f"world {seed}"))
    ids = fill_books(world.books, netsuite.rows, tax_strategy=choices.variables.get("tax_strategy"))
    _rename_records(world, ids)
    _add_connector_memo(world.books, oddities.connector_invoice)
    world.not_from_pipeline = {t.id for t in world.books.transactions()}
    # A decision about a document that is not there stops the pipeline (X5).
    documents = world.expectations({}).documents
    mappings["manual_decisions"] = [row for row in mappings["manual_decisions"] if row["document_id"] in documents]
    return world


def _add_connector_memo(books: Books, invoice: str) -> None:
    """The Stripe Connector has booked the note: its memo is applied to nothing, and no refund is there."""
    (booked,) = (t for t in books.transactions("CustInvc") if t.external_id == invoice)
    memo = {
        "entity": {"id": booked.entity},
        "currency": {"id": booked.currency},
        "subsidiary": {"id": booked.subsidiary},
        "account": {"id": booked.receivable},
        "tranDate": "2026-11-02",
        "autoApply": False,
        "externalId": f"ns_memo:{CONNECTOR_NOTE}",
        "item": {"items": [{"item": {"id": "101"}, "quantity": 1, "amount": 12, "isTaxable": False}]},
    }
    books.create("creditMemo", memo)


def _rename_records(world: World, ids: dict[str, str]) -> None:
    """Mapping rows and metadata name the internal ids that the books gave."""
    for mapping in world.mappings["invoice_map"]:
        mapping["netsuite_invoice_id"] = ids.get(mapping["netsuite_invoice_id"], mapping["netsuite_invoice_id"])
    for kind in ("invoices", "credit_notes", "refunds"):
        for obj in world.billing.objects(kind).values():
            obj["metadata"] = {key: _renamed(value, ids) for key, value in (obj["metadata"] or {}).items()}


def _renamed(value: str, ids: dict[str, str]) -> str:
    """An internal id, or several with what stands between them (X1)."""
    return re.sub(r"\d+", lambda match: ids.get(match[0], match[0]), value)
