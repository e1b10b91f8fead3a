"""Gives readers the marts without the warehouse's lock.

marts.py     copies the marts into a small DuckDB file beside the warehouse, put in place by one rename
reading.py   opens what readers read: that file, or the warehouse where there is none yet
parquet.py   writes each mart as a Parquet file
"""
