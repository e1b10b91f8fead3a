"""Which records NetSuite is asked for."""

from __future__ import annotations

from pathlib import Path

from extract.netsuite.wanted import Wanted, numbers
from extract.raw_tables import declare_all
from mapping_files.reader import create_missing
from settings import Settings
from tests.extract.fake_stripe import credit_note, customer, invoice, ledger_row, refund
from tests.extract.netsuite.raw_rows import put
from warehouse.connection import open_warehouse


def test_records_that_documents_refer_to_are_wanted(settings: Settings) -> None:
    price = {"price_details": {"price": "price_1", "product": "prod_1"}}
    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        put(connection, "credit_notes", credit_note("cn_1", refunds=[{"refund": "re_1"}]))
        put(
            connection,
            "invoices",
            {
                **invoice("in_1", metadata={"netsuite_invoice_id": "55"}),
                "lines": {"data": [{"id": "il_1", "pricing": price}]},
            },
            invoice("in_used", customer="cus_2", amount_due=0),
            invoice("in_plain", customer="cus_3"),
        )
        put(
            connection,
            "customers",
            customer("cus_1", metadata={"netsuite_customer_id": "66"}),
            customer("cus_2"),
            customer("cus_3"),
        )
        put(connection, "customer_balance_transactions", ledger_row("cbtxn_1", 5, invoice="in_used"))
        wanted = Wanted.of(settings, connection)
        dated = settings.model_copy(update={"pipeline_vars": {"go_live_date": "2026-01-01"}})
        assert "re_1_cn_1_income" in Wanted.of(dated, connection).externals
    assert wanted.customers == {"cus_1", "cus_2"}
    assert wanted.invoices == {"in_1", "in_used"}
    ours = {"cn_1", "re_1", "in_used_balance"}
    assert wanted.externals == ours | {"ns_memo:cn_1", "ns_memo:re_1", "ns_memo:in_used"}
    assert wanted.items == {"price_1", "prod_1"}
    assert "55" in wanted.transaction_ids and "66" in wanted.customer_ids


def test_ids_of_the_mapping_files_are_wanted(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    create_missing(folder)
    (folder / "item_map.csv").write_text("netsuite_item_id;stripe_id\n7;price_1\n8;price_2\n")
    (folder / "account_map.csv").write_text("purpose,netsuite_account_id\nrefund,21\n")
    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        wanted = Wanted.of(settings.model_copy(update={"mappings_dir": folder}), connection)
    assert (wanted.item_ids, wanted.account_ids, wanted.customer_ids) == ({"7", "8"}, {"21"}, set())


def test_only_internal_ids_are_asked_for() -> None:
    assert numbers({"7", "y", " 8 ", "1; drop", "-3"}) == {"7", "8"}


def test_a_customer_account_is_wanted_where_customer_is_null(settings: Settings) -> None:
    """Rule X1. Stripe may have no customer under that id, so no landed customer is needed."""
    owner = {"customer": None, "customer_account": "acct_9"}
    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        put(connection, "credit_notes", credit_note("cn_1", invoice="in_1", **owner))
        put(connection, "invoices", invoice("in_1", **owner), invoice("in_2", customer="cus_2", amount_due=0))
        put(connection, "customers", customer("cus_2", metadata={"netsuite_customer_id": "8"}), customer("cus_3"))
        wanted = Wanted.of(settings, connection)
    assert wanted.customers == {"acct_9", "cus_2"}
    assert "8" in wanted.customer_ids


def test_records_of_the_stripe_connector_are_wanted(settings: Settings) -> None:
    """K1, K5: by its names and by metadata. Text that is no id breaks nothing; of several ids all are asked for."""
    memo, item = "netsuite_credit_memo_id", "netsuite_service_resale_item_id"
    with open_warehouse(settings.warehouse_path) as connection:
        declare_all(connection)
        put(connection, "credit_notes", credit_note("cn_1", refunds=[{"refund": "re_1"}], metadata={memo: "501, 502"}))
        put(connection, "invoices", invoice("in_1", metadata={"netsuite_invoice_id": "55;"}))
        names = {memo: "o'503 or 1=1", "netsuite_customer_refund_id": "601"}
        put(connection, "refunds", refund("re_1", metadata=names), refund("re_of_nobody", metadata={memo: "599"}))
        put(connection, "prices", {"id": "price_1", "object": "price", "metadata": {item: "93001"}})
        put(
            connection,
            "coupons",
            {"id": "co_1", "object": "coupon", "metadata": {"netsuite_discount_item_id": "93002"}},
        )
        by_setting = {
            value: Wanted.of(settings.model_copy(update={"pipeline_vars": {"connector_records": value}}), connection)
            for value in ("guard", "adopt", "ignore")
        }
    guarded, adopted, ignored = by_setting.values()
    assert {"55", "501", "502", "601"} <= guarded.transaction_ids and "599" not in guarded.transaction_ids
    assert all(id.isdigit() for id in guarded.transaction_ids)
    assert {"ns_memo:cn_1", "ns_memo:re_1"} <= guarded.externals
    assert not {"93001", "93002"} & guarded.item_ids and "co_1" not in guarded.items
    assert {"93001", "93002"} <= adopted.item_ids and "co_1" in adopted.items
    assert "55" in ignored.transaction_ids and "501" not in ignored.transaction_ids
    assert not any(name.startswith("ns_memo:") for name in ignored.externals)
