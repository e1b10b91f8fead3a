{{ journal_applications(ref('stg_load_netsuite__load_log')) }}
