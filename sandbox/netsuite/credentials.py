"""Credentials of the stand-in: a random key pair for OAuth 2.0, and the secrets of token-based authentication.

They only open a stand-in on loopback. They are stored under a directory that only the owner can read.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ACCOUNT_ID = "7654321_SB1"


class Credentials(TypedDict):
    """`private_key` is PEM text; `private_key_file` is its path, or empty."""

    account_id: str
    client_id: str
    certificate_id: str
    private_key: str
    private_key_file: str
    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str


def make(kind: str = "ec") -> Credentials:
    """New credentials, not stored. `kind`: `ec` (P-256, for ES256) or `rsa` (3072 bit, for PS256)."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    else:
        key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Credentials(
        account_id=ACCOUNT_ID,
        client_id=secrets.token_hex(32),
        certificate_id=secrets.token_urlsafe(32),
        private_key=pem.decode(),
        private_key_file="",
        consumer_key=secrets.token_hex(32),
        consumer_secret=secrets.token_hex(32),
        token_id=secrets.token_hex(32),
        token_secret=secrets.token_hex(32),
    )


def ensure(directory: str | Path, kind: str = "ec") -> Credentials:
    """The credentials under `directory`, created by the first call. Both files have mode 600."""
    folder = Path(directory)
    file, key_file = folder / "netsuite_credentials.json", folder / "netsuite_private_key.pem"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = make(kind)
        made["private_key_file"] = str(key_file)
        _write(key_file, made["private_key"])
        _write(file, json.dumps(made))  # last: its presence means that both files are complete
    stored: Credentials = json.loads(file.read_text())
    stored["private_key_file"] = str(key_file)  # somebody may have moved the directory
    return stored


def environment(credentials: Credentials, url: str, auth: str = "oauth2") -> dict[str, str]:
    """The NETSUITE_* variables for a pipeline that uses a stand-in at `url`."""
    return {
        "NETSUITE_ACCOUNT_ID": credentials["account_id"],
        "NETSUITE_BASE_URL": url,
        "NETSUITE_AUTH": auth,
        "NETSUITE_CLIENT_ID": credentials["client_id"],
        "NETSUITE_CERTIFICATE_ID": credentials["certificate_id"],
        "NETSUITE_PRIVATE_KEY_FILE": credentials["private_key_file"],
        "NETSUITE_CONSUMER_KEY": credentials["consumer_key"],
        "NETSUITE_CONSUMER_SECRET": credentials["consumer_secret"],
        "NETSUITE_TOKEN_ID": credentials["token_id"],
        "NETSUITE_TOKEN_SECRET": credentials["token_secret"],
    }


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all, and never readable by others."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    part.rename(file)
