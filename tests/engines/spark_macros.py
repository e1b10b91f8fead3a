"""Every macro of an engine is executed on Spark over the edge values of macros.py, and gives what is written there."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.engines.macros import AROUND, CASES, compiled, query, require_right, shown
from tests.engines.spark import Spark

DBT_ON_SPARK = {"WAREHOUSE_ENGINE": "spark"}


def spelled(sql: str) -> str:
    """Types as Spark names them, and a backslash in a text in quotes."""
    for here, there in {"varchar": "string", "timestamptz": "timestamp_ltz", "\\": "\\\\"}.items():
        sql = sql.replace(here, there)
    return sql


def result(spark: Spark, sql: str) -> object:
    try:
        ((value,),) = spark.query(sql)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:500]}\n{sql}"
    return shown(value)


def test_every_macro_gives_what_its_contract_says(spark: Spark, tmp_path: Path) -> None:
    queries = compiled([spelled(query(case)) for case in CASES], DBT_ON_SPARK, tmp_path)
    require_right([result(spark, sql) for sql in queries], "Spark")


def test_what_is_out_of_range_is_an_error(spark: Spark) -> None:
    """Without spark.sql.ansi.enabled, which dbt-spark turns off, these are a wrong sum and a null."""
    for sql in ("sum(cast(9223372036854775807 as bigint))", "sum(cast('x' as bigint))"):
        assert "Exception" in str(result(spark, f"select {sql} as result from (values (1), (2)) as t (one)"))


def test_graphemes_are_those_of_duckdb(spark: Spark, tmp_path: Path) -> None:
    """Every code point, after and before letters, pictures, consonants, flags and syllables."""
    (pattern,) = compiled(["{{ grapheme_pattern('\\\\x{%X}') }}"], DBT_ON_SPARK, tmp_path)
    points = "from range(1, 1114112) where id not between 55296 and 57343"
    letter = "decode(unhex(lpad(hex(id), 8, '0')), 'UTF-32BE')"
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
