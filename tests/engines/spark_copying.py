"""What is copied to Spark arrives as it is: types, nulls, the order of landing, and tables without a row."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.engines.spark import Spark

TABLES = """
create schema raw_stripe;
create schema raw_netsuite;
create table raw_stripe.refunds (id varchar, fetched_at timestamptz, payload varchar);
insert into raw_stripe.refunds values
    ('re_2', '2026-03-29 01:30:00.123456+00', '{"a":"\\u0000 é😀 \\\\ ''"}'), ('re_1', null, '');
create table raw_netsuite.amounts
    (moment timestamp, day date, amount decimal(22, 3), flag boolean, number double, wide bigint);
insert into raw_netsuite.amounts values
    ('2026-03-29 02:30:00', '0001-01-01', -1234567890123456789.125, true, 0.1, 9223372036854775807),
    (null, null, null, null, null, null);
create table raw_netsuite.nothing (id varchar, amount decimal(38, 0));
"""


def test_what_is_copied_arrives_as_it_is(spark: Spark, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "raw.duckdb")) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(TABLES)
        refunds = connection.sql("select *, rowid from raw_stripe.refunds").to_arrow_table().to_pylist()
        amounts = connection.sql("select * from raw_netsuite.amounts").to_arrow_table().to_pylist()
    assert spark.publish(tmp_path / "raw.duckdb") == 4
    order = ["id", "fetched_at", "payload", "landed_position"]
    assert sorted(spark.rows("raw_stripe.refunds", order)) == sorted(tuple(row.values()) for row in refunds)
    columns = ["moment", "day", "amount", "flag", "number", "wide"]
    assert sorted(spark.rows("raw_netsuite.amounts", columns), key=str) == sorted(
        (tuple(row.values()) for row in amounts), key=str
    )
    assert spark.rows("raw_netsuite.nothing", ["id", "amount"]) == []
    types = dict(row[:2] for row in spark.query("describe table raw_netsuite.nothing"))
    assert types == {"id": "string", "amount": "decimal(38,0)"}
