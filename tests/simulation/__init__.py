"""Thousands of short histories of the real loader against the NetSuite stand-in, with faults at every step.

`python -m tests.simulation SEED` replays one history and shows its steps.
"""
