"""Record types of REST, the transaction types of SuiteQL, and the facts that hang on a type."""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CODES = {
    "creditMemo": "CustCred",
    "invoice": "CustInvc",
    "customerPayment": "CustPymt",
    "customerRefund": "CustRfnd",
    "journalEntry": "Journal",
}
TYPE_NAMES = {code: name for name, code in TYPE_CODES.items()}
# Record types that are master data -> their table.
ENTITIES = {"serviceSaleItem": "item", "customer": "customer"}
RECORD_TYPES = {name.lower(): name for name in (*TYPE_CODES, *ENTITIES)}

# The types that a transaction can be applied to.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "CustCred": ("CustInvc",),
    "CustPymt": ("CustInvc",),
    "CustRfnd": ("CustCred", "CustPymt"),
}
NUMBER_PREFIXES = {"CustInvc": "INV", "CustCred": "CM", "CustPymt": "PYMT", "CustRfnd": "CR", "Journal": "JE"}
STATUSES = {
    "CustInvc": {"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "E": "Rejected", "V": "Voided"},
    "CustCred": {"A": "Open", "B": "Fully Applied", "V": "Voided"},
    "CustPymt": {"C": "Deposited"},
    "CustRfnd": {"R": "Recorded"},
    "Journal": {"B": "Approved for Posting"},
}
