-- A view over the journal, so that it is true the moment a push ends.
{{ journal_records(source('load_netsuite', 'load_log')) }}
