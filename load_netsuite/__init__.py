"""Writes to NetSuite what the marts say, and keeps the journal of it. Knows no rule of accounting.

push.py          the run: look up, send, resolve, read back
plan.py          what a push would post, and the file that holds it to that
marts.py         what is to be posted
bodies.py        rows of the marts as request bodies
journal.py       the durable log of attempts and answers
readback.py      what was meant against what NetSuite shows
reconcile.py     everything ever posted against NetSuite now
lookup.py        what NetSuite holds, asked in bulk
api.py, auth.py  the one NetSuite client
errors.py        what an answer means and what is done about it
concurrency.py   how many requests at once, and in which order
doctor.py        can this account be posted to
"""
