"""The data of one transaction. Money is Decimal in the currency's major unit, with the sign that a person sees."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

ZERO = Decimal(0)


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item line. `tax` is the tax that the account adds. `extra` has other fields by NetSuite name, references as
    ids.
    """

    line: int
    item: str
    amount: Decimal
    quantity: Decimal | None = None
    rate: Decimal | None = None
    description: str | None = None
    is_taxable: bool = False
    tax_code: str | None = None
    tax: Decimal = ZERO
    reference: str | None = None
    extra: dict[str, Any] = {}


class TaxDetail(msgspec.Struct, frozen=True):
    """One row of `taxDetails`: tax sent with `taxDetailsOverride`. `reference` names its line; `rate` is in percent."""

    reference: str
    type: str
    code: str
    basis: Decimal
    rate: Decimal
    amount: Decimal


class JournalLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a journal entry: a debit or a credit to an account."""

    line: int
    account: str
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    memo: str | None = None
    entity: str | None = None
    extra: dict[str, Any] = {}


class Transaction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One transaction. `receivable` is the A/R account, `account` the bank account of a payment or refund.

    `applications` are the amounts that this transaction settles: target's internal id -> amount. They belong to the
    memo, payment or refund, as in NetSuite; an invoice has none.
    """

    id: int
    type: str  # SuiteQL code: CustInvc, CustCred, CustPymt, CustRfnd, Journal
    subsidiary: str
    currency: str
    tran_date: date
    period: str
    total: Decimal
    created: datetime
    modified: datetime
    entity: str | None = None
    receivable: str | None = None
    account: str | None = None
    external_id: str | None = None
    memo: str | None = None
    tax: Decimal = ZERO
    lines: tuple[Line, ...] = ()
    tax_details: tuple[TaxDetail, ...] = ()
    tax_override: bool = False
    journal: tuple[JournalLine, ...] = ()
    applications: dict[int, Decimal] = {}
    approved: bool = True
    rejected: bool = False  # an approver said no
    voided: bool = False
    extra: dict[str, Any] = {}


encode = msgspec.json.Encoder().encode
decode_transaction = msgspec.json.Decoder(Transaction).decode
decode_master = msgspec.json.Decoder(dict[str, Any]).decode
