"""Chapter K from both APIs to the end: a note that the Stripe Connector has booked, under each value of the var.

A run takes ten seconds: `make soak` plays these. `make test` has the same note under `adopt`, the longest way, in the
company of test_acceptance.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import world
from tests.acceptance.choices import Choices
from tests.acceptance.oddities import CONNECTOR_NOTE as NOTE
from tests.acceptance.oddities import Oddities
from tests.acceptance.scenario import Scenario
from tests.support import warehouse as testing


def _one_refunded_note(self: Oddities) -> None:
    """The note; and the customer that the world deletes."""
    self.deleted = self._customer()
    self.note_that_the_connector_has_booked()
    self.billing.now += 60


@pytest.fixture
def scenario(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenario]:
    monkeypatch.setattr(world, "choose", lambda seed: Choices({"connector_records": request.param}))
    monkeypatch.setattr(Oddities, "create", _one_refunded_note)
    made = Scenario(1, 0, tmp_path)
    yield made
    made.stop()


@pytest.mark.parametrize("scenario", ("guard", "adopt", "ignore"), indirect=True)
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
