"""A stand-in NetSuite with a warehouse for every test, short pauses, and a server that sends what a test says."""

from tests.support.company import company, no_long_pauses
from tests.support.wire import start

__all__ = ["company", "no_long_pauses", "start"]
