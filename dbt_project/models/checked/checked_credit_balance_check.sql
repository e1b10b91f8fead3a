{{ checked_rows('credit_balance_check', reuse=['credit_outcomes']) }}
