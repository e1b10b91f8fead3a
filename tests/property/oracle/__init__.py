"""A second statement of the accounting rules, in plain Python: what a run must derive from given facts.

The modules are written from the text of the rules and import nothing from the product. They use integers,
fractions and lists; one function states one rule. `expectations.expect` is the way in.

| module | chapter |
|---|---|
| facts | what a run reads, with look-up tables |
| shapes | what the rules produce |
| findings | reasons, their precedence, decisions by hand: O1, O3, X5 |
| amounts | minor units and splits: S1, X3 |
| dates | time zone, go-live, open periods: G1, X4 |
| identity | customer, invoice and currency in NetSuite: X1, C4 |
| chain, balance | the customer balance ledger: B1, B4, B6, B7 |
| balance_uses | documents for balance that pays an invoice: B1 to B5 |
| credit_notes | credit notes and their parts: C1 to C7, G1, G2 |
| components, lines | from Stripe's lines to memo lines: L1 to L11 |
| negative_invoices | zero-amount invoices: N1 |
| refunds | customer refunds: R1 to R4 |
| documents | several documents together, states: C5, C6, X2, O3 |
| memo_text | text of a memo: C3, C7, X4 |
| reconciliation | refunds and ledgers as a whole: G3, B6 |

A comment `reading:` marks a sentence of the rules that can be read in more than one way, and says how it is read.
The readings in `lines` were settled after a first comparison showed that the text allows two.
"""
