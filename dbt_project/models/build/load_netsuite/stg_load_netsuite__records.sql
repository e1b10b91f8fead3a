{{ journal_records(ref('stg_load_netsuite__load_log')) }}
