"""The DuckDB file that every stage shares.

connection.py   opens the file
waiting.py      waits while another program has it open
query.py        asks it, with more memory where a query needs more
ownership.py    whose books it holds

postgres.py     a warehouse in Postgres: the URL that names it
postgres_connection.py   holds it and asks it
raw_copy.py     copies raw rows, journal and history there
mirror.py       brings journal and marts back into the file
"""
