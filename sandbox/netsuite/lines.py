"""Item lines of invoices and credit memos, with the tax that the account adds by itself.

Rules: facts, NetSuite sections 1.6, 2.2, 3 and 7.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from sandbox.netsuite import errors, references
from sandbox.netsuite.amounts import fits, rounded
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.ledger import Ledger, Row
from sandbox.netsuite.records import ZERO, Line, Transaction
from sandbox.netsuite.schema import ROW, names

# Both seen.
WARN_AMOUNT = "The line total amount is not equal to the item price times the quantity.  Is this correct?"
WARN_OVERRIDE = "Preview of calculated tax amounts is not available if Tax Details Override is enabled."

_LINE = names("item quantity rate amount grossAmt description isTaxable taxCode taxDetailsReference line")


class Sale(NamedTuple):
    """The fields of an invoice or memo that its lines depend on."""

    customer: Row
    subsidiary: str
    places: int  # of the currency
    tax_item: str | None  # the body's tax code
    override: bool  # taxDetailsOverride: the account computes no tax


def item_lines(
    books: Ledger,
    reader: Reader,
    sent: object,
    sale: Sale,
    old: Transaction | None,
    warnings: list[str],
    level: str,
) -> tuple[Line, ...]:
    """All lines after the request. A row with `line` changes that line; a row without it is added, also on an update.

    `level` is the sublist in `schema.LEVELS`. Appends NetSuite's warnings to `warnings`. Raises `Refused`.
    """
    lines = {line.line: line for line in (old.lines if old else ())}
    for i, row in enumerate(reader.rows(sent, ROW["item"], books.custom_fields("custcol"), "item")):
        named = row.get("line") if old else None
        before = lines.get(int(named)) if named is not None else None
        if named is not None and before is None:
            raise errors.no_such_line()
        references.require(books, level, row, f"item.items[{i}]", is_new=before is None)
        number = before.line if before else max(lines, default=0) + 1
        lines[number] = _item_line(books, row, number, before, sale, warnings, f"item.items[{i}]")
    if not lines:
        raise errors.no_lines()
    if sale.override:
        warnings.append(WARN_OVERRIDE)
        return tuple(msgspec.structs.replace(line, tax=ZERO) for line in lines.values())
    return tuple(lines.values())


def _item_line(
    books: Ledger, row: Row, number: int, old: Line | None, sale: Sale, warnings: list[str], path: str
) -> Line:
    item = row.get("item") or (old.item if old else None)
    if item is None:
        raise errors.missing("Item", path)
    references.item(books, item, sale.subsidiary, f"{path}.item")
    taxable, code, percent = _tax_of(books, row, old, sale, path)
    amount, tax = _amount_and_tax(row, old, percent, sale.places, warnings, path)
    return Line(
        line=number,
        item=item,
        amount=amount,
        quantity=row.get("quantity", old.quantity if old else None),
        rate=row.get("rate", old.rate if old else None),
        description=row.get("description", old.description if old else None),
        is_taxable=taxable,
        tax_code=code,
        tax=tax,
        reference=row.get("taxDetailsReference", old.reference if old else None),
        extra=references.extra(books, row, _LINE, old.extra if old else {}, ROW["item"], f"{path}."),
    )


def _tax_of(books: Ledger, row: Row, old: Line | None, sale: Sale, path: str) -> tuple[bool, str | None, Decimal]:
    """Whether the line is taxable, its tax code, and the percentage that the account adds.

    Without `isTaxable` the customer's setting decides, so an untaxed line has to say so.
    """
    code = row.get("taxCode", old.tax_code if old else None)
    taxable = row.get("isTaxable", old.is_taxable if old else None)
    if taxable is None:
        taxable = sale.customer["taxable"] != "F"
    if code is not None:
        references.active(books, "taxcode", code, f"{path}.taxCode")
    if not taxable or sale.override:
        return taxable, code, ZERO
    code = code or sale.tax_item or sale.customer["taxitem"] or books.company()["defaulttaxcode"]
    assert code is not None
    return taxable, code, Decimal(references.active(books, "taxcode", code, f"{path}.taxCode")["rate"])


def _amount_and_tax(
    row: Row, old: Line | None, percent: Decimal, places: int, warnings: list[str], path: str
) -> tuple[Decimal, Decimal]:
    quantity = row.get("quantity", old.quantity if old else None)
    rate = row.get("rate", old.rate if old else None)
    product = None if rate is None else rate * (1 if quantity is None else quantity)

    gross = row.get("grossAmt")
    if gross is not None:  # since 2026.1 it determines the amount, also over a given amount (guessed)
        net = rounded(fits(gross, places, f"{path}.grossAmt") / (1 + percent / 100), places)
        return net, gross - net
    amount: Decimal | None = row.get("amount")
    if amount is not None:
        fits(amount, places, f"{path}.amount")
        if row.get("rate") is not None and amount != product:
            warnings.append(WARN_AMOUNT)
    elif product is not None and (row.get("rate") is not None or row.get("quantity") is not None):
        amount = rounded(product, places)
    elif old is not None:
        amount = old.amount
    else:
        raise errors.missing("Amount", path)
    return amount, rounded(amount * percent / 100, places)
