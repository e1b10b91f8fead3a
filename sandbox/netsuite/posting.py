"""The transaction that a create or update request makes, or its refusal. Everything here only reads the books.

Each write changes exactly one transaction, because an application belongs to the memo, payment or refund that makes
it. Rules: facts, NetSuite sections 2.3 to 2.6 and 7.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from sandbox.netsuite import errors, references
from sandbox.netsuite.amounts import fits, total
from sandbox.netsuite.applications import applications_after
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.journal_lines import journal_lines
from sandbox.netsuite.ledger import Ledger, Row
from sandbox.netsuite.lines import Sale, item_lines
from sandbox.netsuite.periods import date_and_period, require_open
from sandbox.netsuite.record_types import TYPE_NAMES
from sandbox.netsuite.records import ZERO, Transaction
from sandbox.netsuite.schema import BODY, ROW, names
from sandbox.netsuite.tax_details import tax_details

_HEAD = names(
    "entity customer subsidiary currency account arAcct postingPeriod tranDate externalId memo item apply "
    "taxDetails taxDetailsOverride autoApply total payment line approvalStatus"
)


class Posting:
    """One create (`old` is None) or update request. `warnings` are its `X-NetSuite-Warning` headers."""

    def __init__(self, books: Ledger, reader: Reader, old: Transaction | None = None) -> None:
        self.books, self.reader, self.old = books, reader, old
        self.warnings: list[str] = []

    def build(self, type: str, body: object, id: int) -> Transaction:
        """The transaction after the request. `type` is SuiteQL's code. Raises `Refused`."""
        if self.old is not None and self.old.voided:
            raise errors.voided()
        values = self.reader.read(body, BODY[TYPE_NAMES[type]], self.books.custom_fields("custbody"))
        references.require(self.books, TYPE_NAMES[type], values, is_new=self.old is None)
        kinds = {"CustInvc": self._invoice, "CustCred": self._memo, "CustPymt": self._payment}
        kinds |= {"CustRfnd": self._refund, "Journal": self._journal}
        new = kinds[type](type, values, id)
        touches_ledger = self.old is None or _ledger_view(new) != _ledger_view(self.old)
        if self.old is not None and touches_ledger:
            require_open(self.books, self.old)
        require_open(self.books, new, touches_ledger)
        return new

    # ------------------------------------------------------------ invoice, credit memo

    def _invoice(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        new = self._sale(type, values, id)
        if new.total < self.books.applied_to(id):
            raise errors.applied_too_much(of_target=True)
        status = values.get("approvalStatus")  # 1: pending, 2: approved, 3: rejected; absent: approved
        if status is None:
            return new
        return msgspec.structs.replace(new, approved=status == "2", rejected=status == "3")

    def _memo(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        new = self._sale(type, values, id)
        if self.old is None and values.get("apply") and self.books.company()["refusesapplyinpost"]:
            raise errors.not_in_static_sublist()
        # By default the form applies a memo to the oldest open invoices (documented).
        auto = values.get("autoApply", self.old is None)
        return self._with_applications(new, values, new.total - self.books.applied_to(id), auto)

    def _sale(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old, books = self.old, self.books
        customer = self._customer("entity", values)
        head = self._customer_head(type, values, id, customer, "account")
        override = values.get("taxDetailsOverride", old.tax_override if old else False) or False
        places = books.precision(head["currency"])
        sale = Sale(customer, head["subsidiary"], places, values.get("taxItem"), override)
        lines = item_lines(books, self.reader, values.get("item"), sale, old, self.warnings, f"{TYPE_NAMES[type]}.item")
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
            rejected=bool(old and old.rejected),
            applications=old.applications if old else {},
        )

    # ------------------------------------------------------------ customer payment, customer refund

    def _payment(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old = self.old
        new = self._settlement(type, values, id)
        stated = self._stated("payment", values, new)
        available = None if stated is None else stated - self.books.applied_to(id)
        new = self._with_applications(new, values, available, values.get("autoApply", old is None))
        amount = total(new.applications.values()) + self.books.applied_to(id)
        if stated is not None:
            amount = stated
        elif old and old.total != total(old.applications.values()):  # it had an unapplied amount
            amount = max(amount, old.total)
        return msgspec.structs.replace(new, total=amount)

    def _refund(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        new = self._settlement(type, values, id)
        if new.account is None:
            raise errors.missing("Account", "account")
        new = self._with_applications(new, values, None)
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
            references.account(self.books, account, head["subsidiary"], "account", head["currency"])
        return Transaction(**head, account=account, total=ZERO, applications=self.old.applications if self.old else {})

    def _stated(self, field: str, values: dict[str, Any], new: Transaction) -> Decimal | None:
        """The total in the request, if it has one."""
        amount: Decimal | None = values.get(field)
        if amount is not None:
            fits(amount, self.books.precision(new.currency), field)
            if amount < 0:
                raise errors.negative_total()
        return amount

    def _with_applications(
        self, new: Transaction, values: dict[str, Any], available: Decimal | None, auto: bool = False
    ) -> Transaction:
        rows = self.reader.rows(values.get("apply"), ROW["apply"], {}, "apply")
        applied = applications_after(self.books, new, self.old.applications if self.old else {}, rows, available, auto)
        return msgspec.structs.replace(new, applications=applied)

    # ------------------------------------------------------------ journal entry

    def _journal(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old, books = self.old, self.books
        subsidiary = values.get("subsidiary") or (old.subsidiary if old else None)
        if subsidiary is None:
            raise errors.missing("Subsidiary")
        home = references.active(books, "subsidiary", subsidiary, "subsidiary")
        currency = values.get("currency") or (old.currency if old else home["currency"])
        if currency is None:
            raise errors.missing("Currency")
        references.active(books, "currency", currency, "currency")
        lines = journal_lines(books, self.reader, values.get("line"), subsidiary, currency, old.journal if old else ())
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
        return references.active(self.books, "customer", id, field)

    def _customer_head(
        self, type: str, values: dict[str, Any], id: int, customer: Row, receivable_field: str
    ) -> dict[str, Any]:
        """The fields that all documents of a customer have. Customer, currency and A/R account cannot change."""
        old, books = self.old, self.books
        subsidiary = references.subsidiary_of(
            books, values.get("subsidiary") or (old.subsidiary if old else None), customer
        )
        currency = references.currency_of(books, values.get("currency") or (old.currency if old else None), customer)
        receivable = values.get(receivable_field) or (old.receivable if old else None)
        receivable = receivable or customer["receivablesaccount"] or books.default_receivable()
        if receivable is None:
            raise errors.missing("Account", receivable_field)
        references.receivable(books, receivable, subsidiary, receivable_field)
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
        day, period = date_and_period(self.books, values, old)
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
            "extra": references.extra(self.books, values, _HEAD, old.extra if old else {}, fields, ""),
        }


def _ledger_view(transaction: Transaction) -> tuple[object, ...]:
    """The part of a transaction that touches the general ledger.

    Applications do not, but the total of a refund is their sum.
    """
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
