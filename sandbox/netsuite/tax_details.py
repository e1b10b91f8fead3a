"""Tax details of invoices and credit memos: tax that a client sends itself (facts, NetSuite section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.netsuite import errors, references
from sandbox.netsuite.amounts import fits
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.records import Line, TaxDetail
from sandbox.netsuite.schema import ROW

_LABELS = {
    "taxDetailsReference": "Tax Details Reference",
    "taxType": "Tax Type",
    "taxCode": "Tax Code",
    "taxBasis": "Tax Basis",
    "taxRate": "Tax Rate",
    "taxAmount": "Tax Amount",
}


def tax_details(
    books: Ledger, reader: Reader, sent: object, lines: Sequence[Line], old: Sequence[TaxDetail], places: int
) -> tuple[TaxDetail, ...]:
    """Tax rows that replace the account's own. Each names a line by its reference and has every column.

    New rows follow the `old` ones. Raises `Refused`.
    """
    line_references = {line.reference for line in lines if line.reference}
    details = list(old)
    for i, row in enumerate(reader.rows(sent, ROW["taxDetails"], {}, "taxDetails")):
        path = f"taxDetails.items[{i}]"
        for name, label in _LABELS.items():
            if row.get(name) is None:
                raise errors.missing(label, f"{path}.{name}")
        if row["taxDetailsReference"] not in line_references:
            field = "taxDetailsReference"
            raise errors.invalid_value(row[field], field, f"{path}.{field}")
        references.active(books, "taxcode", row["taxCode"], f"{path}.taxCode")
        references.active(books, "taxtype", row["taxType"], f"{path}.taxType")
        basis = fits(row["taxBasis"], places, f"{path}.taxBasis")
        amount = fits(row["taxAmount"], places, f"{path}.taxAmount")
        details.append(
            TaxDetail(row["taxDetailsReference"], row["taxType"], row["taxCode"], basis, row["taxRate"], amount)
        )
    return tuple(details)
