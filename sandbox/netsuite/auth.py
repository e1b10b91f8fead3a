"""Authentication: OAuth 2.0 client credentials and token-based authentication (TBA), with real signatures.

Rules: facts, NetSuite section 5.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oauthlib.oauth1.rfc5849 import signature

from sandbox.netsuite.credentials import Credentials

ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")  # RS256 is not accepted (documented)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPE = "rest_webservices"
LONGEST_ASSERTION = 3600  # seconds from iat to exp
CLOCK_SKEW = 300  # seconds of difference that a TBA timestamp can have


class NotAllowed(Exception):
    """A refused request. `error` is OAuth's error code, the message its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class Token(NamedTuple):
    """A bearer token and its lifetime in seconds."""

    access_token: str
    expires_in: int


class Gate:
    """Issues bearer tokens and checks each request. `clock` gives seconds since the epoch, `lifetime` is in seconds."""

    def __init__(self, credentials: Credentials, lifetime: float, clock: Callable[[], float]) -> None:
        self._credentials, self._lifetime, self._clock = credentials, lifetime, clock
        self._public_key: Any = load_pem_private_key(credentials["private_key"].encode(), None).public_key()
        self._lock = threading.Lock()
        self._expiry: dict[str, float] = {}  # bearer token -> its end
        self._nonces: dict[str, float] = {}  # nonce -> time after which it can be forgotten
        self.realm = credentials["account_id"].upper()

    def issue(self, form: str, url: str) -> Token:
        """A bearer token for the form of a token request sent to `url`. Raises `NotAllowed`."""
        fields = {name: values[0] for name, values in parse_qs(form).items()}
        if fields.get("grant_type") != "client_credentials":
            raise NotAllowed("unsupported_grant_type", "grant_type must be client_credentials")
        if fields.get("client_assertion_type") != ASSERTION_TYPE:
            raise NotAllowed("invalid_request", "client_assertion_type")
        self._check_assertion(fields.get("client_assertion", ""), url)
        token = secrets.token_urlsafe(48)
        with self._lock:
            now = self._clock()
            self._expiry = {old: ends for old, ends in self._expiry.items() if ends > now} | {
                token: now + self._lifetime
            }
        return Token(token, int(self._lifetime))

    def expire_all(self) -> None:
        """End every bearer token now, like a revoked integration."""
        with self._lock:
            self._expiry.clear()

    def check(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        """Check a request's signature. Header names are in lower case. Raises `NotAllowed`."""
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            with self._lock:
                if self._expiry.get(rest.strip(), 0) <= self._clock():
                    raise NotAllowed("invalid_token", "Invalid or expired access token.")
        elif scheme.lower() == "oauth":
            self._check_tba(method, url, headers["authorization"])
        else:
            raise NotAllowed("invalid_request", "There is no usable Authorization header.")

    def _check_assertion(self, assertion: str, url: str) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            if header.get("kid") != self._credentials["certificate_id"]:
                raise NotAllowed("invalid_client", "kid is not a known certificate")
            claims = jwt.decode(
                assertion,
                self._public_key,
                algorithms=list(ALGORITHMS),
                audience=url,
                issuer=self._credentials["client_id"],
                options={"require": ["iss", "aud", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as problem:
            raise NotAllowed("invalid_client", f"client_assertion: {problem}") from None
        now = self._clock()
        if not claims["iat"] <= now + CLOCK_SKEW or not now < claims["exp"] <= claims["iat"] + LONGEST_ASSERTION:
            raise NotAllowed("invalid_client", "client_assertion: iat or exp")
        scope = claims.get("scope", [])
        if SCOPE not in (scope.replace(",", " ").split() if isinstance(scope, str) else scope):
            raise NotAllowed("invalid_scope", f"scope must name {SCOPE}")

    def _check_tba(self, method: str, url: str, header: str) -> None:
        query = urlsplit(url).query
        parts = dict(
            signature.collect_parameters(
                headers={"Authorization": header}, exclude_oauth_signature=False, with_realm=True
            )
        )
        expected = {
            "realm": self.realm,
            "oauth_consumer_key": self._credentials["consumer_key"],
            "oauth_token": self._credentials["token_id"],
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_version": "1.0",
        }
        for name, value in expected.items():
            if parts.get(name, "1.0" if name == "oauth_version" else None) != value:
                raise NotAllowed("token_rejected", f"{name} is wrong")
        nonce, stamp = parts.get("oauth_nonce", ""), parts.get("oauth_timestamp", "")
        if len(nonce) < 6:
            raise NotAllowed("nonce_rejected", "oauth_nonce is too short")
        if not stamp.isdigit() or abs(int(stamp) - self._clock()) > CLOCK_SKEW:
            raise NotAllowed("timestamp_refused", "oauth_timestamp is too far off")
        signed = SimpleNamespace(
            http_method=method,
            uri=url,
            params=signature.collect_parameters(uri_query=query, headers={"Authorization": header}),
            signature=parts.get("oauth_signature", ""),
        )
        secrets_ = self._credentials["consumer_secret"], self._credentials["token_secret"]
        if not signature.verify_hmac_sha256(signed, *secrets_):
            raise NotAllowed("signature_invalid", "oauth_signature does not fit")
        with self._lock:
            now = self._clock()
            if nonce in self._nonces:
                raise NotAllowed("nonce_used", "oauth_nonce was used before")
            if len(self._nonces) > 100_000:
                self._nonces = {old: until for old, until in self._nonces.items() if until > now}
            self._nonces[nonce] = int(stamp) + 2 * CLOCK_SKEW
