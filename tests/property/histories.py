"""Random but valid histories on the Stripe stand-in, and the NetSuite books that go with them.

A history is one customer's; it asks a `Dice` for every decision. `Seeded` dice make thousands of them fast
and again from the same seed; `Drawn` dice let hypothesis decide, so that it can shrink.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from sandbox.stripe.amounts import step
from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart, Refused
from tests.property.oracle import decimals

Obj = dict[str, Any]

DAY = 86_400
START = 1_763_337_600  # 2025-11-17
CURRENCIES = ("usd", "eur", "jpy", "kwd", "isk", "huf")
# HUF: an account that keeps it without decimals, so that splits have to be made again in NetSuite's unit
# (S1).
PRECISIONS = {"usd": 2, "eur": 2, "jpy": 0, "kwd": 2, "isk": 0, "huf": 0}
DESCRIPTIONS = ("Seat", "Größe 4 Stück", "", None, "x" * 4100)
MEMOS = (None, None, "Sorry", "", "Rücknahme, wie besprochen", "m" * 1200)
BLOCK_VALUES = ("true", "false", "", "0", "yes")


class Dice:
    """Where decisions come from."""

    def integer(self, low: int, high: int) -> int:
        raise NotImplementedError

    def chance(self, percent: int) -> bool:
        return self.integer(1, 100) <= percent

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self.integer(0, len(options) - 1)]


class Seeded(Dice):
    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


class Drawn(Dice):
    """Decisions of hypothesis."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


@dataclass
class Catalogue:
    """What all customers share."""

    prices: dict[str, list[str]] = field(default_factory=dict)  # by currency
    products: list[str] = field(default_factory=list)
    coupons: dict[str, list[str]] = field(default_factory=dict)  # by currency
    exclusive: list[str] = field(default_factory=list)
    inclusive: list[str] = field(default_factory=list)
    unmapped_rate: str = ""


@dataclass
class World:
    """All that is landed: Stripe's objects after damage, and NetSuite's rows."""

    stripe: dict[str, dict[str, Obj]]
    netsuite: dict[str, list[Obj]]
    mappings: dict[str, list[Obj]]
    history_of: dict[str, int]  # Stripe customer -> number of its history


def catalogue(billing: Billing) -> Catalogue:
    made = Catalogue()
    made.products = [billing.create_product(name) for name in ("Seat", "Usage", "Support", "Setup", "Rest")]
    percents = [billing.create_coupon(percent_off=p) for p in (10, 33.3, 50, 100)]
    for currency in CURRENCIES:
        size = step(currency)
        made.prices[currency] = [
            billing.create_price(product, amount * size, currency, interval="month" if i % 2 else None)
            for i, (product, amount) in enumerate(zip(made.products, (1990, 33, 25000, 7, 1200), strict=True))
        ]
        made.coupons[currency] = [*percents, billing.create_coupon(amount_off=7 * size, currency=currency)]
        made.coupons[currency].append(billing.create_coupon(amount_off=700 * size, currency=currency))
    made.exclusive = [billing.create_tax_rate(p) for p in (20, 7.7, 8.875, 0)]
    made.inclusive = [billing.create_tax_rate(p, inclusive=True) for p in (19, 5.5, 2)]
    made.unmapped_rate = billing.create_tax_rate(1)
    return made


# ---------------------------------------------------------------------- one customer's history


