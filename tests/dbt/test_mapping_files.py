"""Each mapping file, each column: a broken cell stops the run; file, line and column name it. Empty files pass."""

from __future__ import annotations

import pytest

from tests.support import warehouse as testing

# NetSuite's items and accounts: internal id -> is inactive
ITEMS = {"301": "F", "302": "T"}
ACCOUNTS = {"11": "F", "12": "T"}
# Ids that the last extract asked for and NetSuite does not have.
ABSENT = [("items", "999"), ("accounts", "99")]

# (mapping file, row as an accountant writes it, wrong column, start of the message; "" if the cell is right)
BROKEN = [
    ("default_items", "shipping,999", "netsuite_item_id", '"999" is the internal id of no item in NetSuite'),
    ("default_items", "credit_note,998", "netsuite_item_id",
     '"998" is not in the last snapshot of NetSuite; run `make extract`, then this again (row of credit_note).'),
    ("default_items", "customer_balance,302", "netsuite_item_id",
     '"302" is the internal id of an inactive item in NetSuite'),
    ("default_items", "billing_credit,", "netsuite_item_id", "the empty cell must hold a value"),
    ("default_items", "unallocated,301", "role", '"unallocated" is not one of unallocated_invoice_item, '),
    ("default_items", "Customer_balance,301", "role", '"Customer_balance" is not one of '),
    ("default_items", ",301", "role", "the empty cell must hold a value"),
    ("default_items", "shipping,301", "role", '"shipping" repeats default_items.csv, line 2'),
    ("item_map", "price_1,999", "netsuite_item_id", '"999" is the internal id of no item in NetSuite'),
    ("item_map", "price_7,998", "netsuite_item_id", '"998" is not in the last snapshot of NetSuite'),
    ("item_map", "price_2,302", "netsuite_item_id", '"302" is the internal id of an inactive item in NetSuite'),
    ("item_map", "price_3,", "netsuite_item_id", "the empty cell must hold a value"),
    ("item_map", ",301", "stripe_id", "the empty cell must hold a value"),
    ("item_map", "price_1,301", "stripe_id", '"price_1" repeats item_map.csv, line 2'),
    ("tax_map", "txr_1,999,,", "netsuite_item_id", '"999" is the internal id of no item in NetSuite'),
    ("tax_map", "txr_9,999,,", "netsuite_item_id",
     '"999" is the internal id of no item in NetSuite (row of txr_9).'),
    ("tax_map", ",302,,", "netsuite_item_id", '"302" is the internal id of an inactive item in NetSuite'),
    ("tax_map", "txr_3,,41,51", "netsuite_item_id",
     "the empty cell must hold a value: tax_strategy tax_lines needs it"),
    ("tax_map", "txr_1,301,,", "stripe_tax_rate_id", '"txr_1" repeats tax_map.csv, line 2'),
    ("tax_map", ",301,,", "stripe_tax_rate_id", "the empty cell repeats tax_map.csv, line 4"),
    ("account_map", "refund,usd,99", "netsuite_account_id", '"99" is the internal id of no account in NetSuite'),
    ("account_map", "refund,aud,98", "netsuite_account_id", '"98" is not in the last snapshot of NetSuite'),
    ("account_map", "refund,eur,12", "netsuite_account_id",
     '"12" is the internal id of an inactive account in NetSuite'),
    ("account_map", "refund,gbp,", "netsuite_account_id", "the empty cell must hold a value"),
    ("account_map", "refunds,usd,11", "purpose", '"refunds" is not one of refund, pre_go_live_income, item_income'),
    ("account_map", ",usd,11", "purpose", "the empty cell must hold a value"),
    ("account_map", "item_income,JPY,11", "currency", '"JPY" must be in lower case'),
    ("account_map", "item_income,euro,11", "currency", '"euro" is no currency that Stripe has'),
    ("account_map", "refund,usd,11", "purpose", '"refund" repeats account_map.csv, line 2'),
    ("customer_map", "cus_1,", "netsuite_customer_id", "the empty cell must hold a value"),
    ("customer_map", ",1", "stripe_customer_id", "the empty cell must hold a value"),
    ("customer_map", "cus_1,2", "stripe_customer_id", '"cus_1" repeats customer_map.csv, line 2'),
    ("invoice_map", "in_1,", "netsuite_invoice_id", "the empty cell must hold a value"),
    ("invoice_map", ",1", "stripe_invoice_id", "the empty cell must hold a value"),
    ("invoice_map", "in_1,2", "stripe_invoice_id", '"in_1" repeats invoice_map.csv, line 2'),
    ("field_map", "memos,f1,text,,x", "target", '"memos" is not one of memo, memo_line, memo_row, '),
    ("field_map", ",f2,text,,x", "target", "the empty cell must hold a value"),
    ("field_map", "memo,,text,,x", "netsuite_field", "the empty cell must hold a value"),
    ("field_map", "memo,cust body,text,,x", "netsuite_field", '"cust body" is no field id of NetSuite'),
    ("field_map", "memo,f5,boolean,,true", "value_type", '"boolean" is not one of text, number, date, reference'),
    ("field_map", "memo,f6,,,x", "value_type", "the empty cell must hold a value"),
    ("field_map", "memo,f7,text,,", "source", "the empty cell must hold a source, or the column constant a value"),
    ("field_map", "memo,f8,text,invoice.number,x", "constant", '"x" stands beside a source'),
    ("field_map", "memo,f9,text,price.nickname,", "source",
     '"price.nickname" does not start with one of credit_note., '),
    ("field_map", "memo,f10,text,refund.reason,", "source",
     '"refund.reason" does not start with one of credit_note., '),
    ("field_map", "customer_refund,f11,text,invoice_line.id,", "source",
     '"invoice_line.id" does not start with one of refund., '),
    ("field_map", "memo,f12,text,invoice,", "source", '"invoice" is not written like credit_note.number'),
    ("field_map", "memo,f13,text,invoice.metadata.,", "source",
     '"invoice.metadata." is not written like credit_note.number'),
    ("field_map", "memo,f14,text,invoice.Number,", "source", '"invoice.Number" is not written like credit_note.number'),
    ("field_map", "memo,f15,number,,1-2", "constant", '"1-2" is no number'),
    ("field_map", "memo,f16,date,,01/02/2026", "constant", '"01/02/2026" is no date (YYYY-MM-DD)'),
    ("field_map", "memo,f17,reference,,Sales", "constant", '"Sales" is no reference (an internal id)'),
    ("field_map", "memo,f8,text,invoice.id,", "netsuite_field", '"f8" repeats field_map.csv, line '),
    ("field_map", "item,f19,text,invoice.id,", "source", '"invoice.id" must be empty: '),
    ("field_map", "item,f20,text,,", "source", "the empty cell must hold a source, or the column constant a value"),
    ("field_map", "zero_invoice,f21,text,credit_note.id,", "source",
     '"credit_note.id" does not start with one of invoice., customer., which a zero_invoice has'),
    ("field_map", "zero_invoice_row,f22,text,credit_note_line.id,", "source",
     '"credit_note_line.id" does not start with one of invoice., customer., invoice_line.'),
    ("field_map", "journal_entry,f23,text,invoice_line.id,", "source",
     '"invoice_line.id" does not start with one of refund., '),
    ("field_map", "journal_row,f24,text,credit_note_line.id,", "source",
     '"credit_note_line.id" does not start with one of refund., '),
    ("field_map", "memo_row,f25,text,refund.id,", "source", '"refund.id" does not start with one of credit_note., '),
    ("field_map", "memo,f26,text,customer.name,", "source", '"customer.name" is not landed, for privacy'),
    ("field_map", "memo,f27,text,invoice.customer_address.city,", "source",
     '"invoice.customer_address.city" is not landed, for privacy'),
    ("field_map", "customer_refund,f28,text,refund.destination_details.card.type,", "source",
     '"refund.destination_details.card.type" is not landed, for privacy'),
    ("field_map", "journal_row,f29,text,customer.tax.ip_address,", "source",
     '"customer.tax.ip_address" is not landed, for privacy'),
    ("field_map", "memo,f30,text,customer.metadata.name,", "source", ""),
    ("field_map", "memo,f31,text,credit_note.memo,", "source", ""),
    ("field_map", "memo_line,f32,text,invoice_line.description,", "source", ""),
    ("manual_decisions", "cn_1,ignore,x", "decision", '"ignore" is not one of skip, out_of_band'),
    ("manual_decisions", "cn_2,,x", "decision", "the empty cell must hold a value"),
    ("manual_decisions", ",skip,x", "document_id", "the empty cell must hold a value"),
    ("manual_decisions", "cn_4,skip,x", "document_id", ""),
    ("manual_decisions", "cn_4,skip,y", "document_id", '"cn_4" repeats manual_decisions.csv, line 5'),
]  # fmt: skip

