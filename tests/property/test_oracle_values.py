"""The oracle on the values that were wrong: one case for each row of the issue's table, and for rules near them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.property.oracle.expectations import Expectations, expect
from tests.property.oracle.facts import Obj
from tests.property.oracle.fields import Unreadable, fields_of, fields_of_memo_row, refused_rows
from tests.property.oracle.memo_text import LENGTH, OUT_OF_BAND, clean, cut, text_of
from tests.property.oracle.reconciliation import is_matched_by_hand, refund_rows, tax_sums
from tests.property.oracle.shapes import Document, Line
from tests.property.small_world import (
    JANUARY,
    credit_note,
    facts,
    invoice,
    ledger_row,
    line,
    link,
    netsuite_customer,
    netsuite_record,
    refund,
    tax,
)

LEDGER = "customer_balance_transactions"
APPLIED, CHECKOUT = "applied_to_invoice", "checkout_session_subscription_payment"


def outcome(expectations: Expectations, document: str) -> tuple[str, str]:
    found = expectations.documents[document]
    return found.state, found.reason


def credit_and_use(customer: str = "cus_1") -> list[Obj]:
    """A credit of 12.00 and its use on in_1."""
    return [
        ledger_row(-1200, -1200, "cbtxn_1", customer=customer),
        ledger_row(1200, 0, "cbtxn_2", customer=customer, type=APPLIED, invoice="in_1", created=JANUARY + 1),
    ]


def fully_used(id: str = "in_1", total: int = 1200, **fields: Any) -> Obj:
    """An invoice that balance paid in full."""
    return invoice(total, id, amount_due=0) | fields


# -------------------------------------------------------------------- customer balance


@pytest.mark.parametrize("customer", ("team#7", "who?7"))
def test_a_use_of_a_customer_with_a_chosen_id_is_posted(customer: str) -> None:
    found = expect(
        facts(
            {
                "customers": [{"id": customer, "metadata": {}}],
                "invoices": [fully_used(customer=customer)],
                LEDGER: credit_and_use(customer),
            },
            customers=[netsuite_customer(externalid=customer)],
        )
    )
    assert outcome(found, "in_1_balance") == ("ready", "ready")
    assert found.documents["in_1_balance"].memo_amount == 1200


@pytest.mark.parametrize(
    ("owner", "rows"),
    (
        ({}, []),
        ({}, [ledger_row(-1200, -1200, "cbtxn_1")]),
        ({"customer": None, "customer_account": "acct_7"}, []),
        ({"customer": None}, []),
    ),
    ids=("no rows", "only the credit", "customer_account", "no customer"),
)
def test_an_invoice_proves_a_use_that_no_row_shows(owner: Obj, rows: list[Obj]) -> None:
    """B8."""
    found = expect(facts({"invoices": [fully_used(**owner)], LEDGER: rows}))
    document = found.documents["in_1_balance"]
    assert (document.state, document.reason, document.amount) == ("blocked", "balance_ledger_incomplete", 1200)
    assert document.customer == (owner.get("customer_account") if owner else "cus_1")


def test_a_use_that_arithmetic_proves_waits_while_the_invoice_is_open() -> None:
    found = expect(facts({"invoices": [fully_used(status="open")]}))
    assert outcome(found, "in_1_balance") == ("waiting", "invoice_open")


def test_an_invoice_without_a_customer_blocks_no_other_use() -> None:
    """B8."""
    invoices = [fully_used(), fully_used("in_2", customer=None)]
    found = expect(facts({"invoices": invoices, LEDGER: credit_and_use()}))
    assert outcome(found, "in_1_balance") == ("ready", "ready")
    assert outcome(found, "in_2_balance") == ("blocked", "balance_ledger_incomplete")


def test_invoices_without_a_customer_block_no_use_of_each_other() -> None:
    """B8: in_1 has rows all the same."""
    invoices = [fully_used(customer=None), fully_used("in_2", customer=None)]
    found = expect(facts({"invoices": invoices, LEDGER: credit_and_use()}))
    assert outcome(found, "in_1_balance") == ("waiting", "customer_not_in_netsuite")
    assert outcome(found, "in_2_balance") == ("blocked", "balance_ledger_incomplete")


def test_an_invoice_that_gave_everything_back_proves_no_use() -> None:
    """B8: rows that give back are left out of what the invoice lacks."""
    given_back = ledger_row(-1200, -1200, "cbtxn_1", type="unapplied_from_invoice", invoice="in_1")
    found = expect(facts({"invoices": [invoice(1200, status="open")], LEDGER: [given_back]}))
    assert "in_1_balance" not in found.documents
    assert not found.ledger.is_complete(("cus_1", "usd"))


def test_a_debt_that_no_row_shows_is_a_gap_and_no_document() -> None:
    """B8."""
    found = expect(facts({"invoices": [invoice(1200, amount_due=1500)]}))
    assert "in_1_balance" not in found.documents
    assert not found.ledger.is_complete(("cus_1", "usd"))


def checkout_rows(*created: int) -> list[Obj]:
    """A credit of 20.00 and a payment of 20.00 without invoice for each session, the last one first in the list."""
    credit = ledger_row(-2000 * len(created), -2000 * len(created), "cbtxn_0", created=JANUARY - 1)
    rows = [
        ledger_row(
            2000,
            -2000 * (len(created) - 1 - i),
            f"cbtxn_{9 - i}",
            type=CHECKOUT,
            created=at,
            checkout_session=f"cs_{9 - i}",
        )
        for i, at in enumerate(created)
    ]
    return [*reversed(rows), credit]


def first_invoices(*ids: str) -> list[Obj]:
    """Invoices of 20.00 that were paid through Checkout, one hour after the other."""
    times = [{"finalized_at": JANUARY + 3600 * i, "paid_at": JANUARY + 3600 * i} for i in range(len(ids))]
    return [fully_used(id, 2000, status_transitions=at) for id, at in zip(ids, times, strict=True)]


def records(*ids: str) -> list[Obj]:
    return [netsuite_record(str(900 + i), externalid=id) for i, id in enumerate(ids)]


def test_checkout_rows_are_paired_with_the_invoices_that_lack_them() -> None:
    """B9: two first invoices of 20.00, in the order of their sessions."""
    found = expect(
        facts(
            {"invoices": first_invoices("in_b", "in_a"), LEDGER: checkout_rows(JANUARY, JANUARY + 3600)},
            transactions=records("in_a", "in_b"),
            customer_balance_date="applied_at",
        )
    )
    documents = [found.documents[f"{id}_balance"] for id in ("in_b", "in_a")]
    assert [(d.state, d.memo_amount, d.created) for d in documents] == [
        ("ready", 2000, JANUARY),
        ("ready", 2000, JANUARY + 3600),
    ]
    assert len(found.documents) == 2
    assert found.ledger.is_complete(("cus_1", "usd"))


def test_a_session_names_its_invoice() -> None:
    """B9: what `GET /v1/checkout/sessions/<id>` says wins over the order."""
    sessions = [{"id": "cs_9", "invoice": "in_a"}, {"id": "cs_8", "invoice": "in_b"}]
    objects = {
        "invoices": first_invoices("in_b", "in_a"),
        LEDGER: checkout_rows(JANUARY, JANUARY + 3600),
        "checkout_sessions": sessions,
    }
    found = expect(facts(objects, transactions=records("in_a", "in_b")))
    assert [found.documents[f"{id}_balance"].created for id in ("in_a", "in_b")] == [JANUARY, JANUARY + 3600]


def test_a_session_without_an_invoice_is_a_document_of_its_own() -> None:
    """B9, O2: it blocks no other use, and its rows are reported."""
    objects = {"invoices": first_invoices("in_a"), LEDGER: checkout_rows(JANUARY, JANUARY + 3600)}
    found = expect(facts(objects, transactions=records("in_a")))
    assert outcome(found, "in_a_balance") == ("ready", "ready")
    left = found.documents["cbtxn_8_balance"]
    assert (left.state, left.reason, left.amount, left.invoice) == ("blocked", "balance_ledger_incomplete", 2000, None)
    assert found.ledger.unattributed(("cus_1", "usd")) == 2000
    assert not found.ledger.is_complete(("cus_1", "usd"))


def test_a_session_that_comes_to_zero_is_no_document() -> None:
    """B9."""
    rows = checkout_rows(JANUARY)
    canceled = rows[0] | {"id": "cbtxn_c", "type": f"{CHECKOUT}_canceled", "amount": -2000, "ending_balance": -2000}
    found = expect(facts({LEDGER: [*rows, canceled | {"created": JANUARY + 1}]}))
    assert found.documents == {}
    assert found.ledger.is_complete(("cus_1", "usd"))


def test_a_use_on_an_invoice_that_was_not_landed_is_a_gap() -> None:
    """B6, O2."""
    found = expect(facts({LEDGER: credit_and_use()}))
    assert outcome(found, "in_1_balance") == ("blocked", "balance_ledger_incomplete")


def test_the_chain_starts_at_zero() -> None:
    """B6."""
    found = expect(facts({"invoices": [fully_used()], LEDGER: credit_and_use()[1:]}))
    assert outcome(found, "in_1_balance") == ("blocked", "balance_ledger_incomplete")


def test_rows_expanded_on_credit_notes_count_for_a_deleted_customer() -> None:
    """B6."""
    own_row = ledger_row(-1200, -1200, "cbtxn_1", type="credit_note", credit_note="cn_1")
    note = credit_note(1200, out_of_band_amount=0, customer_balance_transaction=own_row)
    objects = {"invoices": [invoice(1200), fully_used("in_2")], "credit_notes": [note]}
    rows = [credit_and_use()[1] | {"invoice": "in_2"}]
    for is_deleted, expected in ((True, "ready"), (False, "blocked")):
        customer = {"id": "cus_1", "metadata": {}, "deleted": is_deleted}
        of_case = facts(objects | {LEDGER: rows, "customers": [customer]}, transactions=records("in_1", "in_2"))
        assert outcome(expect(of_case), "in_2_balance")[0] == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    (({}, "waiting"), ({"uncollectible_invoices": "as_paid"}, "ready")),
)
def test_what_is_uncollected_counts_as_covered(variables: Obj, expected: str) -> None:
    """B2, B3."""
    times = {"finalized_at": JANUARY, "paid_at": None, "marked_uncollectible_at": JANUARY + 86_400}
    uncollectible = invoice(
        2000, amount_due=800, amount_remaining=800, status="uncollectible", status_transitions=times
    )
    document = expect(facts({"invoices": [uncollectible], LEDGER: credit_and_use()}, **variables)).documents[
        "in_1_balance"
    ]
    assert document.state == expected
    assert str(document.posting_date) == "2026-01-02"


def test_a_payment_outside_stripe_covers_nothing() -> None:
    """B2: only paid payments of type `charge` or `payment_intent` do."""
    for type, expected in (("payment_intent", "ready"), ("charge", "ready"), ("payment_record", "waiting")):
        payment = {"id": "inpay_1", "invoice": "in_1", "status": "paid", "amount_paid": 800, "payment": {"type": type}}
        objects = {
            "invoices": [invoice(2000, amount_due=800)],
            LEDGER: credit_and_use(),
            "invoice_payments": [payment],
        }
        assert outcome(expect(facts(objects)), "in_1_balance")[0] == expected


def test_tax_of_used_credit_stays_unreversed() -> None:
    """B5: two uses of a credit of 12.00 that holds 2.00 of tax; the second gets what the first did not."""
    taxed = line("cnli_1", 1000, invoice_line_item="il_in_1", taxes=[tax("txr_1", 200, 1000)])
    own_row = ledger_row(-1200, -1200, "cbtxn_1", type="credit_note", credit_note="cn_1")
    note = credit_note(1200, out_of_band_amount=0, customer_balance_transaction=own_row, lines={"data": [taxed]})
    rows = [
        own_row,
        ledger_row(5, -1195, "cbtxn_2", type=APPLIED, invoice="in_2", created=JANUARY + 1),
        ledger_row(1195, 0, "cbtxn_3", type=APPLIED, invoice="in_3", created=JANUARY + 2),
    ]
    invoices = [invoice(1200), fully_used("in_2", 5), fully_used("in_3", 1195)]
    objects = {"invoices": invoices, "credit_notes": [note], LEDGER: rows}
    found = expect(facts(objects, transactions=records("in_1", "in_2", "in_3")))
    assert [found.documents[f"{id}_balance"].tax_not_reversed for id in ("in_2", "in_3")] == [0, 200]
    assert tax_sums(found)["cus_1", "usd"] == 200


# -------------------------------------------------------------------- lines


def note_over(lines: list[Obj], taxes: int = 0, **variables: Any) -> Document:
    """The document of an out-of-band note over all lines of an invoice."""
    credited = [entry | {"id": f"cn{entry['id']}", "invoice_line_item": entry["id"]} for entry in lines]
    parts = {"total": sum(entry["amount"] for entry in lines) + taxes} | variables.pop("note", {})
    note = credit_note(**parts, lines={"data": credited})
    objects = {"invoices": [invoice(note["total"], lines={"data": lines})], "credit_notes": [note]}
    return expect(facts(objects, **variables)).documents["cn_1"]


def test_a_decimal_quantity_is_exact() -> None:
    """L1: 1.5 @ 20, 0.25 @ 20."""
    document = note_over(
        [
            line("li_1", 3000, quantity=1, quantity_decimal="1.5"),
            line("li_2", 500, quantity=0, quantity_decimal="0.25"),
        ]
    )
    assert [(row.quantity, row.amount) for row in document.lines] == [(Decimal("1.5"), 3000), (Decimal("0.25"), 500)]


@pytest.mark.parametrize("quantity", ({"quantity": None}, {"quantity": 0}, {"quantity": 0, "quantity_decimal": "0"}))
def test_a_quantity_of_zero_is_one(quantity: Obj) -> None:
    """L1, N1."""
    assert note_over([line("li_1", 500, **quantity)]).lines[0].quantity == 1
    negative = expect(facts({"invoices": [invoice(-500, lines={"data": [line("li_1", -500, **quantity)]})]}))
    assert negative.documents["in_1"].zero_lines == [("101", None, Decimal(1))]
    assert text_of(negative.documents["in_1"]) == "Stripe: in_1. 5.00 USD added to the customer's balance."


def test_only_item_and_balance_rows_have_a_quantity() -> None:
    """L1, B4."""
    document = note_over([line("li_1", 500, quantity=3, discount_amounts=[{"discount": "di_1", "amount": 0}])])
    assert [row.quantity for row in document.lines] == [3]
    use = expect(facts({"invoices": [fully_used()], LEDGER: credit_and_use()})).documents["in_1_balance"]
    assert [row.quantity for row in use.lines] == [1]


TAX_MAP = {
    "tax_map": [
        {
            "stripe_tax_rate_id": rate,
            "netsuite_item_id": "131",
            "netsuite_tax_code_id": code,
            "netsuite_tax_type_id": "61",
        }
        for rate, code in (("txr_0", "50"), ("txr_1", "51"), ("", "59"))
    ]
}


@pytest.mark.parametrize(("rate", "code"), (("txr_0", "50"), ("txr_other", None)))
def test_a_zero_rated_line_keeps_its_code(rate: str, code: str | None) -> None:
    """L5, L8: by the rate's own row of tax_map only."""
    lines = [line("li_1", 1000, taxes=[tax(rate, 0, 1000)])]
    gross = note_over(lines, mappings=TAX_MAP, line_amount_basis="gross")
    assert [(row.amount, row.tax_code) for row in gross.lines] == [(1000, code)]
    override = note_over(lines, mappings=TAX_MAP, tax_strategy="suitetax_override")
    details = [(detail.tax_code, detail.amount, detail.basis) for detail in override.tax_details]
    assert details == ([(code, 0, 1000)] if code else [])


