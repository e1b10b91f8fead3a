"""Expected record and found record: adoption (P6, N1, R3), read-back (P5), reconcile; lines that prove nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from load_netsuite import comparison
from load_netsuite.marts import ExpectedTotal
from load_netsuite.records import Application, Record
from netsuite.lookup import Found, Line


def memo(total: str) -> Found:
    return Found("7", "cn_1", "CustCred", total=Decimal(total))


def refund(total: str) -> Found:
    return Found("8", "re_1", "CustRfnd", total=Decimal(total))


USD = comparison.Currency("usd", 2)


def amounts(**by_document: str) -> dict[str, Decimal]:
    return {document: Decimal(amount) for document, amount in by_document.items()}


MEMO = Record("creditMemo", "cn_1", customer_id="1", currency_id="2", total=Decimal(10))
FOUND_MEMO = replace(memo("10"), customer="1", currency="2")
REFUND = Record(
    "customerRefund",
    "re_1",
    total=Decimal(10),
    cap=Decimal(15),
    applications=(Application("m1", "cn_1", Decimal(10)), Application(None, "cn_2", Decimal(9))),
)


@pytest.mark.parametrize(
    ("record", "found", "applied", "sentences"),
    [
        (MEMO, FOUND_MEMO, {}, []),
        (MEMO, replace(FOUND_MEMO, external_id="CN_1"), {}, ["is named CN_1"]),
        (replace(MEMO, existing_id="7"), replace(FOUND_MEMO, external_id="by hand"), {}, []),
        (MEMO, replace(FOUND_MEMO, type="CustInvc"), {}, ["is a CustInvc"]),
        (MEMO, replace(FOUND_MEMO, is_voided=True), {}, ["is voided"]),
        (MEMO, replace(FOUND_MEMO, customer="9"), {}, ["belongs to customer 9, expected 1"]),
        (MEMO, replace(FOUND_MEMO, currency="9"), {}, ["is in currency 9, expected 2"]),
        (MEMO, replace(FOUND_MEMO, total=Decimal(9)), {}, ["has the total 9, expected 10"]),
        # only applications are to be added: the total is not compared
        (replace(MEMO, internal_id="7"), replace(FOUND_MEMO, total=Decimal(9)), {}, []),
        # an item holds no money
        (Record("serviceSaleItem", "price_1"), Found("5", "price_1", "Service"), {}, []),
        (Record("serviceSaleItem", "price_1"), Found("5", "PRICE_1", "Service"), {}, ["is named PRICE_1"]),
        # a refund may grow to what Stripe links; an application whose memo is not in NetSuite does not count
        (REFUND, refund("10"), amounts(m1="10"), []),
        (REFUND, refund("5"), {}, []),
        (REFUND, refund("6"), {}, ["would grow to 16, more than the 15"]),
        (replace(REFUND, cap=None), refund("1"), {}, ["would grow to 11, more than the 10"]),
        (REFUND, refund("9"), amounts(m1="9"), ["applies 9 to document m1, expected 10"]),
    ],
)
def test_a_record_may_be_adopted_only_as_expected(
    record: Record, found: Found, applied: dict[str, Decimal], sentences: list[str]
) -> None:
    differences = [difference.sentence for difference in comparison.before_adoption(record, found, applied)]
    assert len(differences) == len(sentences), differences
    assert all(difference.startswith(start) for difference, start in zip(differences, sentences, strict=True))


@pytest.mark.parametrize(
    ("found", "applied", "sent", "expected", "sentences"),
    [
        (memo("10"), {}, {}, ExpectedTotal(Decimal(10), None), []),
        (None, {}, {}, ExpectedTotal(Decimal(10), None), ["is not in NetSuite"]),
        (replace(memo("10"), is_voided=True), {}, {}, None, ["is voided"]),
        (memo("9"), {}, {}, ExpectedTotal(Decimal(10), None), ["has the total 9, expected 10"]),
        (memo("9"), {}, {}, None, []),  # the marts no longer have the record
        (memo("10"), amounts(i1="4"), amounts(i1="4"), None, []),
        (memo("10"), amounts(i1="4", i2="6"), amounts(i1="4"), None, []),  # a person applied the rest
        (memo("10"), amounts(i1="3"), amounts(i1="4"), None, ["applies 3 to document i1, expected 4"]),
        (memo("10"), {}, amounts(i1="4"), None, ["applies 0 to document i1, expected 4"]),
        # a refund: a person may add a memo to it, up to what Stripe links
        (refund("12"), amounts(m1="10", m2="2"), amounts(m1="10"), ExpectedTotal(Decimal(10), Decimal(15)), []),
        (
            *(refund("16"), amounts(m1="10", m2="6"), amounts(m1="10")),
            *(ExpectedTotal(Decimal(10), Decimal(15)), ["has the total 16, more than the 15 that Stripe links to it"]),
        ),
        (
            *(refund("11"), amounts(m1="10"), amounts(m1="10")),
            *(ExpectedTotal(Decimal(10), Decimal(15)), ["has the total 11, but is applied to 10 in all"]),
        ),
    ],
)
def test_what_was_written_must_be_in_netsuite(
    found: Found | None,
    applied: dict[str, Decimal],
    sent: dict[str, Decimal],
    expected: ExpectedTotal | None,
    sentences: list[str],
) -> None:
    differences = comparison.after_write(found, applied, sent, expected)
    assert [difference.sentence for difference in differences] == sentences


@pytest.mark.parametrize(
    ("found", "returned", "applied", "differences"),
    [
        (memo("10"), None, amounts(i1="4"), []),
        (None, None, {}, [("deleted", 10, 0)]),
        (None, memo("9"), {}, [("deleted", 10, 9)]),
        (replace(memo("10"), is_voided=True), None, amounts(i1="4"), [("voided", 10, 0)]),
        (replace(memo("10"), external_id=""), None, amounts(i1="4"), [("external_id_changed", None, None)]),
        (memo("9"), None, amounts(i1="4"), [("total_changed", 10, 9)]),
        (memo("10"), None, {}, [("unapplied", 4, 0)]),
        (memo("10"), None, amounts(i2="4"), [("applied_elsewhere", 4, 0)]),
        (memo("10"), None, amounts(i1="3", i2="1"), [("applied_less", 4, 3)]),
        (memo("9"), None, {}, [("total_changed", 10, 9), ("unapplied", 4, 0)]),
        (replace(refund("12"), external_id="cn_1"), None, amounts(i1="12"), []),
        (replace(refund("9"), external_id="cn_1"), None, amounts(i1="9"), [("total_changed", 10, 9)]),
    ],
)
def test_changes_since_posting_are_drift(
    found: Found | None,
    returned: Found | None,
    applied: dict[str, Decimal],
    differences: list[tuple[str, int | None, int | None]],
) -> None:
    drift = comparison.since_posting(found, returned, applied, amounts(i1="4"), "cn_1", Decimal(10), USD)
    assert [(difference.kind, difference.expected, difference.found) for difference in drift] == differences


def rows(*amounts: str, tax: tuple[str, ...] = ()) -> list[Line]:
    return [Line("50", Decimal(amount), False) for amount in amounts] + [
        Line(None, Decimal(amount), True) for amount in tax
    ]


@pytest.mark.parametrize(
    ("total", "sent", "shown", "is_seen"),
    [
        # as the fact sheet has it, and with the other sign
        ("10", ["4", "6"], rows("4", "6"), False),
        ("10", ["4", "6"], rows("-4.0", "-6.00"), False),
        ("10", ["4", "6"], rows("5", "5"), True),
        ("10", ["4", "6"], rows("-5", "-5"), True),
        ("8", ["10", "-2"], rows("10", "-2"), False),
        ("8", ["10", "-2"], rows("9", "-1"), True),
        # SuiteTax: the tax has rows of its own here, or none
        ("11", ["4", "6"], rows("4", "6", tax=("1",)), False),
        ("11", ["4", "6"], rows("4", "6"), False),
        ("11", ["4", "6"], rows("5", "5", tax=("1",)), True),
        ("11", ["4", "6"], rows("5", "5"), True),
        # what does not add up proves nothing: a discount taken out of its line, members of a kit, no amounts
        ("8", ["10", "-2"], rows("8", "-2"), False),
        ("10", ["4", "6"], rows("4", "6", "1", "5"), False),
        ("10", ["4", "6"], rows("0", "0"), False),
        # an item group: a head without an amount, then its members
        ("10", ["10"], [*rows("0"), Line("51", Decimal(10), False)], False),
        # a zero invoice holds its items and no amounts
        ("0", ["0", "0"], rows("0", "0"), False),
        ("0", ["0", "0"], rows("0"), True),
        # every line twice the right way, once the wrong way
        ("12", ["4", "4", "4"], rows("4", "8"), True),
    ],
)
def test_when_lines_differ(total: str, sent: list[str], shown: list[Line], is_seen: bool) -> None:
    difference = comparison.of_lines(memo(total), [("50", Decimal(amount)) for amount in sent], shown, USD)
    assert (difference is not None) == is_seen, difference


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("1200.000", comparison.Currency("jpy", 0), "1200 JPY"),
        ("22.000", comparison.Currency("usd", 2), "22.00 USD"),
        ("10.500", comparison.Currency("usd", 2), "10.50 USD"),
        ("0.125", comparison.Currency("kwd", 3), "0.125 KWD"),
        ("10.5", comparison.Currency("jpy", 0), "10.5 JPY"),
        ("-7.1", comparison.Currency("usd", 2), "-7.10 USD"),
        ("7.1", comparison.Currency("usd", None), "7.10 USD"),
        ("1200.000", comparison.Currency(), "1200"),
        ("0.000", comparison.Currency(), "0"),
    ],
)
def test_an_amount_in_a_sentence_has_the_decimals_and_the_code_of_its_currency(
    amount: str, currency: comparison.Currency, words: str
) -> None:
    """O4: the marts keep three decimals for every currency."""
    assert currency.words(Decimal(amount)) == words
