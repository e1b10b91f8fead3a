"""One random company on both stand-ins: Stripe's account, NetSuite's books, mapping files, settings.

The histories are those of the property test; here they are served over HTTP, and NetSuite's rows become
records in the strict books, so that what the pipeline reads is what the stand-ins answer.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import hashlib
import random
import time
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused as NetSuiteRefused
from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart, Refused
from tests.property import histories
from tests.property.histories import History, Seeded, catalogue, landed, mappings_for
from tests.support.warehouse import MAPPING_HEADERS

Obj = dict[str, Any]

BODY_FIELDS = {
    "custbody_stripe_id": "text",
    "custentity_stripe_id": "text",
    "custbody_out_of_band": "boolean",
    "custbody_note_number": "text",
    "custbody_invoice_number": "text",
    "custbody_created": "date",
    "custbody_source": "text",
    "custbody_total": "number",
    "custbody_reason": "text",
    "custcol_line_id": "text",
}
FIELD_MAP = (
    ("memo", "custbody_note_number", "text", "credit_note.number", ""),
    ("memo", "custbody_invoice_number", "text", "invoice.number", ""),
    ("memo", "custbody_created", "date", "credit_note.created", ""),
    ("memo", "custbody_source", "text", "", "Stripe, Inc."),
    ("memo", "custbody_total", "number", "credit_note.total", ""),
    ("memo_line", "custcol_line_id", "text", "credit_note_line.id", ""),
    ("customer_refund", "custbody_reason", "text", "refund.reason", ""),
)


class Account(Billing):
    """Ids in no order and in both cases, as Stripe's are."""

    salt = ""

    def new_id(self, prefix: str, given: str | None = None) -> str:
        made = super().new_id(prefix, given)
        if given is not None or prefix in ("evt",):
            return made
        digest = hashlib.blake2b(f"{self.salt}{made}".encode(), digest_size=14).hexdigest()
        mixed = "".join(c.upper() if (int(digest[-1 - i % 28], 16) & 1) else c for i, c in enumerate(digest))
        return f"{prefix}_{mixed}"


@dataclass
class Choices:
    """What a seed decides about settings and books."""

    variables: Obj
    closed_until: date | None = None
    unknown_currency: str | None = None
    any_rate: bool = False
    missing_roles: tuple[str, ...] = ()
    accounts: tuple[Obj, ...] = ()
    starts: tuple[int, int] = (0, 150)
    auth: str = "oauth2"
    fields: bool = False
    field_map: bool = False


def choose(seed: int) -> Choices:
    """A meaningful combination of settings."""
    r = random.Random(f"choices {seed}")
    v: Obj = {}
    way = r.choice(("tax_lines", "tax_lines", "suitetax_override", "suitetax_override", "gross", "none"))
    if way == "gross":
        v["line_amount_basis"] = "gross"
    elif way != "tax_lines":
        v["tax_strategy"] = way
    for name, options in (
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
    ):
        if r.random() < 0.5:
            v[name] = r.choice(options)
    if r.random() < 0.5:
        v["go_live_date"] = r.choice(("2026-01-05", "2026-01-20"))
        v["pre_go_live_credit_notes"] = r.choice(("manual", "income_account"))
    if r.random() < 0.3:
        v["untaxed_tax_code"] = "5"
    if r.random() < 0.5:
        v["out_of_band_field"] = "custbody_out_of_band"
    fields = r.random() < 0.4
    if fields:
        v |= {"customer_id_field": "custentity_stripe_id", "invoice_id_field": "custbody_stripe_id"}
    return Choices(
        v,
        closed_until=r.choice((None, date(2026, 1, 1), date(2026, 2, 1))),
        unknown_currency=r.choice((None, None, None, "isk")),
        any_rate=r.random() < 0.4,
        missing_roles=r.choice(((), (), (), ("billing_credit",), ("customer_balance",))),
        starts=(40, 90) if "go_live_date" in v else (0, 150),
        auth=r.choice(("oauth2", "oauth2", "tba")),
        fields=fields,
        field_map=r.random() < 0.6,
    )


