"""The rows that mapping files lack, each with Stripe's name for it and NetSuite's candidates.

A NetSuite id is filled in only where exactly one record has that name or external id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from mapping_files.reader import cell_problem, shown
from mapping_files.schema import SCHEMAS
from mapping_files.writing import NewRow
from proposals.needs import FILES, Missing, needed_cells
from proposals.records import SHOWN, Record, Records
from warehouse.query import ask

# The names that the Stripe Connector for NetSuite gives its items (facts/stripe.md, section 5).
_CONNECTOR_ITEMS = {
    "unallocated_invoice_item": "Stripe Unallocated Invoice Item",
    "custom_credit_note_line": "Stripe Custom Credit Note Line Item",
    "customer_balance": "Stripe Customer Balance",
    "shipping": "Stripe Shipping",
}
_ROLES = {
    "unallocated_invoice_item": "lines whose price has no item",
    "custom_credit_note_line": "custom lines of credit notes",
    "credit_note": "credit notes without lines",
    "customer_balance": "used customer balance",
    "discount_posting": "discounts",
    "discount_non_posting": "discounts",
    "billing_credit": "billing credits",
    "shipping": "shipping",
}
_PURPOSES = {
    "refund": "the account that refunds are paid from",
    "pre_go_live_income": "refunds of invoices from before go-live",
    "item_income": "income of items that the push creates",
}
_ACCOUNT_TYPES = {
    "refund": ("Bank", "OthCurrAsset"),
    "pre_go_live_income": ("Income", "OthIncome"),
    "item_income": ("Income", "OthIncome"),
}
_NO_SALE = ("Discount", "Markup", "Subtotal", "Payment", "Description", "Group", "EndGroup")


@dataclass(frozen=True)
class Named:
    """A missing thing. name: for people, '' = Stripe has none · same: the names that a record of exactly that name can
    have · candidates: ids that NetSuite itself names."""

    missing: Missing
    name: str = ""
    same: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProposedRow:
    """A row to add. cells: all columns of the file · needed: the columns of NetSuite ids that must be filled."""

    missing: Missing
    name: str
    cells: Mapping[str, str]
    needed: tuple[str, ...]
    candidates: tuple[Record, ...] = ()

    @property
    def file(self) -> str:
        return FILES[self.missing.kind]

    @property
    def is_complete(self) -> bool:
        return all(self.cells[column] for column in self.needed)

    def new_row(self) -> NewRow:
        cells = {column: cell for column, cell in self.cells.items() if cell}
        return NewRow(self.file, cells, f"{self.missing.kind} {' '.join(cells.values())}")


def name_missing(connection: duckdb.DuckDBPyConnection, missing: Sequence[Missing]) -> list[Named]:
    """Each with what Stripe calls it. Raises duckdb.Error."""
    found: dict[tuple[str, str | None], Named] = {}
    for kind, sql in _NAMES.items():
        things = [each.thing for each in missing if each.kind == kind and each.thing]
        for thing, name, same, candidates in ask(connection, sql, {"ids": things}) if things else ():
            texts = tuple(dict.fromkeys(text for text in same if text))
            found[kind, thing] = Named(missing[0], name or "", texts, tuple(candidates or ()))
    named = []
    for each in missing:
        known = found.get((each.kind, each.thing), Named(each))
        if each.kind == "roles" and each.thing:
            known = Named(each, _ROLES.get(each.thing, ""), tuple(filter(None, [_CONNECTOR_ITEMS.get(each.thing)])))
        elif each.kind == "purposes" and each.thing:
            known = Named(each, _PURPOSES.get(each.thing, ""))
        named.append(Named(each, known.name, known.same, known.candidates))
    return named


def propose(
    named: Iterable[Named], settings: Mapping[str, Any], items: Records, accounts: Records
) -> list[ProposedRow]:
    """The rows to add, in the order of the missing things; none for a thing that no row could name, nor for prices
    whose items the push creates."""
    return [
        _row(each, settings, items, accounts)
        for each in named
        if _obstacle(each.missing) is None
        if not (each.missing.kind == "prices" and settings.get("missing_item") == "create")
    ]


def what_no_row_can_name(named: Iterable[Named]) -> list[str]:
    """A sentence for each missing thing that is not proposed because no row could name it."""
    return [
        f"{each.missing.documents} documents wait for {obstacle}"
        for each in named
        if (obstacle := _obstacle(each.missing))
    ]


def _obstacle(missing: Missing) -> str | None:
    if missing.thing is None and missing.kind == "prices":
        return (
            "an item, but Stripe names neither price nor product on their lines, so no row can serve them: "
            "book them by hand and skip them (manual_decisions.csv), or set missing_item to unallocated"
        )
    if problem := cell_problem("stripe_id", missing.thing or ""):
        return f'"{shown(missing.thing or "")}" ({missing.kind}), which no mapping file can hold: it {problem}'
    return None


def _row(named: Named, settings: Mapping[str, Any], items: Records, accounts: Records) -> ProposedRow:
    missing, schema = named.missing, SCHEMAS[FILES[named.missing.kind]]
    needed = needed_cells(schema.name, settings)
    cells = dict.fromkeys(schema.columns, "") | {schema.key: missing.thing or ""}
    if schema.also:
        cells[schema.also] = missing.currency
    same, near = _search(named, items, accounts)
    if len(same) == 1 and needed == ("netsuite_item_id",):
        cells["netsuite_item_id"] = same[0].id
    candidates = tuple(dict.fromkeys([*same, *near]))[: max(SHOWN, len(same))]
    return ProposedRow(missing, named.name, cells, needed, candidates)


def _search(named: Named, items: Records, accounts: Records) -> tuple[list[Record], list[Record]]:
    """The records of exactly that name or external id, and others that come near."""
    kind, thing = named.missing.kind, named.missing.thing or ""
    if kind == "purposes":
        fitting = [record for record in accounts.all if record.type in (None, *_ACCOUNT_TYPES.get(thing, ()))]
        return [], sorted(fitting, key=lambda record: record.name)
    if kind in ("customers", "invoices"):
        return [], [Record(id, "has its Stripe id") for id in named.candidates]
    is_fit = _is_discount if kind == "coupons" or thing.startswith("discount_") else _is_sold
    words = [*named.same, f"Stripe {thing.replace('_', ' ')}"] if kind == "roles" else [*named.same, named.name]
    return items.same([thing] if thing else [], named.same, is_fit), items.near(words, is_fit)


def _is_discount(record: Record) -> bool:
    return record.type in (None, "Discount")


def _is_sold(record: Record) -> bool:
    return record.type not in _NO_SALE


# Per kind: (thing, its name for people, the names that a record of exactly that name can have, ids of candidates).
_NAMES = {
    "prices": """
        select
            prices.stripe_price_id,
            concat_ws(', ', products.product_name, nullif(trim(prices.nickname), '')),
            case
                when nullif(trim(prices.nickname), '') is null then [products.product_name]
                else [
                    prices.nickname,
                    products.product_name || ' ' || prices.nickname,
                    products.product_name || ', ' || prices.nickname
                ]
            end,
            []
        from parsed.stripe__prices as prices
        left join parsed.stripe__products as products on prices.stripe_product_id = products.stripe_product_id
        where prices.stripe_price_id in (select unnest($ids))
        union all
        select stripe_product_id, product_name, [product_name], [] from parsed.stripe__products
        where stripe_product_id in (select unnest($ids))
    """,
    "coupons": """
        select id, payload->>'$.name', [payload->>'$.name'], [] from raw_stripe.coupons_current
        where id in (select unnest($ids))
    """,
    "tax rates": """
        select id, name || ' ' || percentage || ' %' || inclusive, [
            case when is_only_rate then name || ' ' || percentage || '%' end,
            case when is_only_rate then name || ' ' || percentage || ' %' end,
            case when is_only_name then name end
        ], []
        from (
            select
                *,
                count(*) over (partition by name) = 1 as is_only_name,
                count(*) over (partition by name, percentage) = 1 as is_only_rate
            from (
                select
                    id,
                    payload->>'$.display_name' as name,
                    regexp_replace((payload->>'$.percentage')::decimal(10, 4)::text, '\\.?0+$', '') as percentage,
                    case when (payload->>'$.inclusive') = 'true' then ', inside the price' else '' end as inclusive
                from raw_stripe.tax_rates_current
            )
        )
        where id in (select unnest($ids))
    """,
    "customers": """
        select stripe_customer_id, '', [], string_split(ambiguous_netsuite_ids, ', ') from books.netsuite_customers
        where stripe_customer_id in (select unnest($ids))
    """,
    "invoices": """
        select
            coalesce(invoices.id, found.stripe_invoice_id), invoices.payload->>'$.number', [],
            string_split(found.ambiguous_netsuite_ids, ', ')
        from raw_stripe.invoices_current as invoices
        full join books.netsuite_invoices as found on invoices.id = found.stripe_invoice_id
        where coalesce(invoices.id, found.stripe_invoice_id) in (select unnest($ids))
    """,
}
