"""Invoices that use the customer balance."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import World


@scenario("B1 B2 B3 B4", in_BalanceAll_balance="posted created")
def balance_pays_an_invoice_in_full(w: World) -> Steps:
    """One line, so its item, description and period; no charge."""
    customer = w.customer("Quail")
    w.billing.adjust_balance(customer, -4900, description="Migration credit")
    yield 3
    w.sell("BalanceAll", customer, w.line("Team"))


@scenario("B4", in_BalanceLines_balance="posted created")
def balance_on_an_invoice_with_several_lines(w: World) -> Steps:
    """Nobody knows which line it pays: the global item."""
    customer = w.customer("Raven")
    w.billing.adjust_balance(customer, -3000)
    yield 3
    w.sell("BalanceLines", customer, w.line("Team"), w.line("Seat", 2))


@scenario("B4", in_Leftover1_balance="posted created", in_Leftover2_balance="posted created")
def balance_used_in_two_goes(w: World) -> Steps:
    """The second use is of a leftover, and so is the first: credit was left after it."""
    customer = w.customer("Siskin")
    w.billing.adjust_balance(customer, -6000)
    yield 3
    w.sell("Leftover1", customer, w.line("Team"))
    yield 30
    w.sell("Leftover2", customer, w.line("Team"))


@scenario("B1", in_Debit_balance="skipped debit_balance_collected")
def debit_balance_collected(w: World) -> Steps:
    """The customer owed 20.00; the next invoice collects it."""
    customer = w.customer("Tern")
    w.billing.adjust_balance(customer, 2000)
    yield 3
    w.sell("Debit", customer, w.line("Team"))


@scenario("B1", in_Reversed_balance="skipped balance_use_reversed")
def balance_use_taken_back(w: World) -> Steps:
    """Stripe gave the balance back and the whole invoice was charged."""
    customer = w.customer("Umbra")
    w.billing.adjust_balance(customer, -1000)
    w.sell("Reversed", customer, w.line("Team"), pay=False)
    yield 1
    w.billing.unapply_balance("in_Reversed")
    w.billing.pay("in_Reversed")


@scenario("B1", in_VoidUse_balance="skipped invoice_void", in_VoidLost_balance="skipped invoice_void")
def balance_on_voided_invoices(w: World) -> Steps:
    """One gives the balance back, for the other the ledger does not."""
    for key, name in (("VoidUse", "Vireo"), ("VoidLost", "Wren")):
        w.billing.adjust_balance(w.customer(name), -1000)
        w.sell(key, w.customer(name), w.line("Team"), pay=False)
    yield 4
    w.billing.void_invoice("in_VoidUse")
    w.billing.void_invoice("in_VoidLost", gives_balance_back=False)


@scenario(
    "B2",
    in_UseOpen_balance="waiting invoice_open",
    in_UseOutside_balance="waiting remaining_charge_missing",
    later={"in_UseOpen_balance": "posted created"},
)
def balance_use_before_the_rest_is_charged(w: World) -> Steps:
    """The rest is open; or it was paid outside Stripe, so no charge will show."""
    yield 65
    for key, name in (("UseOpen", "Xenops"), ("UseOutside", "Yaffle")):
        w.billing.adjust_balance(w.customer(name), -1000)
        w.sell(key, w.customer(name), w.line("Team"), pay=False)
    yield 4
    w.billing.pay_outside("in_UseOutside", record=False)


@scenario("B1", in_Checkout_balance="posted created")
def balance_used_in_checkout(w: World) -> Steps:
    """The ledger row names the session, not the invoice."""
    customer = w.customer("Zitting")
    w.billing.adjust_balance(customer, -1000)
    yield 2
    w.sell("Checkout", customer, w.line("Team"), through_checkout=True)


@scenario("B2", in_TooSmall_balance="posted created")
def rest_too_small_to_charge(w: World) -> Steps:
    """Ten cents are left; Stripe carries them over."""
    customer = w.customer("Avocet")
    w.billing.adjust_balance(customer, -4890)
    yield 2
    w.sell("TooSmall", customer, w.line("Team"))


@scenario("B6", in_Gap_balance="blocked balance_ledger_incomplete")
def ledger_with_a_gap(w: World) -> Steps:
    """A row is missing from what Stripe lists."""
    customer = w.customer("Bittern")
    row = w.billing.adjust_balance(customer, -500)
    w.billing.adjust_balance(customer, -500)
    w.billing.adjust_balance(customer, -500)
    yield 2
    w.sell("Gap", customer, w.line("Team"))
    w.billing.forget_ledger_row(row)


@scenario("B7", in_OverpaidUse_balance="blocked balance_from_payment")
def balance_from_an_overpayment(w: World) -> Steps:
    """The credit is money NetSuite already has as an open payment."""
    customer = w.customer("Curlew")
    w.sell("Overpaid", customer, w.line("Team"), pay=False)
    w.billing.pay("in_Overpaid", 6000)
    yield 20
    w.sell("OverpaidUse", customer, w.line("Team"))
