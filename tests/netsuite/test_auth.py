"""Both ways to sign in, tokens and certificates, against the stand-in over loopback."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from netsuite.answers import Action
from netsuite.api import NetSuite
from netsuite.auth import load_private_key
from netsuite.concurrency import Clock
from netsuite.errors import LoginRefused
from sandbox.netsuite import credentials, service
from sandbox.netsuite.server import start
from settings import SettingsError
from tests.support.company import Company

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
    """A token lasts an hour here; five minutes before its end the next request gets another one."""
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


def test_the_error_for_wrong_credentials_says_what_to_check(company: Company) -> None:
    with (
        NetSuite(company.settings(netsuite_certificate_id="other")) as client,
        pytest.raises(LoginRefused, match="NETSUITE_CERTIFICATE_ID"),
    ):
        client.suiteql(COUNT)


def test_tba_signs_every_request(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    with NetSuite(company.settings(netsuite_auth="tba")) as client:
        for _ in range(3):  # the stand-in refuses a nonce it has seen
            client.suiteql(COUNT)
    assert "2027.1" in caplog.text and "2028.1" in caplog.text


@pytest.mark.parametrize(("days", "warned"), [(10, True), (29, True), (31, False)])
def test_a_certificate_that_expires_soon_causes_a_warning(
    company: Company, caplog: pytest.LogCaptureFixture, days: int, warned: bool
) -> None:
    file = company.settings().netsuite_private_key_file
    file.write_bytes(file.read_bytes() + _certificate(days))
    with NetSuite(company.settings()) as client:
        assert client.suiteql(COUNT)
    assert ("certificate expires" in caplog.text) == warned


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