def test_a_zero_tax_beside_another_one_needs_no_detail() -> None:
    """L8: only a line's only tax."""
    lines = [line("li_1", 1000, taxes=[tax("txr_0", 0, 1000), tax("txr_1", 200, 1000)])]
    document = note_over(lines, 200, mappings=TAX_MAP, tax_strategy="suitetax_override")
    assert [detail.tax_rate for detail in document.tax_details] == ["txr_1"]


def kept_in_part(lines: list[Obj], memo: int, taxes: int = 0, **variables: Any) -> Document:
    """The document of a note over all lines, of which only `memo` is not kept in the balance."""
    kept = sum(entry["amount"] - sum(d["amount"] for d in entry["discount_amounts"]) for entry in lines) + taxes - memo
    own_row = ledger_row(-kept, -kept, "cbtxn_1", type="credit_note", credit_note="cn_1")
    note = {"total": kept + memo, "out_of_band_amount": memo, "customer_balance_transaction": own_row}
    return note_over(lines, note=note, **variables)


def test_an_item_row_that_splits_to_zero_stays_above_its_discount_row() -> None:
    """L6, S1: half of 1 + 1 + 1 - 1 is 0.5, 0.5, 0.5, -0.5: floors 0, 0, 0, -1, and two units go to the first rows."""
    lines = [line("li_1", 1), line("li_2", 1), line("li_3", 1, discount_amounts=[{"discount": "di_1", "amount": 1}])]
    document = kept_in_part(lines, 1)
    expected = [("item", 1), ("item", 1), ("item", 0), ("discount", -1)]
    assert [(row.kind, row.amount) for row in document.lines] == expected
    assert document.lines[2].stripe_line == document.lines[3].stripe_line


