"""Failures of the loader itself. NetSuite's answers are in netsuite/errors.py.

LoaderError
├── JournalError   the warehouse cannot hold the journal; nothing is sent unlogged
├── PlanMoved      the plan no longer fits the marts; nothing was sent
└── RecordsGone     NetSuite has none of the records that were posted; nothing was sent
"""


class LoaderError(Exception):
    """Base of the loader's own failures."""


class JournalError(LoaderError):
    """The journal cannot be written. Nothing is sent from here on."""


class PlanMoved(LoaderError):
    """The records that are ready now are not those of the plan. Nothing was sent."""


class RecordsGone(LoaderError):
    """NetSuite has none of the records that the journal calls posted (I4). Nothing was sent."""
