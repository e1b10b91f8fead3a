{#-
    Post-hook of scope_customers, in its transaction: before anything of the customers in scope is replaced, their
    fingerprint is taken away. They get the new
    one when the whole build was successful (note_successful_build), so a build that breaks leaves them stale.
-#}
{% macro forget_fingerprints() -%}
    {%- if execute and not rebuilds_all() -%}
    create schema if not exists books;
    create table if not exists books.inputs (
        customer_key {{ text() }} not null, inputs_fingerprint {{ fingerprint_type() }}
    );
    comment on table books.inputs
    is 'Fingerprint of the inputs that a customer''s books were derived from; null until the build was successful.';
    delete from books.inputs
    {%- if last_build_is_whole() %}
    where customer_key in (select scope.customer_key from {{ this }} as scope)
    {%- endif %};
    insert into books.inputs select scope.customer_key, null from {{ this }} as scope
    {%- endif -%}
{%- endmacro %}
