"""A change of anything that the rules read reaches the next build: its marts are those of a full refresh.

The changes are generated from the project itself: every column of every input, every var, every model and macro file.
`make soak` tries all vars and files, `make test` a sample of them. Columns are cheap, so each run tries all of them.
One change of each kind that the rules know (changes.py) is in the same world.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dbt.changes import CASES, name_of
from tests.dbt.company import (
    VARIABLES,
    Company,
    customers_in_scope,
    derive_scope,
    differences,
    first_build,
    first_warehouse,
    marts,
)
from tests.support import warehouse as testing

Json = Any
Change = Callable[[], object]
ROOT = Path(__file__).parents[2]

#: the object of customer {n} in each table of Stripe
STRIPE_ID = {
    "credit_notes": "cn_{n}",
    "invoices": "in_{n}",
    "invoice_payments": "inpay_{n}",
    "refunds": "re_{n}",
    "customers": "cus_{n}",
    "customer_balance_transactions": "cbtxn_{n}",
    "checkout_sessions": "cs_{n}",
    "tax_rates": "txr_{n}",
    "prices": "price_{n}",
    "products": "prod_{n}",
    "coupons": "co_{n}",
    "balance_transactions": "txn_{n}",
}
#: the record of customer {n} in each table of NetSuite whose rows carry ids
NETSUITE_ID = {"customers": "N{n}", "transactions": "T{n}", "applications": "A{n}", "items": "I{n}"}
#: the row of customer {n} in each mapping file whose rows carry ids
MAPPING_ROW = {
    "customer_map": "cus_{n},N{n}",
    "invoice_map": "in_{n},T{n}",
    "manual_decisions": "cn_{n},skip,why",
}
#: values that mean something to a rule; other columns get a text that they have not had
OTHER = {
    "isinactive": "T",
    "voided": "T",
    "posting": "F",
    "nexttype": "Journal",
    "subsidiary": "2",
    "decision": "out_of_band",
}

#: rules that read one column more than ours do: file, text, replacement
MORE_COLUMNS = (
    ("build/netsuite/stg_netsuite__items.sql", "id as netsuite_item_id,", "id as netsuite_item_id,\n    subsidiary,"),
    # an item by its name, where it has no external id: no row of such an item carries a declared id
    (
        "build/netsuite/stg_netsuite__items.sql",
        "externalid as external_id",
        "coalesce(externalid, itemid) as external_id",
    ),
    ("build/identity/int_price_items.sql", "not is_inactive", "not is_inactive and subsidiary is distinct from '2'"),
    (
        "build/netsuite/stg_netsuite__customers.sql",
        "id as netsuite_customer_id,",
        "id as netsuite_customer_id,\n    isinactive,",
    ),
    (
        "build/identity/int_netsuite_customers.sql",
        "from {{ ref('stg_netsuite__customers') }}",
        "from {{ ref('stg_netsuite__customers') }} where isinactive is distinct from 'T'",
    ),
    (
        "build/netsuite/stg_netsuite__transactions.sql",
        "transactions.type as transaction_type",
        "transactions.posting,\n    transactions.type as transaction_type",
    ),
    (
        "build/identity/int_netsuite_invoices.sql",
        "where transaction_type = 'CustInvc'",
        "where transaction_type = 'CustInvc' and posting is distinct from 'F'",
    ),
    (
        "build/netsuite/stg_netsuite__applications.sql",
        "where lower(linktype) = 'payment'",
        "where lower(linktype) = 'payment' and nexttype is distinct from 'Journal'",
    ),
)  # fmt: skip


def chosen(cases: list[str]) -> list[str]:
    """All cases in `make soak`, one of them in `make test`."""
    return cases if os.environ.get("SOAK") else random.Random(11).sample(cases, 1)


# ---------- the world


@dataclass
class World:
    """A warehouse after a first build, one change per customer, and a later build."""

    project: Path
    warehouse: Path
    company: Company
    before: dict[str, list[str]]
    uses_before: dict[str, str]
    after: dict[str, list[str]]
    expected_scope: set[str]
    scope: set[str]

    def rows_about(self, marts: dict[str, list[str]], name: str) -> list[str]:
        """Rows of the marts that hold an id of a customer's object."""
        return [f"{mart}: {row}" for mart, rows in marts.items() for row in rows if re.search(rf"_{name}\b", row)]