@pytest.mark.parametrize(
    ("strategy", "rows"),
    (("suitetax_override", [("item", 2), ("item", 0)]), ("tax_lines", [("item", 2), ("tax", 1)])),
)
def test_an_item_row_that_splits_to_zero_stays_for_its_tax_detail(strategy: str, rows: list[tuple[str, int]]) -> None:
    """L6, S1: 3 of 5 + 1 + tax 2 is 1.875, 0.375, 0.75. A tax row needs no item row."""
    lines = [line("li_1", 5), line("li_2", 1, taxes=[tax("txr_1", 2, 1)])]
    document = kept_in_part(lines, 3, 2, mappings=TAX_MAP, tax_strategy=strategy)
    assert [(row.kind, row.amount) for row in document.lines] == rows
    assert [detail.amount for detail in document.tax_details] == ([1] if strategy == "suitetax_override" else [])


def test_a_tax_detail_of_zero_keeps_no_item_row() -> None:
    """L6, L8: 1 of 8 over items 7 and 1; the second one is zero-rated."""
    lines = [line("li_1", 7), line("li_2", 1, taxes=[tax("txr_0", 0, 1)])]
    document = kept_in_part(lines, 1, mappings=TAX_MAP, tax_strategy="suitetax_override")
    assert [(row.kind, row.amount) for row in document.lines] == [("item", 1)]
    assert document.tax_details == []


