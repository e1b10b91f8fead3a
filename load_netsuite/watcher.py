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


def expect_all(watcher: Watcher, warehouse: Warehouse) -> None:
    """Tells how many records are ready; a count that fails is no reason to do nothing."""
    with contextlib.suppress(duckdb.Error, WarehouseError):
        ((total,),) = ask(warehouse.cursor(), "select count(*) from marts.posting_plan")
        watcher.expect(total)
