"""Compares the record that the loader expects with the record that NetSuite shows (rules P5, P6, N1, R3).

    identity           push: is a record under our external id of the type, customer and currency of ours?
    before_adoption    push: may it be taken for ours?
    after_write        read-back: does NetSuite show what was written?
    since_posting      reconcile: has the record changed since it was posted?
    of_lines           read-back: does NetSuite show every line that was sent?

The first four yield every difference, the most telling one first. Amounts are in the currency's major unit. A person
may apply more of a memo and add memos to a refund: that is progress, not a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from load_netsuite.marts import ExpectedTotal
from load_netsuite.records import Record
from netsuite.lookup import SUITEQL_TYPES, Found, Line

ZERO = Decimal(0)
REFUND = SUITEQL_TYPES["customerRefund"]
LINES_SHOWN = 3

Applied = Mapping[str, Decimal]
"""Internal id of a document → amount applied to it."""

SentLine = tuple[str, Decimal | None]
"""(internal id of the item, amount). The amount is None where NetSuite computes it from a gross amount."""


@dataclass(frozen=True)
class Difference:
    """One difference. `sentence` has the record as its subject. The amounts are None where no amount differs."""

    kind: str
    sentence: str
    expected: Decimal | None = None
    found: Decimal | None = None


@dataclass(frozen=True)
class Currency:
    """The currency of a record, for the amounts in sentences (rule O4). code: such as `usd` · decimals: that it has.
    None where they are not known."""

    code: str | None = None
    decimals: int | None = None

    def words(self, amount: Decimal) -> str:
        """12.50 USD: all decimals of the currency, more only where the amount has more. Of an unknown currency the
        amount without the zeros that a column's scale adds: 1200, 10.50, 0.125."""
        needed = -min(0, int(amount.normalize().as_tuple().exponent))
        decimals = (2 if needed == 1 else 0) if self.decimals is None else self.decimals
        text = f"{amount:.{max(needed, decimals)}f}"
        return f"{text} {self.code.upper()}" if self.code else text


def currency_of(expected: ExpectedTotal | None) -> Currency:
    """The currency of a record as the marts have it."""
    if expected is None:
        return Currency()
    return Currency(expected.currency, expected.minor_units.adjusted() if expected.minor_units else None)


def identity(record: Record, found: Found) -> Iterator[Difference]:
    """Differences that show `found` to be another record than `record`, whatever its amounts."""
    if not record.existing_id and found.external_id != record.external_id:
        same = f"is named {found.external_id}, which NetSuite takes for the same; rename that one"
        yield Difference("external_id_changed", same)
    if record.record_type == "serviceSaleItem":  # an item holds no money
        return
    if found.type != SUITEQL_TYPES[record.record_type]:
        yield Difference("type", f"is a {found.type}; change the external id of that record")
    if record.customer_id and found.customer != record.customer_id:
        yield Difference("customer", f"belongs to customer {found.customer}, expected {record.customer_id}")
    if record.currency_id and found.currency != record.currency_id:
        yield Difference("currency", f"is in currency {found.currency}, expected {record.currency_id}")


def before_adoption(record: Record, found: Found, applied: Applied) -> Iterator[Difference]:
    """Differences that forbid to take `found` for `record`. applied: the applications of `found`; those of `record`
    that it lacks are no difference."""
    yield from identity(record, found)
    if record.record_type == "serviceSaleItem":
        return
    if found.is_voided:
        yield Difference("voided", "is voided")
    wanted = [(application.doc or "", application.amount) for application in record.known_applications]
    currency = Currency(record.currency, record.precision)
    yield from _applications([(doc, amount) for doc, amount in wanted if doc in applied], applied, currency)
    if record.record_type == "customerRefund":
        missing = sum((amount for doc, amount in wanted if doc not in applied), ZERO)
        yield from _grown_refund(record, found.total + missing, currency)
    elif not record.internal_id:
        yield from _total(record.total, found, currency)


def after_write(
    found: Found | None, applied: Applied, sent: Applied, expected: ExpectedTotal | None
) -> Iterator[Difference]:
    """Differences between NetSuite and the write. applied: as NetSuite shows it · sent: our applications by the
    journal · expected: None when the marts no longer have the record."""
    if found is None:
        yield Difference("deleted", "is not in NetSuite")
        return
    if found.is_voided:
        yield Difference("voided", "is voided")
    currency = currency_of(expected)
    yield from _applications(sent.items(), applied, currency)
    if expected is None:
        return
    if found.type == REFUND:
        yield from _refund_total(found, applied, sent, expected.cap, currency)
    else:
        yield from _total(expected.total or ZERO, found, currency)


