"""Checks that the mapping files have what documents need: roles and purposes by the settings, the rest by what the last
transform derived. Mapping files are read as they are now, so a row that was added since counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from doctor.finding import Finding, Level
from doctor.mappings import read_rows

EXAMPLES = 3

# Rule L5, L8: the cells of tax_map.csv that the settings need.
_TAX_CELLS: Mapping[str, tuple[str, ...]] = {
    "tax_lines": ("netsuite_item_id",),
    "suitetax_override": ("netsuite_tax_code_id", "netsuite_tax_type_id"),
    "none": (),
}


@dataclass(frozen=True)
class Need:
    """One kind of thing that documents need.

    sql: rows (document_id, thing, is_covered) · covered: values of the parameter $covered, the ids that a mapping file
    names · level: of a thing that is not covered · what_follows: says so.
    """

    file: str
    things: str
    sql: str
    covered: list[str]
    level: Level
    what_follows: str
    is_error_if_none: bool = True


def needed_roles(settings: Mapping[str, Any]) -> list[str]:
    """The roles of default_items.csv that documents can need under these dbt vars (rules L1-L9, B4)."""
    roles = ["custom_credit_note_line", "credit_note", "customer_balance", "billing_credit", "shipping"]
    if settings.get("missing_item") != "block":
        roles.insert(0, "unallocated_invoice_item")
    return [*roles, f"discount_{settings.get('discount_posting', 'non_posting')}"]


def needed_purposes(settings: Mapping[str, Any]) -> list[str]:
    """The purposes of account_map.csv that documents can need under these dbt vars (rules R1, G2, L1)."""
    purposes = ["refund"]
    if settings.get("pre_go_live_credit_notes") == "income_account":
        purposes.append("pre_go_live_income")
    if settings.get("missing_item") == "create":
        purposes.append("item_income")
    return purposes


def check_needed(settings: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """An error for each role without an item, and for each purpose without an account."""
    for file, column, id_column, needed, reason in (
        ("default_items.csv", "role", "netsuite_item_id", needed_roles(settings), "item_unmapped"),
        ("account_map.csv", "purpose", "netsuite_account_id", needed_purposes(settings), "account_unmapped"),
    ):
        there = {row[column] for _, row in read_rows(folder / file) if row.get(column) and row.get(id_column)}
        missing = [name for name in needed if name not in there]
        for name in missing:
            message = f"is missing: documents that need it are blocked, {reason}; add a row with its {id_column}"
            yield Finding("error", f"{file}, {column} {name}", message)
        if not missing:
            yield Finding("ok", f"{file}, {column}s", f"all {len(needed)} that the settings can need have a row")


def check_coverage(warehouse: Path, settings: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """For each mapping file: how much of what documents need it covers, and what is held up, by currency.

    Documents are those of the last transform that are not skipped; held up are those that are not posted either. The
    warehouse is only read.
    """
    subject = "coverage of the mapping files"
    if not warehouse.is_file():
        why = f"there is no warehouse at {warehouse} yet; run `make plan`, then `make doctor` again"
        yield Finding("not checked", subject, why)
        return
    try:
        with closing(duckdb.connect(warehouse, read_only=True)) as connection:
            for need in _needs(settings, folder):
                yield _judge(need, connection)
    except duckdb.CatalogException:
        yield Finding("not checked", subject, "no transform of this version has ended yet; run `make plan`")
    except duckdb.Error as error:
        words = str(error).splitlines()[0][:200]
        yield Finding("not checked", subject, f"{warehouse} cannot be read now ({words}); try again after the run")


def _needs(settings: Mapping[str, Any], folder: Path) -> Iterator[Need]:
    def rows(file: str) -> list[Mapping[str, str]]:
        return [row for _, row in read_rows(folder / file)]

    def named(file: str, column: str, *cells: str) -> list[str]:
        return [row.get(column, "") for row in rows(file) if all(row.get(cell) for cell in cells)]

    missing_item = settings.get("missing_item", "unallocated")
    item_rows = named("item_map.csv", "stripe_id", "netsuite_item_id")
    yield Need(
        "default_items.csv",
        "roles",
        "select document_id, role as thing, role in (select unnest($covered)) as is_covered "
        "from books.memo_lines where role is not null",
        named("default_items.csv", "role", "netsuite_item_id"),
        "error",
        "they are blocked, item_unmapped",
    )
    yield Need(
        "item_map.csv",
        "prices",
        _PRICES,
        item_rows,
        "ok" if missing_item == "create" else "warning",
        {
            "unallocated": "they go to the item of role unallocated_invoice_item",
            "create": "the push creates an item for each",
        }.get(missing_item, "they are blocked, item_unmapped"),
        is_error_if_none=missing_item == "block",
    )
    cells = (
        ("netsuite_tax_code_id",)
        if settings.get("line_amount_basis") == "gross"
        else _TAX_CELLS[settings.get("tax_strategy", "tax_lines")]
    )
    if cells and settings.get("tax_strategy") != "none":
        yield Need(
            "tax_map.csv",
            "tax rates",
            _TAX_RATES,
            named("tax_map.csv", "stripe_tax_rate_id", *cells),
            "warning",
            "they are blocked, tax_rate_unmapped",
        )
    yield Need(
        "account_map.csv",
        "currencies of refunds",
        _REFUNDS,
        [r.get("currency", "").lower() for r in rows("account_map.csv") if r.get("purpose") == "refund"],
        "error",
        "they are blocked, account_unmapped",
    )
    for things, sql in (("customers", _CUSTOMERS), ("invoices", _INVOICES)):
        file = f"{things.removesuffix('s')}_map.csv"
        yield Need(
            file,
            things,
            sql,
            named(file, f"stripe_{things.removesuffix('s')}_id", f"netsuite_{things.removesuffix('s')}_id"),
            "warning",
            "they wait until NetSuite has them or a row names them",
        )


# L1: a row for the price or its product, or an active item under the external id of either.
_PRICES = """
select
    document_id,
    coalesce(nullif(stripe_price_id, ''), nullif(stripe_product_id, ''), '(none)') as thing,
    stripe_price_id in (select unnest($covered)) or stripe_product_id in (select unnest($covered))
    or exists (
        select 1 from raw_netsuite.items as items
        where items.externalid in (sold.stripe_price_id, sold.stripe_product_id)
        and coalesce(items.isinactive, 'F') <> 'T'
    ) as is_covered