# Correct rows. Customers and invoices that NetSuite lacks are no mistake: their documents wait (X1).
SOUND = {
    "default_items": "shipping,301\ncredit_note,301",
    "item_map": "price_1,301\nprod_1,301\nSUMMER26,301",
    "tax_map": "txr_1,301,,\n,301,41,51",
    "account_map": "refund,usd,11\nrefund,,11\nitem_income,kwd,11",
    "customer_map": "cus_1,404\ncus_2,404",
    "invoice_map": "in_1,404",
    "field_map": "memo,class,reference,,12\n"
    "memo,custbody_a,text,credit_note.metadata.Cost centre,\n"
    "memo_line,class,reference,invoice_line.metadata.class,\n"
    "customer_refund,custbody_b,date,refund.created,\n"
    "memo,custbody_c,number,,-1.50\n"
    "memo,custbody_d,date,,2026-01-31\n"
    "memo_row,department,reference,,4\n"
    "memo_row,class,reference,credit_note_line.metadata.class,\n"
    "zero_invoice,location,reference,customer.metadata.location,\n"
    "zero_invoice_row,class,reference,invoice_line.metadata.class,\n"
    "journal_entry,custbody_e,text,refund.reason,\n"
    "journal_row,department,reference,credit_note.metadata.department,\n"
    "customer_refund,paymentOption,reference,,8\n"
    "item,taxSchedule,reference,,1",
    "manual_decisions": "cn_1,skip,booked by hand\ncn_1,out_of_band,\nin_1_balance,skip,",
}

