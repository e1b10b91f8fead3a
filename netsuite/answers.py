"""Judges NetSuite's answers by one table, `RULES`: the meaning of an answer and the action that follows.

The first row that fits wins. Status and code come first (P8). They do not suffice: nearly everything is a 400 with
code USER_ERROR (facts 1.4, 9.18), so the later rows ask for a pattern in the text. An account in another language fits
none of these: its refusals block their row, and the push asks by external id whether the record exists. "facts" is
docs/facts/netsuite.md, by section.
"""

from __future__ import annotations

import enum
import json
import re
from dataclasses import dataclass
from typing import Any

from netsuite.encoding import storable

BODY_LIMIT = 2000
"""Characters of a raw error body that are kept for the log."""


class Action(enum.Enum):
    """The action that follows an answer."""

    DONE = "log the result"
    LOOK_UP = "ask NetSuite by external id before anything is sent again"
    BACK_OFF = "nothing was done: fewer requests at once, wait, send again"
    STOP = "log it and end the run: no row can succeed"
    BLOCK_ROW = "log it as rejected in NetSuite's own words, go on with the next row"


@dataclass(frozen=True)
class Rule:
    """One row of the table. `code` None = any code; `text` is a pattern, searched in detail and raw body, ignoring
    case."""

    statuses: range
    code: str | None
    text: str | None
    meaning: str
    action: Action
    source: str

    def fits(self, status: int, code: str, text: str) -> bool:
        return (
            status in self.statuses
            and (self.code is None or self.code == code)
            and (self.text is None or re.search(self.text, text, re.IGNORECASE) is not None)
        )


def _only(status: int) -> range:
    return range(status, status + 1)


_ANY_4XX = range(400, 500)


def _refusal(text: str, meaning: str, source: str) -> Rule:
    return Rule(_ANY_4XX, None, text, meaning, Action.BLOCK_ROW, source)


# The code seen is USER_ERROR, like nearly everything's; DUP_RCRD is SOAP's word for it.
TAKEN = Rule(
    _ANY_4XX,
    None,
    r"this (record|entity|item|transaction) already exists|DUP_RCRD",
    "external id is taken",
    Action.LOOK_UP,
    "facts 1.4",
)

RULES: tuple[Rule, ...] = (
    Rule(range(200, 300), None, None, "done", Action.DONE, "facts 1.2, 1.6"),
    # A redirect is never followed on a write: the client would turn POST into GET.
    Rule(range(300, 400), None, None, "redirected", Action.LOOK_UP, "ours"),
    Rule(_only(429), None, None, "too many requests at once", Action.BACK_OFF, "facts 6"),
    Rule(_ANY_4XX, "CONCURRENCY_LIMIT_EXCEEDED", None, "too many requests at once", Action.BACK_OFF, "facts 1.8"),
    Rule(_ANY_4XX, "SSS_REQUEST_LIMIT_EXCEEDED", None, "too many requests at once", Action.BACK_OFF, "facts 6"),
    Rule(_only(401), None, None, "login refused", Action.STOP, "facts 1.8, 5"),
    Rule(_ANY_4XX, "INVALID_LOGIN", None, "login refused", Action.STOP, "facts 1.8"),
    TAKEN,
    Rule(
        _ANY_4XX,
        None,
        r"RCRD_HAS_BEEN_CHANGED|record has been changed",
        "edited by someone at this moment",
        Action.BACK_OFF,
        "facts 7, 8 (Lago)",
    ),
    Rule(_only(408), None, None, "timed out at the server", Action.LOOK_UP, "ours"),
    # The header is a name of HTTP: it is the same in every language.
    _refusal(
        r"content-language|accept-language",
        "NetSuite wants the language of the request: set NETSUITE_LANGUAGE, for example to en or pt_BR",
        "facts 1.8, 8",
    ),
    _refusal(
        r"period.*(closed|locked)|(closed|locked).*period|CLOSED_TRAN_PRD|TRAN_PERIOD_CLOSED|within the "
        r"date range",
        "period closed",
        "facts 7",
    ),
    _refusal(
        r"invalid sublist or line item operation|matching line for sublist",
        "not a candidate: other customer, currency or A/R account, paid, or unknown",
        "facts 1.6, 7",
    ),
    _refusal(r"INVALID_LINK_SUM|links sum to more|TRANS_APPLIED_AMTS_UNBALNCD", "applies more than is open", "facts 7"),
    _refusal(
        r"invalid field value|invalid .* reference key|INVALID_KEY_OR_REF|MISMATCHED_CURRENCY",
        "a reference does not exist or does not fit",
        "facts 1.8, 7",
    ),
    _refusal(r"please enter value", "a mandatory field is missing", "facts 1.8, 7"),
    _refusal(r"unknown field name|unknown (field|property)", "a field name is unknown", "facts 1.8"),
    _refusal(r"balance|decimal|round", "the amounts do not balance or do not fit", "facts 1.8, 7"),
    _refusal(
        r"transaction type specified is incorrect|does not exist|NONEXISTENT_ID",
        "the record is not there, or is of another type",
        "facts 1.8",
    ),
    Rule(_only(403), None, None, "the role lacks a permission", Action.BLOCK_ROW, "facts 5"),
    # Gateways answer 502 and 503 in HTML, also after NetSuite has taken the request: only a look-up tells.
    Rule(range(500, 600), None, None, "server fault, effect unknown", Action.LOOK_UP, "facts 1.8, 9.6"),
)

