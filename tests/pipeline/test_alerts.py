"""Alerts: who is told what, and that no address can change how a command ends. The addresses are of this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from doctor.finding import Finding
from doctor.netsuite import CERTIFICATE
from pipeline import alerts, command, stages
from pipeline.alerts import Ended, alert
from pipeline.exit_codes import DONE, FAILED, REFUSED, SETTINGS_WRONG, StageFailed
from pipeline.stages import StageResults
from settings import Settings, load_settings
from warehouse.connection import open_warehouse

KEYS = ["text", "account", "target", "run_id", "exit_code", "blocked"]


class Receiver:
    """An address that keeps what it gets. answer: writes the answer."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.posts: list[Any] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((self.path, self.headers["Content-Type"], json.loads(body)))
                answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook/hush-hush"


def with_status(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()

    return answer


OK = with_status(200)


@contextmanager
def receiver(answer: Callable[[BaseHTTPRequestHandler], None] = OK) -> Iterator[Receiver]:
    own = Receiver(answer)
    thread = threading.Thread(target=own.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield own
    finally:
        own.server.shutdown()
        own.server.server_close()
        thread.join()


def settings_of(folder: Path, *addresses: str, **more: Any) -> Settings:
    values = {"_env_file": None, "alert_urls": ",".join(addresses), "warehouse_path": folder / "w.duckdb", **more}
    return Settings(**values)


def fill(settings: Settings, outcomes: str, unattributed: int = 0) -> None:
    """The marts that an alert reads. outcomes: rows of the history, oldest first."""
    with open_warehouse(settings.warehouse_path) as warehouse:
        warehouse.execute(f"""
            create schema marts;
            create schema reference;
            create table marts.credit_outcome_history as
            select *, row_number() over () as position
            from (values {outcomes}) as rows(run_id, document_id, state, reason);
            create table marts.credit_outcomes as
            select distinct document_id, 'Map <price_1> for ' || document_id as detail
            from marts.credit_outcome_history;
            create table marts.credit_balance_check as
            select 'cus_1' as stripe_customer_id, 'usd' as currency, {unattributed}::bigint as unattributed_minor;
            create table reference.currencies as select 'usd' as currency, 2 as stripe_exponent;
        """)


QUIET = "('r0', 'cn_old', 'blocked', 'item_unmapped'), ('r1', 'cn_fine', 'ready', 'ready')"


def test_a_run_that_went_well_tells_nobody(tmp_path: Path) -> None:
    with receiver() as own:
        settings = settings_of(tmp_path, own.address)
        fill(settings, QUIET)
        alert(Ended("run", "r1", DONE, settings=settings))
        assert own.posts == []


def test_every_address_gets_one_post_of_a_failure(tmp_path: Path) -> None:
    """Interfaces, section 2."""
    with receiver() as one, receiver() as two:
        settings = settings_of(tmp_path, one.address, two.address)
        fill(settings, QUIET)
        alert(Ended("push", "r1", REFUSED, failure="push: NetSuite refused <rows>", settings=settings))
        ((path, kind, body),) = one.posts
        assert (path, kind) == ("/hook/hush-hush", "application/json")
        assert list(body) == KEYS
        assert {key: body[key] for key in KEYS[1:]} == {
            "account": None,
            "target": "sandbox",
            "run_id": "r1",
            "exit_code": 3,
            "blocked": [],
        }
        assert "push: exit code 3, finished, but NetSuite refused rows" in body["text"]
        assert "push: NetSuite refused \u2039rows\u203a" in body["text"], "text from outside is never markup"
        assert two.posts == one.posts


@pytest.mark.parametrize(
    ("rows", "documents"),
    [
        ("('r1', 'cn_1', 'blocked', 'item_unmapped')", ["cn_1"]),  # seen for the first time
        ("('r0', 'cn_1', 'ready', 'ready'), ('r1', 'cn_1', 'blocked', 'item_unmapped')", ["cn_1"]),
        ("('r1', 'cn_1', 'ready', 'ready'), ('r1', 'cn_1', 'blocked', 'netsuite_rejected')", ["cn_1"]),
        ("('r1', 'cn_1', 'blocked', 'item_unmapped'), ('r1', 'cn_1', 'posted', 'posted')", []),
        ("('r0', 'cn_1', 'blocked', 'item_unmapped'), ('r1', 'cn_1', 'blocked', 'tax_rate_unmapped')", []),
        ("('r0', 'cn_1', 'blocked', 'item_unmapped')", []),
        (
            "('r0', 'cn_1', 'blocked', 'item_unmapped'), ('r0', 'cn_1', null, null), "
            "('r1', 'cn_1', 'blocked', 'item_unmapped')",
            ["cn_1"],
        ),
    ],
    ids=["new", "later", "by the push", "no more", "other reason", "before", "came back"],
)
def test_a_document_that_became_blocked_in_this_run_is_told(tmp_path: Path, rows: str, documents: list[str]) -> None:
    with receiver() as own:
        settings = settings_of(tmp_path, own.address)
        fill(settings, rows)
        alert(Ended("run", "r1", DONE, settings=settings))
        blocked = [document for _, _, body in own.posts for document in body["blocked"]]
        assert [document["document_id"] for document in blocked] == documents
        assert len(own.posts) == bool(documents)
        for document in blocked:
            assert list(document) == ["document_id", "reason", "detail"]
            assert document["detail"] == "Map <price_1> for cn_1"


def test_many_documents_are_named_in_part_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "DOCUMENTS_SENT", 7)
    with receiver() as own:
        settings = settings_of(tmp_path, own.address)
        fill(settings, ", ".join(f"('r1', 'cn_{number}', 'blocked', 'item_unmapped')" for number in range(1, 10)))
        alert(Ended("run", "r1", DONE, settings=settings))
        ((_, _, body),) = own.posts
        assert len(body["blocked"]) == 7
        assert "9 documents became blocked: cn_1 (item_unmapped), cn_2" in body["text"] and "4 more" in body["text"]
        assert "lists 7 of them" in body["text"]


def test_ledger_rows_without_an_invoice_are_told(tmp_path: Path) -> None:
    """Rule O2."""
    with receiver() as own:
        settings = settings_of(tmp_path, own.address)
        fill(settings, QUIET, unattributed=4000)
        alert(Ended("run", "r1", DONE, settings=settings))
        ((_, _, body),) = own.posts
        assert "Ledger rows of 40.00 USD of 1 customer belong to no invoice" in body["text"]
        assert (body["exit_code"], body["blocked"]) == (0, [])


def slowly(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (with_status(500), "answered with HTTP 500"),
        (with_status(302, Location="/elsewhere"), "answered with a redirect (HTTP 302), which is not followed"),
        (slowly, "did not answer within"),
    ],
    ids=["error", "redirect", "slow"],
)
def test_a_bad_answer_is_a_warning_without_the_address(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: Callable[[BaseHTTPRequestHandler], None],
    words: str,
) -> None:
    monkeypatch.setattr(alerts, "SECONDS", 0.4)
    with receiver(answer) as bad, receiver() as good:
        settings = settings_of(tmp_path, bad.address, good.address)
        alert(Ended("run", "r1", FAILED, settings=settings))  # there is no warehouse: the post goes out all the same
        assert len(bad.posts) == len(good.posts) == 1
    (warning,) = caplog.messages
    assert words in warning and warning.startswith("warning: address 1 of 2 in ALERT_URLS ")
    assert "127.0.0.1" not in caplog.text and "hush" not in caplog.text