CHECKS = [
    "--select",
    "path:seeds",
    "path:tests/mapping",
    "reference_currencies",
    "reference_private_sources",
    "--exclude-resource-type",
    "unit_test",
]


class Office:
    """Mapping files as an accountant leaves them, checked against NetSuite's lists."""

    def __init__(self, empty_world) -> None:
        self.project, self.warehouse = empty_world.project, empty_world.warehouse
        with testing.opened(self.warehouse) as connection:
            for table, known in (("items", ITEMS), ("accounts", ACCOUNTS)):
                testing.land_netsuite(
                    connection,
                    table,
                    [{"id": id_, "isinactive": inactive} for id_, inactive in known.items()],
                )
            connection.executemany("insert into raw_netsuite.asked_ids values (?, ?)", ABSENT)

    def write(self, mappings: dict[str, str]) -> None:
        for name, header in testing.MAPPING_HEADERS.items():
            (self.project / "seeds" / f"{name}.csv").write_text(
                "\n".join([header, *mappings.get(name, "").splitlines()]) + "\n"
            )

    def check(self, mappings: dict[str, str], **variables: str) -> str:
        """dbt's messages about these files; empty if all cells are right."""
        self.write(mappings)
        try:
            testing.run_dbt(["build", *CHECKS], self.project, self.warehouse, variables=variables, parsed_under={})
        except testing.BuildFailed as failed:
            return str(failed)
        return ""


@pytest.fixture(scope="module")
def office(empty_world):
    office = Office(empty_world)
    yield office
    office.write({})
    with testing.opened(office.warehouse) as connection:
        for table in ("items", "accounts"):
            testing.land_netsuite(connection, table, [])
        connection.execute("delete from raw_netsuite.asked_ids")


