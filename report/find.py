"""Which credit documents an id leads to, and which known ids look like one that leads nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from warehouse.query import ask


@dataclass(frozen=True)
class Hit:
    """A document that an id leads to. found_as: what the id is, e.g. `Stripe invoice` or `creditMemo in NetSuite`."""

    document_id: str
    found_as: str


FIND_BY_STRIPE_ID = """
select document_id, 'document' as found_as from marts.credit_document_parts where document_id = $id
union
select document_id, 'Stripe ' || replace(object_type, '_', ' ') from marts.credit_document_objects
where stripe_id = $id and document_id <> $id
order by document_id, found_as
"""

FIND_BY_ANY_NAME = """
with outcomes as materialized (
    select document_id, external_id, netsuite_internal_id, document_type from marts.credit_outcomes
),

entries as materialized (
    select document_id, external_id, netsuite_internal_id from marts.journal_entries
),

customer_refunds as materialized (
    select applications.document_id, refunds.external_id, refunds.netsuite_internal_id
    from marts.customer_refunds as refunds
    inner join marts.credit_memo_applications as applications
        on refunds.stripe_refund_id = applications.target_external_id
        and applications.application_type = 'customer_refund'
)

select document_id, 'number of the Stripe ' || replace(object_type, '_', ' ') as found_as
from marts.credit_document_objects where stripe_number = $id
union
select document_id, 'external id' from outcomes where external_id = $id
union
select document_id, 'external id of a customer refund' from customer_refunds where external_id = $id
union
select document_id, 'external id of a journal entry' from entries where external_id = $id
union
select document_id, case document_type when 'negative_invoice' then 'invoice' else 'creditMemo' end || ' in NetSuite'
from outcomes where netsuite_internal_id = $id and document_id not in (select document_id from entries)
union
select document_id, 'invoice in NetSuite' from marts.credit_memos where netsuite_invoice_id = $id
union
select document_id, 'customerRefund in NetSuite' from customer_refunds where netsuite_internal_id = $id
union
select document_id, 'journalEntry in NetSuite' from entries where netsuite_internal_id = $id
union
select records.document_id, 'number of the ' || records.record_type || ' in NetSuite'
from marts.netsuite_names as names
inner join (
    select
        document_id, netsuite_internal_id as id,
        case document_type when 'negative_invoice' then 'invoice' else 'creditMemo' end as record_type
    from outcomes where document_id not in (select document_id from entries)
    union
    select document_id, netsuite_invoice_id, 'invoice' from marts.credit_memos
    union
    select document_id, netsuite_internal_id, 'customerRefund' from customer_refunds
    union
    select document_id, netsuite_internal_id, 'journalEntry' from entries
) as records on names.netsuite_id = records.id and names.record_kind = 'transaction'
where names.record_number = $id
order by document_id, found_as
"""

NEAREST = """
with ids as (
    select document_id as id from marts.credit_outcomes
    union
    select stripe_id from marts.credit_document_objects
    union
    select stripe_number from marts.credit_document_objects
    union
    select external_id from marts.credit_outcomes
    union
    select netsuite_internal_id from marts.credit_outcomes
),

measured as (
    select id, damerau_levenshtein(lower(id), lower($id)) as distance
    from ids
    where id is not null
)

select id from measured
where distance <= $furthest or (starts_with(lower(id), lower($id)) and length($id) >= 4)
order by distance, id limit $most
"""


def find(warehouse: duckdb.DuckDBPyConnection, id: str) -> list[Hit]:
    """The documents that an id leads to, each once for each thing that the id is; none if nothing has it.

    id: of a document, of a Stripe object, its number, an external id or NetSuite's internal id or document number, in
    exact case.
    Raises duckdb.CatalogException where there are no marts yet.
    """
    # an id of Stripe's is nothing else, and NetSuite's records are views over the journal, which take a second
    found = ask(warehouse, FIND_BY_STRIPE_ID, {"id": id}) or ask(warehouse, FIND_BY_ANY_NAME, {"id": id})
    return [Hit(document_id, found_as) for document_id, found_as in found]


def nearest(warehouse: duckdb.DuckDBPyConnection, id: str, most: int = 5) -> list[str]:
    """Up to `most` known ids that begin with `id` or differ from it in few letters, the nearest first."""
    furthest = max(1, len(id) // 4)
    return [found for (found,) in ask(warehouse, NEAREST, {"id": id, "furthest": furthest, "most": most})]
