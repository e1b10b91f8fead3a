"""The two ways to sign in to NetSuite (facts 5). The cryptography is PyJWT's and requests-oauthlib's.

OAuth 2.0 client credentials: a JWT signed with our private key is exchanged for a bearer token that lasts an hour.
Token-based authentication (TBA, OAuth 1.0a): every request and every retry is signed with a fresh nonce and timestamp.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from netsuite.answers import read_error
from netsuite.concurrency import Clock
from netsuite.errors import LoginRefused, NetSuiteError
from settings import Settings, SettingsError

log = logging.getLogger("load_netsuite")

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 30 * 60  # NetSuite allows 60 minutes; half of it leaves room for a clock that is off
RENEW_BEFORE_SECONDS = 300.0
CERTIFICATE_WARNING_DAYS = 30
TBA_END = (
    "token-based authentication (NETSUITE_AUTH=tba) ends: no new integrations from NetSuite 2027.1, "
    "existing ones stop, tentatively, with 2028.1; move to OAuth 2.0 (NETSUITE_AUTH=oauth2)"
)


class OAuth2:
    """Bearer tokens by client credentials: cached, renewed before they expire, dropped when NetSuite refuses one.

    send: sends a token request through the client's one connection pool.
    """

    def __init__(
        self, settings: Settings, base_url: str, send: Callable[[requests.Request], requests.Response], clock: Clock
    ) -> None:
        self._client_id = _text(settings.netsuite_client_id, "NETSUITE_CLIENT_ID")
        self._certificate_id = _text(settings.netsuite_certificate_id, "NETSUITE_CERTIFICATE_ID")
        self._key, self._algorithm = load_private_key(settings.netsuite_private_key_file)
        self._url = base_url + TOKEN_PATH
        self._send = send
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0
        self._server_is_ahead = 0.0  # seconds, learnt from the Date header when a fresh assertion is refused
        warn_of_certificate(settings.netsuite_private_key_file, clock.now())

    def sign(self) -> AuthBase:
        """The signature for one request. Raises LoginRefused, or NetSuiteError when there is no answer."""
        with self._lock:
            if self._token is None or self._clock.monotonic() >= self._renew_at:
                self._token, seconds = self._new_token()
                self._renew_at = self._clock.monotonic() + max(seconds - RENEW_BEFORE_SECONDS, seconds / 2)
            return _Bearer(self._token)

    def refused(self, used: AuthBase) -> bool:
        """NetSuite answered 401 to `used`. True: another signature may help."""
        with self._lock:
            if isinstance(used, _Bearer) and used.token == self._token:
                self._token = None
        return True

    def _new_token(self) -> tuple[str, float]:
        response = self._ask()
        if response.status_code in (400, 401) and self._learn_clock(response):
            response = self._ask()
        if response.status_code != 200:
            code, detail, _ = read_error(response.content)
            kind = LoginRefused if response.status_code in (400, 401, 403) else NetSuiteError
            raise kind(
                f"NetSuite gave no access token (HTTP {response.status_code} {code}: {detail}); check "
                "NETSUITE_CLIENT_ID, NETSUITE_CERTIFICATE_ID, that NETSUITE_PRIVATE_KEY_FILE belongs to "
                "that certificate and that the certificate has neither expired nor been revoked",
                status=response.status_code,
                code=code,
            )
        try:
            answer = response.json()
            return str(answer["access_token"]), float(answer.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError):
            raise NetSuiteError("NetSuite's token answer holds no access_token", status=200) from None

    def _ask(self) -> requests.Response:
        issued = self._clock.now() + self._server_is_ahead
        claims = {
            "iss": self._client_id,
            "scope": "rest_webservices",
            "aud": self._url,
            "iat": int(issued),
            "exp": int(issued) + ASSERTION_SECONDS,
        }
        assertion = jwt.encode(claims, self._key, self._algorithm, {"kid": self._certificate_id})
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return self._send(requests.Request("POST", self._url, data=form))

    def _learn_clock(self, response: requests.Response) -> bool:
        """True if this machine's clock is more than a minute off NetSuite's Date header; the difference is then allowed
        for."""
        try:
            server = email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return False
        ahead = server - self._clock.now()
        if abs(ahead - self._server_is_ahead) < 60:
            return False
        log.warning("this machine's clock is %.0f s off NetSuite's; fix it (allowed for in this run)", -ahead)
        self._server_is_ahead = ahead
        return True


class TokenBased:
    """OAuth 1.0a, HMAC-SHA256, realm = the account id in upper case."""

    def __init__(self, settings: Settings) -> None:
        account = _text(settings.netsuite_account_id, "NETSUITE_ACCOUNT_ID")
        self._parts: dict[str, Any] = dict(
            client_key=_text(settings.netsuite_consumer_key, "NETSUITE_CONSUMER_KEY"),
            client_secret=_text(settings.netsuite_consumer_secret, "NETSUITE_CONSUMER_SECRET"),
            resource_owner_key=_text(settings.netsuite_token_id, "NETSUITE_TOKEN_ID"),
            resource_owner_secret=_text(settings.netsuite_token_secret, "NETSUITE_TOKEN_SECRET"),
            realm=account.upper().replace("-", "_"),
            signature_method="HMAC-SHA256",
        )
        for name in ("oauthlib", "requests_oauthlib"):
            logging.getLogger(name).setLevel(logging.INFO)  # at DEBUG they log keys and signatures
        log.warning(TBA_END)

    def sign(self) -> AuthBase:
        """The signature for one request."""
        return OAuth1(**self._parts)

    def refused(self, used: AuthBase) -> bool:
        """NetSuite answered 401 to `used`. True: a fresh nonce and timestamp may help."""
        return True


class _Bearer(AuthBase):
    # An auth object, not a header: requests would let a netrc entry replace a plain Authorization header.
    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def load_private_key(path: Path | None) -> tuple[PrivateKey, str]:
    """(key, JWT algorithm): PS256 for RSA, ES256/ES384/ES512 by curve. NetSuite does not accept RS256.

    Raises SettingsError.
    """
    name = "NETSUITE_PRIVATE_KEY_FILE"
    if path is None:
        raise SettingsError([f"{name} is missing"])
    try:
        key = load_pem_private_key(_pem_part(Path(path).read_bytes(), b"PRIVATE KEY"), password=None)
    except OSError as error:
        raise SettingsError([f"{name} cannot be read: {error.strerror}"]) from None
    except (ValueError, TypeError):
        raise SettingsError([f"{name} holds no PEM private key without a password"]) from None
    if isinstance(key, rsa.RSAPrivateKey):
        return key, "PS256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size in (256, 384, 521):
        return key, {256: "ES256", 384: "ES384", 521: "ES512"}[key.curve.key_size]
    raise SettingsError([f"{name} must hold an RSA key or an EC key on P-256, P-384 or P-521"])


def certificate_expiry(path: Path | None) -> dt.datetime | None:
    """The end of the certificate in the key's file; None if the file has no certificate."""
    if path is None:
        return None
    try:
        return x509.load_pem_x509_certificate(_pem_part(Path(path).read_bytes(), b"CERTIFICATE")).not_valid_after_utc
    except (OSError, ValueError):
        return None


def warn_of_certificate(path: Path | None, now: float) -> None:
    """Logs a warning when the certificate has expired or expires soon. now: Unix seconds."""
    ends = certificate_expiry(path)
    days = (ends.timestamp() - now) / 86400 if ends else CERTIFICATE_WARNING_DAYS
    if ends and days < CERTIFICATE_WARNING_DAYS:
        log.warning(
            "the NetSuite certificate %s on %s; upload a new one and set NETSUITE_CERTIFICATE_ID",
            "expires" if days > 0 else "expired",
            ends.date().isoformat(),
        )


def _pem_part(raw: bytes, kind: bytes) -> bytes:
    """The first PEM block of a kind: key and certificate may share a file."""
    begin = next((line for line in raw.splitlines() if line.startswith(b"-----BEGIN") and kind in line), None)
    if begin is None:
        raise ValueError("no such PEM block")
    end = begin.replace(b"BEGIN", b"END")
    start = raw.index(begin)
    return raw[start : raw.index(end, start) + len(end)] + b"\n"


def _text(value: SecretStr | str | None, name: str) -> str:
    if value is None:
        raise SettingsError([f"{name} is missing"])
    return value.get_secret_value() if isinstance(value, SecretStr) else value
