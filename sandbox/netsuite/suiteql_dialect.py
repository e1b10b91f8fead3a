"""Oracle's dialect as SuiteQL accepts it, translated for DuckDB by sqlglot (facts, NetSuite section 4).

A query or a name that a real account refuses is refused here too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import sqlglot
from sqlglot import exp

from sandbox.netsuite import errors
from sandbox.netsuite.suiteql_tables import COLUMNS

IN_LIST = 1000  # items at most

_REFUSED: Mapping[type[exp.Expression], str] = {
    exp.Limit: "LIMIT is not supported",
    exp.ILike: "ILIKE is not supported",
    exp.Boolean: "there are no boolean literals",
    exp.Anonymous: "unknown function",
    exp.Dot: "unknown function",
}
_FORMATS = {
    "YYYY": "%Y",
    "MM": "%m",
    "DD": "%d",
    "HH24": "%H",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "YY": "%y",
    "MON": "%b",
    "DY": "%a",
}
_FORMAT_PART = re.compile(
    r'"([^"]*)"|' + "|".join(sorted(_FORMATS, key=len, reverse=True)) + r"|[^A-Za-z\"]", re.IGNORECASE
)


class Query(NamedTuple):
    """A query in DuckDB's dialect, and the SuiteQL tables that it reads."""

    sql: str
    is_ordered: bool
    tables: frozenset[str]


@lru_cache(maxsize=64)
def translated(q: str, params: tuple[object, ...]) -> Query:
    """The query for DuckDB, with `params` in the place of its `?` marks. Raises `Refused` as NetSuite does."""
    try:
        statements = sqlglot.parse(q, read="oracle")
    except sqlglot.errors.SqlglotError as problem:
        raise errors.bad_query(str(problem).partition("\n")[0]) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise errors.bad_query("only one SELECT statement is allowed")
    select = statements[0]
    tables = _check(select)
    _bind(select, params)
    sql = select.transform(_to_duckdb, copy=False).sql("duckdb", copy=False)
    return Query(sql, bool(select.args.get("order")), tables)


def _check(select: exp.Query) -> frozenset[str]:
    own = {cte.alias.lower() for cte in select.find_all(exp.CTE)}
    tables = set()
    for node in select.walk():
        for kind, why in _REFUSED.items():
            if isinstance(node, kind):
                raise errors.bad_query(f"{why}: {node.sql('oracle')}")
        if isinstance(node, exp.In) and len(node.expressions) > IN_LIST:
            raise errors.bad_query(f"more than {IN_LIST} items in an IN list")
        if isinstance(node, exp.Table):
            name = node.name.lower()
            if name in own:
                continue
            if name not in COLUMNS or node.db:
                raise errors.bad_query(f"Record '{node.sql('oracle')}' was not found.")
            tables.add(name)
    return frozenset(tables)


def _bind(select: exp.Query, params: Sequence[object]) -> None:
    """Replace the `?` marks by the values of `params`."""
    marks = list(select.find_all(exp.Placeholder, bfs=False))
    if len(marks) != len(params):
        raise errors.bad_query(f"{len(marks)} parameter marks, {len(params)} parameters")
    for mark, value in zip(marks, params, strict=True):
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        mark.replace(exp.Literal.number(str(value)) if is_number else exp.Literal.string(str(value)))


def _to_duckdb(node: exp.Expr) -> exp.Expr:
    """Translate TO_CHAR with a format, which sqlglot does not translate."""
    if isinstance(node, exp.ToChar) and node.args.get("format"):
        pattern = _strftime(node.args["format"].name)
        return exp.func("strftime", exp.cast(node.this, "timestamp"), exp.Literal.string(pattern), dialect="duckdb")
    return node


def _strftime(oracle: str) -> str:
    position, out = 0, ""
    while position < len(oracle):
        match = _FORMAT_PART.match(oracle, position)
        if match is None:
            raise errors.bad_query(f"date format not recognized: {oracle}")
        out += match[1] if match[1] is not None else _FORMATS.get(match[0].upper(), match[0])
        position = match.end()
    return out
