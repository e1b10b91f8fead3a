{{ books_of(ref('int_balance_months')) }}
