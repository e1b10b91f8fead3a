"""A build after changes gives the same marts as a first build of the same raw rows."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.bench import bench_models as world
from tests.support import warehouse as testing

MARTS = (
    "credit_outcomes", "credit_memos", "credit_memo_lines", "credit_memo_tax_details", "credit_memo_applications", "customer_refunds",
    "zero_amount_invoices", "zero_amount_invoice_lines", "refund_reconciliation", "credit_balance_check", "netsuite_field_values",
)  # fmt: skip


def marts(warehouse: Path) -> dict[str, list]:
    return {mart: sorted(map(repr, testing.rows(warehouse, f"select * from marts.{mart}"))) for mart in MARTS}


def test_a_later_build_equals_a_first_one(tmp_path):
    variables = {"tax_strategy": "suitetax_override", "customer_balance_lines": "invoice_lines"}
    mappings = {**world.MAPPINGS, "tax_map": ",520,7,8", "item_map": "price_1,501"}
    project = testing.project_with_mappings(tmp_path, mappings)
    later = tmp_path / "later.duckdb"
    with testing.opened(later) as connection:
        testing.create_raw_tables(connection)
        world._fill(connection, 0, 300, version=0)
        connection.execute(world._NETSUITE.replace("range(200000)", "range(2000)"))
    testing.build(project, later, variables=variables)
    derived = "select count(*) as documents from intermediate.int_changed_documents"
    everything = testing.rows(later, derived)[0]["documents"]

    # New versions of old documents, new documents, other mappings of a price and a tax rate, a discount that is gone.
    with testing.opened(later) as connection:
        world._fill(connection, 0, 20, version=1)
        world._fill(connection, 300, 330, version=1)
        for table, number in (("credit_notes", 2), ("invoices", 3)):
            connection.execute(
                f"insert into raw_stripe.{table} select id, parent_id, created, fetched_at + interval 2 hour, api_version, content_hash || '{number}', "
                'replace(payload, \'"amount":500,"discount"\', \'"amount":0,"discount"\'), null from raw_stripe.'
                + table
                + " where id like '%_25%' and fetched_at < "
                "(select max(fetched_at) from raw_stripe." + table + ")"
            )
    testing.build(project, later, variables=variables)
    assert 50 <= testing.rows(later, derived)[0]["documents"] < everything / 2

    # The new meaning of a price and of a tax rate reaches every document that has them.
    (project / "seeds" / "item_map.csv").write_text("stripe_id,netsuite_item_id\nprice_1,502\nprice_2,503\n")
    (project / "seeds" / "tax_map.csv").write_text(
        "stripe_tax_rate_id,netsuite_item_id,netsuite_tax_code_id,netsuite_tax_type_id\ntxr_1,504,9,8\n,520,7,8\n"
    )
    testing.build(project, later, variables=variables)

    first = tmp_path / "first.duckdb"
    shutil.copy(later, first)
    with testing.opened(first) as connection:
        for schema in ("staging", "intermediate", "marts", "mapping", "test_failures"):
            connection.execute(f"drop schema if exists {schema} cascade")
    testing.build(project, first, variables=variables)
    assert marts(later) == marts(first)
