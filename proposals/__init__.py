"""What documents need of the mapping files and no row covers: counted, named, with candidates, in files to fill in.

needs.py      what is needed, what of it is covered, and what waits for the rest (doctor counts by it, too)
records.py    NetSuite's items and accounts, searched by external id and name
rows.py       the rows to add, each with its candidates
workbook.py   the rows as a workbook to fill in, and what was filled in
"""
