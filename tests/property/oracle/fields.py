"""Fields that `field_map` fills on the records of NetSuite: M1, M2."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from tests.property.oracle.dates import day_of
from tests.property.oracle.facts import Facts, Obj
from tests.property.oracle.shapes import Document, Line

Objects = Mapping[str, Obj | None]  # prefix of a source -> Stripe object

MEMO_LINES = ("item", "custom")  # rows of target memo_line


# Stripe fields that tell who a customer is; they are not landed.
PRIVATE = ("name", "description", "email", "phone", "address", "shipping", "tax_ids")


class Unreadable(ValueError):
    """M1: a number or date that cannot be read blocks the record, `netsuite_rejected`."""


def refused_rows(facts: Facts) -> list[Obj]:
    """M1: rows of field_map whose source is not landed for privacy; the mapping test refuses them."""
    refused = {f"customer.{name}" for name in PRIVATE}
    refused |= {f"{prefix}.customer_{name}" for prefix in ("invoice", "credit_note") for name in PRIVATE}
    return [row for row in facts.mappings.get("field_map", []) if row["source"] in refused]


def fields_of(facts: Facts, target: str, objects: Objects) -> dict[str, str]:
    """NetSuite field -> value. An empty value, or an object that the record does not have, sends nothing.

    Raises:
        Unreadable: a number or a date is none.
    """
    found = {}
    for row in facts.mappings.get("field_map", []):
        if row["target"] == target:
            value = row["constant"] or _value(facts, row["source"], row["value_type"], objects)
            if value:
                found[row["netsuite_field"]] = value
    return found


def fields_of_memo(facts: Facts, document: Document) -> dict[str, str]:
    """M1: target `memo`."""
    return fields_of(facts, "memo", memo_objects(facts, document))


def fields_of_memo_row(facts: Facts, document: Document, line: Line) -> dict[str, str]:
    """M2: target `memo_row` on every row; `memo_line` wins on item and custom rows."""
    objects = row_objects(facts, document, line)
    found = fields_of(facts, "memo_row", objects)
    return found | (fields_of(facts, "memo_line", objects) if line.kind in MEMO_LINES else {})


def memo_objects(facts: Facts, document: Document) -> dict[str, Obj | None]:
    """The Stripe objects of a memo or of a zero invoice."""
    return {
        "credit_note": facts.stripe["credit_notes"].get(document.id),
        "invoice": facts.stripe["invoices"].get(document.invoice or ""),
        "customer": facts.stripe["customers"].get(document.customer or ""),
    }


def row_objects(facts: Facts, document: Document, line: Line) -> dict[str, Obj | None]:
    """M2: discount, billing-credit and tax rows have the objects of their line; so has a balance row of one line."""
    objects = memo_objects(facts, document)
    note, invoice = objects["credit_note"], objects["invoice"]
    own = _line(note, line.stripe_line)
    source = (own or {}).get("invoice_line_item") or line.stripe_line
    return objects | {"credit_note_line": own, "invoice_line": _line(invoice, source)}


def refund_objects(facts: Facts, refund: str, documents: list[Document]) -> dict[str, Obj | None]:
    """M1: of several credit notes, the first that is posted or ready gives the values."""
    sent = [document for document in documents if document.state in ("posted", "ready")]
    first = min(sent, key=lambda document: (document.created, document.id), default=None)
    objects = memo_objects(facts, first) if first else {}
    return {**objects, "refund": facts.stripe["refunds"].get(refund)}


def _line(obj: Obj | None, id: str | None) -> Obj | None:
    lines = obj["lines"]["data"] if obj else []
    return next((line for line in lines if line["id"] == id), None)


def _value(facts: Facts, source: str, value_type: str, objects: Objects) -> str | None:
    """A plain field, or a key of the metadata."""
    prefix, _, path = source.partition(".")
    obj = objects.get(prefix)
    if obj is None:
        return None
    key = path.removeprefix("metadata.")
    value = (obj.get("metadata") or {}).get(key) if path.startswith("metadata.") else obj.get(path)
    if value in (None, ""):
        return None
    if value_type == "number":
        try:
            return str(Decimal(str(value)))
        except InvalidOperation as error:
            raise Unreadable(source) from error
    if value_type == "date" and isinstance(value, int):
        return str(day_of(facts, value))
    return str(value)
