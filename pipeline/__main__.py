"""The commands: each names its stages and the credentials that it needs.

python -m pipeline run        # extract, transform, push, report

Exit codes: 0 done · 1 failed, run it again · 2 settings wrong · 3 finished, but NetSuite refused rows or shows them
otherwise than they were posted · 4 another run is under way.
With TARGET=sandbox the stand-ins of `sandbox/` start with the command and end with it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import stages
from pipeline.command import run_command
from pipeline.docs_site import docs as write_docs
from pipeline.mappings import propose_mappings
from pipeline.transform import transform


def _setting(option: str, help: str, metavar: str | None = None) -> Any:
    """An option that sets the variable of its name: `--full-ledger` is FULL_LEDGER=1, `--plan x` is PLAN=x. `settings`
    then checks it as if it came from the environment."""
    name = option.removeprefix("--").replace("-", "_").upper()

    def put(value: bool | str | None) -> None:
        if value:
            os.environ[name] = "1" if value is True else str(value)

    return typer.Option(option, help=f"{help} (make: {name}={metavar or 1})", metavar=metavar, callback=put)


AsJson = Annotated[bool, typer.Option("--json", envvar="JSON", help="Print one JSON object. (make: JSON=1)")]
FullLedger = Annotated[bool, _setting("--full-ledger", "Read the balance ledger of every customer.")]
FullRefresh = Annotated[bool, _setting("--full-refresh", "Derive all customers anew.")]
PlanFile = Annotated[str | None, _setting("--plan", "The plan's file.", "plan.json")]
Month = Annotated[str | None, _setting("--month", "The month of the workbook.", "2026-03")]
Write = Annotated[bool, _setting("--write", "Append the rows that are complete.")]
Apply = Annotated[str | None, _setting("--apply", "Take over a filled-in workbook.", "file.xlsx")]

HELP = """Carries Stripe credit into NetSuite: extract, transform, push, report.

`run` does the whole job, `plan` the same without writing to NetSuite.

Exit codes: 0 done; 1 failed, run it again; 2 settings wrong; 3 finished, but NetSuite refused rows or shows them
otherwise than they were posted; 4 another run is under way.

TARGET=sandbox (default) needs no account; TARGET=production reads the variables of README.md.
"""

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=HELP, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.command("run")
def run(
    full_ledger: FullLedger = False, full_refresh: FullRefresh = False, plan: PlanFile = None, month: Month = None
) -> None:
    """Extract, transform, push, report."""
    run_command(["stripe", "netsuite"], stages.extract, transform, stages.push, stages.report, note_as="run")


@app.command("plan", short_help="Show what a run would post; write nothing to NetSuite.")
def plan(
    full_ledger: FullLedger = False,
    full_refresh: FullRefresh = False,
    plan: PlanFile = None,
    month: Month = None,
    as_json: AsJson = False,
) -> None:
    """Everything of `run` except that nothing is written to NetSuite: shows what would be posted."""
    run_command(
        ["stripe", "netsuite"], stages.extract, transform, stages.plan, stages.report, note_as="plan", as_json=as_json
    )


@app.command("extract")
def extract(full_ledger: FullLedger = False) -> None:
    """Read Stripe and NetSuite into the raw tables."""
    run_command(["stripe", "netsuite"], stages.extract, note_as="extract")


@app.command("transform", short_help="Derive documents, memos, lines and outcomes.")
def transform_command(full_refresh: FullRefresh = False) -> None:
    """Derive credit documents, memos, lines and outcomes with dbt."""
    run_command([], transform, note_as="transform")


@app.command("push", short_help="Post what is ready to NetSuite, or one plan.")
def push(plan: PlanFile = None) -> None:
    """Post what is ready to NetSuite; with a plan, only what that plan shows."""
    run_command(["netsuite"], stages.push, must_exist=True, note_as="push")


@app.command("reconcile")
def reconcile(as_json: AsJson = False) -> None:
    """Compare what was posted with what NetSuite shows today."""
    run_command(["netsuite"], stages.reconcile, must_exist=True, note_as="reconcile", as_json=as_json)


@app.command("report", short_help="Print the summary; write page and workbook.")
def report(month: Month = None, as_json: AsJson = False) -> None:
    """Print the summary of the last run; write the page, and the workbook of a month (else the last whole one)."""
    run_command([], stages.report, locked=False, needs_warehouse=False, note_as="report", as_json=as_json)


@app.command("export", short_help="Write every mart as a Parquet file.")
def export(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder for the files (default: data/export/<target>).")
    ] = None,
) -> None:
    """Write every mart as a Parquet file; reads what is published."""
    run_command([], partial(stages.export, folder=folder), locked=False, needs_warehouse=False, note_as="export")


@app.command("trace", short_help="Show one document from Stripe to NetSuite.")
def trace(
    id: Annotated[str, typer.Argument(metavar="ID", envvar="ID", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Show one document from Stripe's objects to NetSuite's records; reads the warehouse only.

    ID: a document id, the id or number of a Stripe credit note, invoice or refund, an external id, or an internal id.
    """
    run_command([], partial(stages.trace, id=id), locked=False, needs_warehouse=False, note_as="trace", as_json=as_json)


@app.command("docs")
def docs() -> None:
    """Write dbt's site of the models; reads what is published."""
    run_command([], write_docs, locked=False, needs_warehouse=False, note_as="docs")


@app.command("mappings", short_help="Propose the rows that mapping files lack.")
def mappings(write: Write = False, apply: Apply = None) -> None:
    """Propose the rows that documents need and no mapping file has. Create the files that are missing."""
    run_command([], propose_mappings, locked=False, needs_warehouse=False, note_as="mappings")


@app.command("compact", short_help="Remove superseded versions of Stripe's objects.")
def compact() -> None:
    """Remove superseded versions of Stripe's objects from the warehouse; the current ones stay."""
    run_command([], stages.compact, must_exist=True, note_as="compact")


@app.command("doctor", short_help="Check settings, permissions and mappings.")
def doctor(as_json: AsJson = False) -> None:
    """Check settings, credentials, permissions and mappings; write nothing."""
    run_command(["stripe", "netsuite"], stages.doctor, locked=False, note_as="doctor", as_json=as_json)


if __name__ == "__main__":
    app()
