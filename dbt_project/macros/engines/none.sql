{#-
    No engine's. dbt looks for every dispatched macro when it loads the project, and without these it would stop with
    words of its own. They are never executed: of_engine stands before each dispatch and says what is missing.
-#}
{% macro default__accounting_date() %}{{ of_engine('accounting_date') }}{% endmacro %}
{% macro default__accounting_date_of_instant() %}{{ of_engine('accounting_date_of_instant') }}{% endmacro %}
{% macro default__accounting_month() %}{{ of_engine('accounting_month') }}{% endmacro %}
{% macro default__as_json() %}{{ of_engine('as_json') }}{% endmacro %}
{% macro default__changed_objects() %}{{ of_engine('changed_objects') }}{% endmacro %}
{% macro default__columns_of_schemas() %}{{ of_engine('columns_of_schemas') }}{% endmacro %}
{% macro default__cut_text() %}{{ of_engine('cut_text') }}{% endmacro %}
{% macro default__days_between() %}{{ of_engine('days_between') }}{% endmacro %}
{% macro default__edit_distance() %}{{ of_engine('edit_distance') }}{% endmacro %}
{% macro default__epoch_to_timestamp() %}{{ of_engine('epoch_to_timestamp') }}{% endmacro %}
{% macro default__expandable_id() %}{{ of_engine('expandable_id') }}{% endmacro %}
{% macro default__field() %}{{ of_engine('field') }}{% endmacro %}
{% macro default__fingerprint() %}{{ of_engine('fingerprint') }}{% endmacro %}
{% macro default__fingerprint_type() %}{{ of_engine('fingerprint_type') }}{% endmacro %}
{% macro default__floor_divide() %}{{ of_engine('floor_divide') }}{% endmacro %}
{% macro default__ids_in_text() %}{{ of_engine('ids_in_text') }}{% endmacro %}
{% macro default__json_elements() %}{{ of_engine('json_elements') }}{% endmacro %}
{% macro default__json_text() %}{{ of_engine('json_text') }}{% endmacro %}
{% macro default__make_books() %}{{ of_engine('make_books') }}{% endmacro %}
{% macro default__names_stripe_id() %}{{ of_engine('names_stripe_id') }}{% endmacro %}
{% macro default__parse_json() %}{{ of_engine('parse_json') }}{% endmacro %}
{% macro default__reached() %}{{ of_engine('reached') }}{% endmacro %}
{% macro default__replace_rows() %}{{ of_engine('replace_rows') }}{% endmacro %}
{% macro default__replace_table() %}{{ of_engine('replace_table') }}{% endmacro %}
{% macro default__replace_view() %}{{ of_engine('replace_view') }}{% endmacro %}
{% macro default__seed_line_number() %}{{ of_engine('seed_line_number') }}{% endmacro %}
{% macro default__sendable_text() %}{{ of_engine('sendable_text') }}{% endmacro %}
{% macro default__text() %}{{ of_engine('text') }}{% endmacro %}
{% macro default__texts_joined() %}{{ of_engine('texts_joined') }}{% endmacro %}
{% macro default__unnest_rows() %}{{ of_engine('unnest_rows') }}{% endmacro %}
{% macro default__view_texts() %}{{ of_engine('view_texts') }}{% endmacro %}
{% macro default__wide_integer() %}{{ of_engine('wide_integer') }}{% endmacro %}
{% macro default__wide_integer_type() %}{{ of_engine('wide_integer_type') }}{% endmacro %}
