"""A stand-in for NetSuite, as strict as the facts about it allow.

    books = Books("state/netsuite.sqlite")   # the records: on disk, or Books(None) in memory
    server = start(books, credentials=ensure("state"))   # REST and SuiteQL on a loopback port

From the outside in: `server` (sockets), `service` (requests, faults), `auth`, `credentials`; `books` (writes),
`store` (disk), `ledger` (rows, indexes, questions), `records` (transactions); `posting` (the transaction that a request
makes), `lines`, `tax_details`, `journal_lines`, `applications`, `items`, `references`, `periods`, `amounts`; `fields`
(reads a request), `schema` (fields of records), `tables` (master data), `record_types`; `render` (GET), `catalog` (the
fields as NetSuite's own schema), `suiteql` with `suiteql_tables` and `suiteql_dialect`; `errors` (all refusals),
`german` (their words in another language).

Two places have switches: `Books.configure` for settings of the account, which are kept in the books, and
`service.Options` for limits and faults of the service. What only some accounts demand is off until it is switched on.

"seen" marks a fact that somebody observed, "documented" one from Oracle's documentation, "inferred" one that follows
from published facts, and "guessed" a text or number that nobody has published.
"""

from sandbox.netsuite.books import Books
from sandbox.netsuite.credentials import ensure
from sandbox.netsuite.errors import Refused
from sandbox.netsuite.server import start
from sandbox.netsuite.service import Fault, Request
from sandbox.netsuite.suiteql import SuiteQL

__all__ = ["Books", "Fault", "Refused", "Request", "SuiteQL", "ensure", "start"]
