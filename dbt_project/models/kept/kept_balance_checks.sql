{{ keep('int_balance_checks') }}
