"""The client against the stand-in over loopback: signing in both ways, tokens, SuiteQL, what is sent and
what never is."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from load_netsuite.ordering import in_order
from netsuite.answers import Action
from netsuite.api import NetSuite
from netsuite.auth import load_private_key
from netsuite.concurrency import Clock, Slots
from netsuite.encoding import to_json
from netsuite.errors import LoginRefused, NetSuiteError, NoAnswer, NotSent
from sandbox.netsuite import credentials, service
from sandbox.netsuite.server import start
from settings import SettingsError
from tests.load_netsuite.conftest import Company

COUNT = "SELECT id FROM customer ORDER BY id"


def tokens_asked(company: Company) -> int:
    return sum(entry.path.endswith("/oauth2/v1/token") for entry in company.server.log)


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
def test_both_ways_of_signing_in(company: Company, auth: str) -> None:
    with NetSuite(company.settings(netsuite_auth=auth)) as client:
        assert client.suiteql(COUNT) == [{"id": company.customer}]
        assert client.create("creditMemo", company.sale("cn_1", "1.00", autoApply=False)).internal_id


def test_an_rsa_key_signs_with_ps256(company: Company, tmp_path: Path) -> None:
    known = credentials.ensure(tmp_path / "rsa", kind="rsa")
    server = start(company.books, credentials=known)
    try:
        settings = company.settings(
            netsuite_base_url=server.url, netsuite_private_key_file=Path(known["private_key_file"]),
            netsuite_client_id=known["client_id"], netsuite_certificate_id=known["certificate_id"],
        )  # fmt: skip
        assert load_private_key(settings.netsuite_private_key_file)[1] == "PS256"
        with NetSuite(settings) as client:
            assert client.suiteql(COUNT)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("curve", "algorithm"), [(ec.SECP256R1, "ES256"), (ec.SECP384R1, "ES384"), (ec.SECP521R1, "ES512")]
)
def test_the_curve_decides_the_algorithm(tmp_path: Path, curve: Any, algorithm: str) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(_pem(ec.generate_private_key(curve())))
    assert load_private_key(file)[1] == algorithm


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_useless_key_file_is_a_settings_error_that_names_the_variable(
    company: Company, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="NETSUITE_PRIVATE_KEY_FILE"):
        NetSuite(company.settings(netsuite_private_key_file=file))


def test_the_token_is_kept_and_renewed_once_when_refused(company: Company) -> None:
    with NetSuite(company.settings()) as client:
        client.suiteql(COUNT)
        client.suiteql(COUNT)
        assert tokens_asked(company) == 1
        company.server.service.gate.expire_all()
        assert client.suiteql(COUNT)
        assert tokens_asked(company) == 2


def test_the_token_is_renewed_before_it_ends(company: Company) -> None:
    """It lives an hour here; five minutes before the end the next request gets another one."""
    seconds = [0.0]
    with NetSuite(company.settings(), clock=Clock(monotonic=lambda: seconds[0])) as client:
        for seconds[0], tokens in ((0.0, 1), (3299.0, 1), (3300.0, 2), (6599.0, 2), (6600.0, 3)):
            client.suiteql(COUNT)
            assert tokens_asked(company) == tokens, f"after {seconds[0]} s"


def test_a_401_gets_one_more_try_and_no_third(company: Company) -> None:
    company.fault = lambda request: service.EXPIRED if request.is_write else None
    with NetSuite(company.settings()) as client:
        assert client.create("creditMemo", company.sale("cn_1", "1.00")).rule.action is Action.STOP
    assert company.writes() == 2 and tokens_asked(company) == 2


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
@pytest.mark.parametrize("fault", [service.OVERLOAD, service.Fault("401", "never", delay=0.1)])
def test_overload_in_either_form_halves_the_requests_at_once(
    company: Company, monkeypatch: pytest.MonkeyPatch, auth: str, fault: service.Fault
) -> None:
    """429, or a login error that was long in coming: then a new signature is not what it takes."""
    monkeypatch.setattr("netsuite.answers.SLOW_LOGIN_SECONDS", 0.1)
    with NetSuite(company.settings(netsuite_auth=auth)) as client:
        client.suiteql(COUNT)
        company.fault = lambda request: fault if request.is_write else None
        answer = client.create("creditMemo", company.sale("cn_1", "1.00"))
        assert answer.rule.action is Action.BACK_OFF and client.slots.limit == 2
        assert company.writes() == 1
        company.fault = lambda request: None
        assert client.create("creditMemo", company.sale("cn_1", "1.00", autoApply=False)).internal_id
        assert client.slots.limit == 2.5


def test_wrong_credentials_are_refused_with_the_mend(company: Company) -> None:
    with (
        NetSuite(company.settings(netsuite_certificate_id="other")) as client,
        pytest.raises(LoginRefused, match="NETSUITE_CERTIFICATE_ID"),
    ):
        client.suiteql(COUNT)


def test_tba_signs_each_request_anew(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    with NetSuite(company.settings(netsuite_auth="tba")) as client:
        for _ in range(3):  # the stand-in refuses a nonce it has seen
            client.suiteql(COUNT)
    assert "2027.1" in caplog.text and "2028.1" in caplog.text


@pytest.mark.parametrize(("days", "warned"), [(10, True), (29, True), (31, False)])
def test_a_certificate_that_ends_soon_is_warned_of(
    company: Company, caplog: pytest.LogCaptureFixture, days: int, warned: bool
) -> None:
    file = company.settings().netsuite_private_key_file
    file.write_bytes(file.read_bytes() + _certificate(days))
    with NetSuite(company.settings()) as client:
        assert client.suiteql(COUNT)
    assert ("certificate expires" in caplog.text) == warned


def test_suiteql_pages_lowers_keys_and_keeps_text(company: Company) -> None:
    for number in range(1005):
        company.books.add("item", itemid=f"Item {number}", itemtype="Service")
    with NetSuite(company.settings()) as client:
        rows = client.suiteql("SELECT id AS ID, itemid, externalid FROM item ORDER BY id")
    assert len({row["id"] for row in rows}) == 1006
    assert rows[1].keys() == {"id", "itemid"}, "null columns and links are left out"


def test_reads_are_repeated_writes_are_not(company: Company) -> None:
    left = [service.ERROR_BEFORE, service.OVERLOAD, service.DROP_BEFORE]
    company.fault = lambda request: left.pop() if left and request.path.endswith(("suiteql", "creditMemo")) else None
    with NetSuite(company.settings()) as client:
        assert client.suiteql(COUNT)
        left[:] = [service.DROP_AFTER]
        with pytest.raises(NoAnswer):
            client.create("creditMemo", company.sale("cn_1", "1.00"))
    assert company.writes() == 1


def test_a_query_that_is_wrong_is_refused_at_once(company: Company) -> None:
    with NetSuite(company.settings()) as client, pytest.raises(NetSuiteError, match="400"):
        client.suiteql("SELECT nothing FROM nowhere")


def test_a_refused_connection_was_never_sent(company: Company) -> None:
    settings = company.settings(netsuite_auth="tba")
    company.server.stop()
    with NetSuite(settings) as client, pytest.raises(NotSent):
        client.create("creditMemo", {})


def test_a_timeout_leaves_the_effect_unknown(company: Company) -> None:
    company.fault = lambda request: service.Fault(delay=1.0) if request.is_write else None
    with NetSuite(company.settings(), write_seconds=0.2) as client, pytest.raises(NoAnswer, match=r"0 s"):
        client.create("creditMemo", company.sale("cn_1", "1.00"))


def test_an_answer_tells_id_operation_and_warnings(company: Company) -> None:
    body = company.sale("cn_1", "10.00", autoApply=False)
    body["item"]["items"][0]["rate"] = Decimal("3")
    with NetSuite(company.settings()) as client:
        answer = client.create("creditMemo", body)
        assert answer.internal_id == str(company.ours()["cn_1"].id)
        assert answer.operation_id and answer.job_id and "line total amount" in answer.warnings
        record = client.get("creditMemo", answer.internal_id or "")
    assert record["total"] == Decimal(10) and not isinstance(record["total"], float)


def test_an_unknown_field_name_fails(company: Company) -> None:
    with NetSuite(company.settings()) as client:
        answer = client.create("creditMemo", company.sale("cn_1", "1.00", custbody_nope="x"))
    assert answer.status == 400 and "custbody_nope" in answer.detail


@pytest.mark.parametrize("url", ["http://1234567.suitetalk.api.netsuite.com", "ftp://127.0.0.1", "nonsense"])
def test_only_https_off_this_machine(company: Company, url: str) -> None:
    with pytest.raises(SettingsError, match="NETSUITE_BASE_URL"):
        NetSuite(company.settings(netsuite_base_url=url))


def test_tls_verification_cannot_be_switched_off(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the session's own switch gets through to a host that is not this
    machine."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    verified = []

    def send(self: requests.Session, request: Any, **settings: Any) -> Any:
        verified.append(settings["verify"])
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "send", send)
    client = NetSuite(
        company.settings(netsuite_auth="tba", netsuite_base_url="https://1234567.suitetalk.api.netsuite.com")
    )
    client._transport.session.verify = False
    with pytest.raises(NotSent):
        client.create("creditMemo", {})
    assert verified == [True]


def test_money_is_a_number_digit_by_digit() -> None:
    assert (
        to_json({"a": Decimal("0.10"), "b": Decimal("12345678901234567890.12")})
        == b'{"a":0.10,"b":12345678901234567890.12}'
    )
    with pytest.raises(TypeError, match="never float"):
        to_json({"item": {"items": [{"amount": 0.1}]}})


# ------------------------------------------------------------ concurrency


def test_slots_are_halved_once_a_burst_and_grow_again() -> None:
    slots = Slots(8)
    with slots.one() as first, slots.one() as second:
        slots.overloaded(first)
        slots.overloaded(second)
        assert slots.limit == 4
    with slots.one() as third:
        slots.overloaded(third)
    assert slots.limit == 2
    for _ in range(100):
        slots.succeeded()
    assert slots.limit == 8


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_tasks_of_one_key_are_done_in_order_and_one_at_a_time(threads: int) -> None:
    import random
    import threading
    import time
    from types import SimpleNamespace

    chance = random.Random(threads)
    tasks = [
        SimpleNamespace(number=n, keys=frozenset(chance.sample(range(6), chance.randint(0, 3)))) for n in range(300)
    ]
    busy: dict[int, int] = {}
    done: list[Any] = []
    lock = threading.Lock()

    def do(task: Any) -> None:
        with lock:
            assert not any(key in busy for key in task.keys)
            busy.update(dict.fromkeys(task.keys, task.number))
        time.sleep(0.0002)
        with lock:
            for key in task.keys:
                del busy[key]
            done.append(task)

    in_order(iter(tasks), do, threads)
    assert len(done) == 300
    for key in range(6):
        numbers = [task.number for task in done if key in task.keys]
        assert numbers == sorted(numbers)


def test_an_error_ends_the_work_and_is_raised() -> None:
    from types import SimpleNamespace

    done = []

    def do(task: Any) -> None:
        done.append(task)
        if len(done) == 5:
            raise NetSuiteError("stop")

    with pytest.raises(NetSuiteError, match="stop"):
        in_order((SimpleNamespace(keys=frozenset()) for _ in range(10_000)), do, 4)
    assert len(done) < 50


def _pem(key: Any) -> bytes:
    return bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _certificate(days: int) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loader")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
