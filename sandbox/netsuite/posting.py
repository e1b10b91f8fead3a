"""What NetSuite makes of a create or update request: it builds the transaction, or refuses with no effect.

Everything here only reads the books. Each write changes exactly one transaction, because an application is
kept on the memo, payment or refund that makes it. Rules: the NetSuite fact sheet, sections 2.3 to 2.6 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from sandbox.netsuite import checks, errors
from sandbox.netsuite.checks import Ledger, Row, fits
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.lines import Sale, item_lines, journal_lines, tax_details, total
from sandbox.netsuite.records import ZERO, Transaction
from sandbox.netsuite.schema import BODY, ROW, TYPE_NAMES, names

# What a transaction of a type can be applied to.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "CustCred": ("CustInvc",),
    "CustPymt": ("CustInvc",),
    "CustRfnd": ("CustCred", "CustPymt"),
}
_HEAD = names(
    "entity customer subsidiary currency account arAcct postingPeriod tranDate externalId memo item apply "
    "taxDetails taxDetailsOverride autoApply total payment line approvalStatus"
)


class Posting:
    """One create (`old` is None) or update request; `warnings`: the `X-NetSuite-Warning` headers it earns."""

    def __init__(self, books: Ledger, reader: Reader, old: Transaction | None = None) -> None:
        self.books, self.reader, self.old = books, reader, old
        self.warnings: list[str] = []

    def build(self, type: str, body: object, id: int) -> Transaction:
        """The transaction as it stands after the request. Raises `Refused`."""
        values = self.reader.read(body, BODY[TYPE_NAMES[type]], self.books.custom_fields("custbody"))
        kinds = {"CustInvc": self._invoice, "CustCred": self._memo, "CustPymt": self._payment}
        kinds |= {"CustRfnd": self._refund, "Journal": self._journal}
        new = kinds[type](type, values, id)
        touches_ledger = self.old is None or _ledger_view(new) != _ledger_view(self.old)
        if self.old is not None and touches_ledger:
            checks.require_open(self.books, self.old)
        checks.require_open(self.books, new, touches_ledger)
        return new

    # ------------------------------------------------------------ invoice, credit memo

    def _invoice(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        new = self._sale(type, values, id)
        if new.total < self.books.applied_to(id):
            raise errors.applied_too_much(of_target=True)
        approved = values.get("approvalStatus")  # 1: pending; left out: approved
        return new if approved is None else msgspec.structs.replace(new, approved=approved == "2")

    def _memo(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        new = self._sale(type, values, id)
        # The form's default is to apply to the oldest open invoices (documented).
        auto = values.get("autoApply", self.old is None)
        return self._with_applications(new, values, auto, new.total - self.books.applied_to(id))

    def _sale(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old, books = self.old, self.books
        customer = self._customer("entity", values)
        head = self._customer_head(type, values, id, customer, "account")
        override = values.get("taxDetailsOverride", old.tax_override if old else False) or False
        places = checks.precision(books, head["currency"])
        sale = Sale(customer, head["subsidiary"], places, values.get("taxItem"), override)
        lines = item_lines(books, self.reader, values.get("item"), sale, old, self.warnings)
        details = old.tax_details if old else ()
        if override and values.get("taxDetails") is not None:
            # Rows without the override have no effect (guessed).
            details = tax_details(books, self.reader, values["taxDetails"], lines, details, places)
        tax = total(row.amount for row in details) if override else total(line.tax for line in lines)
        amount = total(line.amount for line in lines) + tax
        if amount < 0:
            raise errors.negative_total()
        return Transaction(
            **head,
            total=amount,
            tax=tax,
            lines=lines,
            tax_details=details,
            tax_override=override,
            approved=old.approved if old else True,
            applications=old.applications if old else {},
        )

    # ------------------------------------------------------------ customer payment, customer refund

    def _payment(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old = self.old
        new = self._settlement(type, values, id)
        stated = self._stated("payment", values, new)
        available = None if stated is None else stated - self.books.applied_to(id)
        new = self._with_applications(new, values, values.get("autoApply", old is None), available)
        amount = total(new.applications.values()) + self.books.applied_to(id)
        if stated is not None:
            amount = stated
        elif old and old.total != total(old.applications.values()):  # it had an unapplied rest
            amount = max(amount, old.total)
        return msgspec.structs.replace(new, total=amount)

    def _refund(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        new = self._settlement(type, values, id)
        if new.account is None:
            raise errors.missing("Account", "account")
        new = self._with_applications(new, values, False, None)
        if not new.applications:
            raise errors.no_lines()  # guessed for a refund that refunds nothing
        amount = total(new.applications.values())
        if self._stated("total", values, new) not in (None, amount):
            raise errors.total_differs_from_applied()
        return msgspec.structs.replace(new, total=amount)

    def _settlement(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        head = self._customer_head(type, values, id, self._customer("customer", values), "arAcct")
        account = values.get("account") or (self.old.account if self.old else None)
        if account is not None:
            checks.account(self.books, account, head["subsidiary"], "account")
        return Transaction(**head, account=account, total=ZERO, applications=self.old.applications if self.old else {})

    def _stated(self, field: str, values: dict[str, Any], new: Transaction) -> Decimal | None:
        """The total the client states itself, if it does."""
        amount: Decimal | None = values.get(field)
        if amount is not None:
            fits(amount, checks.precision(self.books, new.currency), field)
            if amount < 0:
                raise errors.negative_total()
        return amount

    # ------------------------------------------------------------ applications

    def _with_applications(
        self, new: Transaction, values: dict[str, Any], auto: bool | None, available: Decimal | None
    ) -> Transaction:
        """Applies the sent rows, keyed by `doc`, then, if `auto`, the rest to the oldest open documents.

        `available` is what may be applied in all; None: as much as the rows say.
        """
        applications = dict(new.applications)
        places = checks.precision(self.books, new.currency)
        for i, row in enumerate(self.reader.rows(values.get("apply"), ROW["apply"], {}, "apply")):
            target = self._candidate(new, row)
            current = applications.pop(target.id, ZERO)
            before = self.old.applications.get(target.id, ZERO) if self.old else ZERO
            due = self.books.open_amount(target) + before
            if not row.get("apply", current > 0):
                continue
            amount = row.get("amount")
            if amount is None:
                left = due if available is None else available - total(applications.values())
                amount = current or min(due, left)
            fits(amount, places, f"apply.items[{i}].amount")
            if amount < 0:
                raise errors.invalid_value(amount, "amount", f"apply.items[{i}].amount")
            if amount > due:
                raise errors.applied_too_much(of_target=True)
            if amount:
                applications[target.id] = amount
        applied = total(applications.values())
        if available is not None and applied > available:
            raise errors.applied_too_much(of_target=False)
        if auto and available is not None:
            self._auto_apply(new, applications, available - applied)
        return msgspec.structs.replace(new, applications=applications)

    def _candidate(self, new: Transaction, row: dict[str, Any]) -> Transaction:
        """The document of a row, if NetSuite lists it: same customer, currency and A/R account; open,
        approved."""
        doc = row.get("doc") or ""
        target = self.books.transaction(int(doc)) if doc.isdigit() else None
        if target is None:
            raise errors.not_in_static_sublist()
        is_applied = self.old is not None and target.id in self.old.applications
        is_open = target.approved and self.books.open_amount(target) > 0
        fits_new = (target.entity, target.currency, target.receivable) == (
            new.entity,
            new.currency,
            new.receivable,
        )
        line = row.get("line")  # the target's own line id: samples show 0 and 1
        if not (target.type in TARGETS[new.type] and fits_new and (is_applied or is_open) and line in (None, 0, 1)):
            raise errors.not_in_static_sublist()
        return target

    def _auto_apply(self, new: Transaction, applications: dict[int, Decimal], left: Decimal) -> None:
        assert new.entity and new.receivable
        before = self.old.applications if self.old else {}
        for target in self.books.candidates(new.entity, new.currency, new.receivable, TARGETS[new.type]):
            applied = applications.get(target.id, ZERO)
            amount = min(left, self.books.open_amount(target) + before.get(target.id, ZERO) - applied)
            if amount > 0:
                applications[target.id] = applied + amount
                left -= amount

    # ------------------------------------------------------------ journal entry

    def _journal(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old, books = self.old, self.books
        subsidiary = values.get("subsidiary") or (old.subsidiary if old else None)
        if subsidiary is None:
            raise errors.missing("Subsidiary")
        home = checks.active(books, "subsidiary", subsidiary, "subsidiary")
        currency = values.get("currency") or (old.currency if old else home["currency"])
        if currency is None:
            raise errors.missing("Currency")
        checks.active(books, "currency", currency, "currency")
        places = checks.precision(books, currency)
        lines = journal_lines(books, self.reader, values.get("line"), subsidiary, places, old.journal if old else ())
        return Transaction(
            **self._head(type, values, id),
            subsidiary=subsidiary,
            currency=currency,
            total=total(line.debit for line in lines),
            journal=lines,
        )

    # ------------------------------------------------------------ head

    def _customer(self, field: str, values: dict[str, Any]) -> Row:
        id = values.get(field) or (self.old.entity if self.old else None)
        if id is None:
            raise errors.missing("Customer", field)
        return checks.active(self.books, "customer", id, field)

    def _customer_head(
        self, type: str, values: dict[str, Any], id: int, customer: Row, receivable_field: str
    ) -> dict[str, Any]:
        """The fields that all documents of a customer have; whose, in which currency and A/R account is for
        good."""
        old, books = self.old, self.books
        subsidiary = checks.subsidiary_of(
            books, values.get("subsidiary") or (old.subsidiary if old else None), customer
        )
        currency = checks.currency_of(books, values.get("currency") or (old.currency if old else None), customer)
        receivable = values.get(receivable_field) or (old.receivable if old else None)
        receivable = receivable or customer["receivablesaccount"] or books.default_receivable()
        if receivable is None:
            raise errors.missing("Account", receivable_field)
        checks.receivable(books, receivable, subsidiary, receivable_field)
        if old:
            is_linked = bool(old.applications or books.applied_to(old.id))
            for field, is_changed in (
                ("entity", customer["id"] != old.entity),
                ("currency", currency != old.currency),
                (receivable_field, is_linked and receivable != old.receivable),
            ):
                if is_changed:
                    raise errors.cannot_change(field)
        return self._head(type, values, id) | {
            "entity": customer["id"],
            "subsidiary": subsidiary,
            "currency": currency,
            "receivable": receivable,
        }

    def _head(self, type: str, values: dict[str, Any], id: int) -> dict[str, Any]:
        old, now = self.old, self.books.now()
        day, period = checks.date_and_period(self.books, values, old)
        fields = BODY[TYPE_NAMES[type]]
        return {
            "id": id,
            "type": type,
            "tran_date": day,
            "period": period,
            "created": old.created if old else now,
            "modified": now,
            "external_id": values.get("externalId", old.external_id if old else None) or None,
            "memo": values.get("memo", old.memo if old else None),
            "extra": checks.extra(self.books, values, _HEAD, old.extra if old else {}, fields, ""),
        }


def _ledger_view(transaction: Transaction) -> tuple[object, ...]:
    """What of a transaction touches the general ledger: not its applications, but a refund's total is their
    sum."""
    return (
        transaction.tran_date,
        transaction.period,
        transaction.total,
        transaction.receivable,
        transaction.account,
        transaction.subsidiary,
        tuple((line.item, line.amount, line.tax) for line in transaction.lines),
        transaction.journal,
    )
