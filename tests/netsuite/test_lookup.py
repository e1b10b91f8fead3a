"""Look-ups in bulk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from netsuite import lookup
from netsuite.errors import NetSuiteError, Refused


def test_lines_are_asked_for_in_bulks_that_stay_below_what_one_query_returns() -> None:
    asked: list[str] = []

    class Client:
        def suiteql(self, sql: str) -> list[dict[str, str]]:
            asked.append(sql)
            return []

    lookup.find_lines(Client(), {str(n): 3 for n in range(1000, 1900)})  # type: ignore[arg-type]
    assert len(asked) == 1, "memos of three lines"
    asked.clear()
    lookup.find_lines(Client(), {str(n): 400 for n in range(1000, 1025)} | {"2": 60_000})  # type: ignore[arg-type]
    assert len(asked) == 4, "12 at a time, and one that is larger by itself"


@pytest.mark.parametrize("text", ["abc", "NaN", "Infinity", "1e400", "9999999999999999.99", "1,5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(NetSuiteError, match=f"answered '{text}' where an amount belongs"):
        lookup.number(text)


@pytest.mark.parametrize("status", [400, 403, 404, 503])
def test_a_refund_that_cannot_be_read_keeps_the_links_of_suiteql(status: int) -> None:
    """As one that a workflow locks (facts 1.5). An outage is no answer."""
    row = {"previousdoc": "7", "nextdoc": "5", "nexttype": "CustCred", "linktype": "Payment", "foreignamount": "4"}

    class Client:
        def suiteql(self, sql: str) -> list[dict[str, str]]:
            return [row]

        def get(self, record_type: str, internal_id: str) -> dict[str, Any]:
            asked.append(internal_id)
            raise Refused("no", status=status)

    asked: list[str] = []
    refunds = [lookup.Found("7", "re_1", "CustRfnd", total=Decimal(9))]
    if status == 503:
        with pytest.raises(Refused):
            lookup.find_applied(Client(), "customerRefund", refunds)  # type: ignore[arg-type]
    else:
        assert lookup.find_applied(Client(), "customerRefund", refunds) == {"7": {"5": 4}}  # type: ignore[arg-type]
    assert asked == ["7"]
