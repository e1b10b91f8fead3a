"""The NetSuite client that extract, the loader and doctor share.

api.py           reads SuiteQL and records, writes records
transport.py     signs and sends one request
auth.py          the two ways to sign in
answers.py       the meaning of an answer, and the action that follows
errors.py        failures of requests
concurrency.py   time, and how many requests are in flight at once
encoding.py      request bodies as exact JSON
lookup.py        the records that NetSuite holds, asked for in bulk
names.py         the names of records behind their internal ids
"""
