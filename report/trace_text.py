"""Traces for a terminal of 80 columns, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from report.find import Hit
from report.trace import Row, Trace

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

PARTS = {
    "pre_payment": "credited before payment to invoice",
    "refund": "refund",
    "out_of_band": "out of band",
    "kept": "customer balance",
    "balance_use": "customer balance used on invoice",
    "negative_invoice": "negative invoice",
    "not_known": "the whole note",
}

BECOMES = {
    "memo_applied_to_invoice": "part of the memo, applied to the invoice",
    "memo_applied_to_refund": "part of the memo, applied to a customer refund",
    "memo_left_unapplied": "part of the memo, left unapplied: apply it by hand",
    "journal_entry": "a journal entry",
    "zero_amount_invoice": "a zero-amount invoice",
    "kept_in_balance": "kept there, no memo until it is used",
    "by_hand": "nothing by itself, a person books it",
    "nothing": "nothing, since the document is skipped",
    "not_known": "not known, see the reason above",
}

Cells = tuple[str, ...]


def print_hits(console: Console, id: str, hits: Sequence[Hit], documents: Sequence[Trace]) -> None:
    """What an id leads to, where that is several documents: a line for each, without its sections."""
    known = {trace.document["document_id"]: trace.document for trace in documents}
    console.print(f"{id} leads to {len(known)} documents:", style="bold")
    rows = [(hit.document_id, known[hit.document_id], hit.found_as) for hit in hits if hit.document_id in known]
    _print_grid(console, [(_money(row), f"{name}, {state_text(row)}: {id} is its {what}") for name, row, what in rows])
    console.print()


def print_trace(console: Console, trace: Trace) -> None:
    """One document, section by section. Sections without rows are left out."""
    document = trace.document
    kind = DOCUMENT_TYPES.get(document["document_type"], document["document_type"])
    console.print(f"{document['document_id']}: {kind} of {_money(document)}, {state_text(document)}", style="bold")
    made = f"created {_time(document['created_at'])} UTC" if document["created_at"] else None
    ids = [document["stripe_customer_id"], document["stripe_invoice_id"], made]
    _print_lines(console, document["detail"], ", ".join(text for text in ids if text))
    console.print()
    _print_section(console, "In Stripe", [(_money(row), _object(row)) for row in trace.objects])
    _print_section(
        console,
        f"What becomes of {_money(document)}",
        [(_amount(row), part_text(row)) for row in trace.parts],
    )
    for record in trace.records:
        _print_record(console, record, trace)
    said = document["detail"]
    _print_section(console, "Applications", [(_amount(row), application_text(row, said)) for row in trace.applications])
    _print_section(
        console, "States so far (UTC)", [(_time(row["from"]), past_state_text(row)) for row in trace.history]
    )
    _print_section(console, "Requests and answers (UTC)", [(_time(row["at"]), answer_text(row)) for row in trace.log])
    _print_section(
        console,
        "Differences that a reconcile found (UTC)",
        [(_time(row["reconciled_at"]), difference_text(row)) for row in trace.drift],
    )


def as_json(id: str, hits: Sequence[Hit], documents: Sequence[Trace]) -> str:
    """The same content for programs. Times are ISO 8601 in UTC, exact decimals are texts."""
    content = {"id": id, "hits": [asdict(hit) for hit in hits], "documents": [vars(trace) for trace in documents]}
    return json.dumps(content, default=encode, indent=2, ensure_ascii=False)


def encode(value: Any) -> str:
    """A value that JSON has no form for, for `json.dumps`. Raises TypeError."""
    if isinstance(value, datetime):
        return _utc(value).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _plain(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


# ---------------------------------------------------------------------------------------------------------------------
# parts of the page


def _print_record(console: Console, record: Row, trace: Trace) -> None:
    """A NetSuite record with its lines, tax details and mapped fields."""
    name = RECORD_TYPES.get(record["record_type"], record["record_type"])
    number = netsuite_text(record) or "not in NetSuite"
    console.print(f"{name} {record['external_id']}: {_money(record)}, {state_text(record)}, {number}", style="bold")
    dated = [f"dated {record['tran_date']}"] if record["tran_date"] else []
    _print_lines(console, ", ".join([*dated, *refers_to(record)]), record["memo_text"], record["url"])
    if record["state"] != "posted" and record["detail"] != trace.document["detail"]:
        _print_lines(console, record["detail"])
    is_body = record["record_type"] in ("creditMemo", "invoice")
    own = {
        name: [row for row in rows if row["external_id"] == record["external_id"]]
        for name, rows in (("lines", trace.lines), ("taxes", trace.tax_details), ("fields", trace.fields))
    }
    if is_body:
        scaled = scaled_text(trace.document, record)
        _print_lines(console, scaled and f"{scaled}:")
        _print_grid(console, [(f"{row['line_number']}", _amount(row), line_text(row)) for row in own["lines"]])
        _print_grid(console, [("tax", _amount(row), tax_detail_text(row)) for row in own["taxes"]])
    _print_lines(console, *(field_text(row) for row in own["fields"] if row["record_type"] == record["record_type"]))
    console.print()


def _print_section(console: Console, title: str, rows: Sequence[Cells]) -> None:
    if rows:
        console.print(title, style="bold")
        _print_grid(console, rows)
        console.print()


def _print_grid(console: Console, rows: Sequence[Cells]) -> None:
    """Short cells to the right, then a text that flows: ids stay whole, so that they can be copied."""
    if not rows:
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in rows[0][:-1]:
        grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    console.print(Padding(grid, (0, 0, 0, 2), expand=False))


def _print_lines(console: Console, *lines: str | None) -> None:
    for line in lines:
        if line:
            console.print(Padding(line, (0, 0, 0, 2), expand=False))


# ---------------------------------------------------------------------------------------------------------------------
# rows as text


def _object(row: Row) -> str:
    number = f" ({row['stripe_number']})" if row["stripe_number"] else ""
    dates = [(row["created_at"], "created"), (row["finalized_at"], "finalized"), (row["paid_at"], "paid")]
    said = [row["status"] or "not read from Stripe", *(f"{what} {at:%Y-%m-%d}" for at, what in dates if at)]
    name = row["object_type"].replace("_", " ")
    return _lines(f"{name} {row['stripe_id']}{number}: {', '.join(said)}", row["url"])


def part_text(row: Row) -> str:
    """A part of a document, without its amount."""
    target = f" {row['target_external_id']}" if row["target_external_id"] else ""
    return f"{PARTS.get(row['part'], row['part'])}{target}: {BECOMES.get(row['becomes'], row['becomes'])}{_rule(row)}"


def line_text(row: Row) -> str:
    """A line of a record, without its amount."""
    item = row["netsuite_item_id"] or row["item_external_id"]
    name = f" {row['item_name']}" if row["item_name"] else ""
    named = f"item {item}{name} by {row['item_found_by'] or 'nothing'}" if item else "no item: nothing names one"
    rate = row["stripe_tax_rate_id"]
    tax = f", tax rate {rate}" if rate and rate not in (row["item_found_by"] or "") else ""
    code = f", tax code {row['netsuite_tax_code_id']}" if row["netsuite_tax_code_id"] else ""
    gross = ", gross" if row["is_gross"] else ""
    quantity = f"{_plain(row['quantity'])} x " if row["quantity"] is not None else ""
    text = f": {quantity}{row['description'] or ''}" if row["description"] or quantity else ""
    return f"{row['line_kind'].replace('_', ' ')}, {named}{tax}{code}{gross}{_rule(row)}{text}"


def tax_detail_text(row: Row) -> str:
    """A tax detail of a memo, without its amount."""
    basis = row["tax_basis"] or f"{row['tax_basis_minor']} minor units"
    code = f"code {row['netsuite_tax_code_id']}, type {row['netsuite_tax_type_id']}"
    return f"of line {row['line_number']}, on {basis}, {code} by {row['tax_code_found_by'] or 'nothing'} (L8)"


def field_text(row: Row) -> str:
    """A field that field_map.csv fills."""
    place = f" of line {row['line_number']}" if row["line_number"] else ""
    return f"field {row['netsuite_field']}{place}: {row['value']} (by field_map.csv)"


def application_text(row: Row, said: str | None) -> str:
    """An application, without its amount. said: the detail that the document shows already."""
    target = f" {row['target_external_id']}" if row["target_external_id"] else ""
    number = f", NetSuite {_with_name(row['target_netsuite_id'], row['target_number'])}"
    number = number if row["target_netsuite_id"] else ""
    detail = row["detail"] if row["state"] in ("waiting", "blocked") and row["detail"] != said else None
    return _lines(f"{row['application_type'].replace('_', ' ')}{target}{number}: {state_text(row)}", detail)


def past_state_text(row: Row) -> str:
    """A row of the history, without its beginning."""
    until = f" until {_time(row['to'])}" if row["to"] else ""
    return (state_text(row) if row["state"] else "not a document any more") + until


def answer_text(row: Row) -> str:
    """A row of the loader's log, without its time."""
    said = [
        f"HTTP {row['http_status']}" if row["http_status"] else None,
        f"NetSuite {row['internal_id']}" if row["internal_id"] else None,
        row["error_code"],
        row["error_detail"],
    ]
    answer = ", ".join(text for text in said if text)
    what = f"{row['operation'].replace('_', ' ')} {row['record_type']} {row['external_id']}: {row['status']}"
    return f"{what} ({answer})" if answer else what


