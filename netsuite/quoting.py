"""Values in SuiteQL. Every id that a query names passes through here: ids of Stripe are opaque and may hold quotes."""

from __future__ import annotations


def literal(value: str) -> str:
    """A text literal. SuiteQL knows one escape: a quote is doubled."""
    return "'" + value.replace("'", "''") + "'"