def test_an_inactive_item_is_not_found() -> None:
    """L1."""
    priced = line("li_1", 500, pricing={"price_details": {"price": "price_1", "product": "prod_1"}})
    objects = {
        "invoices": [invoice(500, lines={"data": [priced]})],
        "credit_notes": [
            credit_note(500, lines={"data": [priced | {"id": "cnli_1", "invoice_line_item": "li_1"}]}),
        ],
    }
    for is_inactive, item in (("F", "120"), ("T", "101")):
        of_case = facts(objects)
        of_case.netsuite["items"].append(
            {"id": "120", "externalid": "price_1", "itemtype": "Service", "isinactive": is_inactive}
        )
        assert expect(of_case).documents["cn_1"].lines[0].item == item


# -------------------------------------------------------------------- identity in NetSuite


def refunded_note(amount: int = 1000, **fields: Any) -> dict[str, list[Obj]]:
    """A note of 10.00 on a paid invoice, refunded."""
    note = credit_note(amount, refunds=[link(amount)], **fields)
    return {"invoices": [invoice(amount)], "credit_notes": [note], "refunds": [refund(amount)]}


def test_two_invoices_with_one_stripe_id_are_ambiguous() -> None:
    """X1."""
    invoices = [netsuite_record(id, externalid=None, stripe_id="in_1") for id in ("901", "902")]
    found = expect(facts(refunded_note(), transactions=invoices, invoice_id_field="custbody_stripe_id"))
    assert outcome(found, "cn_1") == ("blocked", "ambiguous_in_netsuite")
    assert found.documents["cn_1"].named_in_detail == {"901", "902"}
    row = {"stripe_invoice_id": "in_1", "netsuite_invoice_id": "902"}
    decided = facts(refunded_note(), transactions=invoices, mappings={"invoice_map": [row]}, invoice_id_field="f")
    assert expect(decided).documents["cn_1"].netsuite_invoice == "902"


