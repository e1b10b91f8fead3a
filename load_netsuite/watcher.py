"""Who is told how far a push or a plan is."""

from __future__ import annotations

import contextlib
from typing import Protocol

import duckdb

from warehouse.connection import WarehouseError
from warehouse.query import Warehouse, ask


class Watcher(Protocol):
    """Is told how many records there are, then of each that is done. From any thread."""

    def expect(self, total: int) -> None: ...
    def __call__(self, advance: int) -> None: ...


# One after the other: all at once (marts.posting_plan) takes more memory than a push has, and half of a quiet push.
READY = (
    "select count(*) from marts.items_to_create",
    *(
        f"select count(*) from marts.{mart} where state = 'ready' and netsuite_internal_id is null"
        for mart in ("zero_amount_invoices", "credit_memos", "customer_refunds", "journal_entries")
    ),
    # late applications, a record for each memo or refund that gets some
    *(
        f"select count(distinct {of}) from marts.credit_memo_applications "
        f"where application_type = '{kind}' and {at} is not null and state = 'ready'"
        for kind, of, at in (
            ("invoice", "document_id", "netsuite_memo_id"),
            ("customer_refund", "target_external_id", "target_netsuite_id"),
        )
    ),
)


def expect_all(watcher: Watcher, warehouse: Warehouse) -> None:
    """Tells how many records are ready; a count that fails is no reason to do nothing."""
    with contextlib.suppress(duckdb.Error, WarehouseError):
        cursor = warehouse.cursor()
        watcher.expect(sum(ask(cursor, query)[0][0] for query in READY))
