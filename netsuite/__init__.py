"""The NetSuite client that extract, the loader and doctor share.

api.py           signs, sends and reads SuiteQL
auth.py          the two ways to sign in
errors.py        the meaning of an answer, and the action that follows
concurrency.py   how many requests at once, and in which order
lookup.py        the records that NetSuite holds, asked for in bulk
"""