UNFORESEEN = Rule(range(0, 1000), None, None, "unforeseen", Action.BLOCK_ROW, "ours: one row must not stop the others")

SLOW_LOGIN_SECONDS = 30.0
"""A login error after a queue of this length is NetSuite's other way to say that it is overloaded (facts
6)."""


def judge(status: int, code: str, text: str, seconds: float = 0.0) -> Rule:
    """The row of the table for one answer. `seconds`: how long the answer took."""
    rule = next((rule for rule in RULES if rule.fits(status, code, text)), UNFORESEEN)
    if rule.action is Action.STOP and seconds >= SLOW_LOGIN_SECONDS:
        return Rule(rule.statuses, None, None, "overloaded (login error after a queue)", Action.BACK_OFF, "facts 6")
    return rule


def read_error(raw: bytes) -> tuple[str, str, str]:
    """(code, detail, body cut short) of an error body. A body that is not NetSuite's JSON (502 in HTML) has code ''."""
    text = raw.decode("utf-8", errors="replace")
    body = _loads(text)
    code, detail = map(storable, _code_and_detail(body)) if isinstance(body, dict) else ("", "")
    return code, detail or text[:200].strip() or "(no words)", text[:BODY_LIMIT]


def read_path(raw: bytes) -> str:
    """`o:errorPath` of the first error of an error body that has one, else ''."""
    body = _loads(raw)
    entries = _errors(body) if isinstance(body, dict) else []
    return next((storable(str(entry["o:errorPath"])) for entry in entries if entry.get("o:errorPath")), "")


def _loads(raw: bytes | str) -> Any:
    """The JSON of an error body; None where it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _errors(body: dict[str, Any]) -> list[dict[str, Any]]:
    details = body.get("o:errorDetails")
    return [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []


def _code_and_detail(body: dict[str, Any]) -> tuple[str, str]:
    entries = _errors(body)
    code = next((str(entry["o:errorCode"]) for entry in entries if entry.get("o:errorCode")), "")
    detail = " ".join(
        f"{entry.get('detail', '')}" + (f" [{entry['o:errorPath']}]" if entry.get("o:errorPath") else "")
        for entry in entries
    ).strip()
    # The token endpoint speaks OAuth: {"error": ..., "error_description": ...}.
    code = code or str(body.get("error") or body.get("o:errorCode") or "")
    detail = detail or str(body.get("error_description") or body.get("detail") or body.get("title") or "")
    return code, detail
