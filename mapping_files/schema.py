"""The mapping files (interfaces, section 4): names, columns, and what an old or short file may leave out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schema:
    """A mapping file.

    columns: in the order that `make mappings` writes · optional: those that a file may leave out; their cells are then
    empty · key: the column that says which row is meant · also: a second column of the key · may_be_missing: the file
    itself is optional · is_used: False for a file of a later version, which may hold its header only.
    """

    name: str
    columns: tuple[str, ...]
    key: str
    optional: frozenset[str] = frozenset()
    also: str | None = None
    may_be_missing: bool = False
    is_used: bool = True

    @property
    def key_columns(self) -> tuple[str, ...]:
        return (self.key, self.also) if self.also else (self.key,)

    @property
    def required(self) -> list[str]:
        return [column for column in self.columns if column not in self.optional]


def _schema(
    name: str, header: str, optional: str = "", key: str | None = None, also: str | None = None, later: bool = False
) -> Schema:
    columns = tuple(header.split(","))
    return Schema(name, columns, key or columns[0], frozenset(optional.split()), also, later, not later)


SCHEMAS = {
    schema.name: schema
    for schema in (
        _schema("default_items", "role,netsuite_item_id"),
        _schema("item_map", "stripe_id,netsuite_item_id"),
        # Which NetSuite ids a row of tax_map needs depends on var tax_strategy (rule L8); a test of dbt knows.
        _schema(
            "tax_map",
            "stripe_tax_rate_id,netsuite_item_id,netsuite_tax_code_id,netsuite_tax_type_id",
            optional="netsuite_item_id netsuite_tax_code_id netsuite_tax_type_id",
        ),
        _schema("account_map", "purpose,currency,netsuite_account_id", optional="currency", also="currency"),
        _schema("customer_map", "stripe_customer_id,netsuite_customer_id"),
        _schema("invoice_map", "stripe_invoice_id,netsuite_invoice_id"),
        _schema(
            "field_map",
            "target,netsuite_field,value_type,source,constant",
            optional="source constant",
            key="netsuite_field",
        ),
        _schema("manual_decisions", "document_id,decision,note", optional="note"),
        _schema("opening_credit_map", "stripe_customer_id,currency,netsuite_credit_memo_id", later=True),
    )
}
USED = tuple(name for name, schema in SCHEMAS.items() if schema.is_used)
