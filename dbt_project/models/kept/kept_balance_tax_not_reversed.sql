{{ keep('int_balance_tax_not_reversed') }}
