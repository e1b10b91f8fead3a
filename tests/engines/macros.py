"""Every macro of an engine is executed on DuckDB and on Postgres over its edge values; both give what is written here.
spark_macros.py does so on Spark.

dbt compiles one query an engine, so the macros are those that the models use.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.engines.relations import number
from tests.engines.server import Server
from tests.support import warehouse as testing

AUCKLAND = {"accounting_timezone": "Pacific/Auckland"}
DIGITS_38 = "9" * 38


@dataclass(frozen=True)
class Case:
    """A call in Jinja whose SQL stands in a select, the value that it has, and the columns it is over (SQL)."""

    call: str
    expected: str | int | bool | None
    columns: str = "1 as one"
    refused_by: str = ""
    """The engine that stops there, since it holds no such value."""

    @property
    def macro(self) -> str:
        return re.match(r"\w+", self.call)[0]


def quoted(value: str | None) -> str:
    return "cast(null as varchar)" if value is None else "'" + value.replace("'", "''") + "'"


def of_text(macro: str, pairs: Mapping[str | None, object], *more: str) -> list[Case]:
    arguments = "".join(f", {each}" for each in more)
    return [Case(f"{macro}('value'{arguments})", result, f"{quoted(text)} as value") for text, result in pairs.items()]


def of_field(kind: str, pairs: Mapping[str, object], path: str = "a") -> list[Case]:
    """pairs: JSON of field a -> the value of the field."""
    structure = {"text": "VARCHAR", "json": "JSON"}.get(kind, kind.upper().replace(" ", ""))
    call = f"field('object.{path}', '{kind}')"
    made = f"{{{{ parse_json('payload', '{json.dumps({'a': structure})}') }}}}"
    return [
        Case(call, result, f"{made} as object from (select {quoted(payload)} as payload) as sent")
        for payload, result in ((f'{{"a":{value}}}', result) for value, result in pairs.items())
    ]


def path_of(payload: str, path: str) -> str:
    sent = f"from (select {quoted(payload)} as payload) as sent"
    return f"{{{{ as_json('payload') }}}} as object, {quoted(path)} as path {sent}"


FAMILY = "👩‍👩‍👧"
CASES = [
    # ---------- numbers: signs, 38 digits, null
    *(
        Case("floor_divide('a', 'b')", result, f"cast({a} as bigint) as a, cast({b} as bigint) as b")
        for a, b, result in [
            *((7, 2, 3), (-7, 2, -4), (-8, 2, -4), (0, 5, 0), (1, 3, 0), (-1, 3, -1), (6, 3, 2)),
            *((9223372036854775807, 1, 9223372036854775807), (-9223372036854775807, 2, -4611686018427387904)),
            ("null", 2, None),
        ]
    ),
    *(
        Case(
            "floor_divide('a', 'b')",
            result,
            f"{{{{ wide_integer(\"'{a}'\") }}}} as a, {{{{ wide_integer(\"'{b}'\") }}}} as b",
            # a quotient has 32 digits there
            "Spark" if abs(result) >= 10**32 else "",
        )
        for a, b, result in [
            # a quotient just under one, which a rounded division makes one
            (2 * 10**36 - 1, 2 * 10**36, 0),
            (-(2 * 10**36) + 1, 2 * 10**36, -1),
            (int(DIGITS_38), 1, int(DIGITS_38)),
            (-int(DIGITS_38), 10, -(10**37)),
            (10**37, 3, 10**37 // 3),
        ]
    ),
    Case(
        "wide_integer('a') ~ ' * ' ~ wide_integer('a')",
        9223372036854775807**2,
        "cast(9223372036854775807 as bigint) as a",
    ),
    Case("wide_integer('a')", None, "cast(null as bigint) as a"),
    # ---------- fields of parsed objects
    *of_field(
        "bigint",
        {
            "12": 12,
            "-7": -7,
            "0": 0,
            '"12"': 12,
            '"x"': None,
            "null": None,
            '{"b":1}': None,
            "[1]": None,
            '""': None,
            "999999999999999999": 10**18 - 1,
            "-999999999999999999": 1 - 10**18,
        },
    ),
    *of_field(
        "text",
        {
            '"é😀"': "é😀",
            '""': "",
            "null": None,
            "12": "12",
            "1.5": "1.5",
            "true": "true",
            '"a\\nb\\t\\"c\\\\"': 'a\nb\t"c\\',
        },
    ),
    *of_field("boolean", {"true": True, "false": False, "null": None, '{"b":1}': None}),
    *of_field(
        "decimal(38, 12)",
        {
            "12": 12,
            "0.000000000001": "0.000000000001",
            '"0.5"': "0.5",
            "null": None,
            '"x"': None,
            "12345678901234567890123456.123456789012": "12345678901234567890123456.123456789012",
            "0.1234567890126": "0.123456789013",
            "1e30": None,
        },
    ),
    *of_field("decimal(22, 10)", {"8.25": "8.25", "-0.5": "-0.5", "1e3": 1000, "123456789012": 123456789012}),
    *(
        Case(
            "field('object.a.b.c', 'bigint')",
            result,
            '{{ parse_json(\'payload\', \'{"a": {"b": {"c": "BIGINT"}}}\') }} as object '
            f"from (select {quoted(payload)} as payload) as sent",
        )
        for payload, result in {
            '{"a":{"b":{"c":5}}}': 5,
            '{"a":{"b":null}}': None,
            '{"a":null}': None,
            "{}": None,
            '{"a":3}': None,
        }.items()
    ),
    # the null character is in no text of Postgres; what leaves for NetSuite has no control characters (X6)
    *(
        Case(
            "sendable_text(field('object.a'))",
            result,
            "{{ parse_json('payload', '{\"a\": \"VARCHAR\"}') }} as object "
            f"from (select {quoted(payload)} as payload) as sent",
        )
        for payload, result in {
            '{"a":"x\\u0000\\u0000y"}': "xy",
            '{"a":"\\\\u0000"}': "\\u0000",
            '{"a":"\\\\\\u0000z"}': "\\z",
            '{"a":"\\u0001\\u001f\\u007f\\u009f\\t\\n"}': "\t\n",
        }.items()
    ),
    # ---------- expandable ids and paths
    *(
        Case(
            "expandable_id(field('object.a', 'json'))",
            result,
            "{{ parse_json('payload', '{\"a\": \"JSON\"}') }} as object "
            f"from (select {quoted(payload)} as payload) as sent",
        )
        for payload, result in {
            '{"a":"cus_1"}': "cus_1",
            '{"a":{"id":"cus_2","object":"customer"}}': "cus_2",
            '{"a":null}': None,
            "{}": None,
            '{"a":""}': "",
        }.items()
    ),
    *(
        Case(call, result, path_of(payload, path))
        for payload, path, result in [
            ('{"a":"x"}', "$.a", "x"),
            ('{"a":""}', "$.a", ""),
            ('{"a":null}', "$.a", None),
            ("{}", "$.a", None),
            ('{"a":7}', "$.a", "7"),
            ('{"a":true}', "$.a", "true"),
        ]
        for call in ("json_text('object', 'path')", "json_text('object', \"'$.a'\")")
    ),
    *(
        Case("json_text('object', 'path')", result, path_of(payload, path))
        for payload, path, result in [
            ('{"metadata":{"a.b":"dot","c-d":"dash","e f":"blank"}}', '$.metadata."a.b"', "dot"),
            ('{"metadata":{"a.b":"dot","c-d":"dash","e f":"blank"}}', '$.metadata."c-d"', "dash"),
            ('{"metadata":{"a.b":"dot","c-d":"dash","e f":"blank"}}', '$.metadata."e f"', "blank"),
            ('{"metadata":{"a.b":"dot"}}', '$.metadata."a"', None),
            ('{"a":{"b":{"c":"deep"}}}', "$.a.b.c", "deep"),
            ('{"a":"text"}', "$.a.b", None),
        ]
    ),
    Case("json_text('object', \"'$.a.b.c'\")", "deep", path_of('{"a":{"b":{"c":"deep"}}}', "")),
    # ---------- texts
    *of_text(
        "ids_in_text",
        {None: None, "": None, " ": None, "a": "a", "b, a;c|a b": "a, b, c", "\ta\n,b\r": "a, b", "Z,a,é": "Z, a, é"},
    ),
    *of_text(
        "names_stripe_id",
        {
            None: None,
            "": False,
            "see cn_1A": True,
            "acn_1": False,
            "cn_": False,
            "(in_9)": True,
            "cus_é": False,
            "re_1": True,
            "xre_1 txn_2": True,
        },
    ),
    *of_text(
        "sendable_text",
        {
            None: None,
            "": "",
            "plain": "plain",
            "a\x01b\x1fc\x7fd\x9fe": "abcde",
            "tab\tline\n": "tab\tline\n",
            "\r\n": "\n",
            "é\u00a0😀": "é\u00a0😀",
        },
    ),
    *of_text(
        "cut_text",
        {
            None: None,
            "": "",
            "abc": "abc",
            "abcd": "abc",
            "ab" + FAMILY: "ab",
            FAMILY: FAMILY[:3],
            "abe\u0301": "ab",
            "ab🇩🇪": "ab",
            "🇩🇪🇫🇷": "🇩🇪",
            "ab👍🏽": "ab",
            "\u1112\u1161\u11ab\u1100": "\u1112\u1161\u11ab",
            "ab\u0915\u094d\u0937": "ab",
            "abc\u0301": "ab",
            "a😀bc": "a😀b",
            "a\nbcd": "a\nb",
        },
        "'3'",
    ),
    # Jinja turns a carriage return before a newline into one newline
    Case("cut_text('value', '3')", "a\r\n", "'a' || chr(13) || chr(10) || 'b' as value"),
    Case("cut_text('value', '3')", "ab\r", "'ab' || chr(13) || chr(10) as value"),
    *of_text("cut_text", {"abc": "", "": ""}, "'0'"),
    *of_text("cut_text", {"abc": ""}, "'-2'"),
    *(
        Case("edit_distance('a', 'b', '9')", result, f"{quoted(a)} as a, {quoted(b)} as b")
        for a, b, result in [
            *(("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "acb", 1), ("abc", "", 3), ("", "ab", 2)),
            *(("ca", "abc", 2), ("kitten", "sitting", 3), ("cn_1ab", "cn_1ba", 1), ("cn_123", "cn_0123", 1)),
            *(("abcd", "dcba", 3), ("aab", "aba", 1), ("cn_xy12", "cn_yx21", 2)),
        ]
    ),
    Case(
        "texts_joined('value', ', ', 'value')",
        "Z, a, é",
        "value from (values ('é'), (null), ('a'), ('Z')) as t (value)",
    ),
    Case("texts_joined('value', ', ', 'value')", None, "value from (select cast(null as varchar) as value) as t"),
    # ---------- dates, over the change of clocks
    *(
        Case("epoch_to_timestamp('seconds')", result, f"cast({seconds} as bigint) as seconds")
        for seconds, result in [
            (0, "1970-01-01T00:00:00"),
            (1767225600, "2026-01-01T00:00:00"),
            (-1, "1969-12-31T23:59:59"),
            (4102444799, "2099-12-31T23:59:59"),
            ("null", None),
        ]
    ),
    *(
        Case(f"{macro}('moment')", result, f"cast('{moment}{zone}' as {kind}) as moment")
        for macro, zone, kind in (
            ("accounting_date", "", "timestamp"),
            ("accounting_date_of_instant", "+00", "timestamptz"),
        )
        for moment, result in [
            # Auckland: UTC+13 until 5 April 2026, then UTC+12 until 27 September
            ("2026-04-04 10:59:59", "2026-04-04"),
            ("2026-04-04 11:00:00", "2026-04-05"),
            ("2026-04-05 11:59:59", "2026-04-05"),
            ("2026-04-05 12:00:00", "2026-04-06"),
            ("2026-09-26 11:59:59", "2026-09-26"),
            ("2026-09-26 12:00:00", "2026-09-27"),
            ("2026-09-27 11:00:00", "2026-09-28"),
            ("2025-12-31 11:00:00", "2026-01-01"),
        ]
    ),
    Case("accounting_date('moment')", None, "cast(null as timestamp) as moment"),
    *(
        Case("accounting_month('day')", result, f"cast({day} as date) as day")
        for day, result in [("'2026-02-28'", "2026-02-01"), ("'2026-12-01'", "2026-12-01"), ("null", None)]
    ),
    *(
        Case("days_between('a', 'b')", result, f"cast({a} as date) as a, cast({b} as date) as b")
        for a, b, result in [
            ("'2026-02-28'", "'2026-03-01'", 1),
            ("'2024-02-28'", "'2024-03-01'", 2),
            ("'2026-03-28'", "'2026-03-30'", 2),
            ("'2026-03-01'", "'2026-02-28'", -1),
            ("'2026-03-01'", "null", None),
        ]
    ),
    # ---------- fingerprints: an engine's own, but equal for equal values and for no others
    *(
        Case(f"fingerprint([{one}]) ~ ' = ' ~ fingerprint([{other}])", result)
        for one, other, result in [
            ("\"'a'\"", "\"'a'\"", True),
            ("\"'a'\"", "\"'b'\"", False),
            ('"cast(null as varchar)"', "\"''\"", False),
            ("\"'a'\", \"'bc'\"", "\"'ab'\", \"'c'\"", False),
            ('"cast(null as varchar)", "\'a\'"', '"\'a\'", "cast(null as varchar)"', False),
        ]
    ),
    Case(
        "fingerprint([whole_row('whole')]) ~ ' = ' ~ fingerprint([whole_row('same')])",
        True,
        "* from (select 1 as a, 'x' as b) as whole cross join (select 1 as a, 'x' as b) as same",
    ),
    Case(
        "fingerprint([whole_row('whole')]) ~ ' = ' ~ fingerprint([whole_row('other')])",
        False,
        "* from (select 1 as a, 'x' as b) as whole cross join (select 1 as a, 'y' as b) as other",
    ),
    # ---------- types
    *(
        Case(f"'cast(value as ' ~ {macro}() ~ ')'", 12, "12 as value")
        for macro in ("wide_integer_type", "fingerprint_type")
    ),
    Case("'cast(value as ' ~ text() ~ ')'", "12", "12 as value"),
]


def shown(value: object) -> object:
    """One way to write a value of either driver."""
    if value is None or isinstance(value, bool | str):
        return value
    return number(value) if isinstance(value, int | Decimal) else value.isoformat()


def right(case: Case, value: object, engine: str) -> bool:
    if case.refused_by == engine:
        return isinstance(value, str) and "NUMERIC_VALUE_OUT_OF_RANGE" in value
    return value == shown(case.expected)


def query(case: Case) -> str:
    rows = case.columns if case.columns.startswith("* from") else f"(select {case.columns}) as edge"
    return f"select {{{{ {case.call} }}}} as result from {rows.removeprefix('* from ')}"


def compiled(queries: Sequence[str], environment: Mapping[str, str], folder: Path) -> list[str]:
    """The queries with the macros of the engine that the environment names."""
    script = (
        "import sys\n"
        "from dbt.cli.main import dbtRunner\n"
        "done = dbtRunner().invoke(sys.argv[1:])\n"
        "assert done.success, done.exception\n"
        "print('-- compiled', done.result.results[0].node.compiled_code)\n"
    )
    separator = "\n-- next\n"
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-W",
                "ignore",
                "-c",
                script,
                "--quiet",
                "--log-level-file",
                "none",
                "compile",
                "--no-populate-cache",
                "--inline",
            ),
            *(separator.join(queries), "--project-dir", str(testing.PROJECT), "--profiles-dir", str(testing.PROJECT)),
            *("--vars", json.dumps(AUCKLAND), "--target-path", str(folder / "target")),
        ],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=300,
    )
    # as bytes: a carriage return stays one
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    # dbt shows the query too
    return done.stdout.decode().partition("-- compiled ")[2].split(separator)


@pytest.fixture(scope="module")
def results(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[object]]:
    """Engine -> what each case gives there, or the words of its error."""
    folder = tmp_path_factory.mktemp("macros")
    server.create("macros")
    found: dict[str, list[object]] = {"DuckDB": [], "Postgres": []}
    with duckdb.connect() as connection:
        environment = {"WAREHOUSE_PATH": str(folder / "macros.duckdb")}
        for sql in compiled([query(case) for case in CASES], environment, folder / "duckdb"):
            found["DuckDB"].append(result(connection, sql))
    with server.connect("macros", autocommit=True) as connection:
        for sql in compiled([query(case) for case in CASES], server.url("macros").for_dbt(), folder / "postgres"):
            found["Postgres"].append(result(connection, sql))
    return found


def result(connection: Any, sql: str) -> object:
    try:
        ((value,),) = connection.execute(sql).fetchall()
    except Exception as error:
        return f"{type(error).__name__}: {error}\n{sql}"
    return shown(value)


@pytest.mark.parametrize("engine", ["DuckDB", "Postgres"])
def test_every_macro_gives_what_its_contract_says(engine: str, results: Mapping[str, list[object]]) -> None:
    assert len(results[engine]) == len(CASES)
    require_right(results[engine], engine)


def require_right(results: Sequence[object], engine: str) -> None:
    wrong = [
        f"{case.call} over {case.columns}: {value!r} instead of {case.expected!r}"
        for case, value in zip(CASES, results, strict=True)
        if not right(case, value, engine)
    ]
    assert not wrong, "\n".join(wrong)


#: Macros that a build executes, which equality.py compares: they ask for relations.
EXECUTED_BY_BUILDS = {
    *("changed_objects", "unnest_rows", "json_elements", "seed_line_number", "reached", "view_texts"),
    *("columns_of_schemas", "replace_table", "replace_view", "make_books", "replace_rows", "rebuilds_all"),
    "replayed_credits",
}


def test_no_macro_is_left_out() -> None:
    dispatched = {
        name
        for path in (testing.PROJECT / "macros").rglob("*.sql")
        for name in re.findall(r"adapter\.dispatch\('(\w+)'\)", path.read_text())
    }
    called = {name for case in CASES for name in re.findall(r"\w+(?=\()", case.call + case.columns)}
    assert dispatched - called == EXECUTED_BY_BUILDS


#: What stands before and after a code point: the rules of Unicode look at one letter after a place, and at some before.
AROUND = [
    ("a", ""),
    ("", "a"),
    ("", "\u0308"),
    ("😀\u200d", ""),
    ("", "\u200d😀"),
    ("क\u094d", ""),
    ("", "\u094dक"),
    ("🇩", ""),
    ("\u1100", ""),
    ("\u1161", ""),
    ("", "\u11a8"),
]


def test_graphemes_are_those_of_duckdb(server: Server, tmp_path: Path) -> None:
    """Every code point, after and before letters, pictures, consonants, flags and syllables."""
    server.create("graphemes")
    (pattern,) = compiled(["{{ grapheme_pattern('\\\\U%08X') }}"], server.url("graphemes").for_dbt(), tmp_path)
    points = [point for point in range(1, 0x110000) if not 0xD800 <= point <= 0xDFFF]
    with duckdb.connect() as connection, server.connect("graphemes", autocommit=True) as postgres:
        connection.execute("create table points as select unnest(?) as point", [points])
        postgres.execute("create table points (point integer)")
        with postgres.cursor() as cursor, cursor.copy("copy points from stdin") as copy:
            for point in points:
                copy.write_row([point])
        for before, after in AROUND:
            here = connection.execute(
                "select point, length_grapheme(? || chr(point::int) || ?) from points order by point", [before, after]
            ).fetchall()
            there = postgres.execute(
                "select point, regexp_count(%s || chr(point) || %s, %s) from points order by point",
                [before, after, pattern.strip()],
            ).fetchall()
            differing = [f"{point:x}: {a}, {b}" for (point, a), (_, b) in zip(here, there, strict=True) if a != b]
            assert differing == [], (before, after)
