"""Records as GET shows them: references as `{id, refName}`, sublists, no field with a zero or empty value (seen)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.record_types import NUMBER_PREFIXES, STATUSES, TARGETS, TYPE_NAMES
from sandbox.netsuite.records import ZERO, Line, Transaction
from sandbox.netsuite.schema import BODY, ROW, Fields
from sandbox.netsuite.tables import SHOWN


def status(books: Ledger, transaction: Transaction) -> str:
    """The letter of a transaction's status, see `record_types.STATUSES`."""
    if transaction.voided:
        return "V"
    if transaction.type in ("CustInvc", "CustCred"):
        if not transaction.approved:
            return "E" if transaction.rejected else "D"
        return "A" if books.open_amount(transaction) > 0 else "B"
    return next(iter(STATUSES[transaction.type]))


def tran_id(transaction: Transaction) -> str:
    """The document number."""
    return transaction.extra.get("tranId") or f"{NUMBER_PREFIXES[transaction.type]}{transaction.id}"


def transaction(books: Ledger, record: Transaction, expand: bool) -> dict[str, Any]:
    """One transaction as JSON. `expand` shows its sublists; otherwise they are links."""
    type = record.type
    letter = status(books, record)
    settlement = type in ("CustPymt", "CustRfnd")
    money: dict[str, Decimal] = {"total": record.total}
    if type in ("CustInvc", "CustCred"):
        money |= {"subtotal": record.total - record.tax, "taxTotal": record.tax}
    if type == "CustInvc":
        money |= {"amountPaid": books.applied_to(record.id), "amountRemaining": books.open_amount(record)}
    if type in ("CustCred", "CustPymt"):
        open_amount = books.open_amount(record)
        money |= {"applied": record.total - open_amount, "unapplied": open_amount}
    if type == "CustPymt":
        money["payment"] = money.pop("total")
    shown = {
        "id": str(record.id),
        "externalId": record.external_id,
        "tranId": tran_id(record),
        "customer" if settlement else "entity": reference(books, "customer", record.entity),
        "subsidiary": reference(books, "subsidiary", record.subsidiary),
        "currency": reference(books, "currency", record.currency),
        "account": reference(books, "account", record.account if settlement else record.receivable),
        "arAcct": reference(books, "account", record.receivable) if settlement else None,
        "tranDate": record.tran_date.isoformat(),
        "postingPeriod": reference(books, "accountingperiod", record.period),
        "memo": record.memo,
        "status": {"id": letter, "refName": STATUSES[type][letter]},
        "exchangeRate": Decimal(1),
        "createdDate": record.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lastModifiedDate": record.modified.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": {"id": "restWebServices", "refName": "REST Web Services"},
        "taxDetailsOverride": record.tax_override if type in ("CustInvc", "CustCred") else None,
        **money,
        **_extra(books, record.extra, BODY[TYPE_NAMES[type]], books.custom_fields("custbody")),
    }
    for name, rows in _SUBLISTS[type].items():
        shown[name] = _sublist(rows(books, record)) if expand else {"links": []}
    return _without_empty(shown)


