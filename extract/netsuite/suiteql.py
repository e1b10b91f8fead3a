"""SuiteQL queries for rows by id, in bulks, and without the columns that this account does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from extract.errors import ExtractError
from extract.netsuite.snapshot import Record
from netsuite.api import NetSuite
from netsuite.errors import Refused
from netsuite.quoting import literal

BULK = 900  # values in one query: NetSuite takes 1,000 in a list
DATES = ("trandate", "startdate", "enddate")
INTERNAL_IDS = ("id", "transaction", "previousdoc", "nextdoc")


class SuiteqlTables:
    """Asks for rows. `refused`: optional columns, as table.column, that this account does not show.

    Optional columns do not exist in every account (facts/netsuite.md, section 4). When NetSuite refuses a query because
    of one, the query is sent again without it, and the column stays null.
    """

    def __init__(self, netsuite: NetSuite):
        self.refused: set[str] = set()
        self._netsuite = netsuite

    def whole_table(self, table: str, needed: str, optional: str = "") -> list[Record]:
        """All rows of a table. Columns are given as words in one text."""
        return self.rows(table, needed.split(), optional.split())

    def bulk_select(
        self,
        table: str,
        needed: str,
        optional: str,
        having: dict[str, set[str]],
        *,
        condition: str = "",
        key: str = "id",
        stripe_id: str | None = None,
        var: str = "",
    ) -> list[Record]:
        """Rows in which one of the columns in `having` has one of its values, each row once.

        Values are shared out in bulks over all columns. condition: SQL that ends with AND · key: the column of the
        order · stripe_id: the custom field, named in var `var`, that is read as `stripe_id`.
        """
        columns = needed.split() + ([f"{stripe_id} AS stripe_id"] if stripe_id else [])
        pairs = [(column, value) for column, values in having.items() for value in sorted(values)]
        rows: list[Record] = []
        for bulk in bulks(pairs):
            conditions = [
                in_list(column, [value for name, value in bulk if name == column])
                for column in having
                if any(name == column for name, _ in bulk)
            ]
            where = f" WHERE {condition}({' OR '.join(conditions)})"
            rows += self.rows(table, columns, optional.split(), where, key, var if stripe_id else "")
        if key != "id":
            return rows
        return list({str(row["id"]): row for row in rows}.values())

    def rows(
        self,
        table: str,
        needed: Sequence[str],
        optional: Sequence[str] = (),
        where: str = "",
        key: str = "id",
        var: str = "",
        *,
        first: int | None = None,
    ) -> list[Record]:
        """The rows of one query, or its `first` rows.

        Raises ExtractError if NetSuite refuses a needed column (the message names `var`), NetSuiteError otherwise.
        """
        while True:
            shown = [name for name in optional if f"{table}.{name}" not in self.refused]
            columns = ", ".join(_column(name) for name in (*needed, *shown))
            sql = f"SELECT {columns} FROM {table}{where} ORDER BY {key}"
            try:
                return [{**row} for row in islice(self._netsuite.suiteql_rows(sql), first)]
            except Refused as refused:
                if refused.status != 400:
                    raise
                words = f"{refused.detail} {refused.body}".lower()
                unknown = [name for name in shown if re.search(rf"\b{name}\b", words)] or shown[-1:]
                if not unknown:
                    raise ExtractError(
                        f"NetSuite refuses to list {table}: {refused.detail}"
                        + (f" Check the field named in var {var}." if var else "")
                    ) from refused
                self.refused.update(f"{table}.{name}" for name in unknown)


def bulks(pairs: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """(column, value) pairs in lists of at most `BULK`."""
    rest = iter(pairs)
    while bulk := list(islice(rest, BULK)):
        yield bulk


def in_list(column: str, values: Sequence[str]) -> str:
    """The condition that a column has one of the values. `wanted.numbers` lets only digits through as internal ids."""
    if column in INTERNAL_IDS:
        return f"{column} IN ({', '.join(values)})"
    # NetSuite's external ids ignore case. The models decide which case is right (rules X1, X2).
    quoted = ", ".join(literal(value.lower()) for value in values)
    return f"LOWER({column}) IN ({quoted})"


def _column(name: str) -> str:
    return f"TO_CHAR({name}, 'YYYY-MM-DD') AS {name}" if name in DATES else name
