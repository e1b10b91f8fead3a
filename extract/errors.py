"""What can go wrong while reading. Each message says what was asked, what came back and what to mend.

ExtractError
├── LandingFailed        what was read could not be written
└── StripeError
    ├── StripeRefused    a 4xx answer: key, permission, parameter
    ├── ObjectGone       404 for one object: it was deleted
    ├── Unavailable      429, 5xx, time-outs, broken connections, after all attempts
    └── Inconsistent     an answer that cannot be whole: truncated, doubled, out of order, other version
"""

from __future__ import annotations


class ExtractError(Exception):
    """Base of everything that stops an extract."""


class LandingFailed(ExtractError):
    """Rows could not be loaded into the warehouse."""


class StripeError(ExtractError):
    """Base of what Stripe's answers can mean."""


class StripeRefused(StripeError):
    """A 4xx answer that trying again will not change. `param`: the parameter that Stripe names, if any."""

    def __init__(self, message: str, param: str | None = None):
        super().__init__(message)
        self.param = param


class ObjectGone(StripeError):
    """The object asked for does not exist (any more)."""


class Unavailable(StripeError):
    """No usable answer after all attempts."""


class Inconsistent(StripeError):
    """An answer that contradicts itself or the ones before, after all attempts."""
