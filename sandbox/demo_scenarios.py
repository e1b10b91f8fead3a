"""What happens at the demo company in Stripe: one small story for each rule, told by operations, and what
must come of it.

A story is a generator: it yields the days that pass between its steps. `sees` says the state and reason in
which a credit document is after the first run with the committed mappings and default vars. The rules are
those of spec/rules.md.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart

DAY = 86_400
Story = Generator[int, None, None]


@dataclass(frozen=True)
class Scenario:
    """A named story. `sees` and `later`: document id -> "state reason" after the first run, and after a run
    that follows one `advance` (where that differs).
    """

    name: str
    rules: tuple[str, ...]
    sees: dict[str, str]
    later: dict[str, str]
    told: str
    tell: Callable[[World], Story]
    first_day: int | None  # days after the demo's first day; None: some time in spring


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    rules: str, *, first_day: int | None = None, later: dict[str, str] | None = None, **sees: str
) -> Callable[[Callable[[World], Story]], None]:
    """Register a story under its function's name; `sees` by document id."""

    def register(tell: Callable[[World], Story]) -> None:
        name, told = tell.__name__, " ".join((tell.__doc__ or "").split())
        SCENARIOS[name] = Scenario(name, tuple(rules.split()), sees, later or {}, told, tell, first_day)

    return register


class World:
    """The demo company's Stripe account, in the words the stories use. Ids are `in_<key>`, `cn_<key>`,
    `re_<key>`, `cus_<Name>`.
    """

    def __init__(self, billing: Billing) -> None:
        self.billing = billing

    def customer(self, name: str, currency: str = "usd", metadata: dict[str, str] | None = None) -> str:
        """The customer of that name, made on first use."""
        id = f"cus_{name}"
        if id not in self.billing.objects("customers"):
            address = {
                "line1": f"{len(name)} Market Street",
                "line2": None,
                "city": "Springfield",
                "postal_code": "01234",
                "state": "MA",
                "country": "US",
            }
            self.billing.create_customer(
                id=id,
                name=f"{name} Inc, attn. Pat {name}",
                email=f"pat@{name.lower()}.example",
                phone="+15550100",
                address=address,
                currency=currency,
                metadata=metadata,
            )
        return id

    def line(self, plan: str, quantity: int = 1, currency: str = "usd", **fields: Any) -> Line:
        """A line of one month of a plan, or one-off work."""
        period = (self.billing.now, self.billing.now + 30 * DAY)
        return Line(price=f"price_{plan}{currency.title()}", quantity=quantity, period=period, **fields)

    def sell(self, key: str, customer: str, *lines: Line, pay: bool = True, **fields: Any) -> str:
        """Finalize invoice `in_<key>`, and charge what it asks for."""
        currency = self.billing.get("customers", customer)["currency"]
        id = self.billing.invoice(customer, lines, id=f"in_{key}", **{"currency": currency} | fields)
        if pay and self.billing.get("invoices", id)["amount_remaining"]:
            self.billing.pay(id)
        return id

    def credit(
        self,
        key: str,
        how: str | None = None,
        *,
        of: str | None = None,
        amount: int | None = None,
        shipping: int = 0,
        lines: Sequence[CreditLine] = (),
        **fields: Any,
    ) -> str:
        """Credit note `cn_<key>`; what lies beyond the open invoice goes by `how`: refund, credit,
        out_of_band.
        """
        invoice = of or f"in_{key}"
        given = {"lines": lines, "amount": amount, "shipping": shipping}
        post = self.billing.preview_credit_note(invoice, **given)[2]  # type: ignore[arg-type]
        if how == "refund":
            fields["refunds"] = [RefundPart(post, id=f"re_{key}", status=fields.pop("status", "succeeded"))]
        elif how:
            fields[how] = post
        return self.billing.credit_note(invoice, id=f"cn_{key}", **given, **fields)  # type: ignore[arg-type]

    def part(
        self,
        invoice: str,
        line: int = 0,
        *,
        amount: int | None = None,
        quantity: int | None = None,
        **fields: Any,
    ) -> CreditLine:
        """Credit of part of an invoice's line, given by its position."""
        row = self.billing.get("invoices", invoice)["lines"]["data"][line]
        return CreditLine(row["id"], amount=amount, quantity=quantity, **fields)

    def whole(self, invoice: str) -> list[CreditLine]:
        """Credit of every line of an invoice."""
        rows = self.billing.get("invoices", invoice)["lines"]["data"]
        return [CreditLine(row["id"], amount=row["amount"]) for row in rows]

    def charge(self, invoice: str) -> str:
        return str(self.billing.charges_of(invoice)[0]["id"])