@pytest.mark.parametrize("value", ("501,502", "501; 502", "501|502", "501 502"))
def test_several_ids_in_metadata_are_ambiguous(value: str) -> None:
    """X1."""
    customer = {"id": "cus_1", "metadata": {"netsuite_customer_id": value}}
    found = expect(facts(refunded_note() | {"customers": [customer]}))
    assert outcome(found, "cn_1") == ("blocked", "ambiguous_in_netsuite")


def test_the_active_customer_wins_over_the_inactive_one() -> None:
    """X1: over the custom field and the external id together."""
    inactive, active = netsuite_customer("500", isinactive="T", stripe_id="cus_1", externalid=None), netsuite_customer()
    for customers, expected in (([inactive, active], "501"), ([inactive], "500")):
        found = expect(facts(refunded_note(), customers=customers, customer_id_field="custentity_stripe_id"))
        assert found.documents["cn_1"].netsuite_customer == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    (
        ({"voided": "T"}, ("blocked", "netsuite_differs")),
        ({"approvalstatus": "3"}, ("blocked", "netsuite_differs")),
        ({"approvalstatus": "1"}, ("waiting", "invoice_not_in_netsuite")),
        ({"approvalstatus": "2"}, ("ready", "ready")),
    ),
    ids=("voided", "rejected", "pending", "approved"),
)
def test_nothing_is_posted_on_an_invoice_that_does_not_stand(row: Obj, expected: tuple[str, str]) -> None:
    """C4, for notes and uses."""
    found = expect(facts(refunded_note(), transactions=[netsuite_record(**row)]))
    assert outcome(found, "cn_1") == expected
    use = facts({"invoices": [fully_used()], LEDGER: credit_and_use()}, transactions=[netsuite_record(**row)])
    assert outcome(expect(use), "in_1_balance") == expected


def test_external_ids_that_differ_in_case_collide_unless_one_is_skipped() -> None:
    """X2: refund ids take part, skipped documents do not."""
    notes = [
        credit_note(100, "cn_1", refunds=[link(100, "re_a")]),
        credit_note(100, "cn_2", refunds=[link(100, "re_A")]),
    ]
    objects = {
        "invoices": [invoice(1000)],
        "credit_notes": notes,
        "refunds": [refund(100, "re_a"), refund(100, "re_A")],
    }
    found = expect(facts(objects))
    assert outcome(found, "cn_1") == outcome(found, "cn_2") == ("blocked", "external_id_collision")
    skip = {"document_id": "cn_2", "decision": "skip"}
    found = expect(facts(objects, mappings={"manual_decisions": [skip], "account_map": REFUND_ACCOUNT}))
    assert outcome(found, "cn_1") == ("ready", "ready")


def test_a_foreign_record_that_differs_only_in_case_collides() -> None:
    """X2: under a memo's id; a record under a refund's id is R3's."""
    rows = [netsuite_record(), netsuite_record("970", type="CustPymt", externalid="CN_1", foreigntotal="3.00")]
    assert outcome(expect(facts(refunded_note(), transactions=rows)), "cn_1") == ("blocked", "external_id_collision")
    rows[1] |= {"externalid": "RE_1"}
    assert outcome(expect(facts(refunded_note(), transactions=rows)), "cn_1") == ("ready", "ready")
    rows[1] |= {"externalid": "cn_1"}
    assert outcome(expect(facts(refunded_note(), transactions=rows)), "cn_1") == ("blocked", "netsuite_differs")


