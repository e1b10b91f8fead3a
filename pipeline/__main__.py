"""The commands: each names its stages and the credentials that it needs.

python -m pipeline run        # extract, transform, push, report

Exit codes: 0 done · 1 failed, run it again · 2 settings wrong · 3 finished, but NetSuite refused rows or shows them
otherwise than they were posted · 4 another run is under way.
With TARGET=sandbox the stand-ins of `sandbox/` start with the command and end with it.
"""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline import stages
from pipeline.command import run_command
from pipeline.mappings import propose_mappings
from pipeline.transform import transform

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=__doc__, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.command("run")
def run() -> None:
    """Extract, transform, push, report."""
    run_command(["stripe", "netsuite"], stages.extract, transform, stages.push, stages.report, note_as="run")


@app.command("plan")
def plan() -> None:
    """Everything of `run` except that nothing is written to NetSuite: shows what would be posted."""
    run_command(["stripe", "netsuite"], stages.extract, transform, stages.plan, stages.report, note_as="plan")


@app.command("extract")
def extract() -> None:
    """Read Stripe and NetSuite into the raw tables (FULL_LEDGER=1: every customer's balance ledger)."""
    run_command(["stripe", "netsuite"], stages.extract, note_as="extract")


@app.command("transform")
def transform_command() -> None:
    """Derive credit documents, memos, lines and outcomes with dbt."""
    run_command([], transform, note_as="transform")


@app.command("push")
def push() -> None:
    """Post what is ready to NetSuite (PLAN=plan.json: only what that plan shows)."""
    run_command(["netsuite"], stages.push, must_exist=True, note_as="push")


@app.command("reconcile")
def reconcile() -> None:
    """Compare what was posted with what NetSuite shows today."""
    run_command(["netsuite"], stages.reconcile, must_exist=True, note_as="reconcile")


@app.command("report")
def report(
    as_json: Annotated[bool, typer.Option("--json", envvar="JSON", help="Print JSON (make: JSON=1).")] = False,
) -> None:
    """Print the summary of the last run; write the page and the month-end workbook (MONTH=2026-03; else the last whole
    month)."""
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        stage = partial(stages.report, json_to=out if as_json else None)
        run_command([], stage, locked=False, needs_warehouse=False, note_as="report")


@app.command("export")
def export(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder for the files (default: data/export/<target>).")
    ] = None,
) -> None:
    """Write every mart as a Parquet file; reads what is published."""
    run_command([], partial(stages.export, folder=folder), locked=False, needs_warehouse=False)


@app.command("trace")
def trace(
    id: Annotated[str, typer.Argument(metavar="ID", envvar="ID", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", envvar="JSON", help="Print JSON (make: JSON=1).")] = False,
) -> None:
    """Show one document from Stripe's objects to NetSuite's records; reads the warehouse only.

    ID: a document id, the id or number of a Stripe credit note, invoice or refund, an external id, or an internal id.
    """
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        stage = partial(stages.trace, id=id, json_to=out if as_json else None)
        run_command([], stage, locked=False, needs_warehouse=False)


@app.command("mappings")
def mappings() -> None:
    """Propose the rows that documents need and no mapping file has (WRITE=1: append those that are complete;
    APPLY=file.xlsx: take over a filled-in workbook). Create the files that are missing, with their headers."""
    run_command([], propose_mappings, locked=False, needs_warehouse=False)


@app.command("compact")
def compact() -> None:
    """Remove superseded versions of Stripe's objects from the warehouse; the current ones stay."""
    run_command([], stages.compact, must_exist=True, note_as="compact")


@app.command("doctor")
def doctor() -> None:
    """Check settings, credentials, permissions and mappings; write nothing."""
    run_command(["stripe", "netsuite"], stages.doctor, locked=False)


if __name__ == "__main__":
    app()