# ---------------------------------------------------------------------- credit notes: settled by refund, out
# of band, balance


@scenario("C1 C3 C7 R1 G3 O1 O2 L11", cn_RefundNew="posted created")
def refund_with_the_credit_note(w: World) -> Story:
    """Two of five seats are taken back and refunded at once."""
    w.sell("RefundNew", w.customer("Alder"), w.line("Seat", 5))
    yield 6
    w.credit(
        "RefundNew",
        "refund",
        lines=[w.part("in_RefundNew", quantity=2)],
        memo="Two seats returned.",
        reason="order_change",
    )


@scenario("C7 R1", cn_RefundLinked="posted created")
def refund_first_credit_note_later(w: World) -> Story:
    """Support refunds, accounting links the refund to a credit note a week later."""
    w.sell("RefundLinked", w.customer("Alder"), w.line("Seat", 4))
    yield 3
    w.billing.refund(w.charge("in_RefundLinked"), 2000, id="re_RefundLinked", reason="requested_by_customer")
    yield 7
    w.credit("RefundLinked", amount=2000, refunds=[RefundPart(2000, "re_RefundLinked")])


@scenario("C7 R1", cn_RefundTwice="posted created")
def refund_to_two_cards(w: World) -> Story:
    """Paid in two parts with two cards; one credit note, two refunds."""
    w.sell("RefundTwice", w.customer("Birch"), w.line("Seat", 6), pay=False)
    w.billing.pay("in_RefundTwice", 5000)
    yield 2
    w.billing.pay("in_RefundTwice")
    yield 4
    parts = [RefundPart(5000, id="re_RefundTwice1"), RefundPart(1000, id="re_RefundTwice2")]
    w.credit("RefundTwice", lines=[w.part("in_RefundTwice", quantity=3)], refunds=parts)


@scenario("C7", cn_OutOfBand="posted created")
def credited_out_of_band(w: World) -> Story:
    """The money went back by bank transfer."""
    w.sell("OutOfBand", w.customer("Birch"), w.line("Team"))
    yield 5
    w.credit("OutOfBand", "out_of_band", lines=[w.part("in_OutOfBand", amount=1500)], memo="Paid back by wire.")


@scenario("C1 C7", cn_OnRecord="posted created")
def refund_of_a_payment_record(w: World) -> Story:
    """Paid outside Stripe, with a record; refunded on that record: no Stripe refund exists."""
    w.billing.pay_outside(w.sell("OnRecord", w.customer("Cedar"), w.line("Team"), pay=False))
    yield 5
    w.credit("OnRecord", amount=1200, refunds=[RefundPart(1200, on_record=True)])


@scenario("C1 B1 B2 B3 B4 B5", cn_Kept="skipped kept_in_customer_balance", in_KeptUsed_balance="posted created")
def kept_in_balance_then_used(w: World) -> Story:
    """A taxed credit note goes to the balance: nothing now. Next month the balance pays part of an
    invoice.
    """
    customer = w.customer("Kestrel")
    w.sell("Kept", customer, w.line("Team", taxes=["txr_Vat20"]))
    yield 8
    w.credit("Kept", "credit", lines=[w.part("in_Kept", amount=2000)])
    yield 22
    w.sell("KeptUsed", customer, w.line("Team"))


@scenario("C1 C7 L6 L7 L8 S1", cn_Mixed="posted created", in_MixedUsed_balance="posted created")
def settled_in_every_way_at_once(w: World) -> Story:
    """One credit note with discounts and two kinds of tax: a refund new, one linked, one part by wire, a
    third kept in the balance.
    """
    customer = w.customer("Lapwing")
    taxes = ["txr_Vat20", "txr_City"]
    lines = [
        w.line("Team", 2, taxes=taxes, discounts=["WELCOME10"]),
        w.line("Seat", 3, taxes=["txr_Inclusive"]),
    ]
    w.sell("Mixed", customer, *lines, discounts=["LOYAL5"])
    yield 4
    w.billing.refund(w.charge("in_Mixed"), 777, id="re_MixedLinked")
    yield 3
    credited = [w.part("in_Mixed", 0, amount=7001), w.part("in_Mixed", 1, quantity=1)]
    post = w.billing.preview_credit_note("in_Mixed", lines=credited)[2]
    parts = [RefundPart(1111, id="re_MixedNew"), RefundPart(777, "re_MixedLinked")]
    w.credit("Mixed", lines=credited, refunds=parts, out_of_band=333, credit=post - 1111 - 777 - 333)
    yield 20
    w.sell("MixedUsed", customer, w.line("Team", 3))


