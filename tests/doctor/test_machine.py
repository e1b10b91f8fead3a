"""The checks of this machine: its clock and its disk."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from doctor import machine
from doctor import netsuite as doctor
from netsuite.concurrency import Clock
from tests.support.company import Company


@pytest.mark.parametrize(
    ("seconds", "level", "words"),
    [
        (0.4, "ok", "less than a minute apart"),
        (-59, "ok", "less than a minute apart"),
        (61, "warning", "61 s ahead of it"),
        (-4000, "warning", "4,000 s behind it"),
        (None, "not checked", "no answer"),
    ],
)
def test_clock(seconds: float | None, level: str, words: str) -> None:
    found = machine.check_clock("NetSuite", seconds)
    assert found.level == level and words in found.message


@pytest.mark.parametrize(
    ("ahead", "subject", "level"),
    [
        (0, "clock against NetSuite", "ok"),
        (100, "clock against NetSuite", "warning"),
        (-2 * 86_400, "NetSuite login", "error"),
    ],
)
def test_the_clock_is_compared_with_netsuites(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int, subject: str, level: str
) -> None:
    monkeypatch.setattr("netsuite.api.Clock", lambda: Clock(now=lambda: time.time() + ahead))
    findings = {f.subject: f for f in doctor.check(company.settings(), tmp_path)}
    assert findings[subject].level == level


@pytest.mark.parametrize(
    ("free", "size", "level"),
    [(2**40, 0, "ok"), (2**29, 0, "warning"), (2**20, 0, "error"), (2**31, 2**32, "warning")],
)
def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, size: int, level: str) -> None:
    path = tmp_path / "data" / "w.duckdb"
    if size:
        path.parent.mkdir()
        with path.open("wb") as file:
            file.truncate(size)  # sparse: takes no space
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    (found,) = machine.check_disk(path)
    assert found.level == level
    assert ("WAREHOUSE_PATH" in found.message) == (level != "ok")
    assert path.exists() == bool(size)
