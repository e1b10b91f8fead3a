"""What people read: figures and documents of the marts, for the terminal, for files and for programs.

find.py              which documents an id leads to
trace.py             documents from Stripe's objects to NetSuite's records, as plain data
trace_text.py        the same for a terminal and as JSON
links.py             addresses of Stripe's dashboard and of NetSuite's records
files.py             the files of `make report`
new_file.py          how each of them is put in its place
figures.py           the figures of the page, as plain data
page.py              the page: templates/, filled with figures and documents
charts.py            its charts
workbook.py          the month-end workbook
"""