REFUND_ACCOUNT = [{"purpose": "refund", "currency": "", "netsuite_account_id": "12"}]


# -------------------------------------------------------------------- refunds


def test_links_that_exceed_the_refund_are_blocked() -> None:
    """R6, G3: a refund of 10.00 linked with 24.00."""
    objects = refunded_note(2400) | {"refunds": [refund(1000)]}
    found = expect(facts(objects))
    assert outcome(found, "cn_1") == ("blocked", "parts_do_not_add_up")
    assert refund_rows(found)["re_1"] == [("cn_1", 1000)]


def test_the_first_link_that_exceeds_the_refund_and_all_later_ones_are_blocked() -> None:
    """R6, G3: skipped notes do not count, and the rows of the refund come to its amount."""
    notes = [
        credit_note(amount, f"cn_{i}", refunds=[link(amount)], created=JANUARY + i)
        for i, amount in enumerate((600, 500, 100))
    ]
    objects = {"invoices": [invoice(5000)], "credit_notes": notes, "refunds": [refund(1000)]}
    found = expect(facts(objects))
    assert [outcome(found, f"cn_{i}")[1] for i in range(3)] == ["ready", "parts_do_not_add_up", "parts_do_not_add_up"]
    assert refund_rows(found)["re_1"] == [("cn_0", 600), ("cn_1", 400), ("cn_2", 0)]
    skip = [{"document_id": "cn_0", "decision": "skip"}]
    found = expect(facts(objects, mappings={"manual_decisions": skip, "account_map": REFUND_ACCOUNT}))
    assert [outcome(found, f"cn_{i}")[1] for i in range(3)] == ["skipped_by_hand", "ready", "ready"]
    assert refund_rows(found)["re_1"] == [("cn_0", 400), ("cn_1", 500), ("cn_2", 100)]


def test_a_refund_in_another_currency_is_blocked() -> None:
    """R6."""
    found = expect(facts(refunded_note() | {"refunds": [refund(1000, currency="eur")]}))
    assert outcome(found, "cn_1") == ("blocked", "parts_do_not_add_up")


@pytest.mark.parametrize(
    ("fields", "expected"),
    (
        ({"status": None}, "waiting"),
        ({"status": None, "balance_transaction": "txn_1"}, "ready"),
        ({"status": "halted"}, "waiting"),
        ({"status": "requires_action"}, "waiting"),
        ({"status": "succeeded"}, "ready"),
    ),
    ids=("none", "none, with balance transaction", "new", "requires_action", "succeeded"),
)
def test_a_refund_of_unknown_status_waits_and_its_memo_is_posted(fields: Obj, expected: str) -> None:
    """R2."""
    found = expect(facts(refunded_note() | {"refunds": [refund(1000, **fields)]}))
    assert outcome(found, "cn_1") == ("ready", "ready")
    assert found.documents["cn_1"].applied_to("customer_refund")[0].state == expected


def test_a_refund_that_was_not_landed_waits() -> None:
    """R2, G3: and it has no row."""
    found = expect(facts(refunded_note() | {"refunds": []}))
    assert found.documents["cn_1"].applications[0].reason == "refund_pending"
    assert refund_rows(found) == {}


@pytest.mark.parametrize(
    "fields", ({"status": "failed"}, {"status": "canceled"}, {"reason": "expired_uncaptured_charge"})
)
def test_a_refund_that_moved_no_money_blocks_its_note(fields: Obj) -> None:
    """R2, G3."""
    failed = refund(1000, **fields)
    found = expect(facts(refunded_note() | {"refunds": [failed]}))
    assert outcome(found, "cn_1") == ("blocked", "refund_failed")
    assert is_matched_by_hand(found, failed, "cn_1")


@pytest.mark.parametrize("status", ("deferred", None))
def test_an_unknown_status_of_note_or_invoice_blocks(status: str | None) -> None:
    """O5."""
    objects = refunded_note()
    assert outcome(expect(facts(refunded_note(status=status))), "cn_1") == ("blocked", "stripe_status_unknown")
    objects["invoices"] = [invoice(1000, status=status)]
    assert outcome(expect(facts(objects)), "cn_1") == ("blocked", "stripe_status_unknown")
    use = facts({"invoices": [fully_used(status=status)], LEDGER: credit_and_use()})
    assert outcome(expect(use), "in_1_balance") == ("blocked", "stripe_status_unknown")
    negative = facts({"invoices": [invoice(-500, status=status)]}, transactions=[])
    assert outcome(expect(negative), "in_1") == ("blocked", "stripe_status_unknown")


@pytest.mark.parametrize(("held", "is_complete"), ((0, False), (300, True)))
def test_a_note_of_unknown_status_counts_if_the_invoice_holds_it(held: int, is_complete: bool) -> None:
    """O5, B6."""
    note = credit_note(300, status="deferred", pre_payment_amount=300, out_of_band_amount=0)
    paid = invoice(1000, amount_due=700, pre_payment_credit_notes_amount=held)
    found = expect(facts({"invoices": [paid], "credit_notes": [note]}))
    assert found.ledger.is_complete(("cus_1", "usd")) is is_complete


