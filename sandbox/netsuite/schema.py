"""The fields of the records that a client can write.

A field that is not here does not exist in this account; `Books.configure` adds custom fields. Source: the 2026.1
schema as in facts, NetSuite section 2, limited to fields that a credit loader could send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Field(NamedTuple):
    """One field of a record or sublist row.

    `kind`: text, date, boolean, number, reference, sublist, computed (ignored on input), display (refused on input).
    """

    name: str
    kind: str
    table: str | None = None  # of a reference: a master table, `transaction`, `list` (custom), `any` (unchecked)
    limit: int | None = None  # of a text: characters


Fields = Mapping[str, Field]  # by lower-case name: sources contradict each other on case (`Books.configure`)


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
# The 2026.1 schema's own list of 67 properties (facts 11, D3 and D4), without addresses and card data.
_REFUND = _fields(
    {
        "customer": "customer", "account": "account", "arAcct": "account",
        **dict.fromkeys(("customForm", "paymentOption", "paymentProcessingProfile", "transactionToRefund"), "any"),
        **_COMMON,
    },
    _MEMO,
    text="externalId tranId memo checkNumber paymentOperation handlingMode deletionReasonMemo",
    date="tranDate clearedDate prevDate",
    number="exchangeRate total consolidateBalance",
    boolean="toBePrinted cleared excludeFromGLNumbering",
    sublist="apply",
    computed="id balance status createdDate lastModifiedDate links refName transactionNumber",
)  # fmt: skip
_INVOICE_ONLY = {"approvalstatus": Field("approvalStatus", "text"), "duedate": Field("dueDate", "date")}

BODY: Mapping[str, Fields] = {
    "creditMemo": _SALE,
    "invoice": {name: field for name, field in _SALE.items() if name not in ("apply", "autoapply")} |
    _INVOICE_ONLY,
    "customerPayment": _SETTLEMENT,
    "customerRefund": _REFUND,
    "journalEntry": _fields(
        {"customForm": "any", **_COMMON},
        _MEMO,
        text="externalId tranId memo",
        date="tranDate reversalDate",
        number="exchangeRate",
        boolean="approved reversalDefer",
        sublist="line",
        computed="id createdDate lastModifiedDate links refName transactionNumber",
    ),
    "serviceSaleItem": _fields(
        {"incomeAccount": "account", "deferredRevenueAccount": "account", "salesTaxCode": "taxcode",
         **dict.fromkeys(("taxSchedule", "customForm", "revRecSchedule", "revenueRecognitionRule",
                          "createRevenuePlansOn", "itemRevenueCategory", "unitsType"), "any"), **_SEGMENTS},
        {"itemId": 60},
        text="itemId externalId displayName salesDescription description subtype",
        number="rate",
        boolean="isInactive includeChildren isFulfillable isTaxable directRevenuePosting",
        sublist="subsidiary",
        computed="id itemType createdDate lastModifiedDate links",
    ),
}  # fmt: skip

ROW: Mapping[str, Fields] = {
    "item": _fields(
        {"item": "item", "taxCode": "taxcode", "price": "any", "job": "any", "revRecSchedule": "any", **_SEGMENTS},
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

_CUSTOM_PREFIX = {"serviceSaleItem": "custitem", "item": "custcol", "line": "custcol", "apply": "", "taxDetails": ""}

# `creditMemo` and `creditMemo.item`: each place that has fields -> its fields.
LEVELS: Mapping[str, Fields] = {**BODY} | {
    f"{record_type}.{field.name}": ROW[field.name]
    for record_type, fields in BODY.items()
    for field in fields.values()
    if field.kind == "sublist" and field.name in ROW
}


def custom_prefix(level: str) -> str:
    """The prefix of custom fields on a level (`LEVELS`); empty where there are none."""
    return _CUSTOM_PREFIX.get(level.rpartition(".")[2], "custbody")


def check_names(required: Mapping[str, Iterable[str]], custom: Iterable[str]) -> None:
    """Raise `ValueError` for a level or a field that does not exist."""
    for level, wanted in required.items():
        known = {field.name for field in LEVELS.get(level, {}).values()} | set(custom)
        if unknown := set(wanted) - known:
            raise ValueError(f"{level} has no such fields: {unknown}")
