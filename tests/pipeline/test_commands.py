"""Commands: exit codes and their last line, the run lock, and the lines of a failure for an accountant."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from pipeline.summary import major_units
from pipeline.transform import describe_failure
from settings import ROOT, Settings

COMMANDS = (
    *("run", "plan", "test", "extract", "transform", "push", "reconcile", "report"),
    *("docs", "bench", "compact", "doctor", "help", "clean"),
)


def start(command: str, warehouse: Path, **variables: str) -> tuple[int, list[str]]:
    """Exit code and lines of a command with no settings but these."""
    known = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", command],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, "WAREHOUSE_PATH": str(warehouse), **variables},
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_extract_runs_alone_against_the_sandbox(tmp_path: Path) -> None:
    code, lines = start("extract", tmp_path / "w.duckdb")
    assert code == 0, lines
    assert lines[-1] == "exit code 0: done"
    assert any("first load" in line for line in lines)
    with duckdb.connect(tmp_path / "w.duckdb") as warehouse:
        assert warehouse.execute("select count(*) from raw_stripe.credit_notes").fetchone() > (0,)
        assert warehouse.execute("select count(*) from raw_netsuite.transactions").fetchone() > (0,)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"STRIPE_API_KEY": "rk_live_hush"}, "TARGET is not set although STRIPE_API_KEY is"),
        ({"TARGET": "production"}, "STRIPE_API_KEY is missing"),
        ({"PIPELINE_VARS": '{"tax_strategy": "x"}'}, '"tax_lines" or "suitetax_override" or "none"'),
    ],
    ids=["target", "production", "vars"],
)
def test_wrong_settings_end_with_2_before_anything_is_written(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    code, lines = start("run", tmp_path / "w.duckdb", **variables)
    assert code == 2
    assert any(words in line for line in lines), lines
    assert lines[-1].startswith("exit code 2:")
    assert "hush" not in "".join(lines)
    assert not list(tmp_path.iterdir())


def test_a_second_run_stops_at_once(tmp_path: Path) -> None:
    with FileLock(tmp_path / "w.lock"):
        code, lines = start("run", tmp_path / "w.duckdb")
    assert code == 1
    assert any("another run is under way" in line for line in lines), lines


def test_a_report_without_marts_says_what_to_do(tmp_path: Path) -> None:
    code, lines = start("report", tmp_path / "w.duckdb")
    assert code == 1
    assert any("make run" in line for line in lines), lines


def test_a_failed_test_shows_file_row_and_cell(tmp_path: Path) -> None:
    """The lines are the `message` column of the rows that the dbt test stored, not SQL."""
    with duckdb.connect(tmp_path / "w.duckdb") as warehouse:
        warehouse.execute("create table found as select 'item_map.csv row 3: id 9 is inactive' as message")
    node = SimpleNamespace(resource_type="test", name="mapped_items_exist", relation_name="found")
    result: Any = SimpleNamespace(node=node, status="fail", failures=1, message="Got 1 result")
    settings = Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb")
    assert describe_failure(settings, result) == [
        "  test mapped_items_exist:",
        "    item_map.csv row 3: id 9 is inactive",
    ]


@pytest.mark.parametrize(
    ("minor", "exponent", "shown"),
    [
        (302580, 2, "3,025.80"),
        (-5000, 2, "-50.00"),
        (9400, 0, "9,400"),
        (28000, 3, "28.000"),
        (0, 2, "0.00"),
        (10**15 + 1, 2, "10,000,000,000,000.01"),
        (7, None, "7 minor units"),
    ],
)
def test_amounts_are_exact(minor: int, exponent: int | None, shown: str) -> None:
    assert major_units(minor, exponent) == shown


def test_every_command_of_the_interfaces_is_a_target() -> None:
    targets = (ROOT / "Makefile").read_text()
    helped = subprocess.run(["make", "help"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert subprocess.run(["make"], cwd=ROOT, text=True, capture_output=True, check=True).stdout == helped
    for name in COMMANDS:
        assert f"\n{name}:" in targets
        assert f"make {name}" in helped


def test_clean_never_removes_a_warehouse() -> None:
    recipe = subprocess.run(["make", "-n", "clean"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert "duckdb" not in recipe and " data" not in recipe.replace("-not -path './data/*'", "")
