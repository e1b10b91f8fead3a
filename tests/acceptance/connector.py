"""Chapter K from both APIs to the end: a note that the Stripe Connector has booked, under each value of the var.

A run takes ten seconds: SOAK=1 plays all three values, else `adopt`, the longest way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.stripe.billing import Line, RefundPart
from tests.acceptance import world
from tests.acceptance.choices import Choices
from tests.acceptance.oddities import Oddities
from tests.acceptance.scenario import Scenario
from tests.support import warehouse as testing

NOTE = "cn_Connector"
VALUES = ("guard", "adopt", "ignore") if os.environ.get("SOAK") == "1" else ("adopt",)


def _one_refunded_note(self: Oddities) -> None:
    """12.00 of a paid invoice of 42.00; and the customer that the world deletes."""
    self.deleted = self._customer()
    invoice = self._invoice([Line(4200, self.catalogue.prices["usd"][2])])
    self.billing.credit_note(invoice, amount=1200, refunds=[RefundPart(1200)], id=NOTE)
    self.billing.now += 60


@pytest.fixture
def scenario(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenario]:
    monkeypatch.setattr(world, "choose", lambda seed: Choices({"connector_records": request.param}))
    monkeypatch.setattr(Oddities, "create", _one_refunded_note)
    made = Scenario(1, 0, tmp_path)
    (invoice,) = made.world.books.transactions("CustInvc")
    memo = {
        "entity": {"id": invoice.entity},
        "currency": {"id": invoice.currency},
        "subsidiary": {"id": invoice.subsidiary},
        "account": {"id": invoice.receivable},
        "tranDate": "2026-01-15",
        "autoApply": False,
        "externalId": f"ns_memo:{NOTE}",
        "item": {"items": [{"item": {"id": "101"}, "quantity": 1, "amount": 12, "isTaxable": False}]},
    }
    made.world.not_from_pipeline.add(int(made.world.books.create("creditMemo", memo)))
    yield made
    made.stop()


@pytest.mark.parametrize("scenario", VALUES, indirect=True)
def test_a_note_that_the_connector_has_booked(scenario: Scenario) -> None:
    """K1, K2, K4; interfaces, section 1: none of the three is a refusal, so the run exits with 0."""
    var = scenario.world.choices.variables["connector_records"]
    assert scenario.pipeline() == 0, scenario.output
    (outcome,) = testing.rows(scenario.warehouse, "select * from marts.credit_outcomes")
    memos = {t.external_id: t for t in scenario.world.books.transactions("CustCred")}
    refunds = scenario.world.books.transactions("CustRfnd")
    theirs = memos[f"ns_memo:{NOTE}"]
    state = f"{outcome['state']} {outcome['reason']}"
    if var == "guard":
        assert (state, list(memos), refunds) == ("blocked netsuite_differs", [theirs.external_id], [])
        assert outcome["detail"] == (
            f"NetSuite record {theirs.id} (ns_memo:{NOTE}) of the Stripe Connector seems to stand for {NOTE}. Set "
            "connector_records to adopt, or skip it by hand."
        )
        return
    (refund,) = refunds
    if var == "adopt":
        assert (state, outcome["external_id"], list(memos)) == ("posted adopted", theirs.external_id, list(memos)[:1])
        assert refund.applications == {theirs.id: 12}
    else:
        ours = memos[NOTE]
        assert (state, len(memos), ours.total, theirs.applications) == ("posted created", 2, 12, {})
        assert refund.applications == {ours.id: 12}
