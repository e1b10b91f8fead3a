"""The types of the fields that amounts depend on. If one of them changes, the run stops.

Under the pinned API version the types cannot change. If one did, a later parser would read 12.5 as 12 or as null, and
both would look like a valid amount.
"""

from __future__ import annotations

# Whole numbers at any depth outside `metadata`: times in Unix seconds; amounts in minor units, and quantities.
TIMES = frozenset({
    "created", "effective_at", "finalized_at", "paid_at", "marked_uncollectible_at", "start", "end",
})  # fmt: skip
INTEGERS = TIMES | frozenset({
    "amount", "amount_due", "amount_paid", "amount_refunded", "amount_tax", "amount_total", "total",
    "taxable_amount", "pre_payment_amount", "post_payment_amount", "out_of_band_amount", "ending_balance",
    "starting_balance", "quantity",
})  # fmt: skip

LAST_TIME = 253_402_300_799  # the end of the year 9999
LARGEST = 10**16 - 1
"""Far beyond Stripe's largest price, 999,999,999,999 Indonesian rupiah with two decimals. Sums of 900 such amounts fit
into 64 bits."""

TEXTS = frozenset({"id", "object", "currency", "status", "quantity_decimal"})

LISTS = frozenset({"refunds", "discount_amounts", "pretax_credit_amounts", "taxes", "total_discount_amounts"})
