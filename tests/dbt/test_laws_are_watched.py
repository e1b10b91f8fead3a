# ruff: noqa: E501 (tables of cases)
"""The data tests notice a broken law: a small world is built, then one table is falsified at a time.

The tests run what dbt compiled for a data test, so they need no further build.
"""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from tests.support import warehouse as testing

MAPPINGS = {
    "default_items": "customer_balance,301\nunallocated_invoice_item,301",
    "account_map": "refund,,11",
}

BOOKS = sorted(path.stem.removeprefix("books_") for path in (testing.PROJECT / "models" / "books").glob("books_*.sql"))


def at(day: int) -> int:
    return int(datetime(2026, 2, day, 12, tzinfo=UTC).timestamp())


def invoice(id_: str, total: int, amount_due: int) -> dict:
    line = {
        "id": f"il_{id_}",
        "amount": total,
        "quantity": 1,
        "description": "Seats",
        "period": {"start": at(1), "end": at(20)},
    }
    return {
        "id": id_, "created": at(1), "status": "paid", "currency": "usd", "customer": "cus_1", "total": total, "amount_due": amount_due,
        "status_transitions": {"finalized_at": at(1), "paid_at": at(2)}, "lines": {"data": [line]},
    }  # fmt: skip


def credit_note(id_: str, invoice_id: str, total: int, **parts) -> dict:
    line = {
        "id": f"cnli_{id_}",
        "type": "invoice_line_item",
        "amount": total,
        "quantity": 1,
        "invoice_line_item": f"il_{invoice_id}",
    }
    return {
        "id": id_, "created": at(3), "status": "issued", "currency": "usd", "customer": "cus_1", "invoice": invoice_id, "amount": total,
        "total": total, "pre_payment_amount": 0, "out_of_band_amount": 0, "refunds": [], "lines": {"data": [line]}, **parts,
    }  # fmt: skip


def ledger_row(id_: str, day: int, kind: str, amount: int, ending: int, **fields) -> dict:
    return {
        "id": id_,
        "created": at(day),
        "type": kind,
        "amount": amount,
        "ending_balance": ending,
        "currency": "usd",
        "customer": "cus_1",
        **fields,
    }


@pytest.fixture(scope="module")
def small_world(tmp_path_factory):
    """A pre-payment note, a refunded note and a use of balance, all ready to be posted."""
    folder = tmp_path_factory.mktemp("small_world")
    project = testing.project_with_mappings(folder, MAPPINGS)
    warehouse = folder / "small.duckdb"
    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
        testing.land_stripe(connection, "customers", [{"id": "cus_1", "created": at(1)}])
        testing.land_stripe(
            connection,
            "invoices",
            [invoice("in_1", 1000, 600), invoice("in_2", 1000, 1000), invoice("in_3", 500, 0)],
        )
        testing.land_stripe(
            connection,
            "credit_notes",
            [
                credit_note("cn_1", "in_1", 400, pre_payment_amount=400),
                credit_note(
                    "cn_2",
                    "in_2",
                    300,
                    refunds=[{"refund": "re_1", "amount_refunded": 300, "type": "refund"}],
                ),
            ],
        )
        testing.land_stripe(
            connection,
            "refunds",
            [{"id": "re_1", "created": at(3), "status": "succeeded", "amount": 300, "currency": "usd"}],
        )
        testing.land_stripe(
            connection,
            "customer_balance_transactions",
            [
                ledger_row("cbt_1", 1, "adjustment", -700, -700),
                ledger_row("cbt_2", 2, "applied_to_invoice", 500, -200, invoice="in_3"),
            ],
        )
        one = {"subsidiary": "1", "currency": "1"}
        testing.land_netsuite(connection, "currencies", [{"id": "1", "symbol": "USD", "currencyprecision": "2"}])
        testing.land_netsuite(connection, "customers", [{"id": "101", "externalid": "cus_1", **one}])
        invoices = [
            {
                "id": f"20{n}",
                "externalid": f"in_{n}",
                "type": "CustInvc",
                "entity": "101",
                "foreigntotal": "10",
                "foreignamountunpaid": "10",
                **one,
            }
            for n in (1, 2, 3)
        ]
        testing.land_netsuite(connection, "transactions", invoices)
        testing.land_netsuite(
            connection,
            "accounting_periods",
            [{"id": "7", "startdate": "2026-02-01", "enddate": "2026-02-28"}],
        )
        testing.land_netsuite(connection, "items", [{"id": "301"}])
        testing.land_netsuite(connection, "accounts", [{"id": "11"}])
        testing.land_netsuite(connection, "subsidiaries", [{"id": "1"}])
    testing.build(project, warehouse)
    return warehouse


