"""Every landed object is parsed once, also after DuckDB renumbered the raw rows behind removed ones."""

from __future__ import annotations

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
# A checkpoint that merges rows does the same: the remaining rows move up.
RENUMBERED = """
create table raw_stripe.moved as select * from raw_stripe.products order by rowid;
drop table raw_stripe.products;
alter table raw_stripe.moved rename to products;
"""


def test_moved_rows_hide_no_new_rows(own_empty_world: testing.EmptyWorld) -> None:
    # Without a successful build everything is parsed again: this one is behind it.
    project, warehouse = own_empty_world.project, own_empty_world.warehouse

    def parse() -> list[str]:
        testing.run_dbt(["run", "--select", "parsed_stripe__products"], project, warehouse)
        return [row["product_name"] for row in testing.rows(warehouse, "select * from parsed.stripe__products")]

    def sql(*statements: str) -> None:
        with testing.opened(warehouse) as connection:
            for statement in statements:
                connection.execute(statement)

    def parsed_again() -> int:
        """How many rows a build parses although nothing was landed since the one before."""
        sql("update parsed.stripe__products set product_name = 'parsed before'")
        return sum(name != "parsed before" for name in parse())

    sql(LANDED.format(first=0, last=10, minute=0), LANDED.format(first=0, last=4, minute=1))
    assert len(parse()) == 10
    assert parsed_again() == 0

    # Four superseded rows are removed and six objects are landed. Two of these have row ids that parsed rows had.
    sql("delete from raw_stripe.products where rowid < 4", RENUMBERED)
    sql(LANDED.format(first=10, last=16, minute=2))
    assert len(parse()) == 16
    assert parsed_again() == 0
