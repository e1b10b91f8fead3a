"""From Stripe's JSON to the body that the loader sends: what begins before a dbt unit test, or ends after it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from load_netsuite.marts import Marts
from tests.dbt.company import VARIABLES, Company
from tests.support import warehouse as testing


@pytest.fixture(scope="module")
def body(tmp_path_factory) -> dict:
    """The memo of a credit note over lines of 1.5 and 0.25 units, the first zero-rated; a field is on all rows."""
    folder = tmp_path_factory.mktemp("lines")
    company = Company()
    company.customer("a")
    company.invoice("a", 3500)
    company.transaction("Ta", externalid="in_a", entity="Na", foreigntotal="35.00", foreignamountunpaid="35.00")
    zero_rated = {
        "amount": 0, "tax_behavior": "exclusive", "taxable_amount": 3000, "tax_rate_details": {"tax_rate": "txr_zero"},
    }  # fmt: skip
    lines = [
        {"id": f"cnli_{n}", "amount": amount, "quantity": quantity, "quantity_decimal": exact, "taxes": taxes}
        | {"type": "invoice_line_item", "invoice_line_item": "il_a"}
        for n, amount, quantity, exact, taxes in [(1, 3000, 1, "1.5", [zero_rated]), (2, 500, 0, "0.25", [])]
    ]
    company.note("a", total=3500, amount=3500, pre_payment_amount=3500, lines={"data": lines})
    company.map("tax_map", "txr_zero,301,6,3")
    company.map("item_map", "price_a,401")
    company.map("field_map", "memo_row,department,reference,,7")
    project, warehouse = testing.project_with_mappings(folder, {}), folder / "warehouse.duckdb"
    company.land(warehouse, project)
    testing.run_dbt([*testing.WITHOUT_TESTS, "--select", "+path:models/marts"], project, warehouse, variables=VARIABLES)
    with testing.opened(warehouse) as connection:
        [[record]] = list(Marts(connection).memos())
    assert record.problem is None
    return record.body


def test_quantities_keep_their_decimals(body):
    """L1: Stripe's `quantity` cuts them off: 1 and 0."""
    rows = [(row["quantity"], row["rate"], row["amount"]) for row in body["item"]["items"]]
    assert rows == [(Decimal("1.5"), Decimal(20), Decimal(30)), (Decimal("0.25"), Decimal(20), Decimal(5))]


def test_a_zero_rated_line_has_its_tax_detail_and_is_not_called_untaxed(body):
    """L8, L11, suitetax_override."""
    [detail] = body["taxDetails"]["items"]
    assert (detail["taxCode"], detail["taxType"], detail["taxBasis"], detail["taxAmount"]) == ({"id": "6"}, "3", 30, 0)
    assert [row.get("taxDetailsReference") for row in body["item"]["items"]] == ["LINE_1", None]
    assert body["taxDetailsOverride"] is True
    assert not any("isTaxable" in row for row in body["item"]["items"])


def test_a_field_of_target_memo_row_is_on_every_row(body):
    """M2."""
    assert [row["department"] for row in body["item"]["items"]] == [{"id": "7"}, {"id": "7"}]
