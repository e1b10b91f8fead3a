"""What NetSuite makes of a create or update request: checks it and builds the transaction, or refuses with no effect.

Everything here only reads the books. Each write changes exactly one transaction, because an application is kept on the
memo, payment or refund that makes it. Rules: the NetSuite fact sheet, sections 1.6, 2, 3 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

import msgspec

from sandbox.netsuite import errors
from sandbox.netsuite.fields import Reader
from sandbox.netsuite.records import ZERO, JournalLine, Line, TaxDetail, Transaction
from sandbox.netsuite.schema import BODY, ROW, TYPE_NAMES

Row = Mapping[str, Any]
WARN_AMOUNT = (
    "The line total amount is not equal to the item price times the quantity.  Is this correct?"  # seen
)
WARN_OVERRIDE = (
    "Preview of calculated tax amounts is not available if Tax Details Override is enabled."  # seen
)

# What a transaction of a type can be applied to.
TARGETS = {"CustCred": ("CustInvc",), "CustPymt": ("CustInvc",), "CustRfnd": ("CustCred", "CustPymt")}


class Ledger(Protocol):
    """What posting asks of the books."""

    def row(self, table: str, id: str) -> Row | None: ...
    def transaction(self, id: int) -> Transaction | None: ...
    def open_amount(self, transaction: Transaction) -> Decimal: ...
    def applied_to(self, id: int) -> Decimal: ...
    def candidates(
        self, entity: str, currency: str, receivable: str, types: Sequence[str]
    ) -> Iterable[Transaction]: ...
    def period_on(self, day: date) -> str | None: ...
    def default_receivable(self) -> str | None: ...
    def custom_fields(self, prefix: str) -> Mapping[str, str]: ...
    def company(self) -> Row: ...
    def now(self) -> datetime: ...


class Posting:
    """One create (`old` is None) or update request; `warnings` are the `X-NetSuite-Warning` headers it earns."""

    def __init__(self, books: Ledger, reader: Reader, old: Transaction | None = None) -> None:
        self.books, self.reader, self.old = books, reader, old
        self.warnings: list[str] = []

    def build(self, type: str, body: object, id: int) -> Transaction:
        """The transaction as it stands after the request. Raises `Refused`."""
        values = self.reader.read(body, BODY[TYPE_NAMES[type]], self.books.custom_fields("custbody"))
        new = {"CustInvc": self._sale, "CustCred": self._sale, "Journal": self._journal}.get(
            type, self._settlement
        )(type, values, id)
        if self.old is None:
            self._require_open(new)
        elif _ledger_view(new) != _ledger_view(self.old):
            self._require_open(self.old)
            self._require_open(new)
        else:
            self._require_open(new, for_ledger=False)
        return new

    # ------------------------------------------------------------ invoice, credit memo

    def _sale(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old = self.old
        customer = self._customer("entity", values.get("entity"))
        head = self._head(type, values, id, customer)
        head["receivable"] = self._receivable("account", values.get("account"), customer, head["subsidiary"])
        places = self._precision(head["currency"])
        override = values.get("taxDetailsOverride", old.tax_override if old else False) or False

        lines = self._lines(values, customer, head["subsidiary"], places, override)
        details = self._tax_details(values, lines, places) if override else ()
        tax = (
            sum((row.amount for row in details), ZERO)
            if override
            else sum((line.tax for line in lines), ZERO)
        )
        total = sum((line.amount for line in lines), ZERO) + tax
        if total < 0:
            raise errors.negative_total()

        approved = str(values.get("approvalStatus", "2" if old is None or old.approved else "1")) == "2"
        new = Transaction(
            **head, total=total, tax=tax, lines=lines, tax_details=details, tax_override=override, approved=approved,
            applications=old.applications if old else {},
        )  # fmt: skip
        if type == "CustInvc":
            if total < self.books.applied_to(id):
                raise errors.applied_too_much(of_target=True)
            return new
        auto = values.get(
            "autoApply", old is None
        )  # the form's default: apply to the oldest open invoices (documented)
        return self._with_applications(new, values, auto, total - self.books.applied_to(id))

    def _lines(
        self, values: dict[str, Any], customer: Row, subsidiary: str, places: int, override: bool
    ) -> tuple[Line, ...]:
        """The item lines: without `line` a row is a new line, also on an update."""
        lines = {line.line: line for line in (self.old.lines if self.old else ())}
        rows = self.reader.rows(values.get("item"), ROW["item"], self.books.custom_fields("custcol"), "item")
        for i, row in enumerate(rows):
            number = (
                int(row.pop("line"))
                if self.old and row.get("line") is not None
                else max(lines, default=0) + 1
            )
            if row.get("line") is None and self.old is None:
                row.pop("line", None)
            before = lines.get(number)
            if self.old and before is None and number != max(lines, default=0) + 1:
                raise errors.Refused(
                    errors.not_in_static_sublist().detail, path="item"
                )  # guessed for a line that is not there
            tax_item = values.get("taxItem")
            lines[number] = self._line(
                row, number, before, customer, subsidiary, places, tax_item, f"item.items[{i}]", override
            )
        if not lines:
            raise errors.no_lines()
        if override:
            self.warnings.append(WARN_OVERRIDE)
            return tuple(
                msgspec.structs.replace(line, tax=ZERO) if line.tax else line for line in lines.values()
            )
        return tuple(lines.values())

    def _line(
        self, row: dict[str, Any], number: int, old: Line | None, customer: Row, subsidiary: str, places: int,
        tax_item: str | None, path: str, override: bool,
    ) -> Line:  # fmt: skip
        item = row.get("item") or (old.item if old else None)
        if item is None:
            raise errors.missing("Item", path)
        self._check_item(item, subsidiary, f"{path}.item")
        quantity = row.get("quantity", old.quantity if old else None)
        rate = row.get("rate", old.rate if old else None)
        code = row.get("taxCode", old.tax_code if old else None)
        taxable = row.get("isTaxable", old.is_taxable if old else None)
        if taxable is None:
            taxable = customer["taxable"] != "F"  # left out, the customer's setting decides
        percent = ZERO
        if code is not None:
            self._active("taxcode", code, "taxCode", f"{path}.taxCode")
        if taxable and not override:
            code = code or tax_item or customer.get("taxitem") or self.books.company()["defaulttaxcode"]
            percent = Decimal(str(self._active("taxcode", code, "taxCode", f"{path}.taxCode")["rate"]))

        gross = row.get("grossAmt")
        if (
            gross is not None
        ):  # since 2026.1 the gross amount recomputes the amount; beside an amount it wins (guessed)
            _check_places(gross, places, f"{path}.grossAmt")
            amount = _round(gross / (1 + percent / 100), places)
            tax = gross - amount
        else:
            amount = row.get("amount")
            if amount is not None:
                _check_places(amount, places, f"{path}.amount")
                if (
                    rate is not None
                    and row.get("rate") is not None
                    and amount != rate * (1 if quantity is None else quantity)
                ):
                    self.warnings.append(WARN_AMOUNT)
            elif rate is not None and (row.get("rate") is not None or row.get("quantity") is not None):
                amount = _round(rate * (1 if quantity is None else quantity), places)
            elif old is not None:
                amount = old.amount
            else:
                raise errors.missing("Amount", path)
            tax = _round(amount * percent / 100, places)
        return Line(
            line=number, item=item, amount=amount, quantity=quantity, rate=rate, is_taxable=taxable, tax_code=code, tax=tax,
            description=row.get("description", old.description if old else None),
            reference=row.get("taxDetailsReference", old.reference if old else None),
            extra=self._extra(row, _LINE_OWN, old.extra if old else {}, ROW["item"], path),
        )  # fmt: skip

    def _check_item(self, id: str, subsidiary: str, path: str) -> None:
        item = self._active("item", id, "item", path)
        if item["subsidiary"] and subsidiary not in item["subsidiary"]:
            raise errors.invalid_value(id, "item", path)

    def _tax_details(
        self, values: dict[str, Any], lines: Sequence[Line], places: int
    ) -> tuple[TaxDetail, ...]:
        if "taxDetails" not in values:
            return self.old.tax_details if self.old else ()
        references = {line.reference for line in lines if line.reference}
        details = [] if self.old is None else list(self.old.tax_details)
        for i, row in enumerate(self.reader.rows(values["taxDetails"], ROW["taxDetails"], {}, "taxDetails")):
            path = f"taxDetails.items[{i}]"
            for name, label in _TAX_DETAIL_LABELS.items():
                if row.get(name) is None:
                    raise errors.missing(label, f"{path}.{name}")
            if row["taxDetailsReference"] not in references:
                raise errors.invalid_value(
                    row["taxDetailsReference"], "taxDetailsReference", f"{path}.taxDetailsReference"
                )
            self._active("taxcode", row["taxCode"], "taxCode", f"{path}.taxCode")
            self._active("taxtype", row["taxType"], "taxType", f"{path}.taxType")
            for name in ("taxAmount", "taxBasis"):
                _check_places(row[name], places, f"{path}.{name}")
            details.append(
                TaxDetail(
                    row["taxDetailsReference"],
                    row["taxType"],
                    row["taxCode"],
                    row["taxBasis"],
                    row["taxRate"],
                    row["taxAmount"],
                )
            )
        return tuple(details)

    # ------------------------------------------------------------ customer payment, customer refund

    def _settlement(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old = self.old
        customer = self._customer("customer", values.get("customer"))
        head = self._head(type, values, id, customer)
        head["receivable"] = self._receivable("arAcct", values.get("arAcct"), customer, head["subsidiary"])
        account = values.get("account") or (old.account if old else None)
        if account is not None:
            self._check_account(account, "account", head["subsidiary"])
        elif type == "CustRfnd":
            raise errors.missing("Account")
        places = self._precision(head["currency"])
        applied_before = sum(old.applications.values(), ZERO) if old else ZERO
        stated = values.get("payment" if type == "CustPymt" else "total")
        if stated is not None:
            _check_places(stated, places, "payment" if type == "CustPymt" else "total")
            if stated < 0:
                raise errors.negative_total()

        new = Transaction(**head, account=account, total=ZERO, applications=old.applications if old else {})
        if type == "CustRfnd":
            new = self._with_applications(new, values, False, None)
            total = sum(new.applications.values(), ZERO)
            if not new.applications:
                raise errors.no_lines()  # guessed for a refund that refunds nothing
            if stated is not None and stated != total:
                raise errors.total_differs_from_applied()
        else:
            new = self._with_applications(new, values, values.get("autoApply", old is None), stated)
            applied = sum(new.applications.values(), ZERO)
            keeps_total = (
                old is not None and old.total != applied_before
            )  # had an unapplied rest: its total was stated
            total = (
                stated if stated is not None else max(applied, old.total) if old and keeps_total else applied
            )
        return msgspec.structs.replace(new, total=total)

    # ------------------------------------------------------------ applications

    def _with_applications(
        self, new: Transaction, values: dict[str, Any], auto: bool | None, available: Decimal | None
    ) -> Transaction:
        """Applies the sent rows, keyed by `doc`, then what is left to the oldest open documents if `auto`.

        `available` is what may be applied in all; None: as much as the rows say.
        """
        applications = dict(new.applications)
        places = self._precision(new.currency)
        for i, row in enumerate(self.reader.rows(values.get("apply"), ROW["apply"], {}, "apply")):
            target = self._candidate(new, row)
            before = self.old.applications.get(target.id, ZERO) if self.old else ZERO
            due = self.books.open_amount(target) + before
            left = (
                due
                if available is None
                else available - sum(applications.values(), ZERO) + applications.get(target.id, ZERO)
            )
            amount = row.get("amount")
            if not row.get("apply", target.id in applications) or amount == 0:
                applications.pop(target.id, None)
                continue
            if amount is None:
                amount = applications.get(target.id) or min(due, left)
            _check_places(amount, places, f"apply.items[{i}].amount")
            if amount < 0:
                raise errors.invalid_value(amount, "amount", f"apply.items[{i}].amount")
            if amount > due:
                raise errors.applied_too_much(of_target=True)
            if amount:
                applications[target.id] = amount
        applied = sum(applications.values(), ZERO)
        if available is not None and applied > available:
            raise errors.applied_too_much(of_target=False)
        if auto and available is not None:
            self._auto_apply(new, applications, available - applied)
        return msgspec.structs.replace(new, applications=applications)

    def _candidate(self, new: Transaction, row: dict[str, Any]) -> Transaction:
        """The document of a row, if it is one of those NetSuite lists: same customer, currency, A/R account; open, approved."""
        doc = row.get("doc")
        target = self.books.transaction(int(doc)) if doc and doc.isdigit() else None
        applied = target is not None and self.old is not None and target.id in self.old.applications
        if (
            target is None
            or not (applied or (self.books.open_amount(target) > 0 and target.approved))
            or target.type not in TARGETS[new.type]
            or (target.entity, target.currency, target.receivable)
            != (new.entity, new.currency, new.receivable)
            or row.get("line", 0) not in (0, 1)  # the target's own line id: samples show 0 and 1
        ):
            raise errors.not_in_static_sublist()
        return target

    def _auto_apply(self, new: Transaction, applications: dict[int, Decimal], left: Decimal) -> None:
        assert new.entity and new.receivable
        for target in self.books.candidates(new.entity, new.currency, new.receivable, TARGETS[new.type]):
            amount = min(left, self.books.open_amount(target) - applications.get(target.id, ZERO))
            if amount > 0:
                applications[target.id] = applications.get(target.id, ZERO) + amount
                left -= amount

    # ------------------------------------------------------------ journal entry

    def _journal(self, type: str, values: dict[str, Any], id: int) -> Transaction:
        old = self.old
        subsidiary = values.get("subsidiary") or (old.subsidiary if old else None)
        if subsidiary is None:
            raise errors.missing("Subsidiary")
        self._active("subsidiary", subsidiary, "subsidiary", "subsidiary")
        home = self.books.row("subsidiary", subsidiary)
        currency = values.get("currency") or (old.currency if old else None) or (home and home["currency"])
        if currency is None:
            raise errors.missing("Currency")
        self._active("currency", currency, "currency", "currency")
        places = self._precision(currency)

        lines = list(old.journal) if old else []
        for i, row in enumerate(
            self.reader.rows(values.get("line"), ROW["line"], self.books.custom_fields("custcol"), "line")
        ):
            path = f"line.items[{i}]"
            if row.get("account") is None:
                raise errors.missing("Account", path)
            self._check_account(row["account"], f"{path}.account", subsidiary)
            if row.get("entity") is not None:
                self._active("customer", row["entity"], "entity", f"{path}.entity")
            debit, credit = row.get("debit") or ZERO, row.get("credit") or ZERO
            for name, amount in (("debit", debit), ("credit", credit)):
                _check_places(amount, places, f"{path}.{name}")
            extra = self._extra(
                row, {"account", "entity", "debit", "credit", "memo", "line"}, {}, ROW["line"], path
            )
            lines.append(
                JournalLine(
                    len(lines), row["account"], debit, credit, row.get("memo"), row.get("entity"), extra
                )
            )
        if not lines:
            raise errors.no_lines()
        total = sum((line.debit for line in lines), ZERO)
        if total != sum((line.credit for line in lines), ZERO):
            raise errors.journal_unbalanced()
        head = self._head_fields(type, values, id)
        return Transaction(
            **head, subsidiary=subsidiary, currency=currency, total=total, journal=tuple(lines)
        )

    # ------------------------------------------------------------ head

    def _head(self, type: str, values: dict[str, Any], id: int, customer: Row) -> dict[str, Any]:
        """The fields that all documents of a customer have."""
        old = self.old
        subsidiary = values.get("subsidiary") or (old.subsidiary if old else customer["subsidiary"])
        currency = values.get("currency") or (old.currency if old else customer["currency"])
        if subsidiary is None:
            raise errors.missing("Subsidiary")
        if currency is None:
            raise errors.missing("Currency")
        self._active("subsidiary", subsidiary, "subsidiary", "subsidiary")
        self._active("currency", currency, "currency", "currency")
        if customer["subsidiary"] not in (None, subsidiary):
            raise errors.invalid_reference_for("subsidiary", subsidiary, "entity", customer["id"])
        currencies = [c for c in (customer["currency"], *customer["currencylist"]) if c]
        if currencies and currency not in currencies:
            raise errors.invalid_reference_for("currency", currency, "entity", customer["id"])
        if old and (customer["id"], currency) != (old.entity, old.currency):
            raise errors.cannot_change("entity" if customer["id"] != old.entity else "currency")
        return self._head_fields(type, values, id) | {
            "entity": customer["id"],
            "subsidiary": subsidiary,
            "currency": currency,
        }

    def _head_fields(self, type: str, values: dict[str, Any], id: int) -> dict[str, Any]:
        old, now = self.old, self.books.now()
        day, period = self._date_and_period(values)
        return {
            "id": id,
            "type": type,
            "tran_date": day,
            "period": period,
            "created": old.created if old else now,
            "modified": now,
            "external_id": values.get("externalId", old.external_id if old else None) or None,
            "memo": values.get("memo", old.memo if old else None),
            "extra": self._extra(values, _HEAD_OWN, old.extra if old else {}, BODY[TYPE_NAMES[type]], ""),
        }

    def _date_and_period(self, values: dict[str, Any]) -> tuple[date, str]:
        old = self.old
        day: date = values.get("tranDate") or (old.tran_date if old else self.books.now().date())
        period: str | None = values.get("postingPeriod")
        if period is not None:
            row = self._active("accountingperiod", period, "postingPeriod", "postingPeriod")
            if "T" in (row["isyear"], row["isquarter"]):
                raise errors.invalid_value(period, "postingPeriod", "postingPeriod")
            if not row["startdate"] <= day.isoformat() <= row["enddate"]:
                raise errors.date_outside_period()
            return day, period
        if old and day == old.tran_date:
            return day, old.period
        period = self.books.period_on(day)
        if period is None:
            raise errors.no_period(day)
        return day, period

    def _require_open(self, transaction: Transaction, for_ledger: bool = True) -> None:
        """Closed: nothing that touches the ledger. Locked: nothing on A/R (no role here may override it)."""
        row = self.books.row("accountingperiod", transaction.period)
        if row is None:
            raise errors.no_period(transaction.tran_date)
        if not for_ledger and row["allownonglchanges"] == "T":
            return
        if row["closed"] == "T":
            raise errors.period_closed(row["periodname"])
        if row["alllocked"] == "T" or (row["arlocked"] == "T" and transaction.type != "Journal"):
            raise errors.period_locked(row["periodname"])

    # ------------------------------------------------------------ references

    def _active(self, table: str, id: str, field: str, path: str) -> Row:
        row = self.books.row(table, id)
        if row is None or row["isinactive"] == "T":
            raise errors.invalid_value(id, field, path)
        return row

    def _customer(self, field: str, id: str | None) -> Row:
        id = id or (self.old.entity if self.old else None)
        if id is None:
            raise errors.missing("Customer", field)
        return self._active("customer", id, field, field)

    def _receivable(self, field: str, id: str | None, customer: Row, subsidiary: str) -> str:
        id = (
            id
            or (self.old.receivable if self.old else None)
            or customer["receivablesaccount"]
            or self.books.default_receivable()
        )
        if id is None:
            raise errors.missing("Account", field)
        if self._check_account(id, field, subsidiary)["accttype"] not in (None, "AcctRec"):
            raise errors.invalid_value(id, field, field)
        if (
            self.old
            and id != self.old.receivable
            and (self.old.applications or self.books.applied_to(self.old.id))
        ):
            raise errors.cannot_change(field)
        return id

    def _check_account(self, id: str, path: str, subsidiary: str) -> Row:
        row = self._active("account", id, path.rsplit(".", 1)[-1], path)
        if row["subsidiary"] and subsidiary not in row["subsidiary"]:
            raise errors.account_not_for_subsidiary(row["accountsearchdisplayname"] or id, subsidiary)
        return row

    def _precision(self, currency: str) -> int:
        row = self.books.row("currency", currency)
        assert row is not None
        return int(row["currencyprecision"])

    def _extra(
        self,
        values: dict[str, Any],
        own: Iterable[str],
        old: Mapping[str, Any],
        fields: Mapping[str, Any],
        path: str,
    ) -> dict[str, Any]:
        """The fields this module gives no meaning to, as they are stored: references checked, dates and numbers as text."""
        extra = dict(old)
        for name, value in values.items():
            if name in own:
                continue
            if value is None:
                extra.pop(name, None)
                continue
            field = fields.get(name.lower())
            if field and field.kind == "reference" and field.table != "any":
                self._active(field.table, value, name, f"{path}.{name}" if path else name)
            extra[name] = value if isinstance(value, bool) else str(value)
        return extra


_HEAD_OWN = frozenset(
    "entity customer subsidiary currency account arAcct postingPeriod tranDate externalId memo item apply taxDetails "
    "taxDetailsOverride autoApply total payment line approvalStatus".split()
)
_LINE_OWN = frozenset(
    "item quantity rate amount grossAmt description isTaxable taxCode taxDetailsReference line".split()
)
_TAX_DETAIL_LABELS = {
    "taxDetailsReference": "Tax Details Reference",
    "taxType": "Tax Type",
    "taxCode": "Tax Code",
    "taxBasis": "Tax Basis",
    "taxRate": "Tax Rate",
    "taxAmount": "Tax Amount",
}


def _ledger_view(transaction: Transaction) -> tuple[object, ...]:
    """What of a transaction touches the general ledger; applications do not, except that they make up a refund's total."""
    lines = tuple((line.item, line.amount, line.tax) for line in transaction.lines)
    return (
        transaction.tran_date, transaction.period, transaction.total, transaction.receivable, transaction.account,
        transaction.subsidiary, lines, transaction.journal,
    )  # fmt: skip


def _round(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _check_places(amount: Decimal, places: int, path: str) -> None:
    if amount != _round(amount, places):
        raise errors.too_precise(places, path)