def test_a_dead_address_is_a_warning_without_the_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:9/hush-hush", "http://127.0.0.1:9/hush-hush")
    alert(Ended("run", "r1", FAILED, settings=settings))
    assert len(caplog.messages) == 2
    assert "cannot be reached" in caplog.text and "hush" not in caplog.text and "127.0.0.1" not in caplog.text


@pytest.mark.parametrize(
    ("addresses", "place"),
    [
        ("http://hooks.example.com/hush-hush", 1),
        ("https://hooks.example.com/a, ftp://hooks.example.com/hush-hush", 2),
        ("hush-hush", 1),
        ("https:///hush-hush", 1),
        ("https://h:port/hush-hush", 1),
        ("slack://hush-hush", 1),
    ],
)
def test_another_address_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, addresses: str, place: int
) -> None:
    monkeypatch.setenv("ALERT_URLS", addresses)
    with pytest.raises(Exception, match=f"ALERT_URLS: address {place} of .* https://") as refused:
        load_settings([], env_file=None)
    assert "hush" not in str(refused.value)


def end(monkeypatch: pytest.MonkeyPatch, *stages: Any, note_as: str = "") -> int:
    monkeypatch.setattr("pipeline.command.StopSignal.watch", lambda _: None)
    with pytest.raises(SystemExit) as ended:
        command.run_command([], *stages, note_as=note_as)
    return int(str(ended.value.code))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("pipeline.logs.LOGS", tmp_path / "logs")
    monkeypatch.setenv("WAREHOUSE_PATH", str(tmp_path / "w.duckdb"))


