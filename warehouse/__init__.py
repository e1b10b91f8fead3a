"""The DuckDB file that every stage shares.

connection.py   opens the file
query.py        asks it, with more memory where a query needs more
"""
