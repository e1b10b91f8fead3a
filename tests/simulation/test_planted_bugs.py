"""The simulation catches the bugs that it exists for: each test plants one of them in the loader.

Without a planted bug these seeds pass: test_simulation.py plays them, too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from load_netsuite import readback
from load_netsuite.adoption import Existing, adopt, look_up
from load_netsuite.journal import Entry, Journal
from load_netsuite.push import Push
from load_netsuite.settling import Attempt
from load_netsuite.write import Write
from netsuite.api import Answer, NetSuite
from netsuite.errors import NoAnswer
from tests.simulation.history import play

SEEDS = range(1, 150)


@pytest.fixture(autouse=True)
def quiet() -> Any:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def caught() -> list[str]:
    """The first failure, if any history fails."""
    return play(SEEDS, stop_at=1).failures


def test_log_after_send_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader holds the attempt in memory and writes it together with its result."""
    held: dict[str, Entry] = {}
    really_write = Journal.write

    def attempted(self: Journal, record_type: str, external_id: str, operation: str, payload: str, id: Any) -> Entry:
        entry = Entry(record_type, external_id, operation, "attempted", f"{len(held)}", id, payload=payload)
        held[entry.attempt_id] = entry
        return entry

    def write(self: Journal, *entries: Entry) -> None:
        really_write(self, *(held[e.attempt_id] for e in entries if e.attempt_id in held), *entries)

    monkeypatch.setattr(Journal, "attempted", attempted)
    monkeypatch.setattr(Journal, "write", write)
    (failure,) = caught()
    assert "left without an attempt in the log" in failure


def _without_look_up(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """After a lost answer, the loader sends the same request again."""
    really: Callable[..., Answer] = getattr(NetSuite, method)

    def again(self: NetSuite, *arguments: Any) -> Answer:
        for _ in range(3):
            try:
                answer = really(self, *arguments)
            except NoAnswer:
                continue
            if answer.status < 500:
                return answer
        return really(self, *arguments)

    monkeypatch.setattr(NetSuite, method, again)


def test_retry_without_look_up_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_look_up(monkeypatch, "create")
    (failure,) = caught()
    assert "was sent again without asking NetSuite" in failure


def test_patch_resent_blindly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_look_up(monkeypatch, "update")
    (failure,) = caught()
    assert "was sent again without asking NetSuite" in failure


def test_patch_that_replays_the_whole_record_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Item rows without a line number are appended by NetSuite, so the memo grows."""
    lines: dict[str, Any] = {}
    really_body = Write.body

    def body(self: Write) -> dict[str, Any]:
        made = really_body(self)
        if "item" in made:
            lines[self.record.external_id] = made["item"]
        elif self.internal_id and self.record.external_id in lines:
            made["item"] = lines[self.record.external_id]
        return made

    monkeypatch.setattr(Write, "body", body)
    (failure,) = caught()
    assert "expected" in failure or "in the log" in failure or "has the total" in failure


def test_a_new_run_that_does_not_ask_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader looks up only what the same run lost; what an earlier run left unknown is sent at once."""
    resolving: list[bool] = []

    def end_unasked(client: NetSuite, attempts: dict[Any, list[Attempt]]) -> Iterator[list[Entry]]:
        yield [a.entry.without_effect("") for tried in attempts.values() for a in tried if a.is_open]

    def look_up_only_lost(client: NetSuite, records: Any) -> Existing:
        is_asked = resolving or any(record.internal_id or record.existing_id for record in records)
        return look_up(client, records) if is_asked else Existing()

    def while_resolving(really: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(self: Push, writes: Any) -> Any:
            resolving.append(True)
            try:
                return really(self, writes)
            finally:
                resolving.pop()

        return resolve

    monkeypatch.setattr("load_netsuite.push.look_up", look_up_only_lost)
    monkeypatch.setattr("load_netsuite.push.settle_all", end_unasked)
    monkeypatch.setattr(Push, "_resolve", while_resolving(Push._resolve))
    monkeypatch.setattr(Push, "_judge_refusals", while_resolving(Push._judge_refusals))
    # Another invariant may notice the first of these histories.
    assert any("was sent again without asking NetSuite" in failure for failure in play(SEEDS).failures)


def test_attempts_that_are_settled_only_while_their_document_is_ready_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Revision 2: nobody asks for the attempt of a document that was skipped since."""
    monkeypatch.setattr("load_netsuite.push.unsettled", lambda warehouse: {})
    (failure,) = caught()
    assert "results" in failure or "not in the log" in failure or "was ours" in failure


def test_a_look_up_that_keeps_no_attempt_id_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Revision 2: the row that settles a lost answer is not tied to its attempt."""

    def settle(write: Write, existing: Existing, was_tried: bool) -> Any:
        return adopt(write.record, existing)

    monkeypatch.setattr("load_netsuite.push.settle", settle)
    (failure,) = caught()
    assert "was ours" in failure or "results" in failure


def test_a_record_judged_before_suiteql_shows_it_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    really = readback._compare
    monkeypatch.setattr(readback, "_compare", lambda *arguments: (really(*arguments)[0], set()))
    (failure,) = caught()
    assert "nobody changed anything" in failure


def test_a_missing_record_that_is_posted_anew_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost warehouse whose records are not looked up: NetSuite refuses the second ones, nothing adopts the first."""
    monkeypatch.setattr("load_netsuite.push.look_up", lambda client, records: Existing())
    assert caught()
