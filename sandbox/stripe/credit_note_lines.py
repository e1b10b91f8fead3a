"""Lines of a credit note: parts of invoice lines with their share of discounts and taxes, or lines of their own
price (facts 2.3 and 4.2). Amounts are in minor units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sandbox.stripe import shapes
from sandbox.stripe.account import Account, Refused, fits
from sandbox.stripe.amounts import next_share, rounded
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import rate_of, reference, shipping_cost_of
from sandbox.stripe.taxes import taxes_on


@dataclass(frozen=True)
class CreditLine:
    """A credit note line to create.

    It credits part of an invoice `line` by `quantity` or by `amount`, or is a custom line with a `unit_amount`.
    `quantity_decimal` credits by an exact quantity. The pinned schema has no such field on a credit note's line, so the
    line shows it only where it was given (facts 9 do not say whether Stripe sends it).
    """

    line: str | None = None
    quantity: int | None = None
    quantity_decimal: str | None = None
    amount: int | None = None
    unit_amount: int | None = None
    description: str | None = None
    taxes: Sequence[str] = ()  # tax rate ids of a custom line; other lines inherit theirs
    metadata: Obj | None = None


def credit_lines(account: Account, invoice: Obj, specs: Sequence[CreditLine], issued: list[Obj]) -> list[Obj]:
    """Line objects of a new credit note. `issued` are the invoice's issued credit notes. Raises `Refused`."""
    earlier = [row for note in issued for row in note["lines"]["data"]]
    rows: list[Obj] = []
    for spec in specs:
        if spec.line:
            rows.append(_invoice_line(account, invoice, spec, earlier + rows))
        else:
            rows.append(_custom_line(account, spec, invoice["currency"]))
    return rows


def credit_shipping(invoice: Obj, amount: int, issued: list[Obj]) -> Obj:
    """Shipping cost that credits `amount` before its taxes. `issued` are the invoice's issued credit notes."""
    cost = invoice["shipping_cost"]
    earlier = [note["shipping_cost"] for note in issued if note["shipping_cost"]]
    done = sum(old["amount_subtotal"] for old in earlier)
    if cost is None or not 0 < amount <= cost["amount_subtotal"] - done:
        raise Refused(f"{invoice['id']} has no shipping of {amount} left to credit")

    whole, currency = cost["amount_subtotal"], invoice["currency"]
    credited = [tax for old in earlier for tax in old["taxes"]]

    def share(of: int, taken: int) -> int:
        return next_share(of, whole, done, amount, taken, currency)

    taxes = _shares(cost["taxes"], credited, _shipping_rate, share, "amount", "taxable_amount")
    return shipping_cost_of(amount, [(tax["rate"], tax["amount"], tax["taxable_amount"]) for tax in taxes])


def _invoice_line(account: Account, invoice: Obj, spec: CreditLine, earlier: list[Obj]) -> Obj:
    """Credit part of an invoice line. Discounts, billing credits and taxes follow in proportion (facts 4.2)."""
    line = next((row for row in invoice["lines"]["data"] if row["id"] == spec.line), None)
    quantity = _quantity(spec)
    if line is None or (quantity is None) == (spec.amount is None):
        raise Refused(f"{spec.line} is not a line of {invoice['id']}, or not credited by either quantity or amount")
    currency, whole = invoice["currency"], line["amount"]
    amount = _credited_amount(line, spec, currency)
    earlier = [row for row in earlier if row.get("invoice_line_item") == spec.line]
    done = sum(row["amount"] for row in earlier)
    if amount * whole < 0 or abs(done + amount) > abs(whole):
        raise Refused(f"{spec.line} has {whole - done} left to credit, not {amount}")

    def share(of: int, taken: int) -> int:
        return next_share(of, whole, done, amount, taken, currency)

    credited = [entry for row in earlier for entry in row["pretax_credit_amounts"]]
    pretax = _shares(line["pretax_credit_amounts"], credited, reference, share, "amount")
    credited = [tax for row in earlier for tax in row["taxes"]]
    taxes = _shares(line["taxes"], credited, rate_of, share, "amount", "taxable_amount")
    return _line_object(
        account,
        spec,
        amount,
        pretax,
        taxes,
        invoice_line_item=spec.line,
        type="invoice_line_item",
        quantity=None if quantity is None else int(quantity),
        **({"quantity_decimal": spec.quantity_decimal} if spec.quantity_decimal else {}),
        unit_amount=None if quantity is None else int(amount // quantity),
        description=spec.description or line["description"],
    )


def _quantity(spec: CreditLine) -> Fraction | None:
    """The exact quantity that a line credits; None if it credits an amount."""
    if spec.quantity_decimal:
        return Fraction(spec.quantity_decimal)
    return None if spec.quantity is None else Fraction(spec.quantity)


def _shares(
    entries: list[Obj], credited: list[Obj], key: Callable[[Obj], str], share: Callable[[int, int], int], *fields: str
) -> list[Obj]:
    """The share of each entry that a credit takes, with `fields` computed anew.

    `credited` are the entries credited so far, `share(whole, taken)` the part of an amount that is due now.
    """
    made = []
    for entry in entries:
        same = [old for old in credited if key(old) == key(entry)]
        made.append(entry | {field: share(entry[field], sum(old[field] for old in same)) for field in fields})
    return made


def _shipping_rate(tax: Obj) -> str:
    return str(tax["rate"]["id"])


def _credited_amount(line: Obj, spec: CreditLine, currency: str) -> int:
    whole, quantity = Fraction(line["quantity_decimal"] or 0), _quantity(spec) or Fraction(0)
    if spec.amount is not None:
        amount = spec.amount
    elif not 0 < quantity <= whole:
        raise Refused(f"{spec.line} has no quantity of {quantity}")
    else:
        amount = rounded(line["amount"] * quantity / whole, currency)
    fits(currency, amount)
    return amount


def _custom_line(account: Account, spec: CreditLine, currency: str) -> Obj:
    """A line of its own price. It cannot be negative and takes no discount."""
    quantity = 1 if spec.quantity is None else spec.quantity
    if not spec.unit_amount or spec.unit_amount < 0 or quantity <= 0 or not spec.description:
        raise Refused("a custom line needs a description, a positive unit_amount and quantity")
    fits(currency, spec.unit_amount)
    amount = spec.unit_amount * quantity
    taxes = taxes_on(account, amount, spec.taxes, currency)
    return _line_object(account, spec, amount, [], taxes, type="custom_line_item", quantity=quantity,
                        unit_amount=spec.unit_amount, description=spec.description)  # fmt: skip


def _line_object(
    account: Account, spec: CreditLine, amount: int, pretax: list[Obj], taxes: list[Obj], **fields: Any
) -> Obj:
    unit = fields["unit_amount"]
    discounts = [{"amount": entry["amount"], "discount": entry["discount"]} for entry in pretax if entry["discount"]]
    return (
        shapes.CREDIT_NOTE_LINE
        | fields
        | {
            "id": account.new_id("cnli"),
            "amount": amount,
            "discount_amounts": discounts,
            "discount_amount": sum(entry["amount"] for entry in discounts),
            "pretax_credit_amounts": pretax,
            "taxes": taxes,
            "tax_rates": [account.objects("tax_rates")[rate_of(tax)] for tax in taxes],
            "metadata": spec.metadata or {},
            "unit_amount_decimal": None if unit is None else str(unit),
        }
    )
