"""Posts to NetSuite what the marts say, and keeps the journal of it. Knows no rule of accounting.

push.py             the run: look up, send, resolve, read back
plan.py             the records that a push would post, and the file that a push can be held to
marts.py            reads the rows that are ready
records.py          the expected records, built from these rows
bodies.py           request bodies
presence.py         are the posted records there at all
settling.py         attempts that earlier runs left without a result
adoption.py         records that NetSuite has already
write.py            one request that changes NetSuite
watcher.py          who is told how far a push or a plan is
ordering.py         writes in parallel, in order where they share a document
journal.py          the durable log of attempts and answers
journal_queries.py  questions to the journal
comparison.py       expected record and found record
readback.py         what was written, compared with NetSuite
reconcile.py        every posted record, compared with NetSuite now
tables.py           the loader's tables in the warehouse
errors.py           the loader's own failures
"""