@dataclass
class World:
    choices: Choices
    billing: Account
    books: Books
    histories: list[History]
    mappings: dict[str, list[Obj]]
    dice: Seeded
    made: set[int] = field(default_factory=set)  # transactions that we did not leave to the pipeline
    touched: set[str] = field(default_factory=set)  # documents whose records a person has changed

    # ------------------------------------------------------------------ what the oracle asks for

    def stripe(self) -> dict[str, dict[str, Obj]]:
        return copy.deepcopy(landed(self.billing, []))

    def netsuite(self) -> dict[str, list[Obj]]:
        """The books as facts (raw tables), taken from the books and not through SuiteQL."""
        books = self.books
        books.refresh()
        customers = [
            {
                "id": r["id"],
                "externalid": r["externalid"],
                "isinactive": r["isinactive"],
                "subsidiary": r["subsidiary"],
                "receivablesaccount": r["receivablesaccount"],
                "stripe_id": r.get("custentity_stripe_id"),
            }
            for r in books.rows("customer")
        ]
        transactions = [
            {
                "id": str(t.id),
                "externalid": t.external_id,
                "type": t.type,
                "entity": t.entity,
                "currency": t.currency,
                "foreigntotal": str(t.total),
                "foreignamountunpaid": str(books.open_amount(t)),
                "subsidiary": t.subsidiary,
                "account": t.receivable,
                "stripe_id": t.extra.get("custbody_stripe_id"),
            }
            for t in books.transactions()
            if t.type == "CustInvc"
        ]
        return {
            "customers": customers,
            "transactions": transactions,
            "items": books.rows("item"),
            "currencies": books.rows("currency"),
            "accounting_periods": books.rows("accountingperiod"),
        }

    def write_mappings(self, seeds: Path) -> None:
        for name, header in MAPPING_HEADERS.items():
            columns = header.split(",")
            with (seeds / f"{name}.csv").open("w", newline="") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(columns)
                out.writerows([row.get(c, "") for c in columns] for row in self.mappings.get(name, []))


def make(seed: int, customers: int) -> World:
    choices = choose(seed)
    billing = Account(tick=0)
    billing.salt = str(seed)
    shared = catalogue(billing)
    facts = histories.Books(
        unknown_currency=choices.unknown_currency, closed_until=choices.closed_until, fields=choices.fields
    )
    mappings = mappings_for(
        shared,
        facts,
        any_rate=choices.any_rate,
        missing_roles=choices.missing_roles,
        accounts=choices.accounts,
    )
    if choices.field_map:
        names = MAPPING_HEADERS["field_map"].split(",")
        mappings["field_map"] = [dict(zip(names, row, strict=True)) for row in FIELD_MAP]
    made: list[History] = []
    for number in range(customers):
        dice = Seeded(f"acceptance {seed}/{number}")
        history = History(dice, billing, shared, choices.starts)
        customer = history.run()
        for harm in history.damage:
            _harm(billing, harm)
        facts.customer(dice, billing, customer, number)
        made.append(history)
    start = histories.START + (choices.starts[0] + 20) * histories.DAY
    for number, customer in enumerate(oddities(billing, shared, start), customers):
        facts.customer(Steady(), billing, customer, number)
    billing.delete_customer(billing.deleted_later)  # type: ignore[attr-defined]
    _in_order(billing)
    # The clock of both stand-ins is the machine's: the pipeline compares event times with its own.
    billing.now, billing.tick = int(time.time()) - 5, 0
    world = World(choices, billing, Books(None), made, mappings, Seeded(f"world {seed}"))
    _fill(world, facts)
    world.made = {t.id for t in world.books.transactions()}
    return world


class Steady(histories.Dice):
    """A customer that NetSuite knows as it should, with enough open on its invoices."""

    def integer(self, low: int, high: int) -> int:
        return high


