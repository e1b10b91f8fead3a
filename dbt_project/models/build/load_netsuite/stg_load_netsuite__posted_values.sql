{{ journal_posted_values(ref('stg_load_netsuite__load_log')) }}
