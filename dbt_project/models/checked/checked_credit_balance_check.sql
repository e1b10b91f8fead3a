{{ checked_rows('credit_balance_check', checked=['credit_outcomes']) }}
