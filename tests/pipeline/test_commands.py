"""Commands: exit codes and their last line, the run lock, and the lines of a failure for an accountant."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from load_netsuite.plan_check import Progress
from load_netsuite.push import PushReport
from load_netsuite.reconcile import Drift
from pipeline import stages
from pipeline.console import console
from pipeline.exit_codes import DONE, FAILED, REFUSED
from pipeline.summary import major_units
from pipeline.transform import describe_failure
from settings import ROOT, Settings
from tests.warehouse.test_waiting import reader
from text_tables import print_table
from warehouse.connection import open_warehouse
from warehouse.ownership import Books, books_of, note_books

COMMANDS = (
    *("run", "plan", "test", "extract", "transform", "push", "reconcile", "report", "export"),
    *("docs", "bench", "mappings", "compact", "doctor", "trace", "help", "clean"),
)


def start(
    command: str, warehouse: Path, told: Callable[[str], object] = len, **variables: str
) -> tuple[int, list[str]]:
    """Exit code and lines of a command with no settings but these. told: takes each line as it comes."""
    known = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    lines = []
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", command],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            **environment,
            "WAREHOUSE_PATH": str(warehouse),
            "REPORT_DIR": str(warehouse.parent / "reports"),
            **variables,
        },
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip("\n"))
            told(line)
    return process.returncode, lines


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
    assert code == 4
    assert any("another run is under way" in line and str(tmp_path / "w.duckdb") in line for line in lines), lines
    assert lines[-1].startswith("exit code 4:")


def test_a_run_waits_for_a_reader_of_the_warehouse_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with reader(path) as other:

        def let_go(line: str) -> None:
            if "waiting until it is closed there, 300 s at most" in line:
                other.stdin.close()

        code, lines = start("compact", path, told=let_go)
    assert code == 0, lines
    assert f"(process {other.pid})" in lines[0]
    assert runs(path) == [("compact", 0, None)]


def test_a_run_that_has_waited_long_enough_names_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with reader(path) as other:
        code, lines = start("compact", path, WAREHOUSE_WAIT="1")
    assert code == 1
    assert "waiting until it is closed there, 1 s at most" in lines[0]
    assert f"(process {other.pid})): close it there and run again" in lines[1]
    assert lines[-1].startswith("exit code 1:")


def test_a_command_that_fails_is_among_the_runs(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    open_warehouse(path).close()
    code, lines = start("report", path)
    assert code == 1
    with FileLock(tmp_path / "w.lock"):
        assert start("compact", path)[0] == 4
    assert start("trace", path, ID="cn_1")[0] == 1
    assert start("export", path, DIR=str(tmp_path / "export"))[0] == 1
    assert start("compact", path)[0] == 0
    found = [(command, code) for command, code, _ in runs(path)]
    assert found == [("report", 1), ("compact", 4), ("trace", 1), ("export", 1), ("compact", 0)]
    assert runs(path)[0] == ("report", 1, lines[0])


def runs(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(path) as warehouse:
        return warehouse.execute("select command, exit_code, failure from history.runs order by position").fetchall()


NOWHERE = "http://127.0.0.1:9"  # nothing answers there
PRODUCTION = {
    "TARGET": "production",
    "STRIPE_API_KEY": "rk_test_hush",
    "STRIPE_API_BASE": NOWHERE,
    "NETSUITE_ACCOUNT_ID": "1234567",
    "NETSUITE_BASE_URL": NOWHERE,
    "NETSUITE_AUTH": "tba",
    "NETSUITE_CONSUMER_KEY": "consumer",
    "NETSUITE_CONSUMER_SECRET": "hush",
    "NETSUITE_TOKEN_ID": "token",
    "NETSUITE_TOKEN_SECRET": "hush",
}


@pytest.mark.parametrize(
    "command", ["run", "plan", "extract", "transform", "push", "reconcile", "report", "compact", "doctor"]
)
def test_every_command_stops_at_the_warehouse_of_another_account(tmp_path: Path, command: str) -> None:
    path = tmp_path / "w.duckdb"
    with open_warehouse(path) as warehouse:
        note_books(warehouse, path, Books("acct_1", False, "1234567_SB1"))
    code, lines = start(command, path, **PRODUCTION)
    assert code == 2, lines
    assert any("1234567_SB1, this run is for 1234567: set WAREHOUSE_PATH" in line for line in lines), lines
    assert lines[-1].startswith("exit code 2:")
    assert "hush" not in "".join(lines)
    with duckdb.connect(path) as warehouse:
        schemas = warehouse.execute("select distinct table_schema from information_schema.tables").fetchall()
    assert schemas == [("main",)], "something was written"


def test_a_push_stops_at_the_other_mode(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with open_warehouse(path) as warehouse:
        note_books(warehouse, path, Books("acct_1", True, "1234567"))
    code, lines = start("push", path, **PRODUCTION)
    assert code == 2 and any("belongs to Stripe mode live, this run is for test" in line for line in lines), lines


def test_doctor_beside_a_run_says_what_it_did_not_check(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with open_warehouse(path):
        code, lines = start("doctor", path)
    assert any(f"{path} is in use: to which accounts it belongs was not checked" in line for line in lines), lines
    assert code == 0, lines


@pytest.mark.parametrize("identifier", ["team[red]7", "cus[/]", "cus:+1:"])
def test_a_table_shows_ids_as_they_are(capsys: pytest.CaptureFixture[str], identifier: str) -> None:
    print_table(console(), "Blocked", ("document",), [(identifier,)])
    assert identifier in capsys.readouterr().out


def test_an_id_stays_whole_beside_long_texts(capsys: pytest.CaptureFixture[str]) -> None:
    ids = ("unallocated_invoice_item", "price_1Qx8YzLkdIwHu7ixAAAABBBB")
    print_table(console(), "", ("for", "what", "waiting", "candidates"), [(id, *["many words " * 9] * 3) for id in ids])
    shown = capsys.readouterr().out.splitlines()
    assert all(any(line.startswith(f"{id} ") for line in shown) for id in ids) and max(map(len, shown)) <= 80


DRIFT = Drift("creditMemo", "cn_1", "7", "total_changed", 500, 600, "usd", "creditMemo cn_1: its total is another")


@pytest.mark.parametrize(("drifts", "code"), [([], DONE), ([DRIFT], REFUSED)])
def test_a_drift_ends_with_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drifts: list[Drift], code: int) -> None:
    monkeypatch.setattr("load_netsuite.reconcile.reconcile", lambda *_, run_id: drifts)
    settings = Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb")
    results = stages.StageResults()
    assert stages.reconcile(settings, results) == code
    assert [(row["expected_minor"], row["currency"]) for row in results.found["differences"]] == [(500, "usd")] * len(
        drifts
    )


MEMO = ("creditMemo", "cn_1")


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (PushReport("run", counts=Counter({("creditMemo", "created"): 1})), DONE),
        (PushReport("run", counts=Counter({("creditMemo", "no_effect_seen"): 1})), DONE),
        (PushReport("run", counts=Counter({("creditMemo", "differs"): 1})), DONE),  # somebody else's in its place
        (PushReport("run", counts=Counter({("creditMemo", "rejected"): 1})), REFUSED),
        (PushReport("run", differing={MEMO}), REFUSED),
        (PushReport("run", unresolved=1), FAILED),
        (PushReport("run", counts=Counter({("creditMemo", "rejected"): 1}), differing={MEMO}, unresolved=1), FAILED),
    ],
)
def test_a_push_ends_with_1_for_what_is_unknown_and_with_3_for_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: PushReport, code: int
) -> None:
    """Interfaces, section 1; P5."""
    open_warehouse(tmp_path / "w.duckdb").close()
    monkeypatch.setattr("load_netsuite.push.push", lambda *_, **__: report)
    settings = Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb")
    assert stages.push(settings, stages.StageResults()) == code


@pytest.mark.parametrize("stage", ["push", "reconcile"])
def test_what_reads_netsuite_first_notes_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    path = tmp_path / "w.duckdb"
    open_warehouse(path).close()
    monkeypatch.setattr("load_netsuite.reconcile.reconcile", lambda *_, run_id: [])
    monkeypatch.setattr("load_netsuite.push.push", lambda *_, run_id, **__: PushReport(run_id))
    getattr(stages, stage)(
        Settings(_env_file=None, warehouse_path=path, netsuite_account_id="1234567"), stages.StageResults()
    )
    with open_warehouse(path) as warehouse:
        assert books_of(warehouse).netsuite_account == "1234567"


@pytest.mark.parametrize(
    ("report", "lines", "code"),
    [
        (PushReport("run"), [], DONE),
        (
            PushReport("run", plan=Progress(posted=3)),
            ["push: plan.json was posted already: 3 of its records are in NetSuite, nothing is left to post"],
            DONE,
        ),
        (
            PushReport("run", plan=Progress(posted=1), counts=Counter({("creditMemo", "created"): 2})),
            ["push: 1 records of plan.json were posted already; this push went on from there"],
            DONE,
        ),
        (
            PushReport("run", plan=Progress(refused=[("creditMemo", "cn_1", "Enter a department.")])),
            [
                "push: 1 records of plan.json were refused by an earlier push of it and not tried again; "
                "correct them, then make a new plan with `make plan`",
                "  creditMemo cn_1: Enter a department.",
            ],
            REFUSED,
        ),
    ],
)
def test_a_push_says_what_was_done_of_its_plan(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    report: PushReport,
    lines: list[str],
    code: int,
) -> None:
    path = tmp_path / "w.duckdb"
    open_warehouse(path).close()
    monkeypatch.setattr("load_netsuite.push.push", lambda *_, **__: report)
    settings = Settings(_env_file=None, warehouse_path=path, plan=tmp_path / "plan.json")
    assert stages.push(settings, stages.StageResults()) == code
    assert capsys.readouterr().out.splitlines()[1:] == lines


def test_a_report_without_marts_says_what_to_do(tmp_path: Path) -> None:
    code, lines = start("report", tmp_path / "w.duckdb")
    assert code == 1
    assert any("make run" in line for line in lines), lines


def test_a_failed_test_shows_file_row_and_cell(tmp_path: Path) -> None:
    """The lines are the `message` column of the rows that the dbt test finds, not SQL."""
    code = "select 'item_map.csv row 3: id 9 is inactive' as message -- of the row"
    node = SimpleNamespace(resource_type="test", name="mapped_items_exist", compiled_code=code)
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


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    code, lines = start("mappings", tmp_path / "w.duckdb", TARGET="production", MAPPINGS_DIR=str(folder))
    assert code == 0, lines
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes.pop("maps") == 0o700
    assert set(modes.values()) == {0o600}
