"""Failures of requests to NetSuite. Each message says what happened and how to fix it; none holds a secret.

NetSuiteError        a request did not end well
├── NotSent          it provably never left: safe to send again
├── NoAnswer         it left and no usable answer came: the effect is unknown
│   └── TooLarge     the answer is larger than any of NetSuite's
├── LoginRefused     NetSuite refuses the credentials
├── ClockOff         this machine's clock is more than a day off NetSuite's
└── Refused          NetSuite answered that it did not do what was asked
"""

from __future__ import annotations


class NetSuiteError(Exception):
    """A request to NetSuite did not end well.

    status: HTTP status, None when no answer came · code: `o:errorCode` · detail: NetSuite's own words ·
    body: the raw body, cut to `answers.BODY_LIMIT` characters.
    """

    def __init__(self, detail: str, *, status: int | None = None, code: str = "", body: str = "") -> None:
        super().__init__(detail)
        self.detail, self.status, self.code, self.body = detail, status, code, body


class NotSent(NetSuiteError):
    """The request never left this machine (refused connection, unknown host, failed TLS handshake)."""


class NoAnswer(NetSuiteError):
    """The request left, no usable answer came back (timeout, dropped connection)."""


class TooLarge(NoAnswer):
    """The answer was larger than `bounded_http.ANSWER_BYTES`. A read is not repeated, because it would be again."""


class LoginRefused(NetSuiteError):
    """NetSuite does not accept the credentials, not even with a new token."""


class Refused(NetSuiteError):
    """NetSuite answered, and did not do what was asked."""


class ClockOff(NetSuiteError):
    """This machine's clock is more than a day off NetSuite's `Date` header (rule P9)."""