def oddities(billing: Account, shared: histories.Catalogue, now: int) -> list[str]:
    """Customers that random histories do not make: long, huge, deleted, oddly written, twice the same id."""
    billing.now = now
    customers = []

    def customer() -> str:
        billing.now += 3600
        customers.append(billing.create_customer(currency="usd", metadata={}))
        return customers[-1]

    def rate(i: int) -> tuple[str, ...]:
        return ((), (shared.exclusive[0],), (shared.inclusive[0],), (shared.exclusive[1],))[i % 4]

    # Many lines, more than a nested list shows; one credit on each.
    lines = [
        Line(
            1000 + 37 * i,
            shared.prices["usd"][i % 5],
            description=f"Row {i}",
            taxes=rate(i),
            quantity=1 + i % 3,
        )
        for i in range(23)
    ]
    invoice = billing.invoice(customer(), lines, currency="usd")
    billing.pay(invoice)
    rows = billing.get("invoices", invoice)["lines"]["data"]
    credited = [CreditLine(r["id"], amount=r["amount"] // 3, description=None) for r in rows]
    _, _, post = billing.preview_credit_note(invoice, lines=credited)
    billing.credit_note(invoice, lines=credited, refunds=[RefundPart(post // 2)], credit=post - post // 2)
    # All of it, without lines, while open.
    invoice = billing.invoice(customer(), lines[:13], currency="usd")
    billing.credit_note(invoice, amount=billing.get("invoices", invoice)["total"], out_of_band=0)
    # Odd text.
    invoice = billing.invoice(
        customer(),
        [Line(5000, shared.prices["usd"][0], description='a "b", \\n\tc\nd — ü 😀\u2028 {{x}} %s')],
        currency="usd",
    )
    billing.pay(invoice)
    billing.credit_note(
        invoice,
        amount=1200,
        refunds=[RefundPart(1200)],
        memo='He said: "no", \'yes\'; drop\n😀 C:\\temp {{ var("x") }} ' + "é😀" * 490,
    )
    billing.credit_note(invoice, amount=300, out_of_band=300, memo="😀" * 990)
    # Huge, partly kept in the balance, which is used at once.
    owner = customer()
    invoice = billing.invoice(owner, [Line(80_000_001, shared.prices["usd"][1], taxes=rate(1))], currency="usd")
    billing.pay(invoice)
    billing.credit_note(invoice, amount=88_888_887, refunds=[RefundPart(33_333_331)], credit=55_555_556)
    invoice = billing.invoice(owner, [Line(77_777_777), Line(11)], currency="usd")
    billing.pay(invoice)
    # Deleted since.
    owner = customer()
    invoice = billing.invoice(owner, [Line(4200, shared.prices["usd"][2])], currency="usd")
    billing.pay(invoice)
    billing.credit_note(invoice, amount=4200, refunds=[RefundPart(4200)])
    deleted = owner
    # Ids that differ in case only (X2).
    invoice = billing.invoice(customer(), [Line(4200, shared.prices["usd"][2])], currency="usd")
    billing.pay(invoice)
    billing.credit_note(invoice, amount=100, refunds=[RefundPart(100)], id="cn_CaseTwin")
    billing.credit_note(invoice, amount=200, refunds=[RefundPart(200)], id="cn_caseTWIN")
    # One refund, two notes.
    invoice = billing.invoice(customer(), [Line(9000, shared.prices["usd"][2])], currency="usd")
    billing.pay(invoice)
    refund = billing.refund(billing.charges_of(invoice)[0]["id"], 900)
    billing.credit_note(invoice, amount=400, refunds=[RefundPart(400, refund=refund)])
    billing.credit_note(invoice, amount=500, refunds=[RefundPart(500, refund=refund)])
    billing.now += 60
    billing.deleted_later = deleted  # type: ignore[attr-defined]
    return customers


def _in_order(billing: Billing) -> None:
    """Lists are newest first, whatever order the histories were made in."""
    for kind, objects in billing._objects.items():
        if kind == "events":
            objects.clear()
        items = sorted(objects.items(), key=lambda item: item[1].get("created") or 0)
        objects.clear()
        objects.update(items)


def _harm(billing: Account, harm: Obj) -> None:
    """`histories._apply` on the account itself."""
    id, kind = harm["id"], harm["kind"]
    if kind == "missing_row":
        with contextlib.suppress(Refused, KeyError, ValueError):
            if not any(n["customer_balance_transaction"] == id for n in billing.objects("credit_notes").values()):
                billing.forget_ledger_row(id)
        return
    stripe = {"credit_notes": {id: billing.get("credit_notes", id)}}
    histories._apply(stripe, harm)
    for note in stripe["credit_notes"].values():
        if note["id"] == id:
            billing.tamper("credit_notes", id, **{k: v for k, v in note.items() if k != "id"})
        else:
            billing.insert("credit_notes", note, "credit_note.created", owner=note["invoice"])


def _fill(world: World, facts: histories.Books) -> None:
    books, choices, r = world.books, world.choices, random.Random(0)
    rows = facts.rows
    books.configure(custom_fields=BODY_FIELDS)
    for row in rows["subsidiaries"]:
        books.add("subsidiary", id=row["id"], name=f"S{row['id']}", currency="1")
    for row in rows["currencies"]:
        books.add(
            "currency",
            id=row["id"],
            name=row["symbol"],
            symbol=row["symbol"],
            currencyPrecision=row["currencyprecision"],
        )
    kinds = {"10": "AcctRec", "11": "AcctRec", "12": "Bank", "13": "Bank", "14": "Income", "15": "Income"}
    for row in rows["accounts"]:
        books.add("account", id=row["id"], type=kinds.get(row["id"], "Bank"))
    for row in rows["items"]:
        books.add(
            "item",
            id=row["id"],
            itemId=row["itemid"],
            externalId=row.get("externalid"),
            subsidiary=[],
            incomeAccount="15",
        )
    books.add("taxcode", id=5, itemId="Untaxed", rate=0)
    for id in range(50, 60):
        books.add("taxcode", id=id, itemId=f"Code {id}", rate=r.choice((0, 20, 7)))
        books.add("taxtype", id=id + 10, name=f"Type {id}")
    periods = rows["accounting_periods"] + [
        {
            "id": str(300 + m),
            "periodname": f"M{m} 2026",
            "startdate": f"2026-{m:02d}-01",
            "enddate": f"2026-{m:02d}-{d}",
            "isyear": "F",
            "isquarter": "F",
            "isadjust": "F",
            "isinactive": "F",
            "closed": "F",
            "arlocked": "F",
            "alllocked": "F",
        }
        for m, d in ((10, 31), (11, 30), (12, 31))
    ]
    periods.append(periods[-1] | {"id": "313", "startdate": "2027-01-01", "enddate": "2027-12-31"})
    for row in periods:
        books.add("accountingperiod", **(row | {"closed": "F", "arlocked": "F"}))
    everything = [row["id"] for row in rows["currencies"]]
    untaxed = {"taxable": "F"} if choices.variables.get("tax_strategy") == "none" else {}
    common = {"currency": "1", "currencies": everything, "receivablesaccount": "10", **untaxed}
    books.add("customer", id=1, entityid="Nobody", **common)
    for row in rows["customers"]:
        own = {"externalid": row.get("externalid"), "subsidiary": row["subsidiary"], **common}
        if row.get("stripe_id"):
            own["custentity_stripe_id"] = row["stripe_id"]
        with contextlib.suppress(NetSuiteRefused):
            books.add("customer", id=row["id"], entityid=f"C{row['id']}", **own)
    for row in rows["transactions"]:
        _invoice(books, row)
    for row in periods:
        if "T" in (row["closed"], row["arlocked"]):
            books.set_period(row["id"], closed=row["closed"] == "T", arlocked=row["arlocked"] == "T")
    # What was mapped to an id that the facts gave a record, is mapped to the record's own.
    ids = {t.extra.get("custbody_fact"): str(t.id) for t in books.transactions()}
    for mapping in world.mappings["invoice_map"]:
        mapping["netsuite_invoice_id"] = ids.get(mapping["netsuite_invoice_id"], mapping["netsuite_invoice_id"])
    for invoice in world.billing.objects("invoices").values():
        if named := invoice["metadata"].get("netsuite_invoice_id"):
            invoice["metadata"] = invoice["metadata"] | {"netsuite_invoice_id": ids.get(named, named)}


def _invoice(books: Books, row: Obj) -> str:
    """A NetSuite invoice with this much open on it: the rest is paid by a customer payment."""
    books.configure(custom_fields={"custbody_fact": "text"})
    entity = row["entity"] if books.row("customer", row["entity"]) else "1"
    customer = books.row("customer", entity)
    precision = Decimal(1).scaleb(-int(books.row("currency", row["currency"])["currencyprecision"]))
    opened = max(Decimal(0), Decimal(row["foreignamountunpaid"])).quantize(precision, ROUND_CEILING)
    whole = max(opened, Decimal(row["foreigntotal"]).quantize(precision, ROUND_CEILING))
    body = {
        "entity": {"id": entity},
        "currency": {"id": row["currency"]},
        "subsidiary": {"id": customer["subsidiary"] or "1"},
        "account": {"id": row["account"]},
        "tranDate": "2025-12-01",
        "externalId": row.get("externalid"),
        "custbody_fact": row["id"],
        "item": {"items": [{"item": {"id": "101"}, "quantity": 1, "amount": whole, "isTaxable": False}]},
    }
    if row.get("stripe_id"):
        body["custbody_stripe_id"] = row["stripe_id"]
    id = books.create("invoice", body)
    if whole > opened:
        settle(books, id, whole - opened)
    return id


def settle(books: Books, invoice: str, amount: Decimal) -> None:
    """A customer payment on a NetSuite invoice."""
    t = books.transaction(invoice)
    books.create(
        "customerPayment",
        {
            "customer": {"id": t.entity},
            "subsidiary": {"id": t.subsidiary},
            "currency": {"id": t.currency},
            "arAcct": {"id": t.receivable},
            "account": {"id": "12"},
            "tranDate": str(t.tran_date) if books.row("accountingperiod", t.period)["closed"] == "F" else "2026-11-02",
            "payment": amount,
            "autoApply": False,
            "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": amount}]},
        },
    )


# ---------------------------------------------------------------------- time goes by


def move_on(world: World, *, close: bool) -> None:
    """Refunds settle or fail, invoices get paid, notes are added; NetSuite gets invoices; a file changes."""
    billing, books, dice = world.billing, world.books, world.dice
    billing.now, billing.tick = max(billing.now, int(time.time())), 0
    before = {id: dict(i) for id, i in billing.objects("invoices").items()}
    for history in world.histories:
        operations = (
            history.invoice, history.pay, history.settle, history.adjust, *[history.credit] * 4,
            history.refund, *[history.refund_moves] * 4,
        )  # fmt: skip
        if not dice.chance(60):
            continue
        for _ in range(dice.integer(1, 4)):
            with contextlib.suppress(Refused):
                dice.pick(operations)()
    for refund in billing.objects("refunds").values():
        if refund["status"] in ("pending", "requires_action") and dice.chance(50):
            with contextlib.suppress(Refused):
                billing.settle_refund(refund["id"], dice.pick(("succeeded", "succeeded", "failed")))
    if billing.now > time.time():
        time.sleep(billing.now - time.time())
    customers = {r["externalid"]: r["id"] for r in books.rows("customer") if r["externalid"]}
    symbols = {r["symbol"].lower(): r["id"] for r in books.rows("currency")}
    for id, invoice in billing.objects("invoices").items():
        if id in before or invoice["status"] == "draft" or invoice["total"] < 0:
            continue
        owner, currency = customers.get(invoice["customer"]), symbols.get(invoice["currency"])
        if not owner or not currency or not dice.chance(90):
            continue
        opened = invoice["total"]  # nothing is paid in NetSuite yet
        row = {
            "id": f"new {id}",
            "entity": owner,
            "currency": currency,
            "foreigntotal": histories.major(opened, invoice["currency"]),
            "foreignamountunpaid": histories.major(opened, invoice["currency"]),
            "account": "10",
            "externalid": id,
        }
        periods = [p for p in books.rows("accountingperiod") if "T" in (p["closed"], p["arlocked"])]
        for p in periods:
            books.set_period(p["id"], closed=False, arlocked=False)
        _invoice(books, row)
        for p in periods:
            books.set_period(p["id"], closed=p["closed"] == "T", arlocked=p["arlocked"] == "T")
    for row in books.rows("currency"):  # silence: nothing to do
        assert step(row["symbol"].lower())
    if close:
        for period in books.rows("accountingperiod"):
            if period["startdate"] in ("2026-02-01", "2026-04-01") and "T" not in (
                period["isquarter"], period["isadjust"], period["isyear"]
            ):  # fmt: skip
                books.set_period(period["id"], closed=True)
    _change_mappings(world)
    world.made |= {t.id for t in books.transactions() if (t.extra or {}).get("custbody_fact") or t.type == "CustPymt"}


def _change_mappings(world: World) -> None:
    dice = world.dice
    world.mappings["item_map"] = [
        row | {"netsuite_item_id": "113"} if dice.chance(50) else row for row in world.mappings["item_map"]
    ]
    decided = {row["document_id"] for row in world.mappings["manual_decisions"]}
    for id, note in world.billing.objects("credit_notes").items():
        dead = any(
            p["refund"] and world.billing.get("refunds", p["refund"])["status"] in ("failed", "canceled")
            for p in note["refunds"]
        )
        if dead and id not in decided and dice.chance(50):
            world.mappings["manual_decisions"].append(
                {"document_id": id, "decision": "out_of_band", "note": "by wire, later"}
            )
