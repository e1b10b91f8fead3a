"""Lines of invoices, credit memos and journals, with the tax the account adds to them by itself.

Rules: the NetSuite fact sheet, sections 1.6, 2.2, 3 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from sandbox.netsuite import checks, errors
from sandbox.netsuite.checks import Ledger, Row, fits, rounded
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.records import ZERO, JournalLine, Line, TaxDetail, Transaction
from sandbox.netsuite.schema import ROW, names

# Both seen.
WARN_AMOUNT = "The line total amount is not equal to the item price times the quantity.  Is this correct?"
WARN_OVERRIDE = "Preview of calculated tax amounts is not available if Tax Details Override is enabled."

_LINE = names("item quantity rate amount grossAmt description isTaxable taxCode taxDetailsReference line")
_JOURNAL_LINE = names("account entity debit credit memo line")
_TAX_DETAIL = {
    "taxDetailsReference": "Tax Details Reference",
    "taxType": "Tax Type",
    "taxCode": "Tax Code",
    "taxBasis": "Tax Basis",
    "taxRate": "Tax Rate",
    "taxAmount": "Tax Amount",
}


class Sale(NamedTuple):
    """What the lines of an invoice or memo need to know of their document."""

    customer: Row
    subsidiary: str
    places: int  # of the currency
    tax_item: str | None  # the body's tax code
    override: bool  # taxDetailsOverride: the account computes no tax


# ---------------------------------------------------------------- item lines


def item_lines(
    books: Ledger, reader: Reader, sent: object, sale: Sale, old: Transaction | None, warnings: list[str]
) -> tuple[Line, ...]:
    """All lines after the request: a row with `line` changes that line, one without is added, also on an
    update."""
    lines = {line.line: line for line in (old.lines if old else ())}
    for i, row in enumerate(reader.rows(sent, ROW["item"], books.custom_fields("custcol"), "item")):
        named = row.get("line") if old else None
        before = lines.get(int(named)) if named is not None else None
        if named is not None and before is None:
            raise errors.no_such_line()
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
    checks.item(books, item, sale.subsidiary, f"{path}.item")
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
        extra=checks.extra(books, row, _LINE, old.extra if old else {}, ROW["item"], f"{path}."),
    )


def _tax_of(books: Ledger, row: Row, old: Line | None, sale: Sale, path: str) -> tuple[bool, str | None, Decimal]:
    """Whether the line is taxable, its tax code, and the percentage the account adds.

    Left out, the customer's setting decides: a line that is to stay untaxed has to say so.
    """
    code = row.get("taxCode", old.tax_code if old else None)
    taxable = row.get("isTaxable", old.is_taxable if old else None)
    if taxable is None:
        taxable = sale.customer["taxable"] != "F"
    if code is not None:
        checks.active(books, "taxcode", code, f"{path}.taxCode")
    if not taxable or sale.override:
        return taxable, code, ZERO
    code = code or sale.tax_item or sale.customer["taxitem"] or books.company()["defaulttaxcode"]
    assert code is not None
    return taxable, code, Decimal(checks.active(books, "taxcode", code, f"{path}.taxCode")["rate"])


def _amount_and_tax(
    row: Row, old: Line | None, percent: Decimal, places: int, warnings: list[str], path: str
) -> tuple[Decimal, Decimal]:
    quantity = row.get("quantity", old.quantity if old else None)
    rate = row.get("rate", old.rate if old else None)
    product = None if rate is None else rate * (1 if quantity is None else quantity)

    gross = row.get("grossAmt")
    if gross is not None:  # since 2026.1 it recomputes the amount; beside an amount it wins (guessed)
        amount = rounded(fits(gross, places, f"{path}.grossAmt") / (1 + percent / 100), places)
        return amount, gross - amount
    amount = row.get("amount")
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


# ---------------------------------------------------------------- tax details


def tax_details(
    books: Ledger, reader: Reader, sent: object, lines: Sequence[Line], old: Sequence[TaxDetail], places: int
) -> tuple[TaxDetail, ...]:
    """Tax rows that override the account's own: each names a line by its reference, and no column may be left
    out."""
    references = {line.reference for line in lines if line.reference}
    details = list(old)
    for i, row in enumerate(reader.rows(sent, ROW["taxDetails"], {}, "taxDetails")):
        path = f"taxDetails.items[{i}]"
        for name, label in _TAX_DETAIL.items():
            if row.get(name) is None:
                raise errors.missing(label, f"{path}.{name}")
        if row["taxDetailsReference"] not in references:
            field = "taxDetailsReference"
            raise errors.invalid_value(row[field], field, f"{path}.{field}")
        checks.active(books, "taxcode", row["taxCode"], f"{path}.taxCode")
        checks.active(books, "taxtype", row["taxType"], f"{path}.taxType")
        basis = fits(row["taxBasis"], places, f"{path}.taxBasis")
        amount = fits(row["taxAmount"], places, f"{path}.taxAmount")
        details.append(
            TaxDetail(row["taxDetailsReference"], row["taxType"], row["taxCode"], basis, row["taxRate"], amount)
        )
    return tuple(details)


# ---------------------------------------------------------------- journal lines


def journal_lines(
    books: Ledger,
    reader: Reader,
    sent: object,
    subsidiary: str,
    places: int,
    old: Sequence[JournalLine],
) -> tuple[JournalLine, ...]:
    """Debits and credits, which must balance."""
    lines = list(old)
    rows = reader.rows(sent, ROW["line"], books.custom_fields("custcol"), "line")
    for i, row in enumerate(rows):
        path = f"line.items[{i}]"
        if row.get("account") is None:
            raise errors.missing("Account", path)
        checks.account(books, row["account"], subsidiary, f"{path}.account")
        if row.get("entity") is not None:
            checks.active(books, "customer", row["entity"], f"{path}.entity")
        lines.append(
            JournalLine(
                line=len(lines),
                account=row["account"],
                debit=fits(row.get("debit") or ZERO, places, f"{path}.debit"),
                credit=fits(row.get("credit") or ZERO, places, f"{path}.credit"),
                memo=row.get("memo"),
                entity=row.get("entity"),
                extra=checks.extra(books, row, _JOURNAL_LINE, {}, ROW["line"], f"{path}."),
            )
        )
    if not lines:
        raise errors.no_lines()
    if total(line.debit for line in lines) != total(line.credit for line in lines):
        raise errors.journal_unbalanced()
    return tuple(lines)


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
