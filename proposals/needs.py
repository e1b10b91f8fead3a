"""What documents need of the mapping files, by what the last transform derived (`books.mapping_needs`).

It is held against the files as they are now, so a row that was added since counts.

Documents are those that are not skipped, also those that something else holds up. What waits for a thing are those
that are not posted either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from mapping_files.reader import read_file
from text_tables import major_units
from warehouse.query import ask

FILES = {
    "roles": "default_items",
    "prices": "item_map",
    "coupons": "item_map",
    "tax rates": "tax_map",
    "purposes": "account_map",
    "customers": "customer_map",
    "invoices": "invoice_map",
}
"""Kind of thing → the mapping file that covers it."""

# Rules L5, L8: the cells of tax_map.csv that the settings need.
_TAX_CELLS: Mapping[str, tuple[str, ...]] = {
    "tax_lines": ("netsuite_item_id",),
    "suitetax_override": ("netsuite_tax_code_id", "netsuite_tax_type_id"),
    "none": (),
}

Amount = tuple[str, int, int, int | None]
"""(currency, documents, minor units without sign, digits of the minor unit)"""


@dataclass(frozen=True)
class Missing:
    """A thing that no row covers. kind: of `FILES` · thing: price, product or coupon, role, tax rate, purpose, customer
    or invoice; None = Stripe names none · currency: of a purpose, lower case, '' = any · waiting: the documents that
    wait for it, by their currency."""

    kind: str
    thing: str | None
    currency: str = ""
    waiting: tuple[Amount, ...] = ()

    @property
    def documents(self) -> int:
        return sum(documents for _, documents, _, _ in self.waiting)


@dataclass(frozen=True)
class Coverage:
    """How much of a kind is covered. total, missing: things · examples: a few of the missing · waiting: the documents
    that wait for any of them."""

    kind: str
    total: int = 0
    missing: int = 0
    examples: tuple[str, ...] = ()
    waiting: tuple[Amount, ...] = field(default=())


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


def needed_cells(file: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of NetSuite ids that a row of this file must fill under these dbt vars (rules L5, L8)."""
    if file == "tax_map":
        strategy = settings.get("tax_strategy", "tax_lines")
        if strategy != "none" and settings.get("line_amount_basis") == "gross":
            return ("netsuite_tax_code_id",)
        return _TAX_CELLS[strategy]
    return {
        "account_map": ("netsuite_account_id",),
        "customer_map": ("netsuite_customer_id",),
        "invoice_map": ("netsuite_invoice_id",),
    }.get(file, ("netsuite_item_id",))


def what_follows(kind: str, settings: Mapping[str, Any]) -> str:
    """What becomes of documents whose thing of this kind no row covers."""
    if kind == "prices":
        return {
            "unallocated": "they go to the item of role unallocated_invoice_item",
            "create": "the push creates an item for each",
        }.get(settings.get("missing_item", "unallocated"), "they are blocked, item_unmapped")
    if kind == "coupons":
        return f"they go to the item of role discount_{settings.get('discount_posting', 'non_posting')}"
    return {
        "roles": "they are blocked, item_unmapped",
        "tax rates": "they are blocked, tax_rate_unmapped",
        "purposes": "they are blocked, account_unmapped",
    }.get(kind, "they wait until NetSuite has them or a row names them")


def find_coverage(
    connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any], folder: Path, examples: int
) -> Iterator[Coverage]:
    """Every kind that the settings ask for, in the order of `FILES`. Raises duckdb.Error."""
    ask(connection, _JUDGED, _covered(settings, folder))
    counted = {
        kind: (total, missing, tuple(shown or ()))
        for kind, total, missing, shown in ask(connection, _COUNTS, {"examples": examples})
    }
    waiting: dict[str, list[Amount]] = {}
    for kind, currency, documents, minor, digits in ask(connection, _WAITING.format(by="kind")):
        waiting.setdefault(kind, []).append((currency, documents, minor, digits))
    for kind in FILES:
        if needed_cells(FILES[kind], settings):
            yield Coverage(kind, *counted.get(kind, (0, 0, ())), waiting=tuple(waiting.get(kind, ())))