def entity(books: Ledger, record_type: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A customer or a service sale item as JSON."""
    shown = {"id": row["id"], "externalId": row["externalid"], "isInactive": row["isinactive"] == "T"}
    if record_type == "customer":
        prefix = "custentity"
        shown |= {
            "entityId": row["entityid"],
            "companyName": row["companyname"],
            "subsidiary": reference(books, "subsidiary", row["subsidiary"]),
            "currency": reference(books, "currency", row["currency"]),
            "receivablesAccount": reference(books, "account", row["receivablesaccount"]),
        }
    else:
        prefix = "custitem"
        subsidiaries = [{"id": id, "refName": _name(books, "subsidiary", id)} for id in row["subsidiary"]]
        shown |= {
            "itemId": row["itemid"],
            "displayName": row["displayname"],
            "itemType": {"id": row["itemtype"], "refName": row["itemtype"]},
            "incomeAccount": reference(books, "account", row["incomeaccount"]),
            "subsidiary": _sublist(subsidiaries),
        }
    return _without_empty(shown | {name: row[name] for name in books.custom_fields(prefix) if row.get(name)})


def reference(books: Ledger, table: str, id: str | None) -> dict[str, Any] | None:
    """A reference to a row of master data as JSON."""
    return None if id is None else {"links": [], "id": id, "refName": _name(books, table, id)}


def _name(books: Ledger, table: str, id: str) -> str:
    row = books.row(table, id) or {}
    return str(row.get(SHOWN.get(table, "name")) or row.get("name") or row.get("symbol") or id)


def _lines(books: Ledger, record: Transaction) -> list[dict[str, Any]]:
    return [_line(books, line) for line in record.lines]


def _line(books: Ledger, line: Line) -> dict[str, Any]:
    item = books.row("item", line.item) or {}
    return _without_empty({
        "line": line.line,
        "item": reference(books, "item", line.item),
        "itemType": {"id": item.get("itemtype"), "refName": item.get("itemtype")},
        "quantity": line.quantity,
        "rate": line.rate,
        "amount": line.amount,
        "tax1Amt": line.tax,
        "grossAmt": line.amount + line.tax,
        "description": line.description,
        "isTaxable": line.is_taxable,
        "taxCode": reference(books, "taxcode", line.tax_code),
        "taxDetailsReference": line.reference,
        **_extra(books, line.extra, ROW["item"], books.custom_fields("custcol")),
    })  # fmt: skip


def _tax_details(books: Ledger, record: Transaction) -> list[dict[str, Any]]:
    return [
        _without_empty({
            "taxDetailsReference": {"id": row.reference},
            "taxType": reference(books, "taxtype", row.type),
            "taxCode": reference(books, "taxcode", row.code),
            "taxBasis": row.basis,
            "taxRate": row.rate,
            "taxAmount": row.amount,
        })
        for row in record.tax_details
    ]  # fmt: skip


def _journal_lines(books: Ledger, record: Transaction) -> list[dict[str, Any]]:
    custom = books.custom_fields("custcol")
    return [
        _without_empty({
            "line": line.line,
            "account": reference(books, "account", line.account),
            "debit": line.debit,
            "credit": line.credit,
            "memo": line.memo,
            "entity": reference(books, "customer", line.entity),
            **_extra(books, line.extra, ROW["line"], custom),
        })
        for line in record.journal
    ]  # fmt: skip


def _apply_rows(books: Ledger, record: Transaction) -> list[dict[str, Any]]:
    """The applied documents, then the other candidates with `apply: false`.

    GET shows the record as a person edits it (inferred).
    """
    assert record.entity and record.receivable
    others = books.candidates(record.entity, record.currency, record.receivable, TARGETS[record.type])
    ids = [*record.applications, *(t.id for t in others if t.id not in record.applications)]
    rows = []
    for id in ids:
        target = books.transaction(id)
        assert target is not None
        amount = record.applications.get(id, ZERO)
        rows.append(_without_empty({
            "doc": {"id": str(id), "refName": f"{TYPE_NAMES[target.type]} #{tran_id(target)}"},
            "line": 0,
            "apply": id in record.applications,
            "amount": amount,
            "total": target.total,
            "due": books.open_amount(target) + amount,
            "refNum": tran_id(target),
            "type": TYPE_NAMES[target.type],
        }))  # fmt: skip
    return rows


def _extra(books: Ledger, extra: Mapping[str, Any], fields: Fields, custom: Mapping[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in extra.items():
        field = fields.get(name.lower())
        kind = field.kind if field else custom.get(name, "text")
        if kind == "reference":
            shown[name] = reference(books, (field and field.table) or "any", value)
        else:
            shown[name] = Decimal(value) if kind == "number" else value
    return shown


def _sublist(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "links": [],
        "count": len(rows),
        "hasMore": False,
        "items": rows,
        "offset": 0,
        "totalResults": len(rows),
    }


def _without_empty(shown: dict[str, Any]) -> dict[str, Any]:
    """Without null, zero money and zero numbers. Line numbers and counts are ints and stay."""
    return {k: v for k, v in shown.items() if v is not None and not (isinstance(v, Decimal) and v == 0)}


_SUBLISTS: Mapping[str, Mapping[str, Callable[[Any, Transaction], list[dict[str, Any]]]]] = {
    "CustInvc": {"item": _lines, "taxDetails": _tax_details},
    "CustCred": {"item": _lines, "taxDetails": _tax_details, "apply": _apply_rows},
    "CustPymt": {"apply": _apply_rows},
    "CustRfnd": {"apply": _apply_rows},
    "Journal": {"line": _journal_lines},
}