OTHER_REFUND = netsuite_record("950", externalid="re_1", type="CustRfnd", foreigntotal="-10.00")


@pytest.mark.parametrize(
    ("record", "expected"),
    (
        ({"foreigntotal": "-10.00"}, "netsuite_differs"),
        ({"foreigntotal": "0"}, "ready"),
        ({"foreigntotal": "0", "entity": "777"}, "netsuite_differs"),
        ({"foreigntotal": "0", "currency": "2"}, "netsuite_differs"),
        ({"foreigntotal": "0", "type": "CustCred"}, "netsuite_differs"),
    ),
    ids=("no room", "room", "customer", "currency", "type"),
)
def test_a_customer_refund_that_cannot_be_adopted_shows_in_its_document(record: Obj, expected: str) -> None:
    """R3, O3: the memo is posted, its application is not, and the posted document is blocked."""
    of_case = facts(refunded_note(), transactions=[netsuite_record(), OTHER_REFUND | record])
    found = expect(of_case)
    document = found.documents["cn_1"]
    assert (document.state, document.applications[0].reason) == ("ready", expected)
    again = outcome(expect(of_case, {"cn_1": document}), "cn_1")
    assert again == (("posted", "created") if expected == "ready" else ("blocked", "netsuite_differs"))


# -------------------------------------------------------------------- records of the connector


def memo(id: str = "960", **fields: Any) -> Obj:
    """A credit memo of 10.00 that the connector made for the note."""
    return (
        netsuite_record(id, type="CustCred", foreigntotal="-10.00", foreignamountunpaid="")
        | {"externalid": "ns_memo:cn_1"}
        | fields
    )


@pytest.mark.parametrize(
    ("external_id", "note_metadata", "refund_metadata"),
    (
        ("ns_memo:cn_1", {}, {}),
        ("ns_memo:re_1", {}, {}),
        (None, {"netsuite_credit_memo_id": "960"}, {}),
        (None, {}, {"netsuite_credit_memo_id": "960"}),
    ),
    ids=("by note", "by refund", "by the note's metadata", "by the refund's metadata"),
)
def test_a_memo_of_the_connector(external_id: str | None, note_metadata: Obj, refund_metadata: Obj) -> None:
    """K1, K2, K4."""
    objects = refunded_note(metadata=note_metadata) | {"refunds": [refund(1000, metadata=refund_metadata)]}
    rows = [netsuite_record(), memo(externalid=external_id)]
    guarded = expect(facts(objects, transactions=rows)).documents["cn_1"]
    assert (guarded.state, guarded.reason) == ("blocked", "netsuite_differs")
    assert guarded.connector_record == rows[1]
    adopted = expect(facts(objects, transactions=rows, connector_records="adopt")).documents["cn_1"]
    assert (adopted.state, adopted.existing_record) == ("ready", "960")
    assert adopted.external_id == (external_id or "cn_1")
    ignored = expect(facts(objects, transactions=rows, connector_records="ignore")).documents["cn_1"]
    assert (ignored.state, ignored.existing_record) == ("ready", None)


@pytest.mark.parametrize(
    "fields",
    ({"foreigntotal": "-9.00"}, {"entity": "777"}, {"currency": "2"}, {"type": "CustInvc"}),
    ids=("total", "customer", "currency", "type"),
)
def test_a_memo_that_does_not_agree_is_not_adopted(fields: Obj) -> None:
    """K2, P5."""
    found = expect(facts(refunded_note(), transactions=[netsuite_record(), memo(**fields)], connector_records="adopt"))
    assert outcome(found, "cn_1") == ("blocked", "netsuite_differs")


@pytest.mark.parametrize("setting", ("guard", "adopt"))
def test_an_id_in_metadata_that_netsuite_lacks(setting: str) -> None:
    """K3: it ends the search, also if a memo stands under a name of the connector."""
    objects = refunded_note(metadata={"netsuite_credit_memo_id": "999"})
    rows = [netsuite_record(), memo()]
    found = expect(facts(objects, transactions=rows, connector_records=setting))
    assert outcome(found, "cn_1") == ("blocked", "memo_not_in_netsuite")
    objects = refunded_note() | {"refunds": [refund(1000, metadata={"netsuite_customer_refund_id": "999"})]}
    found = expect(facts(objects, connector_records=setting))
    assert outcome(found, "cn_1") == ("blocked", "refund_not_in_netsuite")


def test_a_use_whose_memo_the_connector_made() -> None:
    """K1."""
    rows = [netsuite_record(), memo(externalid="ns_memo:in_1", foreigntotal="-12.00")]
    objects = {"invoices": [fully_used()], LEDGER: credit_and_use()}
    assert outcome(expect(facts(objects, transactions=rows)), "in_1_balance") == ("blocked", "netsuite_differs")
    adopted = expect(facts(objects, transactions=rows, connector_records="adopt")).documents["in_1_balance"]
    assert (adopted.state, adopted.existing_record) == ("ready", "960")


