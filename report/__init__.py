"""What people read: figures and documents of the marts, for the terminal, for files and for programs.

find.py              which documents an id leads to
trace.py             documents from Stripe's objects to NetSuite's records, as plain data
trace_text.py        the same for a terminal and as JSON
links.py             addresses of Stripe's dashboard and of NetSuite's records
"""