# ---------------------------------------------------------------------- credit notes: the invoice's life


@scenario("C2 C6", cn_OpenPaid="posted created")
def open_invoice_credited_then_paid(w: World) -> Story:
    """The credit lowers what is asked for; the rest is paid: applied to the invoice."""
    w.sell("OpenPaid", w.customer("Cedar"), w.line("Seat", 5), pay=False)
    yield 3
    w.credit("OpenPaid", lines=[w.part("in_OpenPaid", quantity=1)])
    yield 9
    w.billing.pay("in_OpenPaid")


@scenario("C6", cn_OpenAll="posted created")
def open_invoice_credited_in_full(w: World) -> Story:
    """Credited to nothing, so paid without a charge."""
    w.sell("OpenAll", w.customer("Dogwood"), w.line("Seat", 2), pay=False)
    yield 2
    w.credit("OpenAll", lines=w.whole("in_OpenAll"), reason="duplicate")


@scenario("C6 C7", cn_PrePost="posted created")
def partly_paid_invoice_credited_beyond_the_rest(w: World) -> Story:
    """Partly before payment, partly refunded (type mixed)."""
    w.sell("PrePost", w.customer("Dogwood"), w.line("Seat", 5), pay=False)
    w.billing.pay("in_PrePost", 6000)
    yield 5
    w.credit("PrePost", "refund", lines=[w.part("in_PrePost", quantity=3)])


@scenario("C2 O3", cn_StillOpen="waiting invoice_open", later={"cn_StillOpen": "posted created"})
def open_invoice_still_open(w: World) -> Story:
    """Could still be voided, so it waits; the month after, it is paid."""
    yield 60
    w.sell("StillOpen", w.customer("Dogwood"), w.line("Seat", 5), pay=False)
    w.credit("StillOpen", lines=[w.part("in_StillOpen", quantity=1)])


@scenario(
    "C2",
    cn_Uncollectible="waiting invoice_uncollectible",
    in_UncollectibleUse_balance="waiting invoice_uncollectible",
)
def uncollectible_invoices(w: World) -> Story:
    """Written off in Stripe: after a credit note, and after a use of balance."""
    customer = w.customer("Merlin")
    w.sell("Uncollectible", customer, w.line("Seat", 5), pay=False)
    w.credit("Uncollectible", lines=[w.part("in_Uncollectible", quantity=1)])
    w.billing.adjust_balance(customer, -1000)
    w.sell("UncollectibleUse", customer, w.line("Seat"), pay=False)
    yield 30
    w.billing.mark_uncollectible("in_Uncollectible")
    w.billing.mark_uncollectible("in_UncollectibleUse")


@scenario("C2 O3", cn_Void="skipped credit_note_void", cn_VoidInvoice="skipped invoice_void")
def voided_credit_note_and_voided_invoice(w: World) -> Story:
    """A credit note is voided while its invoice is open; another's invoice is voided, and the note stays
    issued.
    """
    w.sell("Void", w.customer("Cedar"), w.line("Seat", 5), pay=False)
    w.credit("Void", amount=1000)
    w.sell("VoidInvoice", w.customer("Cedar"), w.line("Seat", 5), pay=False)
    w.credit("VoidInvoice", amount=1000)
    yield 2
    w.billing.void_credit_note("cn_Void")
    w.billing.pay("in_Void")
    w.billing.void_invoice("in_VoidInvoice")