@pytest.fixture(scope="module")
def complaints_about_sound_files(office) -> str:
    return office.check(SOUND)


@pytest.fixture(scope="module")
def complaints(office, complaints_about_sound_files) -> str:
    """Messages about all broken rows at once: each row is checked by itself.

    Other rows are loaded before: a seed that is loaded again must number its rows from the start.
    """
    files: dict[str, list[str]] = {}
    for file, row, *_ in BROKEN:
        files.setdefault(file, []).append(row)
    return office.check({file: "\n".join(rows) for file, rows in files.items()})


@pytest.mark.parametrize(("file", "row", "column", "message"), BROKEN)
def test_broken_cell_is_named(file, row, column, message, complaints):
    rows = [(f, r) for f, r, *_ in BROKEN if f == file]
    number = rows.index((file, row)) + 2
    if message:
        assert f"{file}.csv, line {number}, column {column}: {message}" in complaints
    else:
        assert f"{file}.csv, line {number}, " not in complaints


@pytest.mark.parametrize("file", testing.MAPPING_HEADERS)
def test_every_column_is_broken_once(file):
    # any note is right; which tax ids are needed is tested below
    free = {"note", "netsuite_tax_code_id", "netsuite_tax_type_id"}
    assert {column for f, _, column, message in BROKEN if f == file and message} == set(
        testing.MAPPING_HEADERS[file].split(",")
    ) - free


def test_sound_files_pass(complaints_about_sound_files):
    assert complaints_about_sound_files == ""


def test_a_broken_file_stops_the_build_before_the_marts(office, tmp_path):
    """After a broken first build the push finds no marts, so nothing is posted. Empty files build: `empty_world`."""
    office.write({"item_map": "price_1,999"})
    warehouse = tmp_path / "warehouse.duckdb"
    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
        connection.executemany("insert into raw_netsuite.asked_ids values (?, ?)", ABSENT)
    with pytest.raises(
        testing.BuildFailed,
        match=r'item_map\.csv, line 2, column netsuite_item_id: "999" is the internal id of no item',
    ):
        testing.build(office.project, warehouse)
    marts = testing.rows(warehouse, "select table_name from information_schema.tables where table_schema = 'marts'")
    assert {"credit_memos", "credit_memo_applications"}.isdisjoint(row["table_name"] for row in marts)


@pytest.mark.parametrize(
    "name",
    [*(f"test_{file}_rows_are_usable" for file in testing.MAPPING_HEADERS), "test_manual_decisions_name_documents"],
)
def test_each_file_is_checked_before_what_the_push_reads(name, manifest):
    """dbt runs a data test before a model if and only if the model descends from everything that the test reads."""
    test = next(node for node in manifest.nodes.values() if node.name == name)
    for mart in ("credit_memos", "credit_memo_applications"):
        ancestors, queue = set(), [f"model.stripe_credit_to_netsuite.{mart}"]
        while queue:
            node = manifest.nodes.get(queue.pop())
            parents = set(node.depends_on_nodes) - ancestors if node else set()
            ancestors |= parents
            queue += parents
        assert set(test.depends_on_nodes) <= ancestors


@pytest.mark.parametrize(
    ("variables", "columns"),
    [
        ({"tax_strategy": "suitetax_override"}, ["netsuite_tax_code_id", "netsuite_tax_type_id"]),
        ({"line_amount_basis": "gross"}, ["netsuite_tax_code_id"]),
        ({"tax_strategy": "none"}, []),
    ],
)
def test_tax_map_needs_what_the_settings_use(office, variables, columns):
    complaints = office.check({"tax_map": "txr_1,,,"}, **variables)
    assert bool(complaints) == bool(columns), complaints
    assert complaints.count("tax_map.csv, line") == len(columns)
    for column in columns:
        assert f"tax_map.csv, line 2, column {column}: the empty cell must hold a value" in complaints
