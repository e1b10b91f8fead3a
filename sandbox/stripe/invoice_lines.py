"""Lines of an invoice: amount, discounts, billing credit and taxes, in this order (facts 4.2).

Amounts are in minor units. `guessed:` marks behaviour that no source confirms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sandbox.stripe import shapes
from sandbox.stripe.account import Account, Refused, fits
from sandbox.stripe.amounts import rounded, spread
from sandbox.stripe.shapes import Obj
from sandbox.stripe.sums import add_discount, line_parent, net
from sandbox.stripe.taxes import taxes_on


@dataclass(frozen=True)
class Line:
    """An invoice line to create: an `amount`, or a `price` times `quantity`.

    `discounts` are coupon ids, `taxes` tax rate ids, `period` a start and an end in Unix seconds. `quantity_decimal`
    is the exact quantity as text; `quantity` is then cut to an integer, as Stripe does (facts 9).
    """

    amount: int | None = None
    price: str | None = None
    quantity: int | None = 1
    quantity_decimal: str | None = None
    description: str | None = None
    period: tuple[int, int] | None = None
    discounts: Sequence[str] = ()
    taxes: Sequence[str] = ()
    billing_credit: int = 0  # the part that a billing credit grant pays before tax
    proration: bool = False
    metadata: Obj | None = None


def invoice_lines(
    account: Account, specs: Sequence[Line], coupons: Sequence[str], invoice: str, currency: str, customer: str
) -> tuple[list[Obj], list[str]]:
    """(line objects, ids of the invoice's own discounts) of a new invoice with the id `invoice`.

    `coupons` apply to the whole invoice, after the discounts of each line. Raises `Refused`.
    """
    rows = [_line_with_discounts(account, spec, invoice, currency, customer) for spec in specs]
    discounts = [_discount_all(account, coupon, invoice, rows, currency) for coupon in coupons]
    for spec, row in zip(specs, rows, strict=True):
        _add_billing_credit(account, row, spec.billing_credit)
        row["taxes"] = taxes_on(account, net(row), spec.taxes, currency)
    return rows, discounts


def check_lines(account: Account, specs: Sequence[Line], coupons: Sequence[str], currency: str) -> None:
    """Raise `Refused` if the account cannot price these lines, before anything is created."""
    if not specs:
        raise Refused("an invoice needs a line")
    for spec in specs:
        _amount(account, spec, currency)
    for coupon in (*coupons, *(coupon for spec in specs for coupon in spec.discounts)):
        _coupon(account, coupon, currency)
    for rate in (rate for spec in specs for rate in spec.taxes):
        account.get("tax_rates", rate)
    fits(currency, *(spec.billing_credit for spec in specs))


def _amount(account: Account, spec: Line, currency: str) -> int:
    """Amount of a line before discounts and taxes."""
    if spec.price is None:
        if spec.amount is None:
            raise Refused("a line needs an amount or a price")
        amount = spec.amount
    else:
        price = account.get("prices", spec.price)
        if price["currency"] != currency:
            raise Refused(f"{spec.price} is in {price['currency']}, the invoice in {currency}")
        amount = price["unit_amount"] * (spec.quantity or 1) if spec.amount is None else spec.amount
        if spec.quantity_decimal and spec.amount is None:
            amount = rounded(price["unit_amount"] * Fraction(spec.quantity_decimal), currency)
    if (spec.quantity or 0) < 0 or Fraction(spec.quantity_decimal or 0) < 0:
        raise Refused("a quantity is not negative")
    fits(currency, amount)
    return amount


def _coupon(account: Account, id: str, currency: str) -> Obj:
    coupon = account.get("coupons", id)
    if coupon["currency"] not in (None, currency):
        raise Refused(f"{id} is in {coupon['currency']}")
    return coupon


def _line_with_discounts(account: Account, spec: Line, invoice: str, currency: str, customer: str) -> Obj:
    amount = _amount(account, spec, currency)
    price = account.get("prices", spec.price) if spec.price else None
    quantity = int(Fraction(spec.quantity_decimal)) if spec.quantity_decimal else spec.quantity
    item, (start, end) = account.new_id("ii"), spec.period or (account.now, account.now)
    subscription = f"sub_{customer.removeprefix('cus_')}" if price and price["recurring"] else None
    row = shapes.INVOICE_LINE | {
        "id": account.new_id("il"),
        "invoice": invoice,
        "currency": currency,
        "amount": amount,
        "subtotal": amount,
        "description": spec.description,
        "quantity": quantity,
        "metadata": spec.metadata or {},
        "quantity_decimal": spec.quantity_decimal or (None if quantity is None else str(quantity)),
        "subscription": subscription,
        "period": {"start": start, "end": end},
        "discounts": [],
        "discount_amounts": [],
        "pretax_credit_amounts": [],
        "taxes": [],
        "parent": line_parent(item, subscription, spec.proration),
    }
    if price:
        row["description"] = spec.description or account.get("products", price["product"])["name"]
        row["pricing"] = {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        }
    for coupon in spec.discounts:
        off = _amount_off(_coupon(account, coupon, currency), net(row), currency)
        discount = _add_discount_object(account, coupon, invoice, item)
        row["discounts"].append(discount)
        add_discount(row, discount, off)
    return row


def _discount_all(account: Account, coupon_id: str, invoice: str, rows: list[Obj], currency: str) -> str:
    """Spread one coupon over the lines. Returns the id of its discount.

    guessed: negative lines take no share; facts 4.2 show the shares of positive lines.
    """
    coupon = _coupon(account, coupon_id, currency)
    nets = [max(0, net(row)) for row in rows]
    if coupon["percent_off"] is None:
        shares = spread(_amount_off(coupon, sum(nets), currency), nets, currency)
    else:
        shares = [_amount_off(coupon, net, currency) for net in nets]
    discount = _add_discount_object(account, coupon_id, invoice, None)
    for row, share in zip(rows, shares, strict=True):
        add_discount(row, discount, share)
    return discount


def _amount_off(coupon: Obj, net: int, currency: str) -> int:
    if coupon["percent_off"] is None:
        return max(0, min(int(coupon["amount_off"]), net))
    return rounded(net * Fraction(str(coupon["percent_off"])) / 100, currency) if net > 0 else 0


def _add_discount_object(account: Account, coupon: str, invoice: str, item: str | None) -> str:
    discount = shapes.DISCOUNT | {
        "id": account.new_id("di"), "invoice": invoice, "invoice_item": item, "start": account.now,
        "source": {"type": "coupon", "coupon": coupon},
    }  # fmt: skip
    account.objects("discounts")[discount["id"]] = discount
    return str(discount["id"])


def _add_billing_credit(account: Account, row: Obj, amount: int) -> None:
    if not amount:
        return
    if not 0 < amount <= net(row):
        raise Refused(f"a billing credit of {amount} does not fit a line of {net(row)}")
    grant = {"amount": amount, "credit_balance_transaction": account.new_id("cbtxn_bc"), "discount": None}
    row["pretax_credit_amounts"].append(grant | {"type": "credit_balance_transaction"})
