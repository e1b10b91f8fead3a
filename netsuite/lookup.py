"""Records that NetSuite holds now, asked for in bulk by SuiteQL (P2, P5): never one request a record.

The sides of a link (facts 4): a credit on an invoice has previousdoc = invoice and nextdoc = memo; a refund of a memo
has previousdoc = refund and nextdoc = memo. There is one row per pair of lines, so amounts are summed here.
Every function raises NetSuiteError.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from netsuite.api import NetSuite
from netsuite.errors import NetSuiteError, Refused
from netsuite.quoting import literal

BULK = 900  # values in one IN list: NetSuite takes 1,000 (facts 4)
LARGEST = 10**15  # in major units; a thousandth of it still fits into 64 bits of minor units, whatever the currency
LINES_AT_ONCE = 5_000  # expected of one query; tax and system rows come on top, the limit is 100,000

SUITEQL_TYPES = {
    "creditMemo": "CustCred",
    "invoice": "CustInvc",
    "customerRefund": "CustRfnd",
    "journalEntry": "Journal",
    "serviceSaleItem": "Service",
}

Links = dict[str, dict[str, Decimal]]
"""source id (memo or refund) → target id (invoice or memo) → amount in the transaction's currency."""

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """One record as SuiteQL shows it. `total` without sign (credit memos are negative there), absent = 0; of a journal
    the sum of its debit lines."""

    internal_id: str
    external_id: str
    type: str
    customer: str | None = None
    currency: str | None = None
    total: Decimal = Decimal(0)
    tran_date: str | None = None
    memo: str | None = None
    is_voided: bool = False


@dataclass(frozen=True)
class Line:
    """One row below a transaction's head. `amount` with the sign of the ledger, absent = 0."""

    item: str | None
    amount: Decimal
    is_tax: bool


def find_transactions(client: NetSuite, external_ids: Iterable[str]) -> dict[str, Found]:
    """external id in lower case → transaction: NetSuite's uniqueness ignores case (facts 1.3)."""
    found: dict[str, Found] = {}
    for bulk in bulks(sorted({external_id.lower() for external_id in external_ids})):
        for record in _transactions(client, f"LOWER(externalid) IN ({_literals(bulk)})"):
            found[record.external_id.lower()] = record
    return found


def find_by_internal_id(client: NetSuite, internal_ids: Iterable[str]) -> dict[str, Found]:
    """internal id → transaction, of those that NetSuite has."""
    found: dict[str, Found] = {}
    for bulk in bulks(sorted({internal_id for internal_id in internal_ids if internal_id.isdigit()})):
        found |= {record.internal_id: record for record in _transactions(client, f"id IN ({', '.join(bulk)})")}
    return found


def find_items(client: NetSuite, external_ids: Iterable[str]) -> dict[str, Found]:
    """external id in lower case → item."""
    found: dict[str, Found] = {}
    for bulk in bulks(sorted({external_id.lower() for external_id in external_ids})):
        condition = f"LOWER(externalid) IN ({_literals(bulk)})"
        for row in client.suiteql(f"SELECT id, externalid, itemtype FROM item WHERE {condition} ORDER BY id"):
            item = Found(row["id"], row["externalid"], row.get("itemtype", ""))
            found[item.external_id.lower()] = item
    return found


def find_links(client: NetSuite, record_type: str, internal_ids: Iterable[str]) -> Links:
    """The applications of these memos (to invoices) or refunds (to memos); empty for other record types."""
    sides = {
        "creditMemo": ("nextdoc", "previousdoc", "previoustype", "CustInvc"),
        "customerRefund": ("previousdoc", "nextdoc", "nexttype", "CustCred"),
    }
    links: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    if record_type not in sides:
        return links
    source, target, target_type, wanted = sides[record_type]
    for bulk in bulks(sorted({internal_id for internal_id in internal_ids if internal_id.isdigit()})):
        rows = client.suiteql(
            "SELECT previousdoc, previousline, previoustype, nextdoc, nextline, nexttype, linktype, "
            f"foreignamount FROM nexttransactionlinelink WHERE {source} IN ({', '.join(bulk)}) ORDER BY "
            "previousdoc, previousline, nextdoc, nextline"
        )
        for row in rows:
            if row.get(target_type) == wanted and row.get("linktype", "Payment") == "Payment":
                targets = links[row[source]]
                targets[row[target]] = targets.get(row[target], Decimal(0)) + abs(number(row.get("foreignamount")))
    return links


