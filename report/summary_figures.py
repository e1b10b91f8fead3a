"""The figures of the workbook's first sheet: what each is called, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from report.cells import NONE

Criteria = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rows:
    """A figure that sums the amounts of another sheet's rows. criteria: (heading, value) pairs that a row must meet."""

    key: str
    label: str
    sheet: str
    amount: str = "amount"
    criteria: Criteria = ()


@dataclass(frozen=True)
class Sum:
    """A figure that sums the figures right above it."""

    key: str
    label: str
    of: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A figure that is zero when all is well: a figure, less another one where there is one."""

    key: str
    label: str
    figure: str
    less: str | None = None


@dataclass(frozen=True)
class Typed:
    """An empty cell for a figure that a person types in."""

    key: str
    label: str


@dataclass(frozen=True)
class Rest:
    """What a typed figure leaves less others; empty as long as nothing is typed."""

    key: str
    label: str
    typed: str
    less: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """The title of a group of figures."""

    label: str


Figure = Rows | Sum | Check | Typed | Rest | Heading

DOCUMENT_TYPES = (
    ("credit_note", "Credit notes"),
    ("balance_use", "Uses of customer balance"),
    ("negative_invoice", "Negative invoices"),
)
# position, what it is called, the document types that can be there
BECAME = (
    ("posted", "posted, dated in the month", ("credit_note", "balance_use")),
    ("posted_in_another_month", "posted, dated in another month", ("credit_note", "balance_use")),
    ("blocked_in_netsuite", "posted, and blocked since", ("credit_note", "balance_use")),
    ("kept_in_balance", "in the customer's balance", ("credit_note", "negative_invoice")),
    ("skipped", "skipped: nothing is posted", ("credit_note", "balance_use", "negative_invoice")),
    ("waiting", "waiting", ("credit_note", "balance_use", "negative_invoice")),
    ("blocked", "blocked", ("credit_note", "balance_use", "negative_invoice")),
    ("ready", "ready: the next push posts it", ("credit_note", "balance_use", "negative_invoice")),
)
SNAPSHOT = (
    ("in_snapshot", "as NetSuite shows them"),
    ("not_as_posted", "less or more than was posted"),
    ("dated_otherwise", "NetSuite shows another month"),
    ("not_in_snapshot", "not seen yet: posted since NetSuite was last read, or gone"),
)
MOVEMENTS = (
    ("opening", "opening"),
    ("from credit notes", "granted by credit notes"),
    ("from negative invoices", "granted by negative invoices"),
    ("paid in", "paid in"),
    ("adjusted", "adjusted by hand"),
    ("carried", "carried from invoices too small or too large"),
    ("used", "used by invoices"),
)
AGES = ("0-30", "31-60", "61-90", "over 90", "not known")
REPRESENTATIONS = (
    ("customer_refund", "customer refunds in NetSuite"),
    ("income_account", "journal entries"),
    ("match_by_hand", "to be matched by hand"),
    ("not_yet", "not yet"),
)


def _line(key: str, label: str, line: str, **criteria: str) -> Rows:
    """A figure of the month's own rows, at the end of the sheet."""
    named = tuple((heading.replace("_", " "), value) for heading, value in criteria.items())
    return Rows(key, label, "summary", criteria=(("line", line), *named))


def _records(key: str, label: str, record_type: str) -> Rows:
    return Rows(key, label, "posted", criteria=(("record type", record_type),))


def _debits(key: str, label: str, record_type: str) -> Rows:
    return _line(key, label, "ledger", position="debit", record_type=record_type)


def _documents(kind: str, label: str) -> list[Figure]:
    """The documents of a type that were created in the month, and what became of them."""
    became = [
        _line(f"{kind} {position}", name, "became", document_type=kind, position=position)
        for position, name, kinds in BECAME
        if kind in kinds
    ]
    return [
        Heading(f"{label} created in the month, and what became of them"),
        _line(f"{kind} stripe", "in Stripe", "stripe", document_type=kind),
        *became,
        Sum(f"{kind} became", "all that became of them", tuple(row.key for row in became)),
        Check(f"check {kind}", "check: Stripe less what became of it", f"{kind} stripe", f"{kind} became"),
    ]


