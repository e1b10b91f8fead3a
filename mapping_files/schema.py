"""The mapping files (interfaces, section 4): names, columns, and what an old or short file may leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Schema:
    """A mapping file.

    columns: in the order that `make mappings` writes · optional: those that a file may leave out; their cells are then
    empty · key: the column that says which row is meant · also: a second column of the key · may_be_missing: the file
    itself is optional · is_used: False for a file of a later version, which may hold its header only · unique: the
    columns that together name a row once · values: column → all that it may hold.
    """

    name: str
    columns: tuple[str, ...]
    key: str
    optional: frozenset[str] = frozenset()
    also: str | None = None
    may_be_missing: bool = False
    is_used: bool = True
    unique: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def key_columns(self) -> tuple[str, ...]:
        return (self.key, self.also) if self.also else (self.key,)

    @property
    def required(self) -> list[str]:
        return [column for column in self.columns if column not in self.optional]


def _schema(
    name: str,
    header: str,
    optional: str = "",
    key: str | None = None,
    also: str | None = None,
    later: bool = False,
    unique: str | None = None,
    **values: str,
) -> Schema:
    columns = tuple(header.split(","))
    key = key or columns[0]
    return Schema(
        name,
        columns,
        key,
        frozenset(optional.split()),
        also,
        later,
        not later,
        tuple((unique or key).split()),
        {column: tuple(words.split()) for column, words in values.items()},
    )


SCHEMAS = {
    schema.name: schema
    for schema in (
        # dbt's tests of the files hold the same lists and keys; a test compares them.
        _schema(
            "default_items",
            "role,netsuite_item_id",
            role="unallocated_invoice_item custom_credit_note_line credit_note customer_balance discount_posting "
            "discount_non_posting billing_credit shipping",
        ),
        _schema("item_map", "stripe_id,netsuite_item_id"),
        # Which NetSuite ids a row of tax_map needs depends on var tax_strategy (rule L8); a test of dbt knows.
        _schema(
            "tax_map",
            "stripe_tax_rate_id,netsuite_item_id,netsuite_tax_code_id,netsuite_tax_type_id",
            optional="netsuite_item_id netsuite_tax_code_id netsuite_tax_type_id",
        ),
        _schema(
            "account_map",
            "purpose,currency,netsuite_account_id",
            optional="currency",
            also="currency",
            unique="purpose currency",
            purpose="refund pre_go_live_income item_income",
        ),
        _schema("customer_map", "stripe_customer_id,netsuite_customer_id"),
        _schema("invoice_map", "stripe_invoice_id,netsuite_invoice_id"),
        _schema(
            "field_map",
            "target,netsuite_field,value_type,source,constant",
            optional="source constant",
            key="netsuite_field",
            unique="target netsuite_field",
            target="memo memo_line memo_row customer_refund zero_invoice zero_invoice_row journal_entry journal_row "
            "item",
            value_type="text number date reference",
        ),
        _schema(
            "manual_decisions",
            "document_id,decision,note",
            optional="note",
            unique="document_id decision",
            decision="skip out_of_band",
        ),
        _schema("opening_credit_map", "stripe_customer_id,currency,netsuite_credit_memo_id", later=True),
    )
}
USED = tuple(name for name, schema in SCHEMAS.items() if schema.is_used)