def find_applied(client: NetSuite, record_type: str, records: Iterable[Found]) -> Links:
    """As `find_links`, for records found. A refund's total is the sum of its applications, so SuiteQL is behind where
    its links come to less: the record itself is asked, one GET each. A record that cannot be read (locked, no
    permission: facts 1.5) keeps the links of SuiteQL."""
    own = {record.internal_id: record for record in records}
    links = find_links(client, record_type, own)
    for id, record in own.items() if record_type == "customerRefund" else ():
        if record.type == SUITEQL_TYPES[record_type] and record.total > sum(links.get(id, {}).values()):
            try:
                shown = client.get(record_type, id)
            except Refused as refused:
                if refused.status not in (400, 403, 404):
                    raise
            else:
                links[id] = {str(row["doc"]["id"]): Decimal(row.get("amount") or 0) for row in _applied_rows(shown)}
    return links


def _applied_rows(shown: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The rows of `apply` that are ticked; the others are candidates (facts 1.6)."""
    return (row for row in (shown.get("apply") or {}).get("items") or [] if row.get("apply"))


def find_lines(client: NetSuite, expected: Mapping[str, int]) -> dict[str, list[Line]]:
    """The rows below the head of transactions. expected: internal id → expected number of lines."""
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for bulk in _bulks_by_lines(expected):
        rows = client.suiteql(
            "SELECT transaction, id, taxline, item, foreignamount FROM transactionline WHERE mainline = 'F' "
            f"AND transaction IN ({', '.join(bulk)}) ORDER BY transaction, id"
        )
        for row in rows:
            line = Line(row.get("item"), number(row.get("foreignamount")), row.get("taxline") == "T")
            lines[row["transaction"]].append(line)
    return lines


def find_open_amounts(client: NetSuite, internal_ids: Iterable[str]) -> dict[str, Decimal]:
    """internal id → what is still open on the invoice, in its currency."""
    amounts: dict[str, Decimal] = {}
    for bulk in bulks(sorted({internal_id for internal_id in internal_ids if internal_id.isdigit()})):
        rows = client.suiteql(
            f"SELECT id, foreignamountunpaid FROM transaction WHERE id IN ({', '.join(bulk)}) ORDER BY id"
        )
        amounts |= {row["id"]: number(row.get("foreignamountunpaid")) for row in rows}
    return amounts


def _journal_totals(client: NetSuite, internal_ids: Iterable[str]) -> dict[str, Decimal]:
    """internal id → the sum of the debit lines (P5): what SuiteQL shows as a journal's own total is not documented."""
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for bulk in bulks(sorted(set(internal_ids))):
        # NetSuite calls every line of a journal a main line, so all are asked for (facts 11, D9).
        rows = client.suiteql(
            "SELECT transaction, id, foreignamount FROM transactionline "
            f"WHERE transaction IN ({', '.join(bulk)}) ORDER BY transaction, id"
        )
        for row in rows:
            totals[row["transaction"]] += max(number(row.get("foreignamount")), Decimal(0))
    return totals


def _bulks_by_lines(expected: Mapping[str, int]) -> Iterator[Sequence[str]]:
    """The ids in bulks, so that one query returns about `LINES_AT_ONCE` lines."""
    bulk: list[str] = []
    lines = 0
    for id in sorted(id for id in expected if id.isdigit()):
        if len(bulk) == BULK or (bulk and lines + expected[id] > LINES_AT_ONCE):
            yield bulk
            bulk, lines = [], 0
        bulk.append(id)
        lines += expected[id]
    if bulk:
        yield bulk


def bulks(values: Iterable[T], size: int = BULK) -> Iterator[Sequence[T]]:
    """The values, at most `size` at a time."""
    bulk: list[T] = []
    for value in values:
        bulk.append(value)
        if len(bulk) == size:
            yield bulk
            bulk = []
    if bulk:
        yield bulk


def number(text: str | None) -> Decimal:
    """A number as SuiteQL writes it; absent = 0. Raises NetSuiteError for what is none, or is beyond any amount."""
    try:
        value = Decimal(text or 0)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) >= LARGEST:
        raise NetSuiteError(f"SuiteQL answered {str(text)[:40]!r} where an amount belongs")
    return value


def _transactions(client: NetSuite, condition: str) -> Iterator[Found]:
    rows = client.suiteql(
        "SELECT id, externalid, type, entity, currency, foreigntotal, TO_CHAR(trandate, 'YYYY-MM-DD') AS "
        f"trandate, memo, voided FROM transaction WHERE {condition} ORDER BY id"
    )
    journals = {row["id"] for row in rows if row.get("type") == SUITEQL_TYPES["journalEntry"]}
    debits = _journal_totals(client, journals) if journals else {}
    for row in rows:
        yield Found(
            internal_id=row["id"],
            external_id=row.get("externalid") or "",
            type=row.get("type", ""),
            customer=row.get("entity"),
            currency=row.get("currency"),
            total=debits[row["id"]] if row["id"] in journals else abs(number(row.get("foreigntotal"))),
            tran_date=row.get("trandate"),
            memo=row.get("memo"),
            is_voided=row.get("voided") == "T",
        )


def _literals(values: Iterable[str]) -> str:
    return ", ".join(map(literal, values))