def fails(settings: Settings, results: StageResults) -> int:
    raise StageFailed("it is broken")


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("name", "posts"), [("run", 1), ("push", 1), ("reconcile", 1), ("transform", 0), ("", 0)])
def test_commands_that_reach_netsuite_tell_how_they_ended(
    monkeypatch: pytest.MonkeyPatch, name: str, posts: int
) -> None:
    with receiver(with_status(500)) as own:
        monkeypatch.setenv("ALERT_URLS", own.address)
        assert end(monkeypatch, fails, note_as=name) == FAILED
        assert [body["exit_code"] for _, _, body in own.posts] == [FAILED] * posts
        assert all("it is broken" in body["text"] for _, _, body in own.posts)


@pytest.mark.usefixtures("environment")
def test_wrong_settings_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as own:
        monkeypatch.setenv("ALERT_URLS", own.address)
        monkeypatch.setenv("WAREHOUSE_WAIT", "never")
        assert end(monkeypatch, fails, note_as="run") == SETTINGS_WRONG
        ((_, _, body),) = own.posts
        assert body["exit_code"] == SETTINGS_WRONG and "WAREHOUSE_WAIT" in body["text"]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("findings", "code", "told"),
    [
        ([Finding("error", "last run that went well", "54 hours ago")], FAILED, "last run that went well: 54 hours"),
        ([Finding("warning", CERTIFICATE, "valid until 2026-12-24")], DONE, "certificate: valid until 2026-12-24"),
        (
            [Finding("warning", "free disk space", "0.5 GiB"), Finding("ok", CERTIFICATE, "valid until 2028")],
            DONE,
            None,
        ),
    ],
    ids=["error", "certificate", "nothing"],
)
def test_doctor_tells_what_a_person_must_hear_of(
    monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int, told: str | None
) -> None:
    monkeypatch.setattr("extract.stripe.account.require_own_account", lambda _: None)
    monkeypatch.setattr("doctor.stripe.check", lambda _: [])
    monkeypatch.setattr("doctor.netsuite.check", lambda _: findings)
    monkeypatch.setattr("pipeline.last_run.check_last_run", lambda _: [])
    with receiver() as own:
        monkeypatch.setenv("ALERT_URLS", own.address)
        assert end(monkeypatch, stages.doctor) == code
        posts = [(body["exit_code"], told in body["text"]) for _, _, body in own.posts]
        assert posts == ([(code, True)] if told else [])


def test_a_reconcile_tells_of_what_it_found_and_not_of_the_same_ledger_rows_again(tmp_path: Path) -> None:
    with receiver() as own:
        settings = settings_of(tmp_path, own.address)
        fill(settings, QUIET, unattributed=5)
        alert(Ended("reconcile", "r1", DONE, settings=settings))
        assert own.posts == []
        alert(Ended("reconcile", "r1", REFUSED, failure="reconcile: 2 differences", settings=settings))
        ((_, _, body),) = own.posts
        assert "reconcile: 2 differences" in body["text"] and "no invoice" not in body["text"]