def figures(accounts: Sequence[Sequence[str]]) -> list[Figure]:
    """The figures in their order. accounts: (record type, account, item) of each row of the general ledger."""
    snapshot = [_line(f"snapshot {position}", label, "netsuite", position=position) for position, label in SNAPSHOT]
    ledger = [
        _line(
            f"ledger {record_type} {account} {item}",
            f"{record_type}, {next((name for name in (account, item) if name != NONE), 'tax details')}",
            "ledger",
            **{"record type": record_type, "NetSuite account": account, "NetSuite item": item},
        )
        for record_type, account, item in accounts
    ]
    balances = [Rows(f"balance {name}", label, "balances", name) for name, label in MOVEMENTS]
    opened = [Rows(f"open {state}", state, "open", criteria=(("state", state),)) for state in ("waiting", "blocked")]
    aged = [Rows(f"open {age}", f"{age} days old", "open", criteria=(("age", age),)) for age in AGES]
    refunds = [
        Rows(f"refund {name}", label, "refunds", criteria=(("representation", name),))
        for name, label in REPRESENTATIONS
    ]

    def keys(rows: Sequence[Rows]) -> tuple[str, ...]:
        return tuple(row.key for row in rows)

    return [
        *(figure for kind, label in DOCUMENT_TYPES for figure in _documents(kind, label)),
        Heading("Records in NetSuite dated in the month"),
        _records("memos", "credit memos (sheet posted)", "creditMemo"),
        _line(
            "memos of month",
            "of documents of the month",
            "dated",
            **{
                "record type": "creditMemo",
                "position": "documents_of_the_month",
            },
        ),
        _line(
            "memos of others",
            "of documents of other months",
            "dated",
            **{
                "record type": "creditMemo",
                "position": "documents_of_other_months",
            },
        ),
        Sum("memos dated", "credit memos (the month's rows)", ("memos of month", "memos of others")),
        Check("check memos", "check: sheet posted less the month's rows", "memos", "memos dated"),
        _records("refunds posted", "customer refunds (sheet posted)", "customerRefund"),
        _debits("refunds debited", "customer refunds (the month's rows)", "customerRefund"),
        Check("check refunds", "check: sheet posted less the month's rows", "refunds posted", "refunds debited"),
        _records("entries", "journal entries (sheet posted)", "journalEntry"),
        _debits("entries debited", "journal entries (the month's rows)", "journalEntry"),
        Check("check entries", "check: sheet posted less the month's rows", "entries", "entries debited"),
        Heading("These credit memos in NetSuite's snapshot"),
        *snapshot,
        Sum("snapshot", "all credit memos of ours", keys(snapshot)),
        Check("check snapshot", "check: sheet posted less these rows", "memos", "snapshot"),
        _line("not ours", "credit memos in the snapshot that are not ours", "not_ours"),
        Typed("typed", "all credit memos of the month: type in the total of NetSuite's saved search"),
        Rest("rest", "of them not ours and not in the snapshot", "typed", ("memos", "not ours")),
        Heading("General ledger (debits positive, credits negative)"),
        *ledger,
        Sum("ledger", "debits less credits", keys(ledger)),
        Check("check ledger", "check: debits less credits", "ledger"),
        Heading("Customer balance credit (sheet balances)"),
        *balances,
        Sum("balance sum", "opening and all movements", keys(balances)),
        Rows("balance closing", "closing", "balances", "closing"),
        Check("check balances", "check: closing less opening and movements", "balance closing", "balance sum"),
        Rows(
            "balance not complete",
            "closing, where the ledger is not complete",
            "balances",
            "closing",
            (("ledger", "not complete"),),
        ),
        Heading("Open now, of all months (sheet open)"),
        *opened,
        Sum("open", "all open documents", keys(opened)),
        *aged,
        Sum("open aged", "all ages", keys(aged)),
        Check("check open", "check: states less ages", "open", "open aged"),
        Heading("Stripe's refunds of the month (sheet refunds)"),
        *refunds,
        Sum("refunds", "all refunds", keys(refunds)),
        Heading("Tax in the credit memos of the month (sheet tax)"),
        Rows("tax reversed", "reversed by rows of the memos", "tax", criteria=(("tax", "reversed"),)),
        _line("tax lines", "reversed (the month's rows)", "tax", position="reversed"),
        Check("check tax", "check: sheet tax less the month's rows", "tax reversed", "tax lines"),
        Rows("tax not reversed", "not reversed: book it by hand (rule B5)", "tax", criteria=(("tax", "not reversed"),)),
    ]