# A mart that has one row too many; the rows that the data tests of a build look at are made of it.
WRONG_TIE_OUT = """
create table checked.wrong as from marts.month_end_tie_out;
insert into checked.wrong (accounting_month, currency, line, position, document_type, record_type, amount_minor) values
('2026-02-01', 'usd', '{}', '{}', 'credit_note', 'creditMemo', 7);
create or replace view marts.month_end_tie_out as from checked.wrong
"""

#: (what is falsified, the data test that must notice, what its message says)
FALSIFIED = [
    (
        WRONG_TIE_OUT.format("became", "ready"),
        "test_month_end_became_what_stripe_has",
        "Month-end: in 2026-02-01 USD credit_note is 700 minor units in Stripe and became 707.",
    ),
    (
        WRONG_TIE_OUT.format("dated", "documents_of_the_month"),
        "test_month_end_dates_what_is_in_netsuite",
        "Month-end: in all months USD credit_note became 0 minor units in NetSuite, the dated records come to 7.",
    ),
    (
        WRONG_TIE_OUT.format("netsuite", "not_as_posted"),
        "test_month_end_finds_what_is_dated",
        "Month-end: in 2026-02-01 USD the dated credit memos come to 0 minor units, those found in NetSuite and what "
        "differs to 7.",
    ),
    (
        WRONG_TIE_OUT.format("ledger", "debit"),
        "test_month_end_ledger_comes_to_zero",
        "Month-end: in 2026-02-01 USD the ledger rows of record type creditMemo come to 7 minor units, not to zero.",
    ),
    (
        "update books.credit_document_parts set amount_minor = 299 where document_id = 'cn_2'",
        "test_parts_come_to_their_document",
        "Document cn_2 is 300 minor units, its parts come to 299.",
    ),
    (
        "delete from books.credit_document_parts where document_id = 'cn_1'",
        "test_parts_come_to_their_document",
        "Document cn_1 is 400 minor units, its parts come to nothing.",
    ),
    (
        "delete from books.document_verdicts where document_id = 'cn_1'",
        "test_documents_equal_sum_over_states",
        "credit_note in USD: Stripe has 2 over 700 minor units, the states of credit_outcomes hold 1 over 300.",
    ),
    (
        "update books.credit_documents set amount_minor = 499 where document_id = 'in_3_balance'",
        "test_documents_equal_sum_over_states",
        "balance_use in USD: Stripe has 1 over 500 minor units, the states of credit_outcomes hold 1 over 499.",
    ),
    (
        "update parsed.stripe__invoices set amount_due_minor = 0 where id = 'in_2'",
        "test_documents_equal_sum_over_states",
        "balance_use in USD: Stripe has 2 over 1500 minor units, the states of credit_outcomes hold 1 over 500.",
    ),
    (
        "delete from books.document_verdicts where document_id = 'in_3_balance'",
        "test_ledger_rows_are_in_one_document",
        "Ledger row cbt_2 is in no credit document (in_3_balance is missing).",
    ),
    (
        "update parsed.stripe__customer_balance_transactions set stripe_invoice_id = null where id = 'cbt_2'",
        "test_ledger_rows_are_in_one_document",
        "Ledger row cbt_2 is in no credit document.",
    ),
    (
        "update books.credit_documents set amount_minor = 499 where document_id = 'in_3_balance'",
        "test_ledger_rows_are_in_one_document",
        "The ledger rows of in_3_balance come to 500 minor units, its outcome holds 499.",
    ),
    (
        "update build.int_memo_lines set amount_minor = 401 where document_id = 'cn_1'",
        "test_memos_equal_their_lines_and_applications",
        "Memo cn_1 (ready, ready) is 400 minor units, its lines and taxes come to 401, its applications to 400.",
    ),
    (
        "delete from build.int_memo_applications where document_id = 'cn_2'",
        "test_memos_equal_their_lines_and_applications",
        "Memo cn_2 (ready, ready) is 300 minor units, its lines and taxes come to 300, its applications to 0.",
    ),
    (
        "update build.int_balance_checks set balance_minor = -199",
        "test_ledgers_add_up_to_their_balance",
        "The ledger of cus_1 in USD sums to -199 minor units, its last row ends at -200, though no gap was found.",
    ),
    (
        "update build.int_balance_ledger set previous_balance_minor = -600 where balance_transaction_id = 'cbt_2'",
        "test_ledgers_add_up_to_their_balance",
        "Ledger row cbt_2 of cus_1 starts from -700 minor units, not from -600, though no gap was found.",
    ),
    (
        "update build.int_balance_credit_sources set used_to_minor = 701",
        "test_ledgers_add_up_to_their_balance",
        "Uses took 701 minor units of credit cbt_1, which was only 700.",
    ),
    (
        "delete from build.int_credit_documents where document_id = 'cn_2'",
        "test_rows_refer_to_rows_that_exist",
        "Memo belongs to document cn_2, which is not in credit_outcomes.",
    ),
    (
        "delete from build.int_document_verdicts where document_id = 'cn_1'",
        "test_rows_refer_to_rows_that_exist",
        "Document cn_1 has no verdict.",
    ),
    (
        "insert into build.int_credit_documents select * from build.int_credit_documents where document_id = 'cn_1'",
        "test_keys_name_one_row",
        "int_credit_documents: 2 rows have the key cn_1.",
    ),
    (
        "update books.memos set netsuite_customer_id = null, tran_date = null where document_id = 'cn_1'",
        "test_ready_records_have_what_their_request_needs",
        "credit_memos: cn_1 is ready without netsuite_customer_id tran_date.",
    ),
    (
        "update books.memo_lines set netsuite_item_id = null where document_id = 'cn_1'",
        "test_ready_records_have_what_their_request_needs",
        "credit_memos: cn_1 is ready with 1 lines, 1 of them without an item.",
    ),
    (
        "delete from books.memo_lines where document_id = 'cn_1'",
        "test_ready_records_have_what_their_request_needs",
        "credit_memos: cn_1 is ready with 0 lines, 0 of them without an item.",
    ),
    (
        "update books.memo_lines set line_kind = 'fee' where document_id = 'cn_1'",
        "test_reasons_and_kinds_are_of_their_closed_lists",
        "cn_1 has line_kind fee, which is not of the closed list.",
    ),
    (
        "update books.document_verdicts set state = 'blocked', reason = 'item_unmapped', detail = '' where document_id = 'cn_1'",
        "test_reasons_and_kinds_are_of_their_closed_lists",
        "credit_outcomes: cn_1 is blocked, item_unmapped, without an explanation.",
    ),
    (
        "update books.document_verdicts set state = 'blocked', reason = 'item_unmapped', "
        "detail = 'Add a row to item_map.csv.' where document_id = 'cn_1'",
        "test_reasons_and_kinds_are_of_their_closed_lists",
        "credit_outcomes: cn_1 is blocked, item_unmapped, and its explanation names no id of Stripe: "
        "Add a row to item_map.csv.",
    ),
    (
        "update books.memos set amount = 4.01 where document_id = 'cn_1'",
        "test_amounts_are_the_same_in_both_units",
        "credit_memos: cn_1 has 4.010 for 400 minor units of USD.",
    ),
    (
        "update books.memos set netsuite_external_id = 'CN_1' where document_id = 'in_3_balance'",
        "test_external_ids_differ_in_more_than_case",
        "2 records share the external id cn_1 ignoring case: credit memo CN_1 and credit memo cn_1.",
    ),
    (
        "insert into books.memos (document_id, netsuite_external_id, customer_key) values ('cn_9', 'cN_1', 'cus_9');"
        "insert into books.document_verdicts (document_id, state) values ('cn_9', 'ready')",
        "test_external_ids_differ_in_more_than_case",
        "2 records share the external id cn_1 ignoring case: credit memo cN_1 and credit memo cn_1.",
    ),
    (
        "update books.memos set amount_minor = 1001 where document_id = 'cn_1'",
        "test_memos_of_an_invoice_stay_within_its_total",
        "The memos of credit notes on invoice in_1 come to 1001 minor units, more than its total of 1000.",
    ),
    (
        "update books.customer_refunds set linked_minor = 299",
        "test_customer_refunds_are_what_credit_notes_link",
        "Customer refund re_1 is 300 minor units, credit notes link only 299 of it.",
    ),
    (
        "delete from books.customer_refunds",
        "test_customer_refunds_are_what_credit_notes_link",
        "Memo cn_2 is applied to customer refund re_1, which does not exist.",
    ),
    (
        "insert into books.customer_refunds select * from books.customer_refunds where stripe_refund_id = 're_1'",
        "test_refund_rows_add_up_to_the_refund",
        "Refund re_1 is 300 minor units, its rows in refund_reconciliation come to 1200.",
    ),
    (
        "insert into books.income_journal_entries (external_id, document_id, amount_minor) values ('je_1', 'cn_2', 299)",
        "test_month_end_positions_add_up",
        "The month-end rows of cn_2 come to 299 minor units, its amount is 300.",
    ),
    (
        "insert into books.credit_document_parts (document_id, part, amount_minor) values ('cn_1', 'kept', 1)",
        "test_month_end_positions_add_up",
        "The month-end rows of cn_1 keep 1 minor units, the customer's balance got 0.",
    ),
    (
        "update build.int_balance_months set opening_minor = 1",
        "test_roll_forward_follows_on",
        "The credit of cus_1 in USD opens 2026-02-01 at 1 minor units after it closed at 0, comes to 201 and closes at "
        "200.",
    ),
    (
        "update build.int_balance_months set used_minor = -501",
        "test_roll_forward_follows_on",
        "The credit of cus_1 in USD opens 2026-02-01 at 0 minor units after it closed at 0, comes to 199 and closes at "
        "200.",
    ),
    (
        "update build.int_balance_months set used_minor = -501, closing_minor = 199",
        "test_roll_forward_follows_on",
        "The credit of cus_1 in USD closes at 199 minor units, Stripe's ledger ends at 200, though no gap was found.",
    ),
]

