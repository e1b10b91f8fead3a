"""Credit notes with long texts, switches, decisions of an accountant, and closed periods."""

from __future__ import annotations

from sandbox.demo.scenario import Steps, scenario
from sandbox.demo.world import DAY, World
from sandbox.stripe.billing import Line


@scenario("C3 M1", cn_LongText="posted created")
def long_memo_and_descriptions(w: World) -> Steps:
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
def switched_off_by_metadata(w: World) -> Steps:
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
def mapped_to_older_netsuite_records(w: World) -> Steps:
    """Customer and invoice are found by the mapping files, and the customer of another by its metadata."""
    w.sell("MappedBySeed", w.customer("Oriole"), w.line("Seat", 5))
    w.sell("MappedByMetadata", w.customer("Pipit", metadata={"netsuite_customer_id": "9002"}), w.line("Seat", 5))
    yield 2
    w.credit("MappedBySeed", "refund", amount=1000)
    w.credit("MappedByMetadata", "refund", amount=1000)


@scenario("X2", cn_SameCase="blocked external_id_collision", cn_SAMECASE="blocked external_id_collision")
def ids_that_differ_only_in_case(w: World) -> Steps:
    w.sell("SameCase", w.customer("Birch"), w.line("Seat", 5))
    yield 2
    w.credit("SameCase", "out_of_band", amount=1000)
    w.credit("SAMECASE", "out_of_band", of="in_SameCase", amount=1000)


@scenario("X3", cn_TooFine="blocked currency_precision")
def amount_too_fine_for_netsuite(w: World) -> Steps:
    """Hungarian forints have two decimals in Stripe, none in this NetSuite account."""
    w.sell("TooFine", w.customer("Ibolya", "huf"), Line(2_000_000, description="Workshop"))
    yield 2
    w.credit("TooFine", "refund", amount=50_050)


@scenario("X4", first_day=10, cn_OldPeriod="posted created")
def dated_in_a_closed_period(w: World) -> Steps:
    """January is closed in NetSuite: the memo moves to the next open day."""
    w.sell("OldPeriod", w.customer("Alder"), w.line("Seat", 5))
    yield 4
    w.credit("OldPeriod", "refund", amount=1000)


@scenario("X5 R5", cn_ByHand="skipped skipped_by_hand")
def skipped_by_an_accountant(w: World) -> Steps:
    """Booked by hand; its refund must not be posted either."""
    w.sell("ByHand", w.customer("Birch"), w.line("Seat", 5))
    yield 2
    w.credit("ByHand", "refund", amount=1000)
