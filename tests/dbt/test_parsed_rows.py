"""New rows are parsed, also after DuckDB has renumbered the raw rows because rows were removed."""

from __future__ import annotations

from pathlib import Path

from tests.support import warehouse as testing

LANDED = """
insert into raw_stripe.products by name
select
    'prod_' || n as id,
    to_timestamp(1772000000 + {minute} * 60) as fetched_at,
    md5(n || '-{minute}') as content_hash,
    '{{"id": "prod_' || n || '", "name": "name ' || n || '"}}' as payload,
from range({first}, {last}) as t(n)
"""
# A checkpoint that has rows to merge does this: the remaining rows move up.
RENUMBERED = """
create table raw_stripe.moved as select * from raw_stripe.products order by rowid;
drop table raw_stripe.products;
alter table raw_stripe.moved rename to products;
"""
PARSED = "select id, parse_batch, raw_row_id from parsed.stripe__products order by id"


def test_rows_that_move_hide_no_new_rows(tmp_path: Path) -> None:
    project, warehouse = testing.project_with_mappings(tmp_path, {}), tmp_path / "w.duckdb"

    def build() -> dict[str, tuple[int, int]]:
        testing.run_dbt(["run", "--select", "parsed_stripe__products"], project, warehouse)
        return {row["id"]: (row["parse_batch"], row["raw_row_id"]) for row in testing.rows(warehouse, PARSED)}

    def sql(*statements: str) -> None:
        with testing.opened(warehouse) as connection:
            for statement in statements:
                connection.execute(statement)

    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
    sql(LANDED.format(first=0, last=10, minute=0), LANDED.format(first=0, last=4, minute=1))
    first = build()
    assert len(first) == 10
    assert build() == first, "no new rows"

    # Four superseded rows go, six objects come: two of them get the row ids of rows that were parsed before.
    sql("delete from raw_stripe.products where rowid < 4", RENUMBERED)
    sql(LANDED.format(first=10, last=16, minute=2))
    second = build()
    assert len(second) == 16
    assert build() == second, "a second build finds every row under its new id"