#: (what is falsified, the mart whose key names two rows, the message without the mart)
DRIFT = (
    "insert into load_netsuite.drift (reconciled_at, record_type, external_id, difference, detail) values"
    " ('{}', 'creditMemo', 'cn_1', 'total', 'd'), ('{}', 'creditMemo', 'cn_1', 'total', 'd')"
)

TWO_ROWS_WITH_ONE_KEY = [
    (
        "insert into reference.outcome_reasons from reference.outcome_reasons where reason = 'ready'",
        "outcome_reasons",
        "2 rows have the key ready.",
    ),
    (
        "insert into books.credit_document_parts select * from books.credit_document_parts where document_id = 'cn_2'",
        "credit_document_parts",
        "2 rows have the key cn_2 1.",
    ),
    (
        "insert into books.credit_document_objects from books.credit_document_objects where object_type = 'refund'",
        "credit_document_objects",
        "2 rows have the key cn_2 refund re_1.",
    ),
    (
        "insert into books.document_verdicts select * from books.document_verdicts where document_id = 'cn_2'",
        "credit_outcomes",
        "2 rows have the key cn_2.",
    ),
    (
        "insert into books.memos select * from books.memos where document_id = 'cn_1'",
        "credit_memos",
        "2 rows have the key cn_1.",
    ),
    (
        "insert into books.memos select * from books.memos where document_id = 'cn_1'",
        "posting_plan",
        "2 rows have the key create creditMemo cn_1.",
    ),
    (
        "insert into books.memo_lines select * from books.memo_lines where document_id = 'cn_1'",
        "credit_memo_lines",
        "2 rows have the key cn_1 1.",
    ),
    (
        "insert into books.memo_tax_details (document_id, detail_number) values ('cn_1', 1), ('cn_1', 1)",
        "credit_memo_tax_details",
        "2 rows have the key cn_1 1.",
    ),
    (
        "insert into books.memo_applications select * from books.memo_applications where document_id = 'cn_2'",
        "credit_memo_applications",
        "2 rows have the key cn_2 customer_refund re_1.",
    ),
    (
        "insert into books.customer_refunds select * from books.customer_refunds",
        "customer_refunds",
        "2 rows have the key re_1.",
    ),
    (
        "insert into books.zero_amount_invoices (document_id, external_id) values ('cn_1', 'cn_1'), ('cn_1', 'cn_1')",
        "zero_amount_invoices",
        "2 rows have the key cn_1.",
    ),
    (
        "insert into books.zero_amount_invoices (document_id, external_id) values ('cn_1', 'cn_1');"
        "insert into books.zero_invoice_lines (document_id, line_number) values ('cn_1', 1), ('cn_1', 1)",
        "zero_amount_invoice_lines",
        "2 rows have the key cn_1 1.",
    ),
    (
        "insert into books.income_journal_entries (external_id, document_id) values ('je_1', 'cn_2'), ('je_1', 'cn_2')",
        "journal_entries",
        "2 rows have the key je_1.",
    ),
    (
        "insert into books.field_values (record_type, external_id, netsuite_field) values"
        " ('creditMemo', 'cn_1', 'custbody_1'), ('creditMemo', 'cn_1', 'custbody_1')",
        "netsuite_field_values",
        "2 rows have the key creditMemo cn_1 (none) custbody_1.",
    ),
    (
        "insert into books.refund_links select * from books.refund_links",
        "refund_reconciliation",
        "2 rows have the key re_1 cn_2.",
    ),
    (
        "insert into books.balance_checks select * from books.balance_checks",
        "credit_balance_check",
        "2 rows have the key cus_1 usd.",
    ),
    (
        "insert into books.balance_months select * from books.balance_months",
        "customer_credit_roll_forward",
        "2 rows have the key cus_1 usd 2026-02-01.",
    ),
    (
        "update books.document_verdicts set state = 'waiting', reason = 'invoice_open' where document_id = 'cn_2';"
        "insert into books.document_verdicts select * from books.document_verdicts where document_id = 'cn_2'",
        "open_documents_aging",
        "2 rows have the key cn_2.",
    ),
    (
        'insert into load_netsuite.load_log (attempt_id, status, external_id, "at") values'
        " ('1', 'attempted', 'cn_1', '2026-02-01'), ('1', 'attempted', 'cn_1', '2026-02-01')",
        "netsuite_load_log",
        "2 rows have the key 1 attempted 2026-02-01",
    ),
    (
        "insert into history.runs (run_id, command) values ('r1', 'run'), ('r1', 'push')",
        "runs",
        "2 rows have the key r1.",
    ),
    (
        "insert into history.credit_outcomes (document_id, position) values ('cn_1', 1), ('cn_2', 1)",
        "credit_outcome_history",
        "2 rows have the key 1.",
    ),
    (
        DRIFT.format("2026-02-01", "2026-02-01"),
        "netsuite_drift",
        "2 rows have the key 2026-02-01",
    ),
]


