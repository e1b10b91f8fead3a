"""Tells the addresses of ALERT_URLS when a command needs a person: one JSON POST each, at the end.

A post has `text` (which Slack shows), `account`, `target`, `run_id`, `exit_code` and `blocked`. What goes wrong with it
is a warning that does not show the address, and changes nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import duckdb
import requests

from bounded_http import AnswerTooLarge, BoundedAdapter
from pipeline.exit_codes import DONE, MEANING
from pipeline.logs import hidden, warn
from pipeline.reading import open_for_reading
from pipeline.summary import rows_without_invoice
from settings import Settings, SettingsError, is_loopback
from warehouse.connection import WarehouseError
from warehouse.query import ask

CONNECT_SECONDS, SECONDS = 5.0, 10.0
"""Until there is a connection, and for a whole exchange."""
DOCUMENTS_SENT = 1000
"""A first run may find more. An address that refuses the whole post would tell nobody."""
DOCUMENTS_NAMED, SENTENCES_SENT, FAILURE_LENGTH = 5, 20, 500

# What was blocked already before this run is not new, whatever its reason was then. The outcome is a struct, because
# max_by passes over a null: a document that was no more has no state.
NEWLY_BLOCKED = """
with noted as (
    select
        document_id,
        max_by(struct_pack(state := state, reason := reason), position) as outcome,
        max_by(run_id, position) as run_id,
        max_by(struct_pack(state := state), position) filter (where run_id <> $run_id) as before
    from marts.credit_outcome_history
    group by document_id
)

select noted.document_id, noted.outcome.reason, documents.detail
from noted
left join marts.credit_outcomes as documents on noted.document_id = documents.document_id
where
    noted.run_id = $run_id
    and noted.outcome.state = 'blocked'
    and noted.before.state is distinct from 'blocked'
order by noted.document_id
"""


@dataclass
class Findings:
    """What the warehouse says after a command.

    blocked: (document_id, reason, detail) of documents that became blocked · without_invoice: sentences about ledger
    rows that belong to no invoice (rule O2).
    """

    blocked: Sequence[tuple[str, str | None, str | None]] = ()
    without_invoice: Sequence[str] = ()


@dataclass
class Ended:
    """How a command ended. findings: of doctor, a sentence for each that a person must hear of."""

    command: str
    run_id: str
    exit_code: int
    failure: str | None = None
    findings: Sequence[str] = ()
    is_published: bool | None = None
    settings: Settings | None = field(default=None, repr=False)


def alert(ended: Ended) -> None:
    """Posts to every address, if the exit code is not 0, a document became blocked, a ledger row belongs to no invoice,
    or doctor has findings. Raises nothing that the network or the warehouse can cause."""
    settings = ended.settings
    if settings is None or not settings.alert_urls:
        return
    found = Findings() if ended.command == "doctor" else _findings(settings, ended)
    if ended.exit_code == DONE and not (found.blocked or found.without_invoice or ended.findings):
        return
    body = body_of(settings, ended, found)
    addresses = [address.get_secret_value() for address in settings.alert_urls]
    answers: list[str | None] = [f"did not answer within {SECONDS:.0f} s"] * len(addresses)

    def send(place: int, address: str) -> None:
        answers[place] = post(address, body)

    # Threads that the end of the process does not wait for: looking up a name knows no deadline.
    threads = [threading.Thread(target=send, args=each, daemon=True) for each in enumerate(addresses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 1)
    for place, problem in enumerate(list(answers), start=1):
        if problem:
            warn(f"address {place} of {len(addresses)} in ALERT_URLS {problem}: nobody was told there")


def _findings(settings: Settings, ended: Ended) -> Findings:
    try:
        with open_for_reading(settings, is_published=ended.is_published is not False) as marts:
            without_invoice = [] if ended.command == "reconcile" else rows_without_invoice(marts)
            return Findings(ask(marts, NEWLY_BLOCKED, {"run_id": ended.run_id}), without_invoice)
    except (duckdb.Error, OSError, WarehouseError, SettingsError):
        return Findings()  # what the command itself met is in its exit code


def body_of(settings: Settings, ended: Ended, found: Findings) -> dict[str, Any]:
    """The body of the post. Nothing in it is a secret of the settings."""
    account = settings.netsuite_account_id if settings.target == "production" else None
    return {
        "text": _text(account, settings.target, ended, found),
        "account": account,
        "target": settings.target,
        "run_id": ended.run_id,
        "exit_code": ended.exit_code,
        "blocked": [
            {"document_id": document_id, "reason": reason, "detail": detail and hidden(detail)}
            for document_id, reason, detail in found.blocked[:DOCUMENTS_SENT]
        ],
    }


def _text(account: str | None, target: str, ended: Ended, found: Findings) -> str:
    who = f"{target} {account}" if account else target
    how = f"exit code {ended.exit_code}, {MEANING[ended.exit_code]}"
    lines = [f"Stripe credit into NetSuite, {who}, {ended.command}: {how}."]
    for sentence in filter(None, (ended.failure, *ended.findings[:SENTENCES_SENT])):
        said = hidden(sentence)
        lines.append(said if len(said) <= FAILURE_LENGTH else f"{said[:FAILURE_LENGTH]}...")
    if len(ended.findings) > SENTENCES_SENT:
        lines.append(f"and {len(ended.findings) - SENTENCES_SENT} more: run `make doctor`.")
    if found.blocked:
        number = len(found.blocked)
        named = ", ".join(f"{document_id} ({reason})" for document_id, reason, _ in found.blocked[:DOCUMENTS_NAMED])
        rest = f" and {number - DOCUMENTS_NAMED} more" if number > DOCUMENTS_NAMED else ""
        became = "1 document became blocked" if number == 1 else f"{number} documents became blocked"
        lines.append(f"{became}: {named}{rest}. `make report` says what to do.")
        if number > DOCUMENTS_SENT:
            lines.append(f"This post lists {DOCUMENTS_SENT} of them; all: marts.credit_outcomes.")
    lines += found.without_invoice
    # Slack reads <...> as a link or a mention; text from outside is neither.
    return "\n".join(lines).replace("<", "\u2039").replace(">", "\u203a")


def post(address: str, body: dict[str, Any]) -> str | None:
    """Posts once. Returns what went wrong, in words without the address; None if the answer is 2xx."""
    try:
        with requests.Session() as session:
            for scheme in ("https://", "http://"):
                session.mount(scheme, BoundedAdapter())
            session.trust_env = not is_loopback(urlsplit(address).hostname)  # a proxy has no business on loopback
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            answer = session.post(address, json=body, timeout=(CONNECT_SECONDS, SECONDS), allow_redirects=False)
    except requests.exceptions.SSLError:
        return "has no certificate that this machine trusts"
    except requests.Timeout:
        return f"did not answer within {SECONDS:.0f} s"
    except AnswerTooLarge:
        return None  # it has taken the post
    except (requests.RequestException, OSError, ValueError):
        return "cannot be reached"
    if answer.is_redirect or 300 <= answer.status_code < 400:
        return f"answered with a redirect (HTTP {answer.status_code}), which is not followed"
    return None if answer.ok else f"answered with HTTP {answer.status_code}"
