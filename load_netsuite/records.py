"""The records that the loader expects in NetSuite, built from rows of the marts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from load_netsuite import bodies
from load_netsuite.bodies import Body, CannotBuild, Row
from netsuite.encoding import to_json


@dataclass(frozen=True)
class Application:
    """A part of a record that settles a document, in major units. `doc` is the document's internal id (None: the
    document is not in NetSuite yet)."""

    doc: str | None
    doc_external_id: str | None
    amount: Decimal


@dataclass(frozen=True)
class Record:
    """One record that is to be in NetSuite with these applications.

    internal_id: set when the record is in NetSuite and only `applications` are to be added · existing_id: a record
    of somebody else that stands for ours (N1, K2) · total: the total that NetSuite must show, in major units ·
    cap: the most that it may show once it grows (R3) · problem: the reason why no body can be built ·
    precision: decimals that NetSuite keeps for the currency.
    """

    record_type: str
    external_id: str
    currency: str | None = None
    customer_id: str | None = None
    currency_id: str | None = None
    total: Decimal = Decimal(0)
    cap: Decimal | None = None
    body: Body = field(default_factory=dict)
    applications: tuple[Application, ...] = ()
    internal_id: str | None = None
    existing_id: str | None = None
    problem: str | None = None
    precision: int | None = None

    @property
    def operation(self) -> str:
        return "apply" if self.internal_id else "create"

    @property
    def known_applications(self) -> tuple[Application, ...]:
        """The applications whose document is in NetSuite."""
        return tuple(application for application in self.applications if application.doc)

    @property
    def keys(self) -> frozenset[Hashable]:
        """The documents that a write of this record changes. Writes that share one are made in order."""
        return frozenset(("document", application.doc) for application in self.known_applications)

    @property
    def body_hash(self) -> str:
        """Hash of the body without its applications: these name internal ids, which a run finds out as it goes."""
        return body_hash(self.body)

    @property
    def named_applications(self) -> dict[str, Decimal]:
        """External id of the document (else its internal id) → amount: the same before and after its posting."""
        amounts: dict[str, Decimal] = {}
        for part in self.applications:
            name = part.doc_external_id or part.doc or ""
            amounts[name] = amounts.get(name, Decimal(0)) + part.amount
        return amounts


def body_hash(body: Body) -> str:
    """Hash of a request body, as it is sent or as the journal keeps it, without its applications."""
    return hashlib.sha256(to_json({name: body[name] for name in sorted(body) if name != "apply"})).hexdigest()


def record_of(record_type: str, row: Row, body: Callable[[], Body], **fields: Any) -> Record:
    """The record of a row of its mart. `body` builds the request body. A row from which none can be built has the
    reason as `problem`, so that it stops no other row (P3)."""
    common: dict[str, Any] = {
        "record_type": record_type,
        "external_id": row["external_id"],
        "currency": row.get("currency"),
        "customer_id": row.get("netsuite_customer_id"),
        "currency_id": row.get("netsuite_currency_id"),
        "total": row.get("amount") or Decimal(0),
        "precision": row.get("netsuite_currency_precision"),
    }
    try:
        return Record(**common | fields, body=body())
    except CannotBuild as problem:
        return Record(**common | fields, problem=str(problem))
    except (ArithmeticError, TypeError, ValueError) as error:
        unreadable = f"its row cannot be read ({type(error).__name__}: {error}); run transform again, then report this"
        return Record(**common | fields, problem=unreadable)


def memo_of(
    row: Row, lines: Sequence[Row], taxes: Sequence[Row], fields: Sequence[Row], applied: Sequence[Row]
) -> Record:
    """A credit memo with its applications to invoices, which go into the same request (P3)."""
    applications = _applications(applied)

    def body() -> Body:
        if any(application.doc is None for application in applications):
            raise CannotBuild("its invoice has no NetSuite id any more; run extract and transform again")
        _check_amounts(row, applications)
        return bodies.credit_memo(row, lines, taxes, fields)

    return record_of("creditMemo", row, body, applications=applications, existing_id=_connector_id(row))


def refund_of(row: Row, fields: Sequence[Row], applied: Sequence[Row]) -> Record:
    """A customer refund. Its total is the sum of the applications whose memo is in NetSuite (R3)."""
    applications = _applications(applied)

    def body() -> Body:
        _check_amounts(row, applications)
        return bodies.customer_refund(row, fields)

    return record_of(
        "customerRefund",
        row,
        body,
        applications=applications,
        existing_id=_connector_id(row),
        total=sum((application.amount for application in applications if application.doc), Decimal(0)),
        cap=major_units(row["linked_amount_minor"], row["amount_minor"], row["amount"]),
    )


def late_record(record_type: str, applied: Sequence[Row]) -> Record:
    """A memo or refund that is in NetSuite and is to get further applications: one row each, at least one."""
    first, applications = applied[0], _applications(applied)

    def body() -> Body:
        _check_amounts(first, applications)
        return {}

    return record_of(
        record_type,
        first,
        body,
        internal_id=first["internal_id"],
        existing_id=first["internal_id"] if first["is_connector"] else None,
        applications=applications,
        cap=major_units(first["linked_amount_minor"], first["amount_minor"], first["amount"]),
    )


def held_record(record_type: str, row: Row, applied: Sequence[Row]) -> Record:
    """A memo or refund that is not to be posted now: it can be adopted if NetSuite has it, never sent."""
    cap = None
    if record_type == "customerRefund":
        sample = next((part for part in applied if part["amount"]), {"amount_minor": None, "amount": None})
        cap = major_units(row["linked_amount_minor"], sample["amount_minor"], sample["amount"])
    return record_of(record_type, row, dict, applications=_applications(applied), cap=cap)


def major_units(minor: int | None, sample_minor: int | None, sample: Decimal | None) -> Decimal | None:
    """A minor-unit amount in major units, by the scale of a sample amount that is known in both."""
    if minor is None or not sample_minor or not sample:
        return None
    return Decimal(minor) * sample / Decimal(sample_minor)


def _connector_id(row: Row) -> str | None:
    """The record of the Stripe Connector to adopt (K2). One under our own external id is found by it."""
    return row["existing_netsuite_id"] if row["is_connector"] else None


def _applications(rows: Sequence[Row]) -> tuple[Application, ...]:
    return tuple(Application(row["doc"], row["doc_external_id"], row["amount"]) for row in rows)


def _check_amounts(row: Row, applications: Sequence[Application]) -> None:
    for application in applications:
        subject = f"the application to {application.doc_external_id}"
        bodies.money(application.amount, row["netsuite_currency_precision"], subject)