def input_tables(manifest: Any, source: str) -> dict[str, dict[str, Any]]:
    """The tables of a source, or the seeds (source `mapping`), that a rule descends from, with their meta."""
    nodes: dict[str, Any] = manifest.nodes | manifest.sources
    queue = [i for i, n in nodes.items() if n.resource_type == "model" and n.fqn[1] in ("build", "reference")]
    found: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    while queue:
        node_id = queue.pop()
        node = nodes[node_id]
        if node_id in seen:
            continue
        seen.add(node_id)
        if getattr(node, "source_name", None) == source or (node.resource_type == "seed" and source == "mapping"):
            found[node.name] = node.config.meta or {}
        if node.resource_type == "model" and node.fqn[1] in ("build", "reference", "parsed"):
            queue += node.depends_on.nodes
    return found


def parsed_fields() -> Iterator[tuple[str, tuple[str | int, ...], str]]:
    """Table, path and type of every field that a parsed model takes from a payload of Stripe."""

    def leaves(structure: Json, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if isinstance(structure, dict):
            for key, value in structure.items():
                yield from leaves(value, (*path, key))
        elif isinstance(structure, list):
            yield from leaves(structure[0], (*path, 0))
        else:
            yield path, structure

    for file in sorted((testing.PROJECT / "models" / "parsed" / "stripe").glob("*.sql")):
        text = re.search(r"parse_json\('payload', '\s*(\{.*?\})\s*'\)", file.read_text(), re.DOTALL)
        assert text, file
        for path, type in leaves(json.loads(text[1]), ()):
            yield file.stem.removeprefix("parsed_stripe__"), path, type


def changed_field(value: Json, path: tuple[str | int, ...], type: str) -> Json:
    """A copy of a JSON value that has another value at this path."""
    if not path:
        if type == "BIGINT":
            return (value or 0) + 1
        if type.startswith("DECIMAL"):
            return (value or 0) + 1.5
        return not value if type == "BOOLEAN" else f"{value or 'id_'}7"
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        first, *others = value or [None]
        return [changed_field(first, rest, type), *others]
    if key == "metadata":
        return {**value, key: {"changed": "7"}}
    return {**(value or {}), key: changed_field((value or {}).get(key), rest, type)}


def changed_cell(column: str, value: str | None) -> str:
    """A cell with another value, of the type of the column."""
    if column.endswith("date"):
        return "2026-02-02"
    return "0.70" if column.startswith("foreign") else OTHER.get(column, f"{value or ''}7")


def rich_customer(company: Company, n: str) -> None:
    """A customer with a refunded and taxed credit note, and with something in every table."""
    company.full(n, refund=f"re_{n}", tax=f"txr_{n}")
    company.refund(f"re_{n}")
    note = company.stripe["credit_notes"][f"cn_{n}"]
    note["lines"]["data"][0]["discount_amounts"] = [{"amount": 1, "discount": f"di_{n}"}]
    note["discount_amounts"] = [{"amount": 1, "discount": {"id": f"di_{n}", "source": {"coupon": f"co_{n}"}}}]
    company.ledger(f"cbtxn_{n}", f"cus_{n}", "adjustment", -300, -300, checkout_session=f"cs_{n}")
    for table, fields in {
        "invoice_payments": {"invoice": f"in_{n}", "status": "paid", "amount_paid": 600, "currency": "usd"},
        "checkout_sessions": {"customer": f"cus_{n}", "invoice": None},
        "tax_rates": {"percentage": 25.0, "rate_type": "percentage"},
        "prices": {"product": f"prod_{n}"},
        "products": {"name": n},
        "coupons": {"metadata": {}},
        "balance_transactions": {"source": f"re_{n}", "type": "refund", "_parent": "po_1"},
    }.items():
        id = STRIPE_ID[table].format(n=n)
        company.stripe[table][id] = {"id": id} | fields


def changes(company: Company, manifest: Any) -> Iterator[tuple[str, Change, bool]]:
    """Put customers into the company; yield the name of each, one change and whether it becomes stale by it."""
    concerning = input_tables(manifest, "raw_stripe")
    for number, (table, path, type) in enumerate(parsed_fields()):
        n = f"{table.title().replace('_', '')}{number}"
        rich_customer(company, n)
        id, objects = STRIPE_ID[table].format(n=n), company.stripe[table]

        def change_field(objects: Any = objects, id: str = id, path: Any = path, type: str = type) -> None:
            objects[id] = changed_field(objects[id], path, type)

        yield n, change_field, table in concerning

    for table, meta in input_tables(manifest, "raw_netsuite").items():
        for column in testing.NETSUITE_TABLES[table].split() if meta.get("names") else ():
            n = f"{table.title()}{column.title().replace('_', '')}"
            company.full(n)
            company.netsuite["items"][f"I{n}"] = {"id": f"I{n}", "externalid": f"price_{n}"}
            company.transaction(f"X{n}", externalid=f"cn_{n}", type="CustCred", entity=f"N{n}", foreigntotal="-1.00")
            company.netsuite["transactions"][f"T{n}"]["foreignamountunpaid"] = "0.00"
            company.netsuite["applications"][f"A{n}"] = {
                "previousdoc": f"T{n}", "nextdoc": f"X{n}", "linktype": "Payment", "foreignamount": "1.00",
            }  # fmt: skip
            row = company.netsuite[table][NETSUITE_ID[table].format(n=n)]

            def change_cell(row: Any = row, column: str = column) -> None:
                row[column] = changed_cell(column, row.get(column))

            yield n, change_cell, True

    for table, meta in input_tables(manifest, "mapping").items():
        for number, column in enumerate(testing.MAPPING_HEADERS[table].split(",")) if meta.get("names") else ():
            n = f"{table.title()}{column.title()}".replace("_", "")
            company.full(n)
            old = MAPPING_ROW[table].format(n=n)
            company.map(table, old)
            cells = old.split(",")
            cells[number] = changed_cell(column, cells[number])

            def change_row(
                rows: list[str] = company.mappings[table], old: str = old, new: str = ",".join(cells)
            ) -> None:
                rows[rows.index(old)] = new

            yield n, change_row, True

    for status in ("attempted", "created", "adopted", "applied", "rejected", "verified", "differs"):
        n = f"Journal{status.title()}"
        company.full(n)
        entry = ("creditMemo", f"cn_{n}", status, f"J{n}")
        yield n, lambda entry=entry: company.journal.append(entry), True  # type: ignore[misc]


def read_more_columns(project: Path) -> None:
    """Give the project the rules of MORE_COLUMNS."""
    for name, old, new in MORE_COLUMNS:
        file = project / "models" / name
        assert old in file.read_text(), f"{name} has no {old!r}"
        file.write_text(file.read_text().replace(old, new))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> World:
    folder = tmp_path_factory.mktemp("staleness")
    project, warehouse, company = folder / "dbt_project", folder / "warehouse.duckdb", Company()
    company.map("field_map", "memo,custbody_changed,text,credit_note.metadata.changed,")
    for n in ("Quiet", "Blank1", "Blank2", "Blank3"):
        company.full(n)
    for file, row in {
        "customer_map": '" cus_Blank1"," 9 "',
        "invoice_map": '"in_Blank2 ","9 "',
        "manual_decisions": '" cn_Blank3 "," skip ",',
    }.items():
        company.map(file, row)
    company.full("Unnamed")
    company.netsuite["items"]["IUnnamed"] = {"id": "IUnnamed", "itemid": "price_Unnamed"}
    planned = list(changes(company, manifest))
    planned.append(("Unnamed", lambda: company.note("Unnamed", memo="changed"), True))
    known = set(company.stripe["customers"])
    others = [case(company, name_of(case)) for case in CASES]

    company.land(warehouse, project)
    read_more_columns(project)
    testing.run_dbt(testing.WITHOUT_TESTS, project, warehouse, variables=VARIABLES)
    before, uses_before = marts(warehouse), uses(warehouse)
    for change in [*(change for _, change, _ in planned), *others]:
        change()
    company.land(warehouse, project)
    read_more_columns(project)
    testing.run_dbt(testing.WITHOUT_TESTS, project, warehouse, variables=VARIABLES)
    return World(
        project, warehouse, company, before, uses_before, marts(warehouse),
        expected_scope={f"cus_{n}" for n, _, is_derived in planned if is_derived},
        scope=customers_in_scope(warehouse) & known,
    )  # fmt: skip


# ---------- data


@pytest.fixture(scope="module")
def refreshed(world: World) -> tuple[Path, dict[str, list[str]]]:
    """A first build from the same raw rows: its warehouse and its marts."""
    return first_warehouse(world.warehouse), first_build(world.project, world.warehouse)


def test_a_later_build_gives_what_a_full_refresh_gives(
    world: World, refreshed: tuple[Path, dict[str, list[str]]]
) -> None:
    assert not differences(world.after, refreshed[1])


def uses(warehouse: Path) -> dict[str, str]:
    """Ledger row -> the document that shows it, in the two cases about sessions. Each has one row of a session."""
    query = """
        select uses.balance_transaction_id as id, outcomes.document_id
        from books.attributed_uses as uses
        inner join marts.credit_outcomes as outcomes on uses.document_id = outcomes.document_id
        where uses.stripe_customer_id in ('cus_UseWithoutInvoiceGetsOne', 'cus_SessionIsReadAfterItsRow')
    """
    return {row["id"]: row["document_id"] for row in testing.rows(warehouse, query)}


IN_SCOPE = "{} in (select {} from books.{} where customer_key in (from scope.customers))"
OF_DOCUMENTS = IN_SCOPE.format("document_id", "document_id", "credit_documents")
OF_INVOICES = f"external_id in (select external_id from marts.zero_amount_invoices where {OF_DOCUMENTS})"
OF_RECORDS = "external_id in (select external_id from build.int_external_ids) or record_type = 'serviceSaleItem'"
#: Which rows of a mart belong to the customers in scope, where document_id does not say it.
ROWS_IN_SCOPE = {
    "customer_refunds": IN_SCOPE.format("stripe_refund_id", "stripe_refund_id", "refund_links"),
    "zero_amount_invoice_lines": OF_INVOICES,
    "netsuite_field_values": OF_RECORDS,
    "posting_plan": OF_RECORDS,
    "refund_reconciliation": IN_SCOPE.format("stripe_refund_id", "stripe_refund_id", "refund_links")
    + " or stripe_refund_id not in (select stripe_refund_id from books.refund_links)",
    "credit_balance_check": "stripe_customer_id in (from scope.customers)",
}


def assert_checked_rows_are_those_of_the_marts(warehouse: Path) -> None:
    """The data tests look at the rows of schema checked; these must be just the rows that the marts show."""
    with testing.opened(warehouse) as connection:
        for model in sorted((testing.PROJECT / "models" / "checked").glob("*.sql")):
            name = model.stem.removeprefix("checked_")
            if name == "month_end_tie_out":
                continue  # its rows are sums over documents
            view = f"{'outcomes' if name.startswith('outcomes_') else 'marts'}.{name.removeprefix('outcomes_')}"
            where = ROWS_IN_SCOPE.get(name, OF_DOCUMENTS)
            connection.execute(f"create or replace temp table shown as from {view} where {where}")
            for one, other in ((f"checked.{name}", "temp.shown"), ("temp.shown", f"checked.{name}")):
                assert connection.execute(f"from {one} except all from {other}").fetchall() == [], (name, one)


def test_data_tests_look_at_the_rows_of_the_marts(world: World, refreshed: tuple[Path, dict[str, list[str]]]) -> None:
    assert_checked_rows_are_those_of_the_marts(world.warehouse)
    assert_checked_rows_are_those_of_the_marts(refreshed[0])


def test_a_session_that_is_read_later_names_the_invoice(world: World) -> None:
    """The document without an invoice is no more (rule B9)."""
    assert world.uses_before == {
        "cbtxn_UseWithoutInvoiceGetsOne2": "cbtxn_UseWithoutInvoiceGetsOne2_balance",
        "cbtxn_SessionIsReadAfterItsRow2": "in_SessionIsReadAfterItsRow_balance",
    }
    assert uses(world.warehouse) == {
        "cbtxn_UseWithoutInvoiceGetsOne2": "in_UseWithoutInvoiceGetsOne_balance",
        "cbtxn_SessionIsReadAfterItsRow2": "in_SessionIsReadAfterItsRow2_balance",
    }


def test_a_changed_column_puts_its_customer_in_scope_and_no_other(world: World) -> None:
    assert world.expected_scope - world.scope == set()
    assert world.scope - world.expected_scope == set()
    assert "cus_Quiet" not in world.scope


@pytest.mark.parametrize(
    "name", ["ItemsSubsidiary", "CustomersIsinactive", "TransactionsPosting", "ApplicationsNexttype"]
)
def test_a_rule_that_reads_one_more_column_sees_it_change(world: World, name: str) -> None:
    assert world.rows_about(world.before, name) != world.rows_about(world.after, name)
    if name == "ItemsSubsidiary":
        item = "IItemsSubsidiary'"
        assert [row for row in world.before["credit_memo_lines"] if item in row]
        assert not [row for row in world.after["credit_memo_lines"] if item in row]


def test_a_rule_that_joins_by_an_undeclared_column_never_sees_the_row(world: World) -> None:
    for found in (world.before, world.after):
        assert not [row for row in found["credit_memo_lines"] if "IUnnamed'" in row]


def test_blanks_around_mapping_cells_do_not_count(world: World) -> None:
    for n, reason in (
        ("Blank1", "customer_not_in_netsuite"),
        ("Blank2", "invoice_not_in_netsuite"),
        ("Blank3", "skipped_by_hand"),
    ):
        (row,) = [r for r in world.after["credit_outcomes"] if f"'cn_{n}'" in r]
        assert reason in row


def stale_customers(connection: Any, inputs: str = "scope.customer_inputs") -> tuple[int, int]:
    """How many customers are stale now, and how many there are."""
    return connection.execute(
        "select count(*) filter (inputs.inputs_fingerprint is distinct from derived.inputs_fingerprint), count(*) "
        f"from {inputs} as inputs full outer join books.inputs as derived on inputs.customer_key = derived.customer_key"
    ).fetchone()


def test_every_column_of_an_input_without_ids_concerns_everybody(world: World, manifest: Any) -> None:
    tables = [
        (schema, table)
        for schema in ("raw_netsuite", "mapping")
        for table, meta in input_tables(manifest, schema).items()
        if not meta.get("names")
    ]
    assert len(tables) >= 8
    with testing.opened(world.warehouse) as connection:
        assert stale_customers(connection)[0] == 0
        for schema, table in tables:
            relation = f"{schema}.{table}"
            columns = [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
            for column in columns:
                connection.execute("begin")
                (rows,) = connection.execute(f"select count(*) from {relation}").fetchone()
                if rows:
                    connection.execute(
                        f"update {relation} set {column} = coalesce({column}, '') || '7' "
                        f"where rowid = (select min(rowid) from {relation})"
                    )
                else:
                    connection.execute(f"insert into {relation} ({column}) values ('7')")
                stale, everybody = stale_customers(connection)
                connection.execute("rollback")
                assert stale == everybody, f"{relation}.{column}"


def test_nothing_is_stale_when_nothing_changed_and_in_a_renamed_file(world: World, tmp_path: Path) -> None:
    renamed = Path(shutil.copy(world.warehouse, tmp_path / "renamed.duckdb"))
    assert derive_scope(world.project, renamed) == set()


# ---------- code and vars


def stale_by_compiled_code(project: Path, warehouse: Path, variables: dict[str, Any]) -> tuple[int, int]:
    """How many customers this code and these vars make stale, and how many there are."""
    command = ["compile", "--select", "scope_customer_inputs"]
    testing.run_dbt(command, project, warehouse, variables=variables, parsed_under=VARIABLES)
    (compiled,) = (project / "target" / "compiled").rglob("scope_customer_inputs.sql")
    with testing.opened(warehouse) as connection:
        return stale_customers(connection, f"({compiled.read_text()})")


@pytest.fixture
def copied(world: World, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the project and of the warehouse, for a test that changes them."""
    project = Path(shutil.copytree(world.project, tmp_path / "dbt_project"))
    return project, Path(shutil.copy(world.warehouse, tmp_path / world.warehouse.name))


VARS = yaml.safe_load((testing.PROJECT / "dbt_project.yml").read_text())["vars"]
FILES = sorted(
    str(file.relative_to(testing.PROJECT))
    for folder in ("models", "macros")
    for file in (testing.PROJECT / folder).rglob("*.sql")
)


@pytest.mark.parametrize("name", chosen(sorted(VARS)))
def test_a_changed_var_concerns_everybody(world: World, name: str) -> None:
    value = VARIABLES.get(name, VARS[name])
    other = not value if isinstance(value, bool) else f"{value}7"
    stale, everybody = stale_by_compiled_code(world.project, world.warehouse, VARIABLES | {name: other})
    assert stale == everybody > 0


def test_unchanged_vars_and_a_new_var_of_a_model(copied: tuple[Path, Path]) -> None:
    project, warehouse = copied
    assert stale_by_compiled_code(project, warehouse, VARIABLES)[0] == 0
    model = project / "models" / "build" / "documents" / "int_new_2.sql"
    model.write_text("select '{{ var(\"New_rule2\", none) }}' as value")
    compiled = project / "target" / "compiled"
    texts = []
    for value in ("a", "b"):
        stale, everybody = stale_by_compiled_code(project, warehouse, VARIABLES | {"New_rule2": value})
        assert stale == everybody
        texts.append([file.read_text() for file in compiled.rglob("scope_customer_inputs.sql")])
    assert texts[0] != texts[1]


@pytest.mark.parametrize(
    "name", chosen([f for f in FILES if f.startswith("models")]) + chosen([f for f in FILES if f.startswith("macros")])
)
def test_a_changed_file_concerns_everybody(copied: tuple[Path, Path], name: str) -> None:
    project, warehouse = copied
    file = project / name
    text = file.read_text()
    file.write_text(
        text + "\n-- changed\n"
        if name.startswith("models")
        else re.sub(r"(\{%-? *end(macro|materialization))", r" \1", text)
    )
    stale, everybody = stale_by_compiled_code(project, warehouse, VARIABLES)
    assert stale == everybody > 0


def test_a_changed_parsed_model_parses_all_objects_again(copied: tuple[Path, Path]) -> None:
    """Also after a build that broke, when the old text is put back: the rows are of the text that was tried."""
    project, warehouse = copied
    file = project / "models" / "parsed" / "stripe" / "parsed_stripe__refunds.sql"
    text = file.read_text()
    amount = "{{ field('object.amount', 'bigint') }} as amount_minor"
    assert amount in text
    amounts = "select sum(amount_minor) as total, count(*) as refunds from parsed.stripe__refunds"

    def parse(model: str) -> dict[str, int]:
        file.write_text(model)
        testing.run_dbt(["run", "--select", "parsed_stripe__refunds"], project, warehouse, variables=VARIABLES)
        return testing.rows(warehouse, amounts)[0]

    (right,) = testing.rows(warehouse, amounts)
    other = parse(text.replace(amount, amount.replace(" as", " + 1 as")))
    assert (
        other["total"]
        == right["total"]
        + testing.rows(warehouse, "select count(amount_minor) as n from parsed.stripe__refunds")[0]["n"]
    )
    assert parse(text) == right


# ---------- additions without a declaration


def test_what_nobody_declared_concerns_everybody(copied: tuple[Path, Path]) -> None:
    """A new source, a model that reads all rows of an input, a book and a mart make everybody stale.

    So does a change of the rows that they read.
    """
    project, warehouse = copied
    models = project / "models"
    (models / "parsed" / "__new.yml").write_text(
        "version: 2\nsources: [{ name: new_source, schema: raw_netsuite, tables: [{ name: terms }] }]\n"
    )
    for name, text in {
        "parsed/parsed_new__terms.sql": "select id from {{ source('new_source', 'terms') }}",
        "build/documents/int_new.sql": "select count(*) as terms from {{ ref('parsed_new__terms') }}",
        # the rows of items carry ids, so that they concern few customers where a staging model reads them
        "build/documents/int_all_items.sql": "select min(id) as id from {{ source('raw_netsuite', 'items') }}",
        "books/books_new.sql": "{{ books_of(ref('int_memos')) }}",
        "marts/new_mart.sql": "select count(*) as memos from {{ ref('books_new') }}",
    }.items():
        (models / name).write_text(text)
    (models / "marts" / "__new.yml").write_text(
        "version: 2\nmodels: [{ name: new_mart, columns: [{ name: memos, data_type: bigint }] }]\n"
    )
    with testing.opened(warehouse) as connection:
        connection.execute("create table raw_netsuite.terms as select '1' as id, 'a' as name")
    stale, everybody = stale_by_compiled_code(project, warehouse, VARIABLES)
    assert stale == everybody > 0
    with testing.opened(warehouse) as connection:
        (compiled,) = (project / "target" / "compiled").rglob("scope_customer_inputs.sql")
        fingerprints = f"select customer_key, inputs_fingerprint from ({compiled.read_text()})"
        before = dict(connection.execute(fingerprints).fetchall())
        for change in (
            "update raw_netsuite.terms set name = 'b'",
            "update raw_netsuite.items set itemtype = 'b' where id = 'IUnnamed'",
        ):
            connection.execute("begin")
            connection.execute(change)
            after = dict(connection.execute(fingerprints).fetchall())
            connection.execute("rollback")
            assert not [customer for customer in before if before[customer] == after[customer]], change


@pytest.mark.parametrize("kind", ["seed", "parsed model"])
def test_an_input_that_scope_does_not_wait_for_is_refused(copied: tuple[Path, Path], kind: str) -> None:
    project, warehouse = copied
    if kind == "seed":
        (project / "seeds" / "new_input.csv").write_text("id\n1\n")
    else:
        (project / "models" / "parsed" / "new_input.sql").write_text(
            "{{ config(materialized='incremental') }} select 1 as id"
        )
    (project / "models" / "build" / "documents" / "int_new.sql").write_text("select id from {{ ref('new_input') }}")
    with pytest.raises(
        testing.BuildFailed, match=r"The rules read \w+\.\w+\.new_input: add it to the list in macros/scope"
    ):
        testing.run_dbt(["compile", "--select", "scope_customer_inputs"], project, warehouse, variables=VARIABLES)


# ---------- builds that break

KILLED = """
import os, sys
from dbt.cli.main import dbtRunner

def kill(event):
    if event.info.name == "NodeFinished" and event.data.node_info.node_name == "books_memos":
        os._exit(9)

dbtRunner(callbacks=[kill]).invoke(sys.argv[1:])
"""


def land_note(world: World, warehouse: Path, *, version: int, **fields: Any) -> None:
    """A newer version of the credit note of customer Quiet."""
    with testing.opened(warehouse) as connection:
        note = world.company.stripe["credit_notes"]["cn_Quiet"]
        testing.land_stripe(connection, "credit_notes", [note | fields], version=world.company.version + version)


def test_a_build_with_a_failing_data_test_leaves_its_customers_stale(world: World, copied: tuple[Path, Path]) -> None:
    project, warehouse = copied
    failing = project / "tests" / "test_fails.sql"
    # no model comes after what the data tests look at, so that all models are built
    checked = "{{ ref('checked_netsuite_field_values') }}"
    failing.write_text(f"select 'no' as message where (select count(*) from {checked}) >= 0")
    land_note(world, warehouse, version=1, status="void")
    with pytest.raises(testing.BuildFailed, match="test_fails"):
        testing.build(
            project, warehouse, variables=VARIABLES,
            extra=["--exclude", "test_type:generic", "path:tests/integrity", "path:tests/mapping"],
        )  # fmt: skip
    (outcome,) = testing.rows(warehouse, "select state from marts.credit_outcomes where document_id = 'cn_Quiet'")
    assert outcome == {"state": "skipped"}
    assert derive_scope(project, warehouse) == {"cus_Quiet"}, "the failed build does not count"
    land_note(world, warehouse, version=2)
    assert derive_scope(project, warehouse) == {"cus_Quiet"}, "nor do the books before it, whose inputs these are"


def number_of_customers(warehouse: Path) -> int:
    with testing.opened(warehouse) as connection:
        return stale_customers(connection)[1]


def test_builds_that_break_leave_their_customers_stale(world: World, copied: tuple[Path, Path]) -> None:
    """A killed one, then one of other rules that broke after it replaced some books.

    What they derived from is put back each time, so that no input differs from those of the build before them.
    """
    project, warehouse = copied
    land_note(world, warehouse, version=1, status="void")
    arguments = [
        *testing.WITHOUT_TESTS, "--project-dir", str(project), "--profiles-dir", str(project),
        "--vars", json.dumps(VARIABLES), "--log-level-file", "none", "--warn-error",
        "--target-path", str(project / "target"), "--threads", "1",
    ]  # fmt: skip
    with testing.parsed_before(project, warehouse, VARIABLES) as path:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, *arguments],
            cwd=ROOT,
            env=os.environ | {"WAREHOUSE_PATH": path},
            capture_output=True,
        )
    assert killed.returncode == 9, killed.stdout[-500:]
    land_note(world, warehouse, version=2)
    assert derive_scope(project, warehouse) == {"cus_Quiet"}

    models = project / "models"
    broken = {
        models / "build" / "lines" / "int_memo_lines.sql": (
            "roles.share_minor as amount_minor",
            "roles.share_minor + 1 as amount_minor",
        ),
        models / "books" / "books_memos.sql": ("{{ books_of(", "select no_such_column from {{ books_of("),
    }
    right = {file: file.read_text() for file in broken}
    for file, (old, new) in broken.items():
        assert old in right[file]
        file.write_text(right[file].replace(old, new))
    some_books = [*testing.WITHOUT_TESTS, "--select", "+books_memo_lines", "+books_memos"]
    with pytest.raises(testing.BuildFailed, match="Error in model books_memos"):
        testing.run_dbt(some_books, project, warehouse, variables=VARIABLES)
    assert len(customers_in_scope(warehouse)) == number_of_customers(warehouse)
    for file, text in right.items():
        file.write_text(text)
    testing.run_dbt(testing.WITHOUT_TESTS, project, warehouse, variables=VARIABLES)
    assert len(customers_in_scope(warehouse)) == number_of_customers(warehouse)
    assert not differences(marts(warehouse), world.after)


@pytest.mark.parametrize("lost", ["books.memos", "books.inputs", "books.names"])
def test_a_lost_book_makes_everybody_stale(world: World, copied: tuple[Path, Path], lost: str) -> None:
    project, warehouse = copied
    everybody = number_of_customers(warehouse)
    with testing.opened(warehouse) as connection:
        connection.execute(f"drop table {lost}")
    assert len(derive_scope(project, warehouse)) == everybody
