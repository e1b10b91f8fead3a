"""A stand-in NetSuite with a warehouse for every test, short pauses, and mapping files without rows in `tmp_path`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mapping_files.reader import create_missing
from tests.support.company import company, no_long_pauses

__all__ = ["company", "no_long_pauses"]


@pytest.fixture(autouse=True)
def mapping_files(tmp_path: Path) -> None:
    create_missing(tmp_path)