def test_adopted_memos_need_no_open_period() -> None:
    """P5: what is in NetSuite already needs none."""
    of_case = facts(refunded_note(), transactions=[netsuite_record(), memo(externalid="cn_1")], closed_period="block")
    of_case.netsuite["accounting_periods"][0]["closed"] = "T"
    assert outcome(expect(of_case), "cn_1") == ("ready", "ready")


# -------------------------------------------------------------------- parts, gone objects, texts, fields


def test_parts_that_do_not_add_up_are_blocked_although_nothing_is_left_for_a_memo() -> None:
    """C1: a note of 10.00, no part of it anywhere, not even in the balance."""
    note = credit_note(1000, out_of_band_amount=0)
    found = expect(facts({"invoices": [invoice(1000)], "credit_notes": [note]}))
    assert outcome(found, "cn_1") == ("blocked", "parts_do_not_add_up")


@pytest.mark.parametrize("kind", ("credit_notes", "invoices", "refunds"))
def test_an_object_that_stripe_no_longer_has_blocks_its_document(kind: str) -> None:
    """I3."""
    objects = refunded_note()
    objects[kind] = [objects[kind][0] | {"deleted": True}]
    found = expect(facts(objects))
    assert outcome(found, "cn_1") == ("blocked", "gone_from_stripe")
    assert outcome(expect(facts(objects), {"cn_1": found.documents["cn_1"]}), "cn_1") == ("posted", "created")


def test_a_text_is_cleaned_and_cut_before_a_grapheme() -> None:
    """C3, C7, X6."""
    assert clean("a\x00b\r\n\tc\x85") == "ab\n\tc"
    assert cut("ab\u0301", 2) == "a"
    assert cut("x\U0001f468\u200d\U0001f469", 3) == "x"
    assert cut("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 3) == "\U0001f1e9\U0001f1ea"
    assert cut("\u0301" * 5, 2) == "\u0301" * 2  # no grapheme begins before
    note = credit_note(1000, memo="\x07" + "e\u0301" * 600)
    document = expect(facts({"invoices": [invoice(1000)], "credit_notes": [note]})).documents["cn_1"]
    text = text_of(document)
    assert text.startswith("Stripe: cn_1. e\u0301") and text.endswith(f"e\u0301{OUT_OF_BAND}")
    assert len(text) in (LENGTH - 1, LENGTH)


def test_fields_reach_every_row() -> None:
    """M2: `memo_row` on all rows, `memo_line` wins on item rows, a row without the object sends only constants."""
    columns = ("target", "netsuite_field", "value_type", "source", "constant")
    field_map = [
        dict(zip(columns, row, strict=True))
        for row in (
            ("memo_row", "department", "reference", "", "7"),
            ("memo_row", "class", "reference", "credit_note_line.metadata.class", ""),
            ("memo_line", "department", "reference", "", "8"),
        )
    ]
    credited = line("cnli_1", 1000, invoice_line_item="il_in_1", metadata={"class": "3"})
    objects = {"invoices": [invoice(1000)], "credit_notes": [credit_note(1000, lines={"data": [credited]})]}
    of_case = facts(objects, mappings={"field_map": field_map})
    document = expect(of_case).documents["cn_1"]
    rows = {
        kind: fields_of_memo_row(of_case, document, Line(kind, line_id, None, None, 1))
        for kind, line_id in (("item", "cnli_1"), ("discount", "cnli_1"), ("tax", "cnli_1"), ("shipping", None))
    }
    assert rows == {
        "item": {"department": "8", "class": "3"},
        "discount": {"department": "7", "class": "3"},
        "tax": {"department": "7", "class": "3"},
        "shipping": {"department": "7"},
    }


def test_a_private_source_is_refused() -> None:
    """M1: `customer.name` is not landed."""
    rows = [
        {"target": "memo", "netsuite_field": "f", "value_type": "text", "source": s, "constant": ""}
        for s in ("customer.name", "customer.metadata.name")
    ]
    assert refused_rows(facts({}, mappings={"field_map": rows})) == rows[:1]


def test_a_number_that_cannot_be_read_blocks_its_record() -> None:
    """M1."""
    row = {"target": "memo", "netsuite_field": "f", "value_type": "number", "source": "invoice.number", "constant": ""}
    of_case = facts({}, mappings={"field_map": [row]})
    assert fields_of(of_case, "memo", {"invoice": {"number": "12.5"}}) == {"f": "12.5"}
    assert fields_of(of_case, "memo", {"invoice": {"number": ""}}) == {}
    with pytest.raises(Unreadable):
        fields_of(of_case, "memo", {"invoice": {"number": "INV-12"}})
