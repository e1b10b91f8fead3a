{#-
    No engine's: what is dispatched on an engine that has no macro of its own says so and stops. Without these dbt would
    stop with words of its own when it loads the project.
-#}
{% macro default__accounting_date() %}{{ of_engine('accounting_date', varargs) }}{% endmacro %}
{% macro default__accounting_date_of_instant() %}{{ of_engine('accounting_date_of_instant', varargs) }}{% endmacro %}
{% macro default__accounting_month() %}{{ of_engine('accounting_month', varargs) }}{% endmacro %}
{% macro default__as_json() %}{{ of_engine('as_json', varargs) }}{% endmacro %}
{% macro default__changed_objects() %}{{ of_engine('changed_objects', varargs) }}{% endmacro %}
{% macro default__columns_of_schemas() %}{{ of_engine('columns_of_schemas', varargs) }}{% endmacro %}
{% macro default__cut_text() %}{{ of_engine('cut_text', varargs) }}{% endmacro %}
{% macro default__days_between() %}{{ of_engine('days_between', varargs) }}{% endmacro %}
{% macro default__edit_distance() %}{{ of_engine('edit_distance', varargs) }}{% endmacro %}
{% macro default__epoch_to_timestamp() %}{{ of_engine('epoch_to_timestamp', varargs) }}{% endmacro %}
{% macro default__expandable_id() %}{{ of_engine('expandable_id', varargs) }}{% endmacro %}
{% macro default__field() %}{{ of_engine('field', varargs) }}{% endmacro %}
{% macro default__fingerprint() %}{{ of_engine('fingerprint', varargs) }}{% endmacro %}
{% macro default__fingerprint_type() %}{{ of_engine('fingerprint_type', varargs) }}{% endmacro %}
{% macro default__floor_divide() %}{{ of_engine('floor_divide', varargs) }}{% endmacro %}
{% macro default__ids_in_text() %}{{ of_engine('ids_in_text', varargs) }}{% endmacro %}
{% macro default__json_elements() %}{{ of_engine('json_elements', varargs) }}{% endmacro %}
{% macro default__json_text() %}{{ of_engine('json_text', varargs) }}{% endmacro %}
{% macro default__make_books() %}{{ of_engine('make_books', varargs) }}{% endmacro %}
{% macro default__names_stripe_id() %}{{ of_engine('names_stripe_id', varargs) }}{% endmacro %}
{% macro default__parse_json() %}{{ of_engine('parse_json', varargs) }}{% endmacro %}
{% macro default__reached() %}{{ of_engine('reached', varargs) }}{% endmacro %}
{% macro default__rebuilds_all() %}{{ of_engine('rebuilds_all', varargs) }}{% endmacro %}
{% macro default__replace_rows() %}{{ of_engine('replace_rows', varargs) }}{% endmacro %}
{% macro default__replace_table() %}{{ of_engine('replace_table', varargs) }}{% endmacro %}
{% macro default__replace_view() %}{{ of_engine('replace_view', varargs) }}{% endmacro %}
{% macro default__replayed_credits() %}{{ of_engine('replayed_credits', varargs) }}{% endmacro %}
{% macro default__seed_line_number() %}{{ of_engine('seed_line_number', varargs) }}{% endmacro %}
{% macro default__sendable_text() %}{{ of_engine('sendable_text', varargs) }}{% endmacro %}
{% macro default__text() %}{{ of_engine('text', varargs) }}{% endmacro %}
{% macro default__texts_joined() %}{{ of_engine('texts_joined', varargs) }}{% endmacro %}
{% macro default__unnest_rows() %}{{ of_engine('unnest_rows', varargs) }}{% endmacro %}
{% macro default__view_texts() %}{{ of_engine('view_texts', varargs) }}{% endmacro %}
{% macro default__whole_row() %}{{ of_engine('whole_row', varargs) }}{% endmacro %}
{% macro default__wide_integer() %}{{ of_engine('wide_integer', varargs) }}{% endmacro %}
{% macro default__wide_integer_type() %}{{ of_engine('wide_integer_type', varargs) }}{% endmacro %}
