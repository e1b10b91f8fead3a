"""NetSuite's active items and accounts, searched for those that a Stripe object may mean: by external id, by name."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from extract.errors import ExtractError
from extract.netsuite.suiteql import SuiteqlTables
from netsuite.api import NetSuite
from netsuite.errors import LoginRefused, Refused

SHOWN = 5
"""Candidates of a row."""

_LIKELY = 50  # records that share words with a name, of which the nearest are found letter by letter
_ACTIVE = " WHERE isinactive = 'F'"


@dataclass(frozen=True)
class Record:
    """An item or account. name: as people read it · names: those that it is found by · type: NetSuite's (`Service`,
    `Discount`, `Bank`), None where it is not shown."""

    id: str
    name: str
    names: tuple[str, ...] = ()
    external_id: str | None = None
    type: str | None = None

    def __str__(self) -> str:
        return f"{self.id} | {self.name}"


IsFit = Callable[[Record], bool]


@dataclass
class Records:
    """The records of one SuiteQL table. is_hidden: NetSuite does not show the table to this role."""

    all: list[Record] = field(default_factory=list)
    is_hidden: bool = False

    def __post_init__(self) -> None:
        self._by_word: dict[str, list[Record]] = defaultdict(list)
        for record in self.all:
            for word in {word for name in record.names for word in _words(name)}:
                self._by_word[word].append(record)

    def same(self, external_ids: Iterable[str], names: Iterable[str], is_fit: IsFit) -> list[Record]:
        """The records with one of these external ids, or exactly one of these names."""
        ids, texts = set(external_ids), {_plain(name) for name in names if name}
        return [
            record
            for record in self.all
            if is_fit(record) and (record.external_id in ids or any(_plain(name) in texts for name in record.names))
        ]

    def near(self, names: Sequence[str], is_fit: IsFit) -> list[Record]:
        """The records whose names come nearest to one of these, the nearest first; each shares a word."""
        shared: Counter[Record] = Counter()
        for word in {word for name in names for word in _words(name)}:
            for record in self._by_word.get(word, []):
                if is_fit(record):
                    shared[record] += 1 / len(self._by_word[word])  # type: ignore[assignment]

        def distance(record: Record) -> float:
            return -max(_likeness(own, name) for own in record.names for name in names if name)

        likely = sorted(shared, key=lambda record: (-shared[record], record.name))[:_LIKELY]
        return sorted(likely, key=lambda record: (distance(record), record.name))[:SHOWN]


def read_items(netsuite: NetSuite) -> Records:
    """Every active item. Raises NetSuiteError."""
    rows = _ask(netsuite, "item", ("id", "itemid"), ("displayname", "externalid", "itemtype"))
    return Records([_record(row, "itemid", "displayname", "itemtype") for row in rows or ()], rows is None)


def read_accounts(netsuite: NetSuite) -> Records:
    """Every active account. Raises NetSuiteError."""
    rows = _ask(netsuite, "account", ("id",), ("acctnumber", "accountsearchdisplayname", "accttype", "externalid"))
    return Records(
        [_record(row, "acctnumber", "accountsearchdisplayname", "accttype") for row in rows or ()], rows is None
    )


def _ask(
    netsuite: NetSuite, table: str, needed: Sequence[str], optional: Sequence[str]
) -> list[dict[str, str | None]] | None:
    try:
        return SuiteqlTables(netsuite).rows(table, needed, optional, _ACTIVE)
    except LoginRefused:
        raise
    except (Refused, ExtractError):
        return None


def _record(row: dict[str, str | None], first: str, second: str, type_column: str) -> Record:
    names = [name for name in (row.get(first), row.get(second)) if name]
    # the display name of an account begins with its number
    shown = names[1:] if len(names) == 2 and names[0] in names[1] else names
    return Record(
        str(row["id"]), " ".join(shown) or "(no name)", tuple(names), row.get("externalid"), row.get(type_column)
    )


def _plain(name: str) -> str:
    return " ".join(name.split())


def _words(name: str) -> set[str]:
    return {word for word in re.findall(r"\w+", name.casefold()) if len(word) > 1}


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
