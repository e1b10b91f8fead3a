"""The fields of the records that a client can write.

A field that is not here does not exist in this account; `Books.configure` adds custom fields. Source: the 2026.1
schema as in facts, NetSuite section 2, limited to fields that a credit loader could send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Field(NamedTuple):
    """One field of a record or sublist row.

    `kind`: text, date, boolean, number, reference, sublist, computed (ignored on input), display (refused on input).
    """

    name: str
    kind: str
    table: str | None = None  # of a reference: a master table, `transaction`, `list` (custom), `any` (unchecked)
    limit: int | None = None  # of a text: characters


Fields = Mapping[str, Field]  # by lower-case name: keys are case-insensitive on input (seen)


def _fields(references: Mapping[str, str], limits: Mapping[str, int] | None = None, **kinds: str) -> Fields:
    found = {name.lower(): Field(name, "reference", table) for name, table in references.items()}
    for kind, names in kinds.items():
        for name in names.split():
            found[name.lower()] = Field(name, kind, limit=(limits or {}).get(name))
    return found


def names(text: str) -> frozenset[str]:
    """The field names in a text, separated by blanks."""
    return frozenset(text.split())


_SEGMENTS = {"department": "department", "class": "class", "location": "location"}
_COMMON = {
    "subsidiary": "subsidiary",
    "currency": "currency",
    "postingPeriod": "accountingperiod",
    **_SEGMENTS,
}
_COMPUTED = (
    "id total subtotal taxTotal tax2Total totalAfterTaxes discountTotal applied unapplied amountPaid "
    "amountRemaining balance status createdDate lastModifiedDate source links refName transactionNumber"
)
_TEXT = "externalId tranId memo otherRefNum message email"
_MEMO = {"memo": 999, "description": 4000}

_SALE = _fields(
    {
        "entity": "customer",
        "account": "account",
        "taxItem": "taxcode",
        "customForm": "any",
        "terms": "any",
        **_COMMON,
    },
    _MEMO,
    text=_TEXT,
    date="tranDate dueDate asOfDate taxPointDate",
    number="exchangeRate discountRate shippingCost taxRate",
    boolean="autoApply toBeEmailed toBePrinted isTaxable taxDetailsOverride taxPointDateOverride taxRegOverride",
    sublist="item apply taxDetails",
    computed=_COMPUTED,
)
_SETTLEMENT = _fields(
    {"customer": "customer", "account": "account", "arAcct": "account", **_COMMON},
    _MEMO,
    text=_TEXT + " checkNumber paymentOperation handlingMode",
    date="tranDate",
    number="exchangeRate payment total",
    boolean="autoApply toBePrinted cleared undepFunds",
    sublist="apply",
    computed=_COMPUTED.replace(" total ", " "),
)
_INVOICE_ONLY = {"approvalstatus": Field("approvalStatus", "text"), "duedate": Field("dueDate", "date")}

BODY: Mapping[str, Fields] = {
    "creditMemo": _SALE,
    "invoice": {name: field for name, field in _SALE.items() if name not in ("apply", "autoapply")} |
    _INVOICE_ONLY,
    "customerPayment": _SETTLEMENT,
    # autoApply and payment are the payment's own; a refund's total is the sum of its applications.
    "customerRefund": {n: f for n, f in _SETTLEMENT.items() if n not in ("autoapply", "payment",
    "undepfunds")},
    "journalEntry": _fields(
        _COMMON,
        _MEMO,
        text="externalId tranId memo",
        date="tranDate",
        number="exchangeRate",
        boolean="approved",
        sublist="line",
        computed=_COMPUTED,
    ),
    "serviceSaleItem": _fields(
        {"incomeAccount": "account", "deferredRevenueAccount": "account", "salesTaxCode": "taxcode",
         "taxSchedule": "any", **_SEGMENTS},
        {"itemId": 60},
        text="itemId externalId displayName salesDescription description subtype",
        boolean="isInactive includeChildren isFulfillable",
        sublist="subsidiary",
        computed="id itemType createdDate lastModifiedDate links",
    ),
}  # fmt: skip

ROW: Mapping[str, Fields] = {
    "item": _fields(
        {"item": "item", "taxCode": "taxcode", "price": "any", "job": "any", **_SEGMENTS},
        _MEMO,
        text="description taxDetailsReference",
        date="revRecStartDate revRecEndDate",
        number="quantity rate amount grossAmt line lineUniqueKey taxRate1 revRecTermInMonths",
        boolean="isTaxable deferRevRec",
        computed="itemType account tax1Amt taxAmount baseGrossAmt links",
    ),
    # NetSuite accepts only these on input. It shows the `display` fields and refuses them on input (seen).
    "apply": _fields(
        {"doc": "transaction"},
        number="amount line",
        date="applyDate",
        boolean="apply",
        display="total due refNum type currency createdFrom job jobName refName",
    ),
    "taxDetails": _fields(
        {"taxDetailsReference": "any", "taxType": "taxtype", "taxCode": "taxcode"},
        number="taxBasis taxRate taxAmount",
        computed="calcDetail lineName lineType netAmount links",
    ),
    "line": _fields(
        {"account": "account", "entity": "customer", **_SEGMENTS},
        _MEMO,
        text="memo",
        number="debit credit line",
    ),
}
