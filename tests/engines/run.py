"""`make engines`: the whole job with WAREHOUSE_URL, against the whole job on the DuckDB file alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from settings import ROOT
from tests.engines.server import Server
from tests.test_end_to_end import Shop
from warehouse.mirror import ALSO_READ

#: The journal without what differs by chance: ids of runs and attempts, times, and the ids that NetSuite gave.
JOURNAL = """
select position, record_type, external_id, operation, status, http_status, error_code, payload
from load_netsuite.load_log
order by position
"""


def test_the_whole_job_is_the_same_in_postgres(server: Server, tmp_path: Path) -> None:
    pass
