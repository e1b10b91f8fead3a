"""A stand-in NetSuite with a warehouse for every test, and short pauses."""

from tests.support.company import company, no_long_pauses

__all__ = ["company", "no_long_pauses"]
