"""Checks of a set-up before a run: settings, permissions and mappings. Nothing is written anywhere.

stripe.py     can Stripe be read
netsuite.py   can NetSuite be read and posted to
mappings.py   do the ids in the mapping files exist in NetSuite, what are their names, and do they fit
rows.py       are the rows of the mapping files such that dbt takes them
coverage.py   do the mapping files have what documents need
fields.py     does NetSuite know the fields that records are sent with, and may they be written
postgres.py   is the database of WAREHOUSE_URL such that models and journal can rest on it
machine.py    clock and disk of this machine
finding.py    one checked thing
"""