def since_posting(
    found: Found | None,
    returned: Found | None,
    applied: Applied,
    sent: Applied,
    external_id: str,
    total: Decimal,
    currency: Currency,
) -> Iterator[Difference]:
    """Differences between NetSuite now and the record as last seen there. returned: where `found` is None, the record
    that has our external id now · external_id, total: as last seen."""
    if found is None:
        sentence, now = "is not in NetSuite any more", ZERO
        if returned:
            now = returned.total
            sentence += f"; {returned.internal_id} over {currency.words(now)} has its external id now"
        yield Difference("deleted", sentence, total, now)
        return
    if found.is_voided:
        yield Difference("voided", "is voided", total, ZERO)
    if found.external_id != external_id:
        yield Difference("external_id_changed", f"has the external id {found.external_id or '(none)'} now")
    if not (found.type == REFUND and found.total > total):  # a person may add a memo to the refund
        yield from _total(total, found, currency)
    elsewhere = sorted(doc for doc in applied if doc not in sent)
    for difference in _applications(sent.items(), applied, currency):
        if not elsewhere:
            yield difference
            continue
        kind = difference.kind if difference.found else "applied_elsewhere"
        yield replace(
            difference, kind=kind, sentence=f"{difference.sentence}, and is applied to {', '.join(elsewhere)}"
        )


def _applications(
    expected: Iterable[tuple[str, Decimal]], applied: Applied, currency: Currency
) -> Iterator[Difference]:
    for doc, amount in expected:
        found = applied.get(doc, ZERO)
        if found < amount:
            sentence = f"applies {currency.words(found)} to document {doc}, expected {currency.words(amount)}"
            yield Difference("applied_less" if found else "unapplied", sentence, amount, found)


def _total(expected: Decimal, found: Found, currency: Currency) -> Iterator[Difference]:
    if found.total != expected:
        sentence = f"has the total {currency.words(found.total)}, expected {currency.words(expected)}"
        yield Difference("total_changed", sentence, expected, found.total)


def _grown_refund(record: Record, total: Decimal, currency: Currency) -> Iterator[Difference]:
    cap = record.total if record.cap is None else record.cap
    if total > cap:
        sentence = f"would grow to {currency.words(total)}, more than the {currency.words(cap)} that Stripe links to it"
        yield Difference("total_changed", sentence, cap, total)


def _refund_total(
    found: Found, applied: Applied, sent: Applied, cap: Decimal | None, currency: Currency
) -> Iterator[Difference]:
    """A refund's total is the sum of its applications. A later application, or a person, may add to it."""
    ours = sum(sent.values(), ZERO)
    if found.total < ours:
        yield from _total(ours, found, currency)
    if found.total != (all_applied := sum(applied.values(), ZERO)):
        words = f"has the total {currency.words(found.total)}"
        sentence = f"{words}, but is applied to {currency.words(all_applied)} in all"
        yield Difference("total_changed", sentence, all_applied, found.total)
    if cap is not None and found.total > cap:
        shown = currency.words(found.total), currency.words(cap)
        sentence = "has the total {}, more than the {} that Stripe links to it".format(*shown)
        yield Difference("total_changed", sentence, cap, found.total)


def of_lines(found: Found, sent: Sequence[SentLine], shown: Sequence[Line], currency: Currency) -> Difference | None:
    """The lines sent that NetSuite does not show; None also if its rows prove nothing.

    Every line sent must be among NetSuite's rows, by item and amount; of a gross amount, which NetSuite splits, by item
    alone. Further rows (tax, cost of goods, members of a kit) are NetSuite's own.
    """
    is_gross = any(amount is None for _, amount in sent)
    own = [line for line in shown if line.item and not line.is_tax]
    sign = _ledger_sign(sent, own)
    if not _is_proof(found, sent, shown, own, sign):
        return None
    present = Counter[SentLine]((line.item or "", None if is_gross else sign * line.amount) for line in own)
    missing = Counter[SentLine]((item, None if is_gross else amount) for item, amount in sent) - present
    if not missing:
        return None
    names = sorted(
        f"item {item}" + ("" if amount is None else f" over {currency.words(amount)}")
        for item, amount in missing.elements()
    )
    rest = f" and {len(names) - LINES_SHOWN} more" if len(names) > LINES_SHOWN else ""
    listed = ", ".join(names[:LINES_SHOWN]) + rest
    return Difference("lines", f"lacks {len(names)} of the {len(sent)} lines sent: {listed}")


def _ledger_sign(sent: Sequence[SentLine], own: Sequence[Line]) -> int:
    """The ledger's sign is the opposite of the form's on an invoice (facts 4)."""
    return -1 if _net_shown(own) * (_net_sent(sent) or 1) < 0 else 1


def _is_proof(found: Found, sent: Sequence[SentLine], shown: Sequence[Line], own: Sequence[Line], sign: int) -> bool:
    """Whether NetSuite's rows can be judged. Some accounts show rows that do not add up to the record (SuiteTax,
    non-posting discounts), and the head of an item group shows no amount: its members, other items, carry it."""
    is_gross = any(amount is None for _, amount in sent)
    adds_up = sign * _net_shown(shown) == found.total
    if not adds_up and (is_gross or sign * _net_shown(own) != _net_sent(sent)):
        return False
    heads = {line.item for line in own if not line.amount}
    return not heads & {item for item, amount in sent if amount}


def _net_shown(lines: Sequence[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def _net_sent(lines: Sequence[SentLine]) -> Decimal:
    return sum((amount or ZERO for _, amount in lines), ZERO)