class History:
    """Random operations of one customer."""

    def __init__(self, dice: Dice, billing: Billing, shared: Catalogue, starts: tuple[int, int]) -> None:
        self.dice, self.billing, self.shared, self.starts = dice, billing, shared, starts
        self.invoices: list[str] = []
        self.refunds: list[str] = []
        self.checkout_used = False
        self.damage: list[Obj] = []

    def run(self) -> str:
        dice, billing = self.dice, self.billing
        billing.now = START + dice.integer(self.starts[0] * 24, self.starts[1] * 24) * 3600 + dice.integer(0, 3599)
        billing.tick = dice.pick((0, 1, 1, 3600))
        currency = dice.pick(CURRENCIES)
        self.currencies = [currency, currency, dice.pick(CURRENCIES) if dice.chance(20) else currency]
        self.customer = billing.create_customer(currency=currency, metadata={})
        with contextlib.suppress(Refused):
            if dice.chance(60):
                self.adjust()
        for _ in range(5):
            with contextlib.suppress(Refused):
                if not self.invoices:
                    self.invoice()
        if not self.invoices:
            self.invoices.append(billing.invoice(self.customer, [Line(1_000 * step(currency))], currency=currency))
        operations = (
            self.invoice,
            self.invoice,
            self.invoice,
            self.pay,
            self.pay,
            self.pay,
            self.settle,
            self.adjust,
            self.wait,
            *[self.credit] * 7,
            self.refund,
            self.refund_moves,
            self.refund_moves,
        )
        for _ in range(dice.integer(2, 14)):
            with contextlib.suppress(Refused):
                dice.pick(operations)()
        if dice.chance(12):
            with contextlib.suppress(Refused):
                self.credit_comes_back()
        if dice.chance(10):
            self.harm()
        return self.customer

    # ------------------------------------------------------------------ amounts

    def amount(self, currency: str, most: int = 40_000) -> int:
        """Mostly round in HUF, whose NetSuite unit is coarser than Stripe's."""
        dice, size = self.dice, step(currency)
        high = dice.pick((30, 3_000, most))
        if currency == "huf" and dice.chance(80):
            return dice.integer(1, max(1, high // 100)) * 100
        return dice.integer(1, high) * size

    # ------------------------------------------------------------------ operations

    def wait(self) -> None:
        self.billing.move_to(self.billing.now + self.dice.pick((1, 3600, DAY, 20 * DAY)))

    def adjust(self) -> None:
        dice = self.dice
        currency = dice.pick(self.currencies)
        kind = "unspent_receiver_credit" if dice.chance(10) else "adjustment"
        sign = 1 if kind == "adjustment" and dice.chance(15) else -1
        self.billing.adjust_balance(self.customer, sign * self.amount(currency, 20_000), currency=currency, type=kind)

    def invoice(self) -> None:
        dice, billing = self.dice, self.billing
        currency = dice.pick(self.currencies)
        sign = -1 if dice.chance(8) else 1
        lines = [self.line(currency, sign if i == 0 or dice.chance(30) else 1) for i in range(dice.pick((1, 1, 2, 3)))]
        shipping = self.amount(currency, 3_000) if dice.chance(20) else 0
        checkout = not self.checkout_used and dice.chance(8)
        metadata = {"netsuite_block_integration": dice.pick(BLOCK_VALUES)} if dice.chance(3) else {}
        id = billing.draft_invoice(
            self.customer,
            lines,
            currency=currency,
            shipping=shipping,
            metadata=metadata,
            shipping_taxes=self.rates() if dice.chance(50) else (),
            discounts=[dice.pick(self.shared.coupons[currency])] if dice.chance(20) else (),
        )
        if dice.chance(3):
            if billing.get("invoices", id)["total"] < 0 and dice.chance(50):
                billing.mark_uncollectible(id)
            self.invoices.append(id)
            return
        before = len(billing.owned(self.customer, "customer_balance_transactions"))
        billing.finalize_invoice(id, through_checkout=checkout)
        rows = billing.owned(self.customer, "customer_balance_transactions")[before:]
        self.checkout_used |= any(row["checkout_session"] for row in rows)
        self.invoices.append(id)
        if dice.chance(65):
            with contextlib.suppress(Refused):
                billing.pay(id)

    def credit_comes_back(self) -> None:
        """Credit is used, given back, and used again in full: no leftover (B4), and its source stays the
        same (B7).
        """
        dice, billing = self.dice, self.billing
        currency = dice.pick(self.currencies)
        self.adjust()
        size = step(currency) * (100 if currency == "huf" else 1)
        for again in (False, True):
            credit = max(0, -billing.balance(self.customer, currency))
            amount = (credit // size + 500) * size
            id = billing.invoice(
                self.customer, [Line(amount, dice.pick(self.shared.prices[currency]))], currency=currency
            )
            self.invoices.append(id)
            if again:
                billing.pay(id)
            elif dice.chance(50):
                billing.unapply_balance(id)
            else:
                billing.void_invoice(id)

    def line(self, currency: str, sign: int) -> Line:
        dice, shared = self.dice, self.shared
        price = dice.pick(shared.prices[currency]) if dice.chance(65) else None
        amount = sign * self.amount(currency) if price is None or sign < 0 or dice.chance(50) else None
        start = self.billing.now - dice.integer(0, 40 * 24) * 3600
        period = (start, start + dice.pick((0, 3600, DAY, 30 * DAY, 31 * DAY))) if dice.chance(80) else None
        coupons = [dice.pick(shared.coupons[currency]) for _ in range(dice.pick((0, 0, 1, 2)))] if sign > 0 else []
        return Line(
            amount,
            price,
            quantity=dice.pick((1, 1, 2, 3, 7, None)),
            description=dice.pick(DESCRIPTIONS),
            period=period,
            discounts=list(dict.fromkeys(coupons)),
            taxes=self.rates(),
            billing_credit=step(currency) * dice.integer(1, 5) if sign > 0 and dice.chance(10) else 0,
        )

    def rates(self) -> tuple[str, ...]:
        dice, shared = self.dice, self.shared
        kind = dice.integer(1, 100)
        if kind <= 35:
            return ()
        if kind <= 60:
            return (dice.pick(shared.exclusive),)
        if kind <= 80:
            return (dice.pick(shared.inclusive),)
        if kind <= 86:
            return tuple(shared.inclusive[:2])
        if kind <= 92:
            return tuple(shared.exclusive[:2])
        if kind <= 97:
            return (dice.pick(shared.exclusive), dice.pick(shared.inclusive))
        return (shared.unmapped_rate,)

    def pay(self) -> None:
        dice, billing = self.dice, self.billing
        invoice = dice.pick(self.invoices)
        remaining = billing.get("invoices", invoice)["amount_remaining"]
        currency = billing.get("invoices", invoice)["currency"]
        way = dice.integer(1, 100)
        if way <= 45:
            billing.pay(invoice)
        elif way <= 65:
            billing.pay(invoice, min(self.amount(currency), remaining))
        elif way <= 72:
            billing.pay(invoice, remaining + self.amount(currency, 500))
        else:
            billing.pay_outside(invoice, record=dice.chance(60))

    def settle(self) -> None:
        """Ends other than payment."""
        dice, billing = self.dice, self.billing
        invoice = dice.pick(self.invoices)
        way = dice.integer(1, 100)
        if way <= 30:
            billing.mark_uncollectible(invoice)
        elif way <= 70:
            if not any(r["checkout_session"] for r in billing.owned(invoice, "customer_balance_transactions")):
                billing.void_invoice(invoice, gives_balance_back=dice.chance(85))
        elif way <= 90:
            if not any(r["checkout_session"] for r in billing.owned(invoice, "customer_balance_transactions")):
                billing.unapply_balance(invoice)
        else:
            notes = [n["id"] for n in billing.owned(invoice, "credit_notes")]
            if notes:
                billing.void_credit_note(dice.pick(notes))

    def refund(self) -> None:
        dice, billing = self.dice, self.billing
        charges = billing.charges_of(dice.pick(self.invoices))
        if charges:
            charge = dice.pick(charges)
            status = dice.pick(("succeeded", "succeeded", "pending", "requires_action"))
            self.refunds.append(billing.refund(charge["id"], self.amount(charge["currency"], 3_000), status=status))

    def refund_moves(self) -> None:
        if self.refunds:
            self.billing.settle_refund(
                self.dice.pick(self.refunds), self.dice.pick(("succeeded", "failed", "canceled"))
            )

    # ------------------------------------------------------------------ credit notes

    def credit(self) -> None:
        dice, billing = self.dice, self.billing
        invoice = billing.get("invoices", dice.pick(self.invoices))
        if invoice["status"] == "draft" or invoice["total"] <= 0:
            return
        arguments = self.what_is_credited(invoice)
        total, _, post = billing.preview_credit_note(invoice["id"], **arguments)
        if invoice["currency"] == "huf" and total % 100 and dice.chance(70) and arguments["amount"] is None:
            top_up = CreditLine(unit_amount=100 - total % 100, description="Rounding")
            arguments["lines"] = [*arguments["lines"], top_up]
            total, _, post = billing.preview_credit_note(invoice["id"], **arguments)
        refunds, credit, out_of_band = self.how_it_goes_back(invoice, post)
        metadata = {"netsuite_block_integration": dice.pick(BLOCK_VALUES)} if dice.chance(3) else {}
        effective = billing.now - dice.integer(0, 60) * DAY if dice.chance(30) else None
        id = billing.credit_note(
            invoice["id"],
            **arguments,
            refunds=refunds,
            credit=credit,
            out_of_band=out_of_band,
            memo=dice.pick(MEMOS),
            metadata=metadata,
            effective_at=effective,
        )
        self.refunds += [p["refund"] for p in billing.get("credit_notes", id)["refunds"] if p["refund"]]

    def what_is_credited(self, invoice: Obj) -> Obj:
        dice, currency = self.dice, invoice["currency"]
        form = dice.integer(1, 100)
        if form <= 12:
            return {
                "lines": [],
                "amount": self.amount(currency, invoice["total"] // step(currency) or 1),
                "shipping": 0,
            }
        if form <= 24:
            return {"lines": [], "amount": invoice["total"], "shipping": 0}
        shipping = invoice["shipping_cost"]["amount_subtotal"] if invoice["shipping_cost"] else 0
        if shipping and form <= 30:
            return {"lines": [], "amount": None, "shipping": shipping}
        if shipping and dice.chance(40):
            part = shipping // step(currency) // 3 * step(currency)
            shipping = dice.pick((part, shipping))
        else:
            shipping = 0
        if shipping and form <= 34:
            return {
                "lines": [],
                "amount": invoice["total"] // step(currency) // 2 * step(currency),
                "shipping": shipping,
            }
        lines = []
        whole = dice.chance(25)
        for line in invoice["lines"]["data"]:
            if not whole and dice.chance(25):
                continue
            description = dice.pick((None, None, "Part", ""))
            if line["quantity"] and not whole and dice.chance(50):
                lines.append(
                    CreditLine(line["id"], quantity=dice.integer(1, line["quantity"]), description=description)
                )
            elif line["amount"]:
                size = step(currency) if line["amount"] > 0 else -step(currency)
                amount = (
                    dice.integer(1, abs(line["amount"] // size)) * size
                    if not whole and dice.chance(70)
                    else line["amount"]
                )
                if currency == "huf" and abs(amount) > 100 and dice.chance(60):
                    amount = amount // 100 * 100
                lines.append(CreditLine(line["id"], amount=amount, description=description))
        for _ in range(2 if dice.chance(5) else 1 if dice.chance(20) else 0):
            lines.append(
                CreditLine(
                    unit_amount=self.amount(currency, 500),
                    quantity=dice.pick((None, 1, 3)),
                    description="Goodwill",
                    taxes=self.rates(),
                )
            )
        return {"lines": lines, "amount": None, "shipping": shipping}

    def how_it_goes_back(self, invoice: Obj, post: int) -> tuple[list[RefundPart], int, int]:
        """Cut `post` into refunds (new, linked, on a payment record), customer balance, out of band."""
        dice, billing, size = self.dice, self.billing, step(invoice["currency"])
        if invoice["currency"] == "huf" and dice.chance(80):
            size = 100 if post % 100 == 0 else 1
        room = {
            charge["id"]: charge["amount"] - charge["amount_refunded"] for charge in billing.charges_of(invoice["id"])
        }
        refunds: list[RefundPart] = []
        credit = out_of_band = 0
        left = post
        for _ in range(8):
            if not left:
                break
            part = left if dice.chance(55) or left <= size else dice.integer(1, left // size) * size
            way = dice.integer(1, 100)
            if way <= 40 and room:
                best = max(room, key=lambda id: room[id])
                part = min(part, room[best])
                if part > 0:
                    status = dice.pick(("succeeded", "succeeded", "succeeded", "pending"))
                    refunds.append(RefundPart(part, status=status))
                    room[best] -= part
                    left -= part
            elif way <= 55:
                free = [
                    r
                    for charge in room
                    for r in billing.owned(charge, "refunds")
                    if r["status"] not in ("failed", "canceled")
                ]
                if free and not any(p.refund for p in refunds):
                    chosen = dice.pick(free)
                    linked = sum(
                        p["amount_refunded"]
                        for n in billing.owned(invoice["id"], "credit_notes")
                        for p in n["refunds"]
                        if p["refund"] == chosen["id"]
                    )
                    part = min(part, chosen["amount"] - linked)
                    if part > 0:
                        refunds.append(RefundPart(part, refund=chosen["id"]))
                        left -= part
            elif way <= 60:
                if any(
                    p["payment"]["type"] == "payment_record" for p in billing.owned(invoice["id"], "invoice_payments")
                ):
                    refunds.append(RefundPart(part, on_record=True))
                    left -= part
            elif way <= 85:
                credit += part
                left -= part
            else:
                out_of_band += part
                left -= part
        return refunds, credit, out_of_band + left

    # ------------------------------------------------------------------ what Stripe would never send, or we
    # missed

    def harm(self) -> None:
        """Damage applied to the landed copy only, so that the rules about contradictions have something to
        find.
        """
        dice, billing = self.dice, self.billing
        notes = [n for i in self.invoices for n in billing.owned(i, "credit_notes")]
        rows = billing.owned(self.customer, "customer_balance_transactions")
        kind = dice.pick(("missing_row", "missing_row", "parts", "lines", "second_note", "split_tax", "split_tax"))
        if kind == "missing_row" and rows and not self.checkout_used:
            self.damage.append({"kind": kind, "id": dice.pick(rows)["id"]})
        elif kind != "missing_row" and notes:
            self.damage.append({"kind": kind, "id": dice.pick(notes)["id"]})


# ---------------------------------------------------------------------- the landed copy


def landed(billing: Billing, damage: Sequence[Obj]) -> dict[str, dict[str, Obj]]:
    """Stripe's objects as extract lands them (expanded as architecture.md says), damaged where a history
    asks for it.
    """
    ledger = billing.objects("customer_balance_transactions")
    discounts = billing.objects("discounts")
    stripe: dict[str, dict[str, Obj]] = {
        kind: dict(billing.objects(kind))
        for kind in (
            "invoices",
            "invoice_payments",
            "refunds",
            "customers",
            "customer_balance_transactions",
            "prices",
            "products",
            "coupons",
            "tax_rates",
            "payouts",
            "balance_transactions",
            "discounts",
        )
    }
    stripe["credit_notes"] = {}
    for id, note in billing.objects("credit_notes").items():
        row = note["customer_balance_transaction"]
        expanded = [entry | {"discount": discounts[entry["discount"]]} for entry in note["discount_amounts"]]
        stripe["credit_notes"][id] = note | {
            "customer_balance_transaction": ledger[row] if row else None,
            "discount_amounts": expanded,
        }
    for id, invoice in stripe["invoices"].items():
        expanded = [entry | {"discount": discounts[entry["discount"]]} for entry in invoice["total_discount_amounts"]]
        stripe["invoices"][id] = invoice | {"total_discount_amounts": expanded}
    for harm in damage:
        _apply(stripe, harm)
    _scramble_ledger_ids(stripe)
    return stripe


def _scramble_ledger_ids(stripe: dict[str, dict[str, Obj]]) -> None:
    """Ids in no order, as Stripe's are: only balances put rows of one second in order (B6)."""

    def renamed(row: Obj) -> Obj:
        return row | {"id": f"cbtxn_{hashlib.blake2b(row['id'].encode(), digest_size=8).hexdigest()}"}

    rows = [renamed(row) for row in stripe["customer_balance_transactions"].values()]
    stripe["customer_balance_transactions"] = {row["id"]: row for row in rows}
    for note in stripe["credit_notes"].values():
        if note["customer_balance_transaction"]:
            note["customer_balance_transaction"] = renamed(note["customer_balance_transaction"])


def _apply(stripe: dict[str, dict[str, Obj]], harm: Obj) -> None:
    id = harm["id"]
    if harm["kind"] == "missing_row":
        del stripe["customer_balance_transactions"][id]
        return
    note = stripe["credit_notes"][id] = copy.deepcopy(stripe["credit_notes"][id])
    lines = note["lines"]["data"]
    if harm["kind"] == "parts":
        note["out_of_band_amount"] = (note["out_of_band_amount"] or 0) + 10 * step(note["currency"])
    elif harm["kind"] == "lines" and lines:
        lines[0]["amount"] += 100
    elif (
        harm["kind"] == "second_note"
        and note["pre_payment_amount"] + (note["out_of_band_amount"] or 0) == note["total"]
    ):
        twin = copy.deepcopy(note) | {"id": f"{id}b", "number": f"{note['number']}b"}
        for line in twin["lines"]["data"]:
            line["id"] += "b"
        stripe["credit_notes"][twin["id"]] = twin
    elif harm["kind"] == "split_tax":
        for line in lines:
            for tax in [t for t in line["taxes"][:1] if t["amount"] >= 3]:
                first = tax | {"amount": tax["amount"] // 3, "taxable_amount": tax["taxable_amount"] // 3}
                second = tax | {key: tax[key] - first[key] for key in ("amount", "taxable_amount")}
                line["taxes"] = [first, *line["taxes"][1:], second]


# ---------------------------------------------------------------------- NetSuite's side


def major(amount: int, currency: str) -> str:
    """A minor amount as a decimal string."""
    places = decimals(currency)
    digits = f"{abs(amount):0{places + 1}d}"
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return ("-" if amount < 0 else "") + text


class Books:
    """NetSuite rows for a Billing."""

    def __init__(
        self, *, unknown_currency: str | None = None, closed_until: date | None = None, fields: bool = False
    ) -> None:
        self.fields = fields
        self.currency_ids = {c: str(i + 1) for i, c in enumerate(CURRENCIES) if c != unknown_currency}
        self.rows: dict[str, list[Obj]] = {
            "customers": [],
            "transactions": [],
            "applications": [],
            "items": [
                {
                    "id": str(i),
                    "itemid": f"Item {i}",
                    "itemtype": "Service",
                    "isinactive": "F",
                    "subsidiary": "1",
                }
                for i in range(100, 140)
            ],
            "currencies": [
                {"id": i, "symbol": c.upper(), "currencyprecision": str(PRECISIONS[c]), "isinactive": "F"}
                for c, i in self.currency_ids.items()
            ],
            "accounting_periods": list(_periods(closed_until)),
            "accounts": [{"id": str(i), "isinactive": "F"} for i in range(10, 30)],
            "subsidiaries": [{"id": "1"}, {"id": "2"}],
        }
        self.mappings: dict[str, list[Obj]] = {"customer_map": [], "invoice_map": [], "manual_decisions": []}

    def customer(self, dice: Dice, billing: Billing, id: str, number: int) -> None:
        """The customer and its invoices: mostly there under the Stripe id with the open amount that is
        needed.
        """
        own = str(1_000_000 + number)
        kind = dice.integer(1, 100)
        row = {
            "id": own,
            "isinactive": "F",
            "subsidiary": dice.pick(("1", "1", "2")),
            "currency": "1",
            "receivablesaccount": "10",
        }
        if kind <= 4:
            self.mappings["customer_map"].append({"stripe_customer_id": id, "netsuite_customer_id": own})
            if dice.chance(50):  # a decoy under the external id: the mapping row wins
                self.rows["customers"].append(row | {"id": str(3_000_000 + number), "externalid": id})
        elif kind <= 8:
            billing.update("customers", id, metadata={"netsuite_customer_id": own if dice.chance(80) else "99999999"})
            row["externalid"] = id if dice.chance(50) else None
        elif kind <= 12 and self.fields:
            row["stripe_id"] = id
        elif kind <= 14:
            row["externalid"] = id.upper()  # exact case only (X1)
        elif kind <= 16:
            row = {}
        else:
            row["externalid"] = id
        if row:
            self.rows["customers"].append(row)
        for index, invoice in enumerate(billing.owned(id, "invoices")):
            if invoice["status"] != "draft":
                self.invoice(dice, billing, invoice, own, f"{2_000_000 + number}{index:02d}", row)
        for note in [n for i in billing.owned(id, "invoices") for n in billing.owned(i["id"], "credit_notes")]:
            if dice.chance(2):
                self.decide(note["id"], "skip")
            dead = any(
                p["refund"] and billing.get("refunds", p["refund"])["status"] in ("failed", "canceled")
                for p in note["refunds"]
            )
            if dead and dice.chance(50) and note["id"] not in self.decided:
                self.decide(note["id"], "out_of_band")

    @property
    def decided(self) -> set[str]:
        return {row["document_id"] for row in self.mappings["manual_decisions"]}

    def decide(self, document: str, decision: str) -> None:
        self.mappings["manual_decisions"].append({"document_id": document, "decision": decision, "note": "by hand"})

    def invoice(self, dice: Dice, billing: Billing, invoice: Obj, customer: str, own: str, owner: Obj) -> None:
        id, currency, total = invoice["id"], invoice["currency"], invoice["total"]
        if total < 0 and not dice.chance(20):
            return
        if dice.chance(2):
            self.decide(id if total < 0 else f"{id}_balance", "skip")
        notes = billing.owned(id, "credit_notes")
        parts = [n["pre_payment_amount"] for n in notes if n["status"] == "issued" and n["pre_payment_amount"]]
        use = sum(
            r["amount"]
            for r in billing.owned(id, "customer_balance_transactions")
            if r["type"] not in ("invoice_too_small", "invoice_too_large", "invoice_overpaid")
        )
        parts += [use] if use > 0 else []
        wanted = sum(parts)
        trouble = dice.integer(1, 100)
        if trouble <= 3:
            return
        entity = "1" if trouble == 4 else customer
        symbol = dice.pick([c for c in self.currency_ids if c != currency]) if trouble == 5 else currency
        if trouble > 15 or not parts:
            opened = wanted + dice.pick((0, 0, 1000)) * step(currency)
        else:  # too little for all of them, perhaps enough for one
            opened = dice.pick(
                (wanted - step(currency), wanted // 2 // step(currency) * step(currency), dice.pick(parts))
            )
        row = {
            "id": own,
            "type": "CustInvc",
            "entity": entity,
            "trandate": "2025-12-01",
            "currency": self.currency_ids.get(symbol, "1"),
            "foreigntotal": major(max(0, total), currency),
            "status": "A",
            "foreignamountunpaid": major(opened, currency),
            "voided": "F",
            "posting": "T",
            "postingperiod": "1",
            "subsidiary": owner.get("subsidiary", "1"),
            "account": dice.pick(("10", "10", "11")),
        }
        if total < 0:
            row |= {"foreigntotal": "0.00" if dice.chance(60) else "12.00", "foreignamountunpaid": "0"}
        way = dice.integer(1, 100)
        if way <= 4:
            self.mappings["invoice_map"].append({"stripe_invoice_id": id, "netsuite_invoice_id": own})
        elif way <= 8:
            metadata = invoice["metadata"] | {"netsuite_invoice_id": own if dice.chance(80) else "88888888"}
            billing.update("invoices", id, metadata=metadata)
        elif way <= 12 and self.fields:
            row["stripe_id"] = id
        else:
            row["externalid"] = id
        self.rows["transactions"].append(row)


def _periods(closed_until: date | None) -> Any:
    """Months from October 2025 to September 2026 without March; quarters and an adjustment period, which
    are never posted to.
    """
    first = date(2025, 10, 1)
    number = 1
    while first < date(2026, 10, 1):
        following = (first + timedelta(days=32)).replace(day=1)
        closed = closed_until is not None and following <= closed_until
        row = {
            "id": str(number),
            "periodname": f"{first:%b %Y}",
            "startdate": str(first),
            "enddate": str(following - timedelta(days=1)),
            "isyear": "F",
            "isquarter": "F",
            "isadjust": "F",
            "isinactive": "F",
            "closed": "T" if closed and first.month != 11 else "F",
            "arlocked": "T" if closed and first.month == 11 else "F",
            "alllocked": "F",
        }
        if first.month != 3:
            yield row
        if first.month % 3 == 1:
            end = (first + timedelta(days=100)).replace(day=1) - timedelta(days=1)
            yield row | {
                "id": str(100 + number),
                "periodname": "Q",
                "enddate": str(end),
                "isquarter": "T",
                "closed": "F",
                "arlocked": "F",
            }
            yield row | {
                "id": str(200 + number),
                "periodname": "Adj",
                "isadjust": "T",
                "closed": "F",
                "arlocked": "F",
            }
        first = following
        number += 1


def mappings_for(
    shared: Catalogue,
    books: Books,
    *,
    any_rate: bool = False,
    missing_roles: Sequence[str] = (),
    accounts: Sequence[Obj] = (),
) -> dict[str, list[Obj]]:
    """The accountants' files: some prices, products and coupons mapped, some only known to NetSuite by
    external id, some unknown.
    """
    roles = (
        "unallocated_invoice_item",
        "custom_credit_note_line",
        "credit_note",
        "customer_balance",
        "discount_posting",
        "discount_non_posting",
        "billing_credit",
        "shipping",
    )
    items = [{"stripe_id": shared.products[0], "netsuite_item_id": "110"}]
    items += [{"stripe_id": shared.prices[c][0], "netsuite_item_id": "111"} for c in ("usd", "huf")]
    items += [{"stripe_id": shared.coupons["usd"][0], "netsuite_item_id": "112"}]
    names = {row["id"]: row for row in books.rows["items"]}
    names["120"]["externalid"] = shared.products[2]
    names["121"]["externalid"] = shared.prices["eur"][3]
    names["122"]["externalid"] = shared.prices["usd"][0]  # loses to item_map
    rates = [*shared.exclusive, *shared.inclusive]
    taxes = [
        {
            "stripe_tax_rate_id": rate,
            "netsuite_item_id": str(130 + i),
            "netsuite_tax_code_id": str(50 + i),
            "netsuite_tax_type_id": str(60 + i),
        }
        for i, rate in enumerate(rates)
    ]
    if any_rate:
        taxes.append(
            {
                "stripe_tax_rate_id": "",
                "netsuite_item_id": "139",
                "netsuite_tax_code_id": "59",
                "netsuite_tax_type_id": "69",
            }
        )
    return books.mappings | {
        "default_items": [
            {"role": role, "netsuite_item_id": str(101 + i)}
            for i, role in enumerate(roles)
            if role not in missing_roles
        ],
        "item_map": items,
        "tax_map": taxes,
        "account_map": list(accounts)
        or [
            {"purpose": "refund", "currency": "", "netsuite_account_id": "12"},
            {"purpose": "refund", "currency": "usd", "netsuite_account_id": "13"},
            {"purpose": "pre_go_live_income", "currency": "", "netsuite_account_id": "14"},
            {"purpose": "item_income", "currency": "", "netsuite_account_id": "15"},
        ],
    }