def find_missing(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any], folder: Path) -> list[Missing]:
    """Everything that no row covers, in the order of `FILES`, what most documents wait for first; then the roles and
    purposes that no document needs yet and the settings can need. Raises duckdb.Error."""
    ask(connection, _JUDGED, _covered(settings, folder))
    waiting: dict[tuple[str, str | None, str], list[Amount]] = {}
    for *key, currency, documents, minor, digits in ask(connection, _WAITING.format(by="kind, thing, thing_currency")):
        waiting.setdefault((key[0], key[1], key[2]), []).append((currency, documents, minor, digits))
    found = [Missing(*thing, waiting=tuple(amounts)) for thing, amounts in waiting.items()]
    there = {(missing.kind, missing.thing) for missing in found}
    found += [missing for missing in _never_named(settings, folder) if (missing.kind, missing.thing) not in there]
    order = list(FILES)
    return sorted(found, key=lambda each: (order.index(each.kind), -each.documents, each.thing or "", each.currency))


def unnamed(settings: Mapping[str, Any], folder: Path, kind: str) -> list[str]:
    """The roles or purposes that the settings can need and no row of the files names."""
    file, needed = FILES[kind], {"roles": needed_roles, "purposes": needed_purposes}[kind](settings)
    (cell,) = needed_cells(file, settings)
    there = {
        row[column] for row in _rows(folder, file) for column in list(row)[:1] if row.get(column) and row.get(cell)
    }
    return [name for name in needed if name not in there]


def money(minor: int, digits: int | None, currency: str | None) -> str:
    """An amount for people: `1,240.00 USD`. digits: None = the currency is unknown."""
    of = "of " if digits is None else ""
    return f"{major_units(minor, digits)} {of}{(currency or '').upper()}".strip()


def _never_named(settings: Mapping[str, Any], folder: Path) -> Iterator[Missing]:
    for kind in ("roles", "purposes"):
        yield from (Missing(kind, name) for name in unnamed(settings, folder, kind))


def _rows(folder: Path, file: str) -> list[dict[str, str]]:
    """The rows of a mapping file that can be read, each with the columns in their order."""
    read = read_file(folder / f"{file}.csv")
    return [{column: row.cells.get(column, "") for column in read.schema.columns} for row in read.rows]


