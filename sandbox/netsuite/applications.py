"""Applications: what a memo, payment or refund settles (facts, NetSuite sections 2.3, 2.4 and 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.netsuite import errors
from sandbox.netsuite.amounts import fits, total
from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.record_types import TARGETS
from sandbox.netsuite.records import ZERO, Transaction

Applications = dict[int, Decimal]  # target's internal id -> amount


def applications_after(
    books: Ledger,
    new: Transaction,
    before: Mapping[int, Decimal],
    rows: Sequence[Mapping[str, Any]],
    available: Decimal | None,
    auto: bool = False,
) -> Applications:
    """The applications of `new` after the sent `apply` rows, which have `doc` as their key. Raises `Refused`.

    `before` are the applications before the request. `available` is the amount that can be applied in all; None: as
    much as the rows say. With `auto`, the rest goes to the oldest open documents.
    """
    applications = dict(before)
    places = books.precision(new.currency)
    for i, row in enumerate(rows):
        target = _candidate(books, new, before, row)
        current = applications.pop(target.id, ZERO)
        if row.get("apply", current > 0):
            due = books.open_amount(target) + before.get(target.id, ZERO)
            left = due if available is None else available - total(applications.values())
            amount = row.get("amount")
            if amount is None:
                amount = current or min(due, left)
            _check_amount(amount, due, places, f"apply.items[{i}].amount")
            if amount:
                applications[target.id] = amount
    if available is not None:
        rest = available - total(applications.values())
        if rest < 0:
            raise errors.applied_too_much(of_target=False)
        if auto:
            _apply_to_oldest(books, new, before, applications, rest)
    return applications


def _candidate(books: Ledger, new: Transaction, before: Mapping[int, Decimal], row: Mapping[str, Any]) -> Transaction:
    """The document of a row, if NetSuite lists it: same customer, currency and A/R account; open and approved."""
    doc = row.get("doc") or ""
    target = books.transaction(doc) if doc.isdigit() else None
    if target is None:
        raise errors.not_in_static_sublist()
    is_listed = target.id in before or (target.approved and books.open_amount(target) > 0)
    is_same = (target.entity, target.currency, target.receivable) == (new.entity, new.currency, new.receivable)
    line = row.get("line")  # the target's own line id: samples show 0 and 1
    if not (target.type in TARGETS[new.type] and is_same and is_listed and line in (None, 0, 1)):
        raise errors.not_in_static_sublist()
    return target


def _check_amount(amount: Decimal, due: Decimal, places: int, path: str) -> None:
    fits(amount, places, path)
    if amount < 0:
        raise errors.invalid_value(amount, "amount", path)
    if amount > due:
        raise errors.applied_too_much(of_target=True)


def _apply_to_oldest(
    books: Ledger, new: Transaction, before: Mapping[int, Decimal], applications: Applications, rest: Decimal
) -> None:
    assert new.entity and new.receivable
    for target in books.candidates(new.entity, new.currency, new.receivable, TARGETS[new.type]):
        applied = applications.get(target.id, ZERO)
        amount = min(rest, books.open_amount(target) + before.get(target.id, ZERO) - applied)
        if amount > 0:
            applications[target.id] = applied + amount
            rest -= amount