def test_the_small_world_is_ready(small_world):
    outcomes = testing.rows(
        small_world, "select document_id, state, detail from marts.credit_outcomes order by document_id"
    )
    assert [(row["document_id"], row["state"]) for row in outcomes] == [
        ("cn_1", "ready"),
        ("cn_2", "ready"),
        ("in_3_balance", "ready"),
    ], outcomes


MARTS = sorted(path.stem for path in (testing.PROJECT / "models" / "marts").glob("*.sql"))
CHECKED = [mart for mart in MARTS if (testing.PROJECT / "models" / "checked" / f"checked_{mart}.sql").exists()]


def messages_after(falsify: str, data_test: str, small_world) -> list[str]:
    """Messages of a data test once the world is falsified; the world is as before afterwards.

    Everybody of this world is in scope, so the rows that a build would check are all rows of the marts.
    """
    (compiled,) = (small_world.parent / "dbt_project" / "target" / "compiled").rglob(f"{data_test}.sql")
    messages = f"select message from (\n{compiled.read_text()}\n)"
    with duckdb.connect(str(small_world)) as connection:
        assert connection.execute(messages).fetchall() == []
        connection.execute("begin")
        connection.execute(falsify)
        for mart in (mart for mart in CHECKED if f'"checked"."{mart}"' in messages):
            connection.execute(f"create or replace table checked.{mart} as from marts.{mart}")
        found = [message for (message,) in connection.execute(messages).fetchall()]
        connection.execute("rollback")
    return found


