"""Traces for a terminal of 80 columns, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from report.trace import Hit, Row, Trace

DOCUMENT_TYPES = {
    "credit_note": "credit note",
    "balance_use": "use of customer balance",
    "negative_invoice": "negative invoice",
}

RECORD_TYPES = {
    "creditMemo": "Credit memo",
    "invoice": "Zero-amount invoice",
    "customerRefund": "Customer refund",
    "journalEntry": "Journal entry",
}

BECOMES = {
    "memo_applied_to_invoice": "memo, applied to the invoice",
    "memo_applied_to_refund": "memo, applied to a customer refund",
    "memo_left_unapplied": "memo, left unapplied (out of band): apply it by hand",
    "journal_entry": "journal entry",
    "zero_amount_invoice": "zero-amount invoice",
    "kept_in_balance": "kept in the customer balance: no memo until it is used",
    "by_hand": "nothing by itself: a person books it",
    "nothing": "nothing: the document is skipped",
    "not_known": "not known: the reason above says why",
}

Column = tuple[str, Callable[[Row], object]]
"""Heading, and the cell of a row; a column without any cell is left out."""


def print_hits(console: Console, id: str, hits: Sequence[Hit], documents: Sequence[Trace]) -> None:
    """What an id leads to, where it is not one document: a line per document, without their sections."""
    count = len(dict.fromkeys(hit.document_id for hit in hits))
    console.print(f"{id} leads to {count} documents:", style="bold")
    known = {trace.document["document_id"]: trace.document for trace in documents}
    _print_table(
        console,
        [known[hit.document_id] | {"found_as": hit.found_as} for hit in hits if hit.document_id in known],
        ("document", lambda row: row["document_id"]),
        ("amount", _money),
        ("state", _state),
        (f"{id} is its", lambda row: row["found_as"]),
    )


def print_trace(console: Console, trace: Trace) -> None:
    """One document, section by section. Sections without rows are left out, but the parts."""
    _print_head(console, trace.document)
    _print_section(
        console,
        "In Stripe",
        trace.objects,
        ("object", lambda row: row["object_type"].replace("_", " ").removeprefix("customer ")),
        ("id", lambda row: row["stripe_id"]),
        ("number", lambda row: row["stripe_number"]),
        ("status", lambda row: row["status"] or "not read"),
        ("amount", _money),
        ("dates (UTC)", _dates),
    )
    _print_urls(console, trace.objects)
    _print_section(
        console,
        f"What becomes of {_money(trace.document)}",
        trace.parts,
        ("part", lambda row: row["part"].replace("_", " ")),
        ("amount", _money),
        ("becomes", lambda row: BECOMES.get(row["becomes"], row["becomes"])),
        ("of or for", lambda row: row["target_external_id"]),
        ("rule", lambda row: row["rule"]),
    )
    for record in trace.records:
        _print_record(console, record, trace)
    _print_section(
        console,
        "Applications",
        trace.applications,
        ("to", lambda row: row["application_type"].replace("_", " ")),
        ("id", lambda row: row["target_external_id"]),
        ("NetSuite", lambda row: row["target_netsuite_id"]),
        ("amount", lambda row: row["amount"] or row["amount_minor"]),
        ("state", _state),
        ("detail", lambda row: row["detail"] if row["state"] == "blocked" else None),
    )
    _print_section(
        console,
        "States so far (UTC)",
        trace.history,
        ("from", lambda row: _time(row["from"])),
        ("to", lambda row: _time(row["to"]) if row["to"] else "now"),
        ("state", lambda row: _state(row) if row["state"] else "no document any more"),
    )
    _print_section(
        console,
        "Requests and answers (UTC)",
        trace.log,
        ("at", lambda row: _time(row["at"])),
        ("record", lambda row: f"{row['record_type']} {row['external_id']}"),
        ("what", lambda row: f"{row['operation']} {row['status']}"),
        ("answer", _answer),
    )
    _print_section(
        console,
        "Differences that a reconcile found (UTC)",
        trace.drift,
        ("at", lambda row: _time(row["reconciled_at"])),
        ("record", lambda row: f"{row['record_type']} {row['external_id']}"),
        ("difference", lambda row: row["difference"]),
        ("posted", lambda row: row["expected"] or row["expected_minor"]),
        ("found", lambda row: row["found"] or row["found_minor"]),
        ("detail", lambda row: row["detail"]),
    )


def as_json(id: str, hits: Sequence[Hit], documents: Sequence[Trace]) -> str:
    """The same content for programs. Times are ISO 8601 in UTC, exact decimals are texts."""
    content = {"id": id, "hits": [asdict(hit) for hit in hits], "documents": [vars(trace) for trace in documents]}
    return json.dumps(content, default=_encode, indent=2, ensure_ascii=False)


def _encode(value: Any) -> str:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _plain(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


# ---------------------------------------------------------------------------------------------------------------------
# parts of the page


def _print_head(console: Console, document: Row) -> None:
    kind = DOCUMENT_TYPES.get(document["document_type"], document["document_type"])
    console.print(f"{document['document_id']}: {kind} of {_money(document)}, {_state(document)}", style="bold")
    made = [f"{_time(document['created_at'])} UTC"] if document["created_at"] else []
    ids = [document["stripe_customer_id"], document["stripe_invoice_id"], *made]
    _print_lines(console, document["detail"], ", ".join(text for text in ids if text))
    console.print()


def _print_record(console: Console, record: Row, trace: Trace) -> None:
    """A NetSuite record with its lines, tax details and mapped fields."""
    name = RECORD_TYPES.get(record["record_type"], record["record_type"])
    number = f", NetSuite {record['netsuite_internal_id']}" if record["netsuite_internal_id"] else ", not in NetSuite"
    console.print(f"{name} {record['external_id']}: {_money(record)}, {_state(record)}{number}", style="bold")
    customer, invoice = record["netsuite_customer_id"], record["netsuite_invoice_id"]
    accounts = (
        f"debit account {record['debit_netsuite_account_id']}, credit account {record['credit_netsuite_account_id']}"
        if record["debit_netsuite_account_id"]
        else record["netsuite_account_id"] and f"account {record['netsuite_account_id']}"
    )
    parts = [
        record["tran_date"] and f"dated {record['tran_date']}",
        customer and f"customer {customer}{_by(record['customer_found_by'])}",
        invoice and f"invoice {invoice}{_by(record['invoice_found_by'])}",
        accounts,
    ]
    is_other_document = record["record_type"] in ("customerRefund", "journalEntry")
    detail = record["detail"] if is_other_document and record["state"] != "posted" else None
    _print_lines(console, ", ".join(part for part in parts if part), record["memo_text"], record["url"], detail)

    def own(rows: Iterable[Row]) -> list[Row]:
        return [row for row in rows if row["external_id"] == record["external_id"]]

    if record["record_type"] in ("creditMemo", "invoice"):
        _print_table(
            console,
            own(trace.lines),
            ("line", lambda row: row["line_number"]),
            ("kind", lambda row: row["line_kind"].replace("_", " ")),
            ("amount", lambda row: row["amount"] or row["amount_minor"]),
            ("item", lambda row: row["netsuite_item_id"] or row["item_external_id"] or "none"),
            ("named by", lambda row: row["item_found_by"] or "nothing"),
            ("quantity", lambda row: row["quantity"] if row["quantity"] is None else _plain(row["quantity"])),
            ("description", lambda row: row["description"]),
            ("rule", lambda row: row["rule"]),
        )
        _print_table(
            console,
            own(trace.tax_details),
            ("tax of line", lambda row: row["line_number"]),
            ("amount", lambda row: row["amount"] or row["amount_minor"]),
            ("basis", lambda row: row["tax_basis"] or row["tax_basis_minor"]),
            ("code", lambda row: row["netsuite_tax_code_id"]),
            ("named by", lambda row: row["tax_code_found_by"] or "nothing"),
        )
    _print_table(
        console,
        [row for row in own(trace.fields) if row["record_type"] == record["record_type"]],
        ("line", lambda row: row["line_number"]),
        ("field (field_map.csv)", lambda row: row["netsuite_field"]),
        ("value", lambda row: row["value"]),
    )
    console.print()


def _print_urls(console: Console, rows: Iterable[Row]) -> None:
    urls = [row["url"] for row in rows if row["url"]]
    if urls:
        _print_lines(console, *urls)
        console.print()


def _print_section(console: Console, title: str, rows: Sequence[Row], *columns: Column) -> None:
    if rows:
        console.print(title, style="bold")
        _print_table(console, rows, *columns)
        console.print()


def _print_lines(console: Console, *lines: str | None) -> None:
    for line in lines:
        if line:
            console.print(Padding(line, (0, 0, 0, 2)))


def _print_table(console: Console, rows: Sequence[Row], *columns: Column) -> None:
    """The rows below each other; columns in which no row has anything are left out."""
    cells = [[cell(row) for row in rows] for _, cell in columns]
    shown = [number for number, column in enumerate(cells) if any(value not in (None, "") for value in column)]
    if not shown:
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for number in shown:
        heading = columns[number][0]
        is_amount = heading in ("amount", "basis", "posted", "found", "quantity")
        table.add_column(heading, justify="right" if is_amount else "left", overflow="fold")
    for row in zip(*(cells[number] for number in shown), strict=True):
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(Padding(table, (0, 0, 0, 2)))


# ---------------------------------------------------------------------------------------------------------------------
# cells


def _money(row: Row) -> str:
    currency = (row["currency"] or "(no currency)").upper()
    if row["amount_minor"] is None:
        return ""
    return f"{row['amount']} {currency}" if row["amount"] else f"{row['amount_minor']} minor units of {currency}"


def _state(row: Row) -> str:
    return row["state"] if row["state"] == row["reason"] else f"{row['state']} ({row['reason']})"


def _by(found_by: str | None) -> str:
    return f" (by {found_by})" if found_by else ""


def _dates(row: Row) -> str:
    named = [("", row["created_at"]), ("finalized ", row["finalized_at"]), ("paid ", row["paid_at"])]
    return ", ".join(f"{name}{at:%Y-%m-%d}" for name, at in named if at)


def _time(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else None


def _answer(row: Row) -> str:
    said = [row["error_code"], row["error_detail"]]
    if row["internal_id"]:
        said.insert(0, f"NetSuite {row['internal_id']}")
    if row["http_status"]:
        said.insert(0, f"HTTP {row['http_status']}")
    return ", ".join(text for text in said if text)


def _plain(value: Decimal) -> str:
    """A decimal without needless zeros and without an exponent."""
    return f"{value.normalize():f}"
