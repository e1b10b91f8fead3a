"""One change per customer, of every kind that the rules know, for test_staleness.py.

The cases include changes that Stripe and NetSuite never make by themselves: objects and ids that customers share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dbt.company import DAY, NOW, Company

CASES: list[Callable[[Company, str], Callable[[], Any]]] = []


def case(function: Callable[[Company, str], Callable[[], Any]]) -> Callable[[Company, str], Callable[[], Any]]:
    """A case lands its records for the first build; it returns the change that comes after it."""
    CASES.append(function)
    return function


# ---------------------------------------------------------------------- Stripe's objects


@case
def note_changes(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.note(n, status="void")


@case
def note_moves(c: Company, n: str) -> Any:
    c.full(n)
    c.customer(f"{n}2")
    return lambda: c.note(n, customer=f"cus_{n}2", invoice=None)


@case
def invoice_is_paid(c: Company, n: str) -> Any:
    c.full(n)
    c.invoice(n, status="open")
    return lambda: c.invoice(n)


@case
def invoice_moves(c: Company, n: str) -> Any:
    c.customer(n)
    c.customer(f"{n}2")
    c.invoice(n, total=-500)
    c.netsuite["transactions"].pop(f"T{n}")

    def change() -> None:
        c.invoice(n, total=-500, customer=f"cus_{n}2")
        c.netsuite["transactions"].pop(f"T{n}")

    return change


@case
def invoice_of_nobody_comes(c: Company, n: str) -> Any:
    c.customer(n)
    c.note(n, customer=None)
    return lambda: c.invoice(n, customer=None)


@case
def ledger_goes_on(c: Company, n: str) -> Any:
    c.customer(n)
    c.ledger(f"cbtxn_{n}1", f"cus_{n}", "adjustment", -300, -300)
    return lambda: c.ledger(f"cbtxn_{n}2", f"cus_{n}", "adjustment", 100, -200)


CHECKOUT = "checkout_session_subscription_payment"


@case
def use_without_invoice_gets_one(c: Company, n: str) -> Any:
    """The row of the ledger names its session, and the invoice comes: the document without an invoice is no more."""
    c.customer(n)
    c.ledger(f"cbtxn_{n}1", f"cus_{n}", "adjustment", -5000, -5000)
    c.ledger(f"cbtxn_{n}2", f"cus_{n}", CHECKOUT, 700, -4300)

    def change() -> None:
        c.invoice(n, 700, amount_due=0)
        c.stripe["customer_balance_transactions"][f"cbtxn_{n}2"]["checkout_session"] = f"cs_{n}"

    return change


@case
def session_is_read_after_its_row(c: Company, n: str) -> Any:
    """Two invoices lack the amount; the row goes to the earlier one until the session names the other."""
    c.customer(n)
    c.ledger(f"cbtxn_{n}1", f"cus_{n}", "adjustment", -700, -700)
    c.ledger(f"cbtxn_{n}2", f"cus_{n}", CHECKOUT, 700, 0, checkout_session=f"cs_{n}")
    c.invoice(n, 700, amount_due=0)
    c.invoice(f"{n}2", 700, amount_due=0, customer=f"cus_{n}", at=NOW + DAY)
    session = {"id": f"cs_{n}", "customer": f"cus_{n}", "invoice": f"in_{n}2"}
    return lambda: c.stripe["checkout_sessions"].update({f"cs_{n}": session})


@case
def customer_changes(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.stripe["customers"][f"cus_{n}"].update(metadata={"netsuite_customer_id": "0"})


@case
def refund_succeeds(c: Company, n: str) -> Any:
    c.full(n, refund=f"re_{n}")
    c.refund(f"re_{n}", "pending")
    return lambda: c.refund(f"re_{n}")


@case
def refund_comes_after_its_note(c: Company, n: str) -> Any:
    c.full(n, refund=f"re_{n}")
    return lambda: c.refund(f"re_{n}")


@case
def payment_comes(c: Company, n: str) -> Any:
    c.customer(n)
    c.invoice(n, amount_due=600)
    c.ledger(f"cbtxn_{n}1", f"cus_{n}", "adjustment", -400, -400)
    c.ledger(f"cbtxn_{n}2", f"cus_{n}", "applied_to_invoice", 400, 0, invoice=f"in_{n}")
    payment = {
        "id": f"inpay_{n}",
        "invoice": f"in_{n}",
        "status": "paid",
        "amount_paid": 600,
        "currency": "usd",
        "payment": {"type": "charge"},
    }
    return lambda: c.stripe["invoice_payments"].update({payment["id"]: payment})


# ---------------------------------------------------------------------- mapping files


@case
def customer_is_mapped(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.map("customer_map", f'" cus_{n} ",0')


@case
def invoice_is_mapped(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.map("invoice_map", f'" in_{n}",0')


@case
def document_is_decided(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.map("manual_decisions", f'"cn_{n} ",skip,')


# ---------------------------------------------------------------------- NetSuite's records


@case
def customer_comes(c: Company, n: str) -> Any:
    c.full(n)
    row = c.netsuite["customers"].pop(f"N{n}")
    return lambda: c.netsuite["customers"].update({row["id"]: row})


@case
def customer_vanishes(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.netsuite["customers"].pop(f"N{n}")


@case
def customer_by_custom_field(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.netsuite["customers"].update({f"M{n}": {"id": f"M{n}", "stripe_id": f"cus_{n}"}})


@case
def customer_that_metadata_name(c: Company, n: str) -> Any:
    c.full(n)
    c.customer(n, metadata={"netsuite_customer_id": f"M{n}"})
    return lambda: c.netsuite["customers"].update({f"M{n}": {"id": f"M{n}", "externalid": "else"}})


@case
def customers_swap(c: Company, n: str) -> Any:
    c.full(n)
    c.full(f"{n}2")
    one, other = c.netsuite["customers"][f"N{n}"], c.netsuite["customers"][f"N{n}2"]
    return lambda: (one.update(externalid=f"cus_{n}2"), other.update(externalid=f"cus_{n}"))


@case
def memo_id_in_other_case(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.transaction(f"X{n}", externalid=f"CN_{n}", type="CustCred")


@case
def invoice_comes(c: Company, n: str) -> Any:
    c.full(n)
    row = c.netsuite["transactions"].pop(f"T{n}")
    return lambda: c.netsuite["transactions"].update({row["id"]: row})


@case
def invoice_is_settled(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.netsuite["transactions"][f"T{n}"].update(foreignamountunpaid="0.00")


@case
def invoice_by_custom_field(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.transaction(f"X{n}", stripe_id=f"in_{n}", externalid="else")


@case
def invoice_that_the_map_names(c: Company, n: str) -> Any:
    c.full(n)
    c.map("invoice_map", f"in_{n},X{n}")
    return lambda: c.transaction(f"X{n}", externalid="other")


@case
def memo_is_applied(c: Company, n: str) -> Any:
    c.full(n)
    c.transaction(f"X{n}", externalid=f"cn_{n}", type="CustCred", entity=f"N{n}", foreigntotal="-1.00")
    c.netsuite["transactions"][f"T{n}"]["foreignamountunpaid"] = "0.00"
    row = {"previousdoc": f"T{n}", "nextdoc": f"X{n}", "linktype": "Payment", "foreignamount": "1.00"}
    return lambda: c.netsuite["applications"].update({n: row})


@case
def price_becomes_item(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.netsuite["items"].update({f"I{n}": {"id": f"I{n}", "externalid": f"price_{n}"}})


@case
def product_becomes_item(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.netsuite["items"].update({f"I{n}": {"id": f"I{n}", "externalid": f"prod_{n}"}})


@case
def item_of_a_negative_invoice(c: Company, n: str) -> Any:
    c.customer(n)
    c.invoice(n, total=-500)
    c.netsuite["transactions"].pop(f"T{n}")
    return lambda: c.netsuite["items"].update({f"I{n}": {"id": f"I{n}", "externalid": f"price_{n}"}})


@case
def tax_rate_changes(c: Company, n: str) -> Any:
    rate = {"id": f"txr_{n}", "percentage": 25.0, "rate_type": "percentage"}
    c.stripe["tax_rates"][rate["id"]] = rate
    c.full(n, tax=rate["id"])
    return lambda: c.stripe["tax_rates"].update({rate["id"]: rate | {"percentage": 26.0}})


# ---------------------------------------------------------------------- what the loader did


@case
def memo_is_refused(c: Company, n: str) -> Any:
    c.full(n)
    return lambda: c.journal.append(("creditMemo", f"cn_{n}", "rejected", ""))


@case
def refund_is_refused(c: Company, n: str) -> Any:
    c.full(n, refund=f"re_{n}")
    c.refund(f"re_{n}")
    c.journal.append(("creditMemo", f"cn_{n}", "created", f"X{n}"))
    return lambda: c.journal.append(("customerRefund", f"re_{n}", "rejected", ""))


@case
def journal_entry_is_refused(c: Company, n: str) -> Any:
    c.full(n, refund=f"re_{n}")
    c.refund(f"re_{n}")
    c.invoice(n, at=NOW - 90 * DAY)
    return lambda: c.journal.append(("journalEntry", f"re_{n}_cn_{n}_income", "rejected", ""))


@case
def journal_entry_nobody_asked_for(c: Company, n: str) -> Any:
    """The refund is pending, so nothing goes to income; but the journal entry turns out to be there."""
    c.full(n, refund=f"re_{n}")
    c.refund(f"re_{n}", "pending")
    c.invoice(n, at=NOW - 90 * DAY)
    return lambda: c.journal.append(("journalEntry", f"re_{n}_cn_{n}_income", "adopted", f"J{n}"))


# ---------------------------------------------------------------------- customers that share something


@case
def ids_equal_ignoring_case(c: Company, n: str) -> Any:
    c.full(n)
    c.full(f"{n}2")
    return lambda: c.note(f"{n}2", id=f"CN_{n}")


@case
def refund_of_two_customers(c: Company, n: str) -> Any:
    c.full(n, refund=f"re_{n}")
    c.refund(f"re_{n}", amount=200)
    c.full(f"{n}2")
    return lambda: c.note(f"{n}2", refund=f"re_{n}")


@case
def note_on_an_invoice_of_somebody_else(c: Company, n: str) -> Any:
    c.full(n)
    c.full(f"{n}2")
    return lambda: c.note(f"{n}2", invoice=f"in_{n}", total=950, amount=950, pre_payment_amount=950, created=NOW)


@case
def note_on_an_invoice_without_others(c: Company, n: str) -> Any:
    c.customer(n)
    c.invoice(n)
    c.customer(f"{n}2")
    return lambda: c.note(f"{n}2", invoice=f"in_{n}")


@case
def use_of_two_customers_on_an_unknown_invoice(c: Company, n: str) -> Any:
    c.customer(n)
    c.customer(f"{n}2")
    c.ledger(f"cbtxn_{n}1", f"cus_{n}", "applied_to_invoice", 400, 400, invoice=f"in_{n}")
    return lambda: c.ledger(f"cbtxn_{n}2", f"cus_{n}2", "applied_to_invoice", 300, 300, invoice=f"in_{n}")


@case
def tax_in_a_credit_of_somebody_elses_note(c: Company, n: str) -> Any:
    """Customer 2 used the credit of a note of customer 1: its tax is looked up there."""
    c.full(n, tax="txr_some", pre_payment_amount=0)
    c.customer(f"{n}2")
    c.invoice(f"{n}2", amount_due=900)

    def change() -> None:
        c.ledger(f"cbtxn_{n}1", f"cus_{n}2", "credit_note", -100, -100, credit_note=f"cn_{n}")
        c.ledger(f"cbtxn_{n}2", f"cus_{n}2", "applied_to_invoice", 100, 0, invoice=f"in_{n}2")

    return change


def two_on_one(c: Company, n: str, **of_other: Any) -> None:
    """NetSuite has one customer and one invoice, with room for one credit of two, for what is two in Stripe."""
    c.full(n)
    c.full(f"{n}2", **of_other)
    for name in (n, f"{n}2"):
        c.map("customer_map", f"cus_{name},N{n}")
    c.netsuite["transactions"][f"T{n}"]["foreignamountunpaid"] = "1.50"


@case
def shared_invoice_gets_room(c: Company, n: str) -> Any:
    two_on_one(c, n, created=NOW + 2 * DAY)
    c.invoice(f"{n}2", metadata={"netsuite_invoice_id": f"T{n}"})
    return lambda: c.note(n, status="void")


@case
def shared_invoice_by_metadata(c: Company, n: str) -> Any:
    two_on_one(c, n, created=NOW)
    return lambda: c.invoice(f"{n}2", metadata={"netsuite_invoice_id": f" T{n} "})


@case
def shared_invoice_by_map(c: Company, n: str) -> Any:
    two_on_one(c, n, created=NOW)
    return lambda: c.map("invoice_map", f"in_{n}2, T{n}")


@case
def shared_invoice_by_custom_field(c: Company, n: str) -> Any:
    two_on_one(c, n, created=NOW)
    return lambda: c.netsuite["transactions"][f"T{n}"].update(stripe_id=f"in_{n}2")


def as_the_map_forgets(c: Company, n: str) -> Callable[[], Any]:
    """The other customer's invoice was mapped to one of its own; what it falls back to has been there all the time."""
    two_on_one(c, n, created=NOW)
    row = f"in_{n}2,T{n}2"
    c.netsuite["transactions"][f"T{n}2"].update(externalid=None, entity=f"N{n}")
    c.map("invoice_map", row)
    return lambda: c.mappings["invoice_map"].remove(row)


@case
def shared_invoice_of_metadata_as_the_map_forgets(c: Company, n: str) -> Any:
    change = as_the_map_forgets(c, n)
    c.stripe["invoices"][f"in_{n}2"]["metadata"] = {"netsuite_invoice_id": f"T{n}"}
    return change


@case
def shared_invoice_of_custom_field_as_the_map_forgets(c: Company, n: str) -> Any:
    change = as_the_map_forgets(c, n)
    c.netsuite["transactions"][f"T{n}"]["stripe_id"] = f"in_{n}2"
    return change


@case
def shared_invoice_of_external_id_as_the_map_forgets(c: Company, n: str) -> Any:
    change = as_the_map_forgets(c, n)
    c.netsuite["transactions"][f"T{n}"]["externalid"] = f"in_{n}2"
    c.map("invoice_map", f"in_{n},T{n}")
    return change


def name_of(function: Callable[[Company, str], Callable[[], Any]]) -> str:
    """The name of a case's customer."""
    return function.__name__.title().replace("_", "")