@pytest.mark.parametrize(("falsify", "data_test", "message"), FALSIFIED)
def test_broken_law_is_noticed(falsify, data_test, message, small_world):
    assert message in messages_after(falsify, data_test, small_world)


@pytest.mark.parametrize(("falsify", "mart", "message"), TWO_ROWS_WITH_ONE_KEY)
def test_two_rows_of_a_mart_with_one_key_are_noticed(falsify, mart, message, small_world):
    found = messages_after(falsify, f"marts_{mart}_is_whole", small_world)
    assert [text for text in found if text.startswith(f"marts.{mart}: {message}")], found


def test_a_difference_that_two_reconciles_find_breaks_no_law(small_world):
    """The drift keeps its history: the same difference is there once per reconcile."""
    twice = DRIFT.format("2026-02-01", "2026-02-02")
    assert messages_after(twice, "marts_netsuite_drift_is_whole", small_world) == []


@pytest.mark.parametrize("book", BOOKS)
def test_rows_of_a_book_with_one_key_or_without_values_are_noticed(book, small_world, manifest):
    """Two rows of one customer that have nothing but the customer: the key names both, and every value is missing."""
    (node,) = (node for node in manifest.nodes.values() if node.name == f"books_{book}_is_whole")
    arguments = node.test_metadata.kwargs
    key = " ".join("cus_1" if column == "customer_key" else "(none)" for column in arguments["key"])
    found = messages_after(
        f"insert into books.{book} (customer_key) values ('cus_1'), ('cus_1')", node.name, small_world
    )
    assert f"books.{book}: 2 rows have the key {key}." in found
    missing = [column for column in arguments.get("not_null", []) if column != "customer_key"]
    assert not missing or f"books.{book}: {key} has no {' '.join(missing)}." in found


