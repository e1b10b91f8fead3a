"""Look-ups in bulk."""

from __future__ import annotations

from netsuite import lookup


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
