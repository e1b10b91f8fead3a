"""What the pipeline did and saw, run after run: append-only tables that no build replaces.

tables.py     the tables of schema `history`
runs.py       one row per command, shown as `marts.runs`
beside.py     files of the commands that do not have the warehouse, which become such rows
outcomes.py   one row per change of a credit document's state or reason, shown as `marts.credit_outcome_history`
"""
