"""A Stripe stand-in.

From the outside in: `server` (HTTP, rate limits, faults), `api` (answers), `filters`, `expansion`, `errors`,
`billing` (all operations). Operations by chapter: `customers`, `customer_balance`, `catalogue` (products,
prices, coupons, tax rates), `invoices`, `invoice_lines`, `taxes`, `payments`, `refunds`, `headroom` (what can still be
credited), `credit_notes`, `credit_note_lines`, `payouts`, `forced` (damage). Below them: `account` (state), `sums`,
`amounts`, `shapes`, `invariants`. The operations are functions over one `Account`, which holds all state.
"""
