"""What is landed is parsed, also when DuckDB has numbered the raw rows anew behind rows that were removed."""

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
# What a checkpoint does once it has rows to merge: those that are left move up.
RENUMBERED = """
create table raw_stripe.moved as select * from raw_stripe.products order by rowid;
drop table raw_stripe.products;
alter table raw_stripe.moved rename to products;
"""


def test_rows_that_have_moved_hide_no_new_ones(tmp_path: Path) -> None:
    project, warehouse = testing.project_with_mappings(tmp_path, {}), tmp_path / "w.duckdb"

    def build() -> None:
        testing.run_dbt(["run", "--select", "parsed_stripe__products"], project, warehouse)

    def sql(*statements: str) -> None:
        with testing.opened(warehouse) as connection:
            for statement in statements:
                connection.execute(statement)

    def parsed() -> list[str]:
        return [row["product_name"] for row in testing.rows(warehouse, "select * from parsed.stripe__products")]

    def parsed_by_another_build() -> int:
        """How many rows a build parses again although nothing was landed."""
        sql("update parsed.stripe__products set product_name = 'parsed before'")
        build()
        return sum(name != "parsed before" for name in parsed())

    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
    sql(LANDED.format(first=0, last=10, minute=0), LANDED.format(first=0, last=4, minute=1))
    build()
    assert len(parsed()) == 10
    assert parsed_by_another_build() == 0

    # The four superseded rows go and six objects come: two of them take the row ids of rows that were parsed.
    sql("delete from raw_stripe.products where rowid < 4", RENUMBERED)
    sql(LANDED.format(first=10, last=16, minute=2))
    build()
    assert len(parsed()) == 16
    assert parsed_by_another_build() == 0