from (
    select document_id, stripe_price_id, stripe_product_id from books.memo_lines
    where role is null and line_kind <> 'tax'
    union
    select document_id, stripe_price_id, stripe_product_id from books.zero_invoice_lines
) as sold
"""

# L8: the rate's own row, else the row with an empty rate id.
_TAX_RATES = """
select
    document_id,
    coalesce(stripe_tax_rate_id, '(none)') as thing,
    coalesce(stripe_tax_rate_id, '') in (select unnest($covered)) or '' in (select unnest($covered)) as is_covered
from (
    select document_id, stripe_tax_rate_id from books.memo_lines
    where line_kind = 'tax' or (is_gross and stripe_tax_rate_id is not null)
    union
    select document_id, stripe_tax_rate_id from books.memo_tax_details
) as taxes
"""

_REFUNDS = """
select
    links.credit_note_id as document_id,
    documents.currency as thing,
    documents.currency in (select unnest($covered)) or '' in (select unnest($covered)) as is_covered
from books.refund_links as links
inner join marts.credit_outcomes as documents on links.credit_note_id = documents.document_id
where not links.is_out_of_band and not links.is_before_go_live
"""

_CUSTOMERS = """
select
    documents.document_id,
    coalesce(documents.stripe_customer_id, '(none)') as thing,
    customers.netsuite_customer_id is not null or documents.stripe_customer_id in (select unnest($covered))
        as is_covered
from marts.credit_outcomes as documents
left join books.netsuite_customers as customers on documents.stripe_customer_id = customers.stripe_customer_id
"""

_INVOICES = """
select
    documents.document_id,
    coalesce(documents.stripe_invoice_id, '(none)') as thing,
    invoices.netsuite_invoice_id is not null or documents.stripe_invoice_id in (select unnest($covered)) as is_covered
from marts.credit_outcomes as documents
left join books.netsuite_invoices as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
where documents.document_type <> 'negative_invoice'
"""

_COUNTS = """
select
    count(distinct needed.thing),
    count(distinct needed.thing) filter (where {uncovered}),
    list_sort(list_distinct(list(needed.thing) filter (where {uncovered})))[:$examples]
from ({sql}) as needed
inner join marts.credit_outcomes as outcomes on needed.document_id = outcomes.document_id
where outcomes.state <> 'skipped'
"""

_HELD_UP = """
select
    outcomes.currency, count(*), sum(abs(outcomes.amount_minor))::bigint, any_value(currencies.stripe_exponent)
from marts.credit_outcomes as outcomes
left join reference.currencies as currencies on outcomes.currency = currencies.currency
where outcomes.document_id in (select needed.document_id from ({sql}) as needed where {uncovered})
group by outcomes.currency order by outcomes.currency
"""

_UNCOVERED = "not coalesce(needed.is_covered, false) and outcomes.state not in ('skipped', 'posted')"


def _judge(need: Need, connection: duckdb.DuckDBPyConnection) -> Finding:
    subject = f"{need.file}, coverage"
    values: dict[str, Any] = {"covered": need.covered}

    def ask(sql: str, **more: int) -> list[tuple[Any, ...]]:
        return connection.execute(sql.format(sql=need.sql, uncovered=_UNCOVERED), values | more).fetchall()

    ((total, missing, examples),) = ask(_COUNTS, examples=EXAMPLES)
    if not missing:
        said = f"all {total} {need.things} that documents need" if total else f"no document needs {need.things}"
        return Finding("ok", subject, f"{said}{' are covered' if total else ' yet'}")
    held_up = ask(_HELD_UP)
    documents = sum(number for _, number, _, _ in held_up)
    amounts = ", ".join(f"{_money(minor, exponent)} {(code or '').upper()}" for code, _, minor, exponent in held_up)
    named = f"{', '.join(examples)}{', ...' if missing > len(examples) else ''}"
    plural = "" if documents == 1 else "s"
    level: Level = "error" if need.is_error_if_none and missing == total else need.level
    words = f"{missing} of {total} {need.things} unmapped: {documents} document{plural}, {amounts}"
    return Finding(level, subject, f"{words}; {need.what_follows}: {named}")


def _money(minor: int, exponent: int | None) -> str:
    return f"{minor:,} minor units of" if exponent is None else f"{Decimal(minor).scaleb(-exponent):,f}"
