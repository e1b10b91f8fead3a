{#-
    Loads a seed by the names of its header. dbt-duckdb's own macro, which this one replaces, goes by position, so two
    columns that changed places were taken for each other; and it guesses the quotes.
-#}
{% macro duckdb__load_csv_rows(model, agate_table) %}
    {%- set path = adapter.get_seed_file_path(model) | string | replace("'", "''") -%}
    {%- set sql -%}
        copy {{ this.render() }} ({{ agate_table.column_names | join(', ') }})
        from '{{ path }}' (format csv, header true, delimiter ',', quote '"', escape '"', auto_detect false)
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return(sql) }}
{% endmacro %}
