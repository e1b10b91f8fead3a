{#- Rule O1: the closed list. Rule O3: the first in this order wins. Each row: state, reason, who acts, the rules behind
    it, what it means, and the step that takes the document on. docs/reasons.md is made from this list. -#}
{%- set reasons = [
    (
        'skipped', 'skipped_by_hand', 'nobody', 'X5',
        'manual_decisions.csv leaves the document out.',
        'Nothing. To take the document up again, remove its row from manual_decisions.csv.',
    ),
    (
        'skipped', 'integration_blocked_by_metadata', 'nobody', 'X1',
        'The metadata key netsuite_block_integration is set in Stripe, on the document or on its invoice.',
        'Nothing. To take the document up again, remove the key in Stripe.',
    ),
    (
        'skipped', 'credit_note_void', 'nobody', 'C2',
        'The credit note was voided in Stripe before it was posted.',
        'Nothing.',
    ),
    (
        'skipped', 'invoice_void', 'nobody', 'C2, B2, N1',
        'The invoice was voided in Stripe, so nothing is credited against it.',
        'Nothing. If the detail says that Stripe kept balance of it, decide whether the customer gets it back there.',
    ),
    (
        'skipped', 'before_go_live', 'nobody', 'G1',
        'The document is from before go_live_date.',
        'Nothing. It belongs to the books as they were kept before go-live.',
    ),
    (
        'skipped', 'kept_in_customer_balance', 'nobody', 'C1, C7',
        'The whole credit note went to the customer balance in Stripe.',
        'Nothing. NetSuite shows the credit when an invoice uses that balance.',
    ),
    (
        'skipped', 'balance_use_reversed', 'nobody', 'B1',
        'The balance that was applied to the invoice was given back in full.',
        'Nothing.',
    ),
    (
        'skipped', 'debit_balance_collected', 'nobody', 'B1',
        'The invoice collected what the customer owed from before; no credit was used.',
        'Nothing.',
    ),
    (
        'waiting', 'invoice_open', 'Stripe', 'C2, B2, N1',
        'The invoice is not paid or settled yet in Stripe, so the credit can still change.',
        'Nothing. The document goes on when the invoice is paid.',
    ),
    (
        'waiting', 'invoice_uncollectible', 'Stripe', 'C2, B2, N1',
        'The invoice is marked uncollectible in Stripe.',
        'Nothing: it goes on when the invoice is paid or voided. If such invoices count as paid in your books, set '
        ~ 'uncollectible_invoices to as_paid.',
    ),
    (
        'waiting', 'remaining_charge_missing', 'Stripe', 'B2',
        'The invoice is paid, but Stripe shows no charge for what the balance did not cover.',
        'Nothing, if the payment is under way. If the rest was paid outside Stripe, set '
        ~ 'require_charge_for_remainder to false.',
    ),
    (
        'waiting', 'refund_pending', 'Stripe', 'R2',
        'The refund has not succeeded yet. Only the application to it waits; the memo is posted.',
        'Nothing. The customer refund follows when Stripe has paid.',
    ),
    (
        'blocked', 'invoice_before_go_live', 'accountant', 'G2',
        'The credit note is from after go-live, its invoice from before.',
        'Book the credit memo in NetSuite by hand, apply it, match the refund to the bank deposit, then skip the note '
        ~ 'in manual_decisions.csv. For notes that are refunded in full, pre_go_live_credit_notes may be set to '
        ~ 'income_account.',
    ),
    (
        'blocked', 'invoice_customer_changed', 'accountant', 'C4',
        'The NetSuite invoice belongs to another customer than the one that stands for the Stripe customer.',
        'Put the invoice back to that customer in NetSuite, or correct customer_map.csv or invoice_map.csv.',
    ),
    (
        'blocked', 'currency_mismatch', 'accountant', 'C4',
        'The NetSuite invoice is in another currency than the document.',
        'Check that invoice_map.csv names the right invoice; otherwise correct the invoice in NetSuite.',
    ),
    (
        'blocked', 'parts_do_not_add_up', 'accountant', 'C1, R6',
        'What the credit note credited, refunded and kept does not come to its total, or contradicts its refund.',
        'Compare the note in Stripe. If the detail says that something was not read, run make extract. If Stripe is '
        ~ 'right, book the note by hand and skip it in manual_decisions.csv.',
    ),
    (
        'blocked', 'lines_do_not_add_up', 'accountant', 'L10, L5, L8',
        'The lines, discounts, taxes and shipping do not come to the total of the credit note.',
        'Compare the note in Stripe, book it by hand and skip it in manual_decisions.csv.',
    ),
    (
        'blocked', 'exceeds_invoice_total', 'accountant', 'C5',
        'The credit notes on the invoice come to more than the invoice.',
        'Find the wrong note in Stripe and skip it in manual_decisions.csv.',
    ),
    (
        'blocked', 'invoice_remaining_too_low', 'accountant', 'C6',
        'The NetSuite invoice has less open than the memo needs.',
        'Unapply in NetSuite what was paid or credited there too much, or book the rest by hand and skip the document.',
    ),
    (
        'blocked', 'tax_rate_unmapped', 'accountant', 'L8, L5',
        'A tax rate has no row in tax_map.csv with what tax_strategy needs.',
        'Add the row to tax_map.csv.',
    ),
    (
        'blocked', 'item_unmapped', 'accountant', 'L1, L3, L4, L6, L9, B4',
        'A price, product, coupon or role has no NetSuite item.',
        'Add the row to item_map.csv or default_items.csv; the detail names which.',
    ),
    (
        'blocked', 'account_unmapped', 'accountant', 'R1, G2, L1',
        'A refund or a journal entry has no NetSuite account or subsidiary.',
        'Add the row to account_map.csv, or name the customer in customer_map.csv; the detail says which.',
    ),
    (
        'blocked', 'refund_failed', 'accountant', 'R2, R4',
        'A refund of the credit note moved no money in Stripe, so the customer may still wait for it.',
        'Refund anew in Stripe; or, if it was paid another way, decide out_of_band in manual_decisions.csv. If it was '
        ~ 'posted, reverse in NetSuite what the detail names.',
    ),
    (
        'blocked', 'period_closed', 'accountant', 'X4, R3',
        'No open accounting period can take the record.',
        'Open or create a period in NetSuite, or set closed_period to first_open_day.',
    ),
    (
        'blocked', 'currency_precision', 'accountant', 'X3, S1',
        'NetSuite keeps the currency with fewer decimals than the amount has, or its decimals are not known.',
        'Book the document by hand and skip it in manual_decisions.csv.',
    ),
    (
        'blocked', 'external_id_collision', 'accountant', 'X2',
        'Two external ids differ only in upper and lower case, which NetSuite does not tell apart.',
        'Change the external id of the other transaction in NetSuite; if both are of this pipeline, book one by hand '
        ~ 'and skip it.',
    ),
    (
        'blocked', 'balance_ledger_incomplete', 'engineer', 'B6, B8, B9',
        'The balance ledger of the customer has a gap, or its rows name no invoice.',
        'Run make extract FULL_LEDGER=1, and let the Stripe key read Checkout sessions if the detail asks for it. If '
        ~ 'it stays so, an accountant books the use by hand and skips the document.',
    ),
    (
        'blocked', 'balance_from_payment', 'accountant', 'B7',
        'The balance came from money that NetSuite already shows as a payment; a memo would count it twice.',
        'Apply the open payment to the invoice in NetSuite, then skip the document in manual_decisions.csv.',
    ),
    (
        'blocked', 'netsuite_rejected', 'accountant', 'P4, P3',
        'NetSuite refused the record, or refused to apply it; the detail has its words.',
        'Correct it in NetSuite or in the mapping files. The next run tries again.',
    ),
    (
        'blocked', 'netsuite_differs', 'accountant', 'P5, R3, K2, K4',
        'NetSuite has a record that is not as it should be, or one of the Stripe Connector that may stand for the '
        ~ 'document.',
        'Correct the record in NetSuite. For a record of the Connector set connector_records to adopt, or skip the '
        ~ 'document in manual_decisions.csv.',
    ),
    (
        'blocked', 'stripe_status_unknown', 'engineer', 'O5',
        'Stripe shows a status that this version does not know.',
        'Look for a newer version of this project. Until then an accountant books the document by hand and skips it.',
    ),
    (
        'blocked', 'ambiguous_in_netsuite', 'accountant', 'X1',
        'Several NetSuite customers or invoices can stand for the one in Stripe.',
        'Name the right one in customer_map.csv or invoice_map.csv.',
    ),
    (
        'blocked', 'memo_not_in_netsuite', 'accountant', 'K3',
        'Metadata in Stripe names a NetSuite credit memo that does not exist.',
        'Correct or remove the key in Stripe, or skip the document in manual_decisions.csv.',
    ),
    (
        'blocked', 'refund_not_in_netsuite', 'accountant', 'K3',
        'Metadata in Stripe names a NetSuite customer refund that does not exist.',
        'Correct or remove the key in Stripe, or skip the document in manual_decisions.csv.',
    ),
    (
        'blocked', 'gone_from_stripe', 'engineer', 'I3',
        'An object that Stripe never deletes was read before and is not found now.',
        'Check that STRIPE_API_KEY belongs to the right account. If it does, ask Stripe; then an accountant books the '
        ~ 'document by hand and skips it.',
    ),
    (
        'waiting', 'customer_not_in_netsuite', 'NetSuite', 'X1, C4',
        'The customer is not in NetSuite yet.',
        'Nothing, if your integration brings customers. Otherwise create the customer, or name it in customer_map.csv.',
    ),
    (
        'waiting', 'invoice_not_in_netsuite', 'NetSuite', 'X1, C4',
        'The invoice is not in NetSuite yet, or waits there for approval.',
        'Nothing, if your integration brings invoices. Otherwise create or approve the invoice, or name it in '
        ~ 'invoice_map.csv.',
    ),
    (
        'waiting', 'currency_not_in_netsuite', 'NetSuite', 'X3, C4',
        'NetSuite has no active currency of that code.',
        'Nothing, if the currency is about to come. Otherwise create or activate it in NetSuite.',
    ),
    (
        'ready', 'ready', 'nobody', 'O1',
        'Everything is known; the document is not in NetSuite yet.',
        'Nothing. The next push posts it.',
    ),
    (
        'posted', 'created', 'nobody', 'O3',
        'This pipeline created the record in NetSuite.',
        'Nothing.',
    ),
    (
        'posted', 'adopted', 'nobody', 'P5, K2',
        'The record was in NetSuite already and agrees.',
        'Nothing.',
    ),
] -%}
{{ config(materialized='replaced_table') }}
{% for state, reason, who_acts, rules, meaning, next_step in reasons %}
{% if not loop.first %}union all {% endif -%}
select
    {{ loop.index }} as reason_rank,
    '{{ state }}' as state,
    '{{ reason }}' as reason,
    '{{ who_acts }}' as who_acts,
    '{{ meaning }}' as meaning,
    '{{ next_step }}' as next_step,
    '{{ rules }}' as rules
{%- endfor %}