def _covered(settings: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """What the files have now: the parameters of `_JUDGED`."""

    def named(file: str, column: str) -> list[str]:
        cells = needed_cells(file, settings)
        return [row[column] for row in _rows(folder, file) if all(row[cell] for cell in cells)]

    return {
        "roles": named("default_items", "role"),
        "items": named("item_map", "stripe_id"),
        "rates": named("tax_map", "stripe_tax_rate_id"),
        "accounts": [
            f"{row['purpose']} {row['currency'].lower()}"
            for row in _rows(folder, "account_map")
            if row["netsuite_account_id"]
        ],
        "customers": named("customer_map", "stripe_customer_id"),
        "invoices": named("invoice_map", "stripe_invoice_id"),
    }


# One row per document and thing. A price without a nickname has no name of its own, so its product is named, whose row
# serves all its prices; but not where NetSuite has an item under one of its prices, which such a row would outdo (L1).
_JUDGED = """
create or replace temp table judged as
with needs as (
    select distinct document_id, mapping_file, needed, stripe_product_id, currency, otherwise, is_found_without_row
    from books.mapping_needs
),
prices as (
    select
        needs.*,
        mapping_file = 'item_map' and coalesce(otherwise, '') not like 'discount_%' as is_price,
        bool_or(is_found_without_row) over (partition by mapping_file, stripe_product_id) as is_product_found,
        exists (
            select 1 from parsed.stripe__prices as prices
            where prices.stripe_price_id = needs.needed and nullif(trim(prices.nickname), '') is not null
        ) as has_nickname
    from needs
),
held as (
    select
        document_id,
        case mapping_file
            when 'default_items' then 'roles'
            when 'item_map' then case when is_price then 'prices' else 'coupons' end
            when 'tax_map' then 'tax rates'
            when 'account_map' then 'purposes'
        end as kind,
        case
            when is_price and not has_nickname and not is_product_found then coalesce(stripe_product_id, needed)
            when is_price then coalesce(needed, stripe_product_id)
            else needed
        end as thing,
        case when mapping_file = 'account_map' then currency else '' end as thing_currency,
        currency,
        otherwise,
        coalesce(case mapping_file
            when 'default_items' then needed in (select unnest($roles))
            when 'item_map'
                then
                    is_found_without_row
                    or coalesce(needed in (select unnest($items)), false)
                    or (is_price and coalesce(stripe_product_id in (select unnest($items)), false))
            when 'tax_map' then coalesce(needed, '') in (select unnest($rates)) or '' in (select unnest($rates))
            when 'account_map'
                then
                    needed || ' ' || currency in (select unnest($accounts))
                    or needed || ' ' in (select unnest($accounts))
        end, false) as is_covered
    from prices
),
things as (
    select document_id, kind, thing, thing_currency, is_covered from held
    -- a line without price and product takes what serves otherwise; no row of item_map.csv could name it
    where thing is not null or otherwise is null

    union

    select
        document_id,
        case when otherwise = 'item_income' then 'purposes' else 'roles' end as kind,
        otherwise as thing,
        case when otherwise = 'item_income' then currency else '' end as thing_currency,
        case
            when otherwise = 'item_income'
                then
                    otherwise || ' ' || currency in (select unnest($accounts))
                    or otherwise || ' ' in (select unnest($accounts))
            else otherwise in (select unnest($roles))
        end as is_covered
    from held
    where otherwise is not null and not is_covered

    union

    select
        documents.document_id,
        'customers' as kind,
        documents.stripe_customer_id as thing,
        '' as thing_currency,
        customers.netsuite_customer_id is not null
        or coalesce(documents.stripe_customer_id in (select unnest($customers)), false) as is_covered
    from marts.credit_outcomes as documents
    left join books.netsuite_customers as customers on documents.stripe_customer_id = customers.stripe_customer_id
    where documents.stripe_customer_id is not null

    union

    select
        documents.document_id,
        'invoices' as kind,
        documents.stripe_invoice_id as thing,
        '' as thing_currency,
        invoices.netsuite_invoice_id is not null
        or coalesce(documents.stripe_invoice_id in (select unnest($invoices)), false) as is_covered
    from marts.credit_outcomes as documents
    left join books.netsuite_invoices as invoices on documents.stripe_invoice_id = invoices.stripe_invoice_id
    where documents.document_type <> 'negative_invoice' and documents.stripe_invoice_id is not null
)

select
    things.*,
    trim(coalesce(things.thing, '(none)') || ' ' || things.thing_currency) as shown,
    outcomes.currency as document_currency,
    abs(outcomes.amount_minor) as amount_minor,
    not things.is_covered and outcomes.state <> 'posted' as is_waiting
from things
inner join marts.credit_outcomes as outcomes on things.document_id = outcomes.document_id
where outcomes.state <> 'skipped'
"""

_COUNTS = """
select
    kind,
    count(distinct shown),
    count(distinct shown) filter (where is_waiting),
    list_sort(list_distinct(list(shown) filter (where is_waiting)))[:$examples]
from judged
group by kind
"""

_WAITING = """
select
    {by}, waiting.document_currency, count(*), sum(waiting.amount_minor)::bigint, any_value(currencies.stripe_exponent)
from (
    select distinct {by}, document_id, document_currency, amount_minor from judged where is_waiting
) as waiting
left join reference.currencies as currencies on waiting.document_currency = currencies.currency
group by {by}, waiting.document_currency
order by {by}, waiting.document_currency
"""