def test_every_law_is_falsified():
    laws = {path.stem for path in (testing.PROJECT / "tests" / "integrity").glob("*.sql")}
    assert {data_test for _, data_test, _ in FALSIFIED} == laws


def test_key_of_every_mart_is_falsified():
    # items_to_create has rows under missing_item: create alone (tests/acceptance); the others are grouped by their keys
    without = {"items_to_create", "month_end_tie_out", "netsuite_items", "netsuite_names"}
    assert {mart for _, mart, _ in TWO_ROWS_WITH_ONE_KEY} == set(MARTS) - without


def test_a_state_without_a_position_is_noticed(small_world):
    """A document of a state that month_end_tie_out does not know would be in no position of it."""
    found = messages_after(
        "update reference.outcome_reasons set state = 'gone' where reason = 'ready'",
        "marts_month_end_tie_out_is_whole",
        small_world,
    )
    assert (
        "marts.month_end_tie_out: 2026-02-01 usd became (none) credit_note (none) (none) (none) has no position."
        in found
    )


def test_a_build_with_a_broken_law_does_not_count(small_world):
    """Its customers have no fingerprint, so the next build derives them anew."""
    noted = "select customer_key, inputs_fingerprint from books.inputs order by customer_key"
    assert [row["inputs_fingerprint"] is not None for row in testing.rows(small_world, noted)] == [True]
    project = small_world.parent / "dbt_project"
    model = project / "models" / "build" / "lines" / "int_memo_lines.sql"
    right = model.read_text()
    model.write_text(right.replace("roles.share_minor as amount_minor", "roles.share_minor + 1 as amount_minor"))
    assert model.read_text() != right
    with pytest.raises(testing.BuildFailed, match="its lines and taxes come to"):
        testing.build(project, small_world, extra=["--exclude", "test_type:generic", "path:tests/mapping"])
    assert testing.rows(small_world, noted) == [{"customer_key": "cus_1", "inputs_fingerprint": None}]
    model.write_text(right)
    testing.run_dbt(["run", "--select", "+scope_customers"], project, small_world)
    assert testing.rows(small_world, "select customer_key from scope.customers") == [{"customer_key": "cus_1"}]


def test_every_law_can_break_a_build(manifest):
    """A data test that only warns, or that is off, would let a build count."""
    laws = [node for node in manifest.nodes.values() if node.resource_type == "test"]
    assert len(laws) > 40
    assert {
        law.name for law in laws if law.config.severity.lower() != "error" or law.config.error_if != "!= 0"
    } == set()
    hooks = [node.raw_code for node in manifest.nodes.values() if node.resource_type == "operation"]
    assert "{{ note_successful_build(results) }}" in hooks
