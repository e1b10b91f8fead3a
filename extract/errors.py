"""The errors that stop an extract. Each message says what was asked, what came back and what to do.

ExtractError
├── LandingFailed        rows could not be written into the warehouse
├── ClockWrong           the clocks of this machine and of Stripe are more than a day apart
├── TooManyGone          the key does not see objects that Stripe never deletes
└── StripeError
    ├── StripeRefused    a 4xx answer: key, permission, parameter
    ├── ObjectGone       404 for one object: it was deleted
    ├── Unavailable      429, 5xx, time-outs, broken connections, after all attempts
    └── Inconsistent     an answer that is truncated, doubled, out of order or in another API version
"""

from __future__ import annotations


class ExtractError(Exception):
    """Base of every error that stops an extract, except those of the NetSuite client (`netsuite.errors`)."""


class LandingFailed(ExtractError):
    """Rows could not be loaded into the warehouse."""


class ClockWrong(ExtractError):
    """This machine's clock and Stripe's are more than a day apart (rule P9)."""


class TooManyGone(ExtractError):
    """Many known objects that Stripe never deletes answer 404 (rule I3)."""


class StripeError(ExtractError):
    """Base of everything that can go wrong with a request to Stripe."""


class StripeRefused(StripeError):
    """A 4xx answer that another attempt does not change.

    param: the parameter that Stripe names, if any · status: HTTP status; 0 where nothing was sent.
    """

    def __init__(self, message: str, param: str | None = None, status: int = 0):
        super().__init__(message)
        self.param = param
        self.status = status


class ObjectGone(StripeError):
    """The object does not exist, or no longer."""


class Unavailable(StripeError):
    """No attempt got a usable answer."""


class Inconsistent(StripeError):
    """The answer contradicts itself or earlier answers, in every attempt."""