def difference_text(row: Row) -> str:
    """A row of the drift, without its time."""
    amounts = f"posted {row['expected'] or row['expected_minor']}, found {row['found'] or row['found_minor']}"
    amounts = f" ({amounts})" if row["expected_minor"] is not None or row["found_minor"] is not None else ""
    detail = f": {row['detail']}" if row["detail"] else ""
    return f"{row['record_type']} {row['external_id']}, {row['difference']}{amounts}{detail}"


def netsuite_text(record: Row) -> str | None:
    """A record in NetSuite by its id, with its number where that is known; None if it is not there."""
    id = record["netsuite_internal_id"]
    return f"NetSuite {_with_name(id, record['netsuite_number'])}" if id else None


def found_text(name: str, id: str | None, shown_as: str | None, found_by: str | None = None) -> str | None:
    """What a record refers to in NetSuite, its number or name, and what found it; None if it refers to nothing."""
    return id and f"{name} {_with_name(id, shown_as)}" + (f" (by {found_by})" if found_by else "")


def _with_name(id: str, shown_as: str | None) -> str:
    return f"{id} {shown_as}" if shown_as else id


def refers_to(record: Row) -> list[str]:
    """What a record refers to in NetSuite: customer, invoice, accounts."""
    found = (
        found_text("customer", record["netsuite_customer_id"], None, record["customer_found_by"]),
        found_text(
            "invoice", record["netsuite_invoice_id"], record["netsuite_invoice_number"], record["invoice_found_by"]
        ),
        found_text("account", record["netsuite_account_id"], record["netsuite_account"]),
        found_text("debit account", record["debit_netsuite_account_id"], record["debit_netsuite_account"]),
        found_text("credit account", record["credit_netsuite_account_id"], record["credit_netsuite_account"]),
    )
    return [text for text in found if text]


