"""Every macro of an engine is executed on Spark over the edge values of macros.py, and gives what is written there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from tests.engines.macros import AROUND, CASES, compiled, query, require_right, shown
from tests.engines.spark import Spark, SparkFailed
from tests.support import warehouse as testing

DBT_ON_SPARK = {"WAREHOUSE_ENGINE": "spark"}


def spelled(sql: str) -> str:
    """Types as Spark names them, and a backslash in a text in quotes."""
    for here, there in {"varchar": "string", "timestamptz": "timestamp_ltz", "\\": "\\\\"}.items():
        sql = sql.replace(here, there)
    return sql


def field_of(path: str, kind: str = "text") -> str:
    return f"{{{{ field('{path}', '{kind}') }}}}"


def result(spark: Spark, sql: str) -> object:
    try:
        ((value,),) = spark.query(sql)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:500]}\n{sql}"
    return shown(value)


def test_every_macro_gives_what_its_contract_says(spark: Spark, tmp_path: Path) -> None:
    queries = compiled([spelled(query(case)) for case in CASES], DBT_ON_SPARK, tmp_path)
    require_right([result(spark, sql) for sql in queries], "Spark")


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("sum(cast(9223372036854775807 as bigint))", "ARITHMETIC_OVERFLOW"),
        ("max(cast('x' as int))", "CAST_INVALID_INPUT"),
    ],
)
def test_what_is_out_of_range_is_an_error(expression: str, error: str, spark: Spark) -> None:
    """Without spark.sql.ansi.enabled, which dbt-spark turns off, these are a wrong sum and a null."""
    with pytest.raises(SparkFailed, match=error):
        spark.query(f"select {expression} as result from values (1), (2) as t (one)")


def test_a_profile_of_a_server_sets_what_a_session_of_our_own_has() -> None:
    """But for ansi, which dbt-spark turns off (run_dbt)."""
    from warehouse.spark_session import SETTINGS

    profile = yaml.safe_load((testing.PROJECT / "profiles.yml").read_text())
    there = profile["stripe_credit_to_netsuite"]["outputs"]["spark"]["server_side_parameters"]
    assert there.items() <= SETTINGS.items()
    assert {name for name in SETTINGS if name.startswith("spark.sql.")} - there.keys() == {
        *("spark.sql.ansi.enabled", "spark.sql.maxPlanStringLength", "spark.sql.ui.retainedExecutions")
    }


def test_a_field_of_another_type_takes_no_other_field_with_it(spark: Spark, tmp_path: Path) -> None:
    payload = '{"rows":[{"a":"x","b":"kept","c":3},{"a":"0.5","b":7,"c":{"d":4}}],"other":"kept"}'
    structure = '{"rows": [{"a": "DECIMAL(38,12)", "b": "VARCHAR", "c": {"d": "BIGINT"}}], "other": "VARCHAR"}'
    fields = {"object.other": "text", "entry.a": "decimal(38, 12)", "entry.b": "text", "entry.c.d": "bigint"}
    listed = ", ".join(f"{{{{ field('{path}', '{kind}') }}}}" for path, kind in fields.items())
    parsed = (
        f"select {{{{ parse_json('payload', '{structure}') }}}} as object from (select '{payload}' as payload) as sent"
    )
    entries = "{{ unnest_rows('parsed', ['object'], field('object.rows', 'json'), 'entry', 'place') }}"
    (sql,) = compiled(
        [f"with parsed as ({parsed}) select {listed} from ({entries}) as entries"], DBT_ON_SPARK, tmp_path
    )
    rows = sorted(spark.query(sql), key=str)
    assert [tuple(map(shown, row)) for row in rows] == [("kept", "0.5", "7", "4"), ("kept", None, "kept", None)]


def test_graphemes_are_those_of_duckdb(spark: Spark, tmp_path: Path) -> None:
    """Every code point, after and before letters, pictures, consonants, flags and syllables."""
    (pattern,) = compiled(["{{ grapheme_pattern('\\\\x{%X}') }}"], DBT_ON_SPARK, tmp_path)
    points = "from range(1, 1114112) where id not between 55296 and 57343"
    letter = "decode(unhex('0000FEFF' || lpad(hex(id), 8, '0')), 'UTF-32')"
    with duckdb.connect() as connection:
        for before, after in AROUND:
            here = connection.execute(
                "select range, length_grapheme(? || chr(range::int) || ?) from range(1, 1114112) "
                "where range not between 55296 and 57343",
                [before, after],
            ).fetchall()
            there = spark.query(
                f"select id, regexp_count('{before}' || {letter} || '{after}', r'{pattern.strip()}') {points}"
            )
            wrong = [f"{a[0]:x}: {a[1]}, {b[1]}" for a, b in zip(sorted(here), sorted(there), strict=True) if a != b]
            assert wrong == [], (before, after)
