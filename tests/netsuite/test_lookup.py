"""Look-ups in bulk."""

from __future__ import annotations

import pytest

from netsuite import lookup
from netsuite.errors import NetSuiteError


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
