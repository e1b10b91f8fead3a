"""A stand-in for NetSuite, as strict as the facts about it allow.

    books = Books("state/netsuite.sqlite")   # who owes what: on disk, or Books(None) in memory
    server = start(books, credentials=ensure("state"))   # REST and SuiteQL on a loopback port

From the outside in: `server` (sockets), `service` (requests, faults), `auth`, `suiteql`, `books` (state),
`posting`, `lines`, `master`, `checks` (what NetSuite accepts), `fields`, `schema` (names it knows),
`render` (what it shows), `errors` (what it says), `store` (disk). What nobody has published is marked
"guessed" beside the text or number used, what follows from published facts "inferred".
"""

from sandbox.netsuite.books import Books
from sandbox.netsuite.credentials import ensure
from sandbox.netsuite.errors import Refused
from sandbox.netsuite.server import start
from sandbox.netsuite.service import Fault, Request
from sandbox.netsuite.suiteql import SuiteQL

__all__ = ["Books", "Fault", "Refused", "Request", "SuiteQL", "ensure", "start"]
