{#-
    The NetSuite record of each Stripe object: the first hit of a mapping file, Stripe metadata, custom field and
    external id in exact case (rule X1). The first two count also when NetSuite lacks the record that they name. In the
    last two a record that is out of use counts only if neither finds another. Several records under one value, or
    several ids in one value of metadata, are nobody's choice: a row in the mapping file decides.

    wanted      name of a relation with stripe_id, mapped_netsuite_id, metadata_netsuite_id (ids_in_text)
    records     name of a relation with netsuite_id, external_id, custom_field_stripe_id, is_out_of_use
    map_file    name of the mapping file, as people know it
    metadata    name of the metadata key

    Returns a select of stripe_id, wanted_netsuite_id, found_by, ambiguous_netsuite_ids (null unless it is ambiguous).
-#}
{% macro netsuite_record_of(wanted, records, map_file, metadata) %}
with

candidates as (
    select
        custom_field_stripe_id as stripe_id,
        netsuite_id,
        'custom field' as found_by,
        case when is_out_of_use then 3 else 1 end as turn
    from {{ records }}
    where custom_field_stripe_id is not null

    union all

    select
        external_id as stripe_id,
        netsuite_id,
        'external id' as found_by,
        case when is_out_of_use then 4 else 2 end as turn
    from {{ records }}
    where external_id is not null
),

first_turns as (
    select
        stripe_id,
        min(turn) as turn
    from candidates
    group by stripe_id
),

found as (
    select
        candidates.stripe_id,
        min(candidates.found_by) as found_by,
        case when count(*) = 1 then min(candidates.netsuite_id) end as netsuite_id,
        case
            when count(*) > 1 then {{ texts_joined('candidates.netsuite_id', ', ', 'candidates.netsuite_id') }}
        end as ambiguous_netsuite_ids
    from candidates
    inner join first_turns
        on candidates.stripe_id = first_turns.stripe_id and candidates.turn = first_turns.turn
    group by candidates.stripe_id
)

select
    wanted.stripe_id,
    case
        when wanted.mapped_netsuite_id is not null then wanted.mapped_netsuite_id
        when wanted.metadata_netsuite_id like '%, %' then null
        when wanted.metadata_netsuite_id is not null then wanted.metadata_netsuite_id
        else found.netsuite_id
    end as wanted_netsuite_id,
    case
        when wanted.mapped_netsuite_id is not null then '{{ map_file }}'
        when wanted.metadata_netsuite_id is not null then 'Stripe metadata {{ metadata }}'
        else found.found_by
    end as found_by,
    case
        when wanted.mapped_netsuite_id is not null then null
        when wanted.metadata_netsuite_id like '%, %' then wanted.metadata_netsuite_id
        when wanted.metadata_netsuite_id is null then found.ambiguous_netsuite_ids
    end as ambiguous_netsuite_ids
from {{ wanted }} as wanted
left join found on wanted.stripe_id = found.stripe_id
{% endmacro %}
