"""The order of a balance ledger: each row starts at the balance where the row before ended (B6)."""

from __future__ import annotations

from tests.property.oracle.facts import Obj


def in_chain_order(rows: list[Obj]) -> tuple[list[Obj], bool, bool]:
    """(rows in order, whether the chain has a gap, whether only one order is possible).

    Rows are ordered by `created`. Inside one second, each row starts at the balance where the row before ended.
    """
    ordered: list[Obj] = []
    is_broken, is_unique, balance = False, True, 0
    for second in sorted({row["created"] for row in rows}):
        of_second = [row for row in rows if row["created"] == second]
        orders = _orders(of_second, balance)
        if not orders:
            is_broken = True
            orders = _orders_after_a_gap(of_second)
        is_unique = is_unique and len(orders) == 1
        ordered += orders[0]
        balance = orders[0][-1]["ending_balance"]
    return ordered, is_broken, is_unique


def _orders(rows: list[Obj], balance: int) -> list[list[Obj]]:
    """Up to two orders of the rows in which each starts where the row before ended, the first one at `balance`."""
    if not rows:
        return [[]]
    found: list[list[Obj]] = []
    for i, row in enumerate(rows):
        if row["ending_balance"] - row["amount"] == balance:
            rest = rows[:i] + rows[i + 1 :]
            found += [[row, *order] for order in _orders(rest, row["ending_balance"])]
            if len(found) > 1:
                return found[:2]
    return found


def _orders_after_a_gap(rows: list[Obj]) -> list[list[Obj]]:
    """Orders that start at any balance. The customer's uses are blocked, but later seconds are still put in order."""
    for start in sorted({row["ending_balance"] - row["amount"] for row in rows}):
        if orders := _orders(rows, start):
            return orders
    return [rows]
