"""Credit memos in NetSuite, to the cent."""

from __future__ import annotations

from decimal import Decimal

from sandbox.netsuite.records import Line as RecordLine
from sandbox.netsuite.records import Transaction
from tests.acceptance.checks.state import State, major
from tests.property.comparison.lines import LONGEST_DESCRIPTION
from tests.property.oracle import memo_text
from tests.property.oracle.lines import is_gross, tax_row
from tests.property.oracle.shapes import Document, Line


def check_memo(state: State, document: Document) -> None:
    """C1 to C7, B3: the head of the memo, its lines and applications."""
    id, books = document.id, state.world.books
    memo = state.record(id, "CustCred")
    if memo is None or id in state.posted.uncertain:
        return
    state.check("customer", id, document.netsuite_customer, memo.entity)
    state.check("currency", id, document.currency, state.currency_of(memo))
    state.check("total", id, major(document, document.memo_amount or 0), memo.total)
    invoice = books.transaction(document.netsuite_invoice or "0")
    if invoice:
        state.check("A/R account", id, invoice.receivable, memo.receivable)
        state.check("subsidiary", id, invoice.subsidiary, memo.subsidiary)
    state.check("date", id, document.posting_date, memo.tran_date)
    _check_text(state, document, memo.memo or "")
    _check_lines(state, document, memo)
    amount = sum(part.amount for part in document.applied_to("invoice"))
    applications = {document.netsuite_invoice: major(document, amount)} if amount else {}
    state.check("applications", id, applications, {str(k): v for k, v in memo.applications.items()})
    _check_fields(state, document, memo)


def _check_text(state: State, document: Document, text: str) -> None:
    """C3, C7, X4. NetSuite trims texts."""
    additions = memo_text.additions(document)
    if not additions:
        expected = document.memo_text[: memo_text.LENGTH].strip()
        state.check("memo text", document.id, expected, text.strip())
    elif not memo_text.is_expected(document, text):
        state.note(f"memo text of {document.id}: expected {document.memo_text!r} + {additions}, found {text!r}")


def _check_fields(state: State, document: Document, memo: Transaction) -> None:
    """C7: the out-of-band flag; M1: fields of field_map."""
    flag = state.facts.settings.get("out_of_band_field")
    if flag and document.type == "credit_note":
        is_out_of_band = bool(document.applied_to("out_of_band"))
        state.check("out-of-band flag", document.id, is_out_of_band, bool(memo.extra.get(flag)))
    if not state.mapped_fields("memo"):
        return
    note = state.facts.stripe["credit_notes"].get(document.id, {})
    expected = {
        "custbody_note_number": note.get("number"),
        "custbody_invoice_number": state.facts.stripe["invoices"][document.invoice]["number"],
        "custbody_source": "Stripe, Inc.",
    }
    for name, value in expected.items():
        state.check(name, document.id, value or None, memo.extra.get(name))


# -------------------------------------------------------------------- lines


def _check_lines(state: State, document: Document, memo: Transaction) -> None:
    """L1 to L11, B4."""
    if document.is_order_uncertain and state.facts.settings["customer_balance_lines"] == "auto":
        return
    if len(document.lines) != len(memo.lines):
        expected = [(line.kind, line.item, line.amount) for line in document.lines]
        found = [(line.item, line.amount) for line in memo.lines]
        state.note(f"lines of {document.id}: expected {expected}, found {found}")
        return
    for expected_line, line in zip(document.lines, memo.lines, strict=True):
        name = f"{document.id} line {line.line} ({expected_line.kind})"
        _check_item(state, name, expected_line, line)
        _check_amount(state, document, name, expected_line, line)
        _check_content(state, name, expected_line, line)
        _check_tax_code(state, document, name, expected_line, line)
        _check_line_field(state, document, name, expected_line, line)
    _check_tax_details(state, document, memo)


def _check_item(state: State, name: str, expected: Line, line: RecordLine) -> None:
    """L1: the mapped item, or the one that the run created."""
    if expected.item:
        state.check("item", name, expected.item, line.item)
    else:
        item = state.world.books.row("item", line.item)
        state.check("created item", name, expected.item_external_id, item and item["externalid"])


def _check_amount(state: State, document: Document, name: str, expected: Line, line: RecordLine) -> None:
    """L5, L11: NetSuite adds no tax, unless amounts are gross or taxes are its own."""
    gross = is_gross(state.facts)
    amount = line.amount + line.tax if gross else line.amount
    state.check("amount", name, major(document, expected.amount), amount)
    if state.tax_strategy != "none" and not gross:
        state.check("tax added", name, Decimal(0), line.tax)


def _check_content(state: State, name: str, expected: Line, line: RecordLine) -> None:
    """L1, L2, L3: quantity, description and period, as far as the rules decide them for the kind of line."""
    if expected.kind == "item":
        state.check("quantity", name, Decimal(expected.quantity or 0), line.quantity)
    if expected.kind in ("item", "custom") or (expected.kind == "balance" and expected.stripe_line):
        description = (expected.description or "")[:LONGEST_DESCRIPTION]
        state.check("description", name, description, line.description or "")
    if expected.kind in ("item", "balance"):
        period = tuple(day and str(day) for day in (expected.period_start, expected.period_end))
        found = (line.extra.get("revRecStartDate"), line.extra.get("revRecEndDate"))
        state.check("period", name, period, found)


def _check_tax_code(state: State, document: Document, name: str, expected: Line, line: RecordLine) -> None:
    """L5: a gross line carries its rate's code; L11, B5: other lines carry the untaxed code."""
    untaxed_code = state.facts.settings["untaxed_tax_code"]
    if is_gross(state.facts) and expected.tax_rate and document.type == "credit_note":
        code = tax_row(state.facts, expected.tax_rate).get("netsuite_tax_code_id")
        state.check("tax code", name, code, line.tax_code)
    elif untaxed_code and (state.tax_strategy != "none" or document.type == "balance_use"):
        state.check("tax code", name, untaxed_code, line.tax_code)


def _check_line_field(state: State, document: Document, name: str, expected: Line, line: RecordLine) -> None:
    """M1: the credit note line's id; a note without lines has the invoice's lines, which are none of its own (L4)."""
    if "custcol_line_id" in state.mapped_fields("memo_line") and expected.kind in ("item", "custom"):
        note = state.facts.stripe["credit_notes"].get(document.id)
        own_lines = {own["id"] for own in note["lines"]["data"]} if note else set()
        value = expected.stripe_line if expected.stripe_line in own_lines else None
        state.check("custcol_line_id", name, value, line.extra.get("custcol_line_id"))


def _check_tax_details(state: State, document: Document, memo: Transaction) -> None:
    """L8."""
    id, is_override = document.id, state.tax_strategy == "suitetax_override"
    state.check("override", id, is_override, memo.tax_override)
    line_of = {line.reference: expected.stripe_line for expected, line in zip(document.lines, memo.lines, strict=True)}
    expected = [(d.stripe_line, d.tax_code, d.tax_type, major(document, d.amount)) for d in document.tax_details]
    found = [(line_of.get(d.reference), d.code, d.type, d.amount) for d in memo.tax_details]
    if state.check("tax details", id, expected, found):
        for detail, record in zip(document.tax_details, memo.tax_details, strict=True):
            if detail.basis is not None:
                state.check("tax basis", id, major(document, detail.basis), record.basis)