def scaled_text(document: Row, record: Row) -> str | None:
    """Why the lines of a memo are not those of its note; None where they are (rule S1)."""
    is_memo = document["document_type"] == "credit_note" and record["record_type"] == "creditMemo"
    if not is_memo or document["amount_minor"] == record["amount_minor"]:
        return None
    return f"lines of the note, scaled from {_amount(document)} to {_amount(record)} (S1)"


def _rule(row: Row) -> str:
    return f" ({row['rule']})" if row["rule"] else ""


def _lines(*texts: str | None) -> str:
    return "\n".join(text for text in texts if text)


def _amount(row: Row) -> str:
    return row["amount"] or ("" if row["amount_minor"] is None else f"{row['amount_minor']} minor units")


def _money(row: Row) -> str:
    return f"{_amount(row)} {row['currency'].upper()}" if row["currency"] else _amount(row)


def state_text(row: Row) -> str:
    """A state with its reason, where that says more."""
    return str(row["state"]) if row["state"] == row["reason"] else f"{row['state']} ({row['reason']})"


def _time(at: datetime | None) -> str:
    return f"{_utc(at):%Y-%m-%d %H:%M:%S}" if at else ""


def _utc(at: datetime) -> datetime:
    """Without a time zone, in UTC. Times without one are in UTC already."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _plain(value: Decimal) -> str:
    """A decimal without needless zeros and without an exponent."""
    return f"{value.normalize():f}"
