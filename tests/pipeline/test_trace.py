"""`make trace`: what it prints and where, its exit codes, and that it changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline import stages
from pipeline.exit_codes import StageFailed
from pipeline.stages import DOCUMENTS_SHOWN, StageResults
from settings import ROOT, Settings
from tests.pipeline.test_commands import start
from tests.report.marts import insert, with_marts
from warehouse.connection import WarehouseError
from warehouse.ownership import Books, WrongBooks, note_books


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A warehouse with the marts of a document, and of some more on one invoice."""
    path = tmp_path / "data" / "w.duckdb"
    path.parent.mkdir()
    document = {"document_type": "credit_note", "currency": "usd", "amount_minor": 100, "state": "ready"}
    part = {"part_number": 1, "part": "kept", "currency_decimals": 2, "amount_minor": 100, "becomes": "kept_in_balance"}
    with duckdb.connect(path) as warehouse:
        with_marts(warehouse)
        for name in ("cn_1", *(f"cn_many_{n}" for n in range(DOCUMENTS_SHOWN + 1))):
            insert(warehouse, "credit_outcomes", document | {"document_id": name, "reason": "ready"})
            insert(warehouse, "credit_document_parts", part | {"document_id": name, "currency": "usd"})
            invoice = {"document_id": name, "object_type": "invoice", "stripe_id": f"in_{name[3:7]}"}
            insert(warehouse, "credit_document_objects", invoice)
    return path


def trace(path: Path, id: str, results: StageResults | None = None, **variables: str) -> int:
    settings = Settings(_env_file=None, warehouse_path=path, **variables)
    return stages.trace(settings, results or StageResults(), id=id)


def contents(folder: Path) -> dict[str, bytes]:
    """The files below a folder, without the note that a command leaves for `marts.runs`."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.parent.name != "w-commands"]
    return {str(file): file.read_bytes() for file in files}


def test_a_trace_reads_and_changes_nothing(path: Path) -> None:
    before = contents(path.parent)
    code, lines = start("trace", path, ID=" cn_1 ")
    assert code == 0, lines
    assert lines[0].startswith("cn_1: credit note of 1.00 USD, ready")
    assert contents(path.parent) == before


def test_json_is_alone_on_standard_output(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "trace", "cn_1", "--json"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, "WAREHOUSE_PATH": str(path), "TARGET": "sandbox"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"][0]["document"]["document_id"] == "cn_1"
    assert done.stderr.splitlines() == ["exit code 0: done"]


def test_an_unknown_id_ends_with_1_and_the_nearest_ids(path: Path) -> None:
    code, lines = start("trace", path, ID="cn_2")
    assert (code, lines[-1]) == (1, "exit code 1: failed, run it again once the cause above is fixed")
    assert "has anything to do with 'cn_2'; the nearest are cn_1" in lines[0]


def test_a_trace_without_an_id_says_what_is_missing(path: Path) -> None:
    code, lines = start("trace", path)
    assert code == 2
    assert any("Missing argument 'ID'" in line for line in lines)


def test_many_documents_are_listed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace(path, "in_many") == 0
    said = capsys.readouterr().out
    assert f"in_many leads to {DOCUMENTS_SHOWN + 1} documents" in said
    assert "cn_many_5, ready: in_many is its Stripe invoice" in said
    assert "What becomes of" not in said
    results = StageResults()
    assert trace(path, "in_many", results) == 0
    assert len(results.found["documents"]) == DOCUMENTS_SHOWN + 1


def test_other_readers_may_read_meanwhile(path: Path) -> None:
    with duckdb.connect(path, read_only=True):
        code, lines = start("trace", path, ID="cn_1")
    assert code == 0, lines


def test_a_trace_names_the_run_that_has_the_warehouse_before_anything_is_published(path: Path) -> None:
    with duckdb.connect(path):
        code, lines = start("trace", path, ID="cn_1")
    assert code == 1
    assert f"(process {os.getpid()})" in lines[0]


def test_a_warehouse_of_another_account_is_not_read(path: Path) -> None:
    """Rule I1."""
    with duckdb.connect(path) as warehouse:
        note_books(warehouse, path, Books(netsuite_account="1234567"))
    with pytest.raises(WrongBooks, match="belongs to NetSuite account 1234567, this run is for 7654321"):
        trace(path, "cn_1", netsuite_account_id="7654321")


def test_no_warehouse_is_made(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="there is no warehouse at"):
        trace(tmp_path / "data" / "w.duckdb", "cn_1")
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_of_an_earlier_version_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    duckdb.connect(path).close()
    with pytest.raises(StageFailed, match="no marts of this version yet; run `make run`, or `make transform`"):
        trace(path, "cn_1")


def test_a_file_that_is_no_warehouse_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    path.write_text("not a database")
    with pytest.raises(WarehouseError, match=r"is no DuckDB file: .*move this one away"):
        trace(path, "cn_1")


def test_what_a_killed_run_wrote_last_is_read(path: Path) -> None:
    """Its last commits stand in the log beside the file, which a reader must not touch."""
    script = (
        "import duckdb, os, sys\n"
        "warehouse = duckdb.connect(sys.argv[1])\n"
        "warehouse.execute(\"update marts.credit_outcomes set amount_minor = 200 where document_id = 'cn_1'\")\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    before = contents(path.parent)
    assert len(before) == 2
    code, lines = start("trace", path, ID="cn_1")
    assert code == 0, lines
    assert lines[0].startswith("cn_1: credit note of 2.00 USD")
    assert contents(path.parent) == before
