"""The DuckDB file that every stage shares.

connection.py   opens the file
waiting.py      waits while another program has it open
query.py        asks it, with more memory where a query needs more
postgres.py     a warehouse in Postgres: the URL that names it
raw_copy.py     copies raw rows, journal and history there
"""