@scenario("C5", cn_Several1="posted created", cn_Several2="posted created")
def two_credit_notes_on_one_invoice(w: World) -> Story:
    w.sell("Several", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    w.credit("Several1", "refund", of="in_Several", lines=[w.part("in_Several", quantity=2)])
    yield 4
    w.credit("Several2", "out_of_band", of="in_Several", lines=[w.part("in_Several", quantity=3)])


@scenario("C5", cn_Exceeds1="posted created", cn_Exceeds2="blocked exceeds_invoice_total")
def credit_notes_beyond_the_invoice(w: World) -> Story:
    """Stripe refuses this today; if it ever shows, the second note must not be posted."""
    w.sell("Exceeds", w.customer("Birch"), w.line("Seat", 5))
    w.credit("Exceeds1", "out_of_band", of="in_Exceeds", amount=6000)
    yield 1
    w.credit("Exceeds2", "out_of_band", of="in_Exceeds", amount=4000)
    more = dict.fromkeys(
        [
            "amount",
            "total",
            "subtotal",
            "subtotal_excluding_tax",
            "total_excluding_tax",
            "post_payment_amount",
        ],
        5000,
    )
    w.billing.tamper("credit_notes", "cn_Exceeds2", out_of_band_amount=5000, **more)


# ---------------------------------------------------------------------- credit notes: what NetSuite has


@scenario("C4", cn_OtherCustomer="blocked invoice_customer_changed")
def netsuite_invoice_moved_to_another_customer(w: World) -> Story:
    w.sell("OtherCustomer", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    w.credit("OtherCustomer", "refund", amount=1000)


@scenario("C4", cn_OtherCurrency="blocked currency_mismatch")
def netsuite_invoice_in_another_currency(w: World) -> Story:
    w.sell("OtherCurrency", w.customer("Elm", "eur"), w.line("Team", currency="eur"))
    yield 2
    w.credit("OtherCurrency", "refund", amount=1000)


@scenario("C4 O3", cn_NoInvoice="waiting invoice_not_in_netsuite", cn_NoCustomer="waiting customer_not_in_netsuite")
def netsuite_lacks_invoice_or_customer(w: World) -> Story:
    """NetSuite does not know them yet."""
    w.sell("NoInvoice", w.customer("Alder"), w.line("Seat", 5))
    w.sell("NoCustomer", w.customer("Newcomer"), w.line("Seat", 5))
    yield 2
    w.credit("NoInvoice", "refund", amount=1000)
    w.credit("NoCustomer", "refund", amount=1000)


@scenario("C6", cn_TooLow="blocked invoice_remaining_too_low")
def netsuite_invoice_settled_by_hand(w: World) -> Story:
    """Somebody applied a payment of the whole amount in NetSuite; nothing is left for the credit note."""
    w.sell("TooLow", w.customer("Birch"), w.line("Seat", 5), pay=False)
    w.credit("TooLow", amount=2000)
    yield 3
    w.billing.pay("in_TooLow")


@scenario("P5 O1", cn_AlreadyThere="posted adopted", cn_Differs="blocked netsuite_differs")
def memo_already_in_netsuite(w: World) -> Story:
    """Someone made the memos by hand under our external ids: one agrees, the other has another total."""
    w.sell("AlreadyThere", w.customer("Cedar"), w.line("Seat", 5))
    w.sell("Differs", w.customer("Cedar"), w.line("Seat", 5))
    yield 2
    w.credit("AlreadyThere", "out_of_band", amount=1000)
    w.credit("Differs", "out_of_band", amount=1000)


@scenario("C1", cn_Parts="blocked parts_do_not_add_up")
def parts_that_do_not_add_up(w: World) -> Story:
    """The note says more was paid back than its ledger row leaves room for."""
    w.sell("Parts", w.customer("Nuthatch"), w.line("Seat", 5))
    yield 2
    w.credit("Parts", amount=5000, refunds=[RefundPart(2000, id="re_Parts")], credit=3000)
    w.billing.tamper("credit_notes", "cn_Parts", out_of_band_amount=100)


@scenario("L10", cn_LinesOff="blocked lines_do_not_add_up")
def lines_that_do_not_add_up(w: World) -> Story:
    w.sell("LinesOff", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    note = w.billing.get("credit_notes", w.credit("LinesOff", "refund", lines=[w.part("in_LinesOff", quantity=1)]))
    lines = note["lines"] | {"data": [note["lines"]["data"][0] | {"amount": 2001}]}
    w.billing.tamper("credit_notes", "cn_LinesOff", lines=lines)


# ---------------------------------------------------------------------- credit notes: text, switches,
# decisions, periods


@scenario("C3 M1", cn_LongText="posted created")
def long_memo_and_descriptions(w: World) -> Story:
    """Longer than NetSuite's fields, printed with another date, with metadata for a custom field."""
    w.sell("LongText", w.customer("Dogwood"), w.line("Seat", 5, description="Seat " + "very " * 900 + "long"))
    yield 2
    w.credit("LongText", "out_of_band", lines=[w.part("in_LongText", quantity=1)], memo="As agreed. " * 120,
             metadata={"department": "10"}, effective_at=w.billing.now - DAY)  # fmt: skip


@scenario(
    "X1",
    cn_SwitchedOff="skipped integration_blocked_by_metadata",
    cn_SwitchedOff2="skipped integration_blocked_by_metadata",
    cn_NotOff="posted created",
)
def switched_off_by_metadata(w: World) -> Story:
    """On the note, or on its invoice; the value `false` switches nothing off."""
    block = {"netsuite_block_integration": "true"}
    w.sell("SwitchedOff", w.customer("Alder"), w.line("Seat", 5))
    w.sell("SwitchedOff2", w.customer("Alder"), w.line("Seat", 5), metadata=block)
    w.sell("NotOff", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    w.credit("SwitchedOff", "refund", amount=1000, metadata=block)
    w.credit("SwitchedOff2", "refund", amount=1000)
    w.credit("NotOff", "refund", amount=1000, metadata={"netsuite_block_integration": "false"})


@scenario("X1", cn_MappedBySeed="posted created", cn_MappedByMetadata="posted created")
def mapped_to_older_netsuite_records(w: World) -> Story:
    """Customer and invoice are found by the mapping files, and the customer of another by its metadata."""
    w.sell("MappedBySeed", w.customer("Oriole"), w.line("Seat", 5))
    w.sell("MappedByMetadata", w.customer("Pipit", metadata={"netsuite_customer_id": "9002"}), w.line("Seat", 5))
    yield 2
    w.credit("MappedBySeed", "refund", amount=1000)
    w.credit("MappedByMetadata", "refund", amount=1000)


@scenario("X2", cn_SameCase="blocked external_id_collision", cn_SAMECASE="blocked external_id_collision")
def ids_that_differ_only_in_case(w: World) -> Story:
    w.sell("SameCase", w.customer("Birch"), w.line("Seat", 5))
    yield 2
    w.credit("SameCase", "out_of_band", amount=1000)
    w.credit("SAMECASE", "out_of_band", of="in_SameCase", amount=1000)


@scenario("X3", cn_TooFine="blocked currency_precision")
def amount_too_fine_for_netsuite(w: World) -> Story:
    """Hungarian forints have two decimals in Stripe, none in this NetSuite account."""
    w.sell("TooFine", w.customer("Ibolya", "huf"), Line(2_000_000, description="Workshop"))
    yield 2
    w.credit("TooFine", "refund", amount=50_050)


@scenario("X4", first_day=10, cn_OldPeriod="posted created")
def dated_in_a_closed_period(w: World) -> Story:
    """January is closed in NetSuite: the memo moves to the next open day."""
    w.sell("OldPeriod", w.customer("Alder"), w.line("Seat", 5))
    yield 4
    w.credit("OldPeriod", "refund", amount=1000)


@scenario("X5 R5", cn_ByHand="skipped skipped_by_hand")
def skipped_by_an_accountant(w: World) -> Story:
    """Booked by hand; its refund must not be posted either."""
    w.sell("ByHand", w.customer("Birch"), w.line("Seat", 5))
    yield 2
    w.credit("ByHand", "refund", amount=1000)


# ---------------------------------------------------------------------- refunds


@scenario("R2", cn_RefundPending="posted created")
def refund_still_pending(w: World) -> Story:
    """The memo is posted, the refund waits; it succeeds the month after."""
    yield 60
    w.sell("RefundPending", w.customer("Cedar"), w.line("Seat", 5))
    w.credit("RefundPending", "refund", amount=3000, status="pending")


@scenario("R2", cn_RefundFailed="blocked refund_failed", cn_RefundCanceled="blocked refund_failed")
def refund_failed_before_posting(w: World) -> Story:
    w.sell("RefundFailed", w.customer("Alder"), w.line("Seat", 5))
    w.sell("RefundCanceled", w.customer("Alder"), w.line("Seat", 5))
    w.credit("RefundFailed", "refund", amount=3000)
    w.credit("RefundCanceled", "refund", amount=3000, status="requires_action")
    yield 9
    w.billing.settle_refund("re_RefundFailed", "failed")
    w.billing.settle_refund("re_RefundCanceled", "canceled")


@scenario("R4", cn_FailedByWire="posted created")
def failed_refund_paid_by_wire(w: World) -> Story:
    """After the refund failed an accountant decided `out_of_band`."""
    w.sell("FailedByWire", w.customer("Dogwood"), w.line("Seat", 5))
    w.credit("FailedByWire", "refund", amount=3000, status="pending")
    yield 9
    w.billing.settle_refund("re_FailedByWire", "failed")


@scenario("R3", cn_Shared1="posted created", cn_Shared2="posted created")
def one_refund_two_credit_notes(w: World) -> Story:
    """One customer refund with two applications."""
    w.sell("Shared", w.customer("Cedar"), w.line("Seat", 5))
    yield 2
    w.billing.refund(w.charge("in_Shared"), 5000, id="re_Shared")
    w.credit(
        "Shared1",
        of="in_Shared",
        lines=[w.part("in_Shared", quantity=1)],
        refunds=[RefundPart(2000, "re_Shared")],
    )
    w.credit(
        "Shared2",
        of="in_Shared",
        lines=[w.part("in_Shared", amount=3000)],
        refunds=[RefundPart(3000, "re_Shared")],
    )


@scenario("R2", cn_FailsLater="posted created", later={"cn_FailsLater": "blocked refund_failed"})
def refund_fails_after_posting(w: World) -> Story:
    """The bank sends the money back weeks later, when memo and refund are long in NetSuite."""
    w.sell("FailsLater", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    w.credit("FailsLater", "refund", amount=1000)


@scenario("R3", cn_LinkedNow="posted created", later={"cn_LinkedLater": "posted created"})
def rest_of_a_refund_linked_later(w: World) -> Story:
    """The customer refund is there; the second credit note's part is added to it."""
    yield 60
    w.sell("LinkedNow", w.customer("Cedar"), w.line("Seat", 5))
    w.billing.refund(w.charge("in_LinkedNow"), 5000, id="re_LinkedNow")
    w.credit("LinkedNow", amount=2000, refunds=[RefundPart(2000, "re_LinkedNow")])


@scenario("G3")
def refund_without_credit_note(w: World) -> Story:
    """Listed in `refund_reconciliation`, to be matched by hand."""
    w.sell("NoNote", w.customer("Birch"), w.line("Seat", 5))
    yield 2
    w.billing.refund(w.charge("in_NoNote"), 1500, id="re_NoNote")


# ---------------------------------------------------------------------- lines of a credit note


@scenario("L1 L2", cn_Items="posted created")
def items_found_in_every_way(w: World) -> Story:
    """By price, by product, by NetSuite's external id, not at all; quantities, periods, inherited
    descriptions.
    """
    lines = [
        w.line("Seat", 4),
        w.line("Team"),
        w.line("Storage", 2),
        w.line("Legacy"),
        Line(900, description="Travel"),
    ]
    w.sell("Items", w.customer("Dogwood"), *lines)
    yield 5
    credited = [
        w.part("in_Items", 0, quantity=3),
        *(w.part("in_Items", line, amount=800) for line in range(1, 5)),
    ]
    w.credit("Items", "refund", lines=credited)


@scenario("L3", cn_Custom="posted created")
def custom_lines(w: World) -> Story:
    """Goodwill beside a returned seat; the custom line is taxed."""
    w.sell("Custom", w.customer("Alder"), w.line("Seat", 5))
    yield 2
    goodwill = CreditLine(unit_amount=250, quantity=2, description="Goodwill for the outage", taxes=["txr_Vat20"])
    w.credit("Custom", "refund", lines=[w.part("in_Custom", quantity=1), goodwill])


@scenario("L4", cn_NoLinesPart="posted created", cn_NoLinesAll="posted created")
def credit_notes_without_lines(w: World) -> Story:
    """Below the invoice's total: one line. Equal to it: the invoice's own lines, discounts, taxes and
    shipping.
    """
    w.sell("NoLinesPart", w.customer("Cedar"), w.line("Seat", 5))
    lines = [
        w.line("Seat", 3, taxes=["txr_Vat20"], discounts=["WELCOME10"]),
        w.line("Team", taxes=["txr_Inclusive"]),
    ]
    total = w.sell("NoLinesAll", w.customer("Cedar"), *lines, shipping=700, shipping_taxes=["txr_Vat20"])
    yield 2
    w.credit("NoLinesPart", "refund", amount=1234)
    w.credit("NoLinesAll", "out_of_band", amount=w.billing.get("invoices", total)["total"])


@scenario("L6", cn_Discounts="posted created")
def two_discounts_and_a_billing_credit_on_a_line(w: World) -> Story:
    """One coupon has an item of its own; a discount over the whole invoice and a billing credit come on
    top.
    """
    lines = [w.line("Seat", 3, discounts=["WELCOME10", "TENOFF"], billing_credit=300), w.line("Team", 1)]
    w.sell("Discounts", w.customer("Birch"), *lines, discounts=["LOYAL5"])
    yield 2
    w.credit(
        "Discounts",
        "refund",
        lines=[w.part("in_Discounts", 0, quantity=1), w.part("in_Discounts", 1, amount=999)],
    )


@scenario("L7 L8", cn_Taxes="posted created", cn_TaxUnmapped="blocked tax_rate_unmapped")
def taxes_of_every_kind(w: World) -> Story:
    """Two exclusive rates, an inclusive one and a zero rate; then a rate nobody has mapped."""
    rates = ["txr_Vat20", "txr_City", "txr_Zero"]
    w.sell("Taxes", w.customer("Alder"), w.line("Seat", 3, taxes=rates), w.line("Team", taxes=["txr_Inclusive"]))
    w.sell("TaxUnmapped", w.customer("Alder"), w.line("Seat", 3, taxes=["txr_New"]))
    yield 2
    w.credit("Taxes", "refund", lines=[w.part("in_Taxes", 0, quantity=1), w.part("in_Taxes", 1, amount=1111)])
    w.credit("TaxUnmapped", "refund", lines=[w.part("in_TaxUnmapped", quantity=1)])


@scenario("L9", cn_Shipping="posted created", cn_ShippingOnly="posted created")
def shipping(w: World) -> Story:
    """With lines, and alone; taxed."""
    w.sell("Shipping", w.customer("Birch"), w.line("Seat", 2), shipping=1500, shipping_taxes=["txr_Vat20"])
    yield 2
    w.credit("Shipping", "refund", lines=[w.part("in_Shipping", quantity=1)], shipping=500)
    w.credit("ShippingOnly", "refund", of="in_Shipping", shipping=1000)


@scenario("L1", cn_ManyLines="posted created")
def more_lines_than_one_page(w: World) -> Story:
    """Twelve lines: nested lists show ten."""
    w.sell("ManyLines", w.customer("Cedar"), *(w.line("Seat", number + 1) for number in range(12)))
    yield 2
    w.credit("ManyLines", "refund", lines=w.whole("in_ManyLines"))


@scenario("X3 S1", cn_Yen="posted created", in_YenUsed_balance="posted created", cn_Dinar="posted created",
          in_DinarUsed_balance="posted created")  # fmt: skip
def yen_and_dinars(w: World) -> Story:
    """No decimals, three decimals; each partly kept in the balance and then used."""
    for key, name, currency, off in (("Yen", "Ginkgo", "jpy", 1000), ("Dinar", "Hazel", "kwd", 10_000)):
        w.sell(key, w.customer(name, currency), w.line("Team", 3, currency, taxes=["txr_Vat20"]))
        w.credit(
            key,
            lines=[w.part(f"in_{key}", quantity=1)],
            credit=off,
            refunds=[
                RefundPart(
                    w.billing.preview_credit_note(f"in_{key}", lines=[w.part(f"in_{key}", quantity=1)])[2] - off,
                    id=f"re_{key}",
                ),
            ],
        )
    yield 20
    for key, name, currency in (("YenUsed", "Ginkgo", "jpy"), ("DinarUsed", "Hazel", "kwd")):
        w.sell(key, w.customer(name), w.line("Team", 1, currency))


# ---------------------------------------------------------------------- customer balance


@scenario("B1 B2 B3 B4", in_BalanceAll_balance="posted created")
def balance_pays_an_invoice_in_full(w: World) -> Story:
    """One line, so its item, description and period; no charge."""
    customer = w.customer("Quail")
    w.billing.adjust_balance(customer, -4900, description="Migration credit")
    yield 3
    w.sell("BalanceAll", customer, w.line("Team"))


@scenario("B4", in_BalanceLines_balance="posted created")
def balance_on_an_invoice_with_several_lines(w: World) -> Story:
    """Nobody knows which line it pays: the global item."""
    customer = w.customer("Raven")
    w.billing.adjust_balance(customer, -3000)
    yield 3
    w.sell("BalanceLines", customer, w.line("Team"), w.line("Seat", 2))


@scenario("B4", in_Leftover1_balance="posted created", in_Leftover2_balance="posted created")
def balance_used_in_two_goes(w: World) -> Story:
    """The second use is of a leftover, and so is the first: credit was left after it."""
    customer = w.customer("Siskin")
    w.billing.adjust_balance(customer, -6000)
    yield 3
    w.sell("Leftover1", customer, w.line("Team"))
    yield 30
    w.sell("Leftover2", customer, w.line("Team"))


@scenario("B1", in_Debit_balance="skipped debit_balance_collected")
def debit_balance_collected(w: World) -> Story:
    """The customer owed 20.00; the next invoice collects it."""
    customer = w.customer("Tern")
    w.billing.adjust_balance(customer, 2000)
    yield 3
    w.sell("Debit", customer, w.line("Team"))


@scenario("B1", in_Reversed_balance="skipped balance_use_reversed")
def balance_use_taken_back(w: World) -> Story:
    """Stripe gave the balance back and the whole invoice was charged."""
    customer = w.customer("Umbra")
    w.billing.adjust_balance(customer, -1000)
    w.sell("Reversed", customer, w.line("Team"), pay=False)
    yield 1
    w.billing.unapply_balance("in_Reversed")
    w.billing.pay("in_Reversed")


@scenario("B1", in_VoidUse_balance="skipped invoice_void", in_VoidLost_balance="skipped invoice_void")
def balance_on_voided_invoices(w: World) -> Story:
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
def balance_use_before_the_rest_is_charged(w: World) -> Story:
    """The rest is open; or it was paid outside Stripe, so no charge will show."""
    yield 65
    for key, name in (("UseOpen", "Xenops"), ("UseOutside", "Yaffle")):
        w.billing.adjust_balance(w.customer(name), -1000)
        w.sell(key, w.customer(name), w.line("Team"), pay=False)
    yield 4
    w.billing.pay_outside("in_UseOutside", record=False)


@scenario("B1", in_Checkout_balance="posted created")
def balance_used_in_checkout(w: World) -> Story:
    """The ledger row names the session, not the invoice."""
    customer = w.customer("Zitting")
    w.billing.adjust_balance(customer, -1000)
    yield 2
    w.sell("Checkout", customer, w.line("Team"), through_checkout=True)


@scenario("B2", in_TooSmall_balance="posted created")
def rest_too_small_to_charge(w: World) -> Story:
    """Ten cents are left; Stripe carries them over."""
    customer = w.customer("Avocet")
    w.billing.adjust_balance(customer, -4890)
    yield 2
    w.sell("TooSmall", customer, w.line("Team"))


@scenario("B6", in_Gap_balance="blocked balance_ledger_incomplete")
def ledger_with_a_gap(w: World) -> Story:
    """A row is missing from what Stripe lists."""
    customer = w.customer("Bittern")
    row = w.billing.adjust_balance(customer, -500)
    w.billing.adjust_balance(customer, -500)
    w.billing.adjust_balance(customer, -500)
    yield 2
    w.sell("Gap", customer, w.line("Team"))
    w.billing.forget_ledger_row(row)


@scenario("B7", in_OverpaidUse_balance="blocked balance_from_payment")
def balance_from_an_overpayment(w: World) -> Story:
    """The credit is money NetSuite already has as an open payment."""
    customer = w.customer("Curlew")
    w.sell("Overpaid", customer, w.line("Team"), pay=False)
    w.billing.pay("in_Overpaid", 6000)
    yield 20
    w.sell("OverpaidUse", customer, w.line("Team"))


# ---------------------------------------------------------------------- negative invoices


@scenario("N1 N2 B1", in_Negative="posted created", in_NegativeUsed_balance="posted created")
def negative_invoice_then_used(w: World) -> Story:
    """A downgrade leaves a credit; the next invoice uses it."""
    customer = w.customer("Dunlin")
    w.sell("NegativeBefore", customer, w.line("Seat", 5))
    yield 10
    w.sell(
        "Negative",
        customer,
        w.line("Seat", 5, amount=-6000, proration=True),
        w.line("Seat", 2, amount=2400, proration=True),
    )
    yield 20
    w.sell("NegativeUsed", customer, w.line("Seat", 2))


@scenario("N1", in_NegativeThere="posted adopted", in_NegativeDiffers="blocked netsuite_differs")
def negative_invoice_already_in_netsuite(w: World) -> Story:
    """Once with total zero, once with another."""
    w.sell("NegativeThere", w.customer("Egret"), w.line("Seat", amount=-900, proration=True))
    w.sell("NegativeDiffers", w.customer("Egret"), w.line("Seat", amount=-900, proration=True))
    yield 1


@scenario("N1", in_NegativeVoid="skipped invoice_void", in_NegativeLost="waiting invoice_uncollectible",
          in_NegativeFranc="waiting currency_not_in_netsuite")  # fmt: skip
def negative_invoices_that_are_not_posted(w: World) -> Story:
    """Void; uncollectible, as Stripe leaves some cancellations; in a currency NetSuite lacks."""
    customer = w.customer("Fieldfare")
    for key in ("NegativeVoid", "NegativeLost"):
        w.billing.draft_invoice(customer, [w.line("Seat", amount=-900, proration=True)], id=f"in_{key}")
        w.billing.mark_uncollectible(f"in_{key}")
    w.billing.void_invoice("in_NegativeVoid")
    w.sell("NegativeFranc", w.customer("Gletscher", "chf"), Line(-5000, description="Rabatt"))
    yield 1


def a_month_later(w: World) -> Story:
    """How two of the stories go on in the first month after the demo's today."""
    yield 5
    w.billing.settle_refund("re_FailsLater", "failed")
    parts = [RefundPart(3000, "re_LinkedNow")]
    w.credit("LinkedLater", of="in_LinkedNow", amount=3000, refunds=parts)
