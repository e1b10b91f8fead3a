"""Checks of a set-up before a run: settings, permissions and mappings. Nothing is written anywhere.

stripe.py     can Stripe be read
netsuite.py   can NetSuite be read and posted to
mappings.py   do the ids in the mapping files exist in NetSuite, and do they fit
fields.py     does NetSuite know the fields that records are sent with
finding.py    one checked thing
"""
