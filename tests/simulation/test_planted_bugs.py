"""The simulation catches the bugs that it exists for: each test plants one of them in the loader."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from load_netsuite.adoption import Existing, look_up
from load_netsuite.journal import Entry, Journal
from load_netsuite.push import Push
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


def test_without_a_planted_bug_the_same_seeds_pass() -> None:
    assert caught() == []


def test_log_after_send_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader holds the attempt in memory and writes it together with its result."""
    held: dict[str, Entry] = {}
    really_write = Journal.write

    def attempted(self: Journal, record_type: str, external_id: str, operation: str, payload: str) -> Entry:
        entry = Entry(record_type, external_id, operation, "attempted", attempt_id=f"{len(held)}", payload=payload)
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
    assert "expected" in failure or "in the log" in failure


def test_a_new_run_that_does_not_ask_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader looks up only what the same run lost; what an earlier run left unknown is sent at once."""
    really_resolve = Push._resolve
    resolving: list[bool] = []

    def look_up_only_lost(client: NetSuite, records: Any) -> Existing:
        is_asked = resolving or any(record.internal_id for record in records)
        return look_up(client, records) if is_asked else Existing()

    def resolve(self: Push, lost: Any) -> Any:
        resolving.append(True)
        try:
            return really_resolve(self, lost)
        finally:
            resolving.pop()

    monkeypatch.setattr("load_netsuite.push.look_up", look_up_only_lost)
    monkeypatch.setattr(Push, "_resolve", resolve)
    (failure,) = caught()
    assert "was sent again without asking NetSuite" in failure
