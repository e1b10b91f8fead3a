{{ books_of(ref('int_balance_tax_not_reversed')) }}
