"""Lines of journal entries (facts, NetSuite sections 2.7 and 7)."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.netsuite import errors, references
from sandbox.netsuite.amounts import fits, total
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.records import ZERO, JournalLine
from sandbox.netsuite.schema import ROW, names

_HANDLED = names("account entity debit credit memo line")


def journal_lines(
    books: Ledger,
    reader: Reader,
    sent: object,
    subsidiary: str,
    currency: str,
    old: Sequence[JournalLine],
) -> tuple[JournalLine, ...]:
    """All lines after the request: the `old` ones, then the new ones. Raises `Refused` if they do not balance."""
    lines, places = list(old), books.precision(currency)
    rows = reader.rows(sent, ROW["line"], books.custom_fields("custcol"), "line")
    for i, row in enumerate(rows):
        path = f"line.items[{i}]"
        if row.get("account") is None:
            raise errors.missing("Account", path)
        references.account(books, row["account"], subsidiary, f"{path}.account", currency)
        references.require(books, "journalEntry.line", row, path)
        if row.get("entity") is not None:
            references.active(books, "customer", row["entity"], f"{path}.entity")
        lines.append(
            JournalLine(
                line=len(lines),
                account=row["account"],
                debit=fits(row.get("debit") or ZERO, places, f"{path}.debit"),
                credit=fits(row.get("credit") or ZERO, places, f"{path}.credit"),
                memo=row.get("memo"),
                entity=row.get("entity"),
                extra=references.extra(books, row, _HANDLED, {}, ROW["line"], f"{path}."),
            )
        )
    if not lines:
        raise errors.no_lines()
    if total(line.debit for line in lines) != total(line.credit for line in lines):
        raise errors.journal_unbalanced()
    return tuple(lines)
