-- Rows of the journal about records of the customers in scope.
{{ concerning_scope(source('load_netsuite', 'load_log'), ref('scope_names')) }}
