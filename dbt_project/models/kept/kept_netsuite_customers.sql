{{ keep('int_netsuite_customers') }}
