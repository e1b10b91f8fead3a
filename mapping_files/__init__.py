"""The mapping files, read once: whatever a spreadsheet made of them, their values or a sentence that says what to mend.

schema.py     the files and their columns
decoding.py   bytes to text: UTF-8, UTF-16, Windows' cp1252
reader.py     text to rows, by the names of the header; the folder of files; what dbt loads
"""
