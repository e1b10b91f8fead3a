"""The stages of a command. Each returns an exit code; each imports its own room only when it runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.console import ROWS_SHOWN, console, say
from pipeline.exit_codes import DONE, FAILED, REFUSED, StageFailed
from pipeline.notes import readers_told
from pipeline.postgres import fetch_journal, require_own_database
from pipeline.reading import open_for_reading
from settings import ROOT, Settings, shown_path

if TYPE_CHECKING:
    import duckdb

    from doctor.finding import Finding
    from load_netsuite.push import PushReport
    from load_netsuite.watcher import Watcher
    from report.links import Links


@dataclass
class StageResults:
    """What the stages of one command tell each other and the command.

    run_id: of the command · push: the summary shows the push of this run · objects_read: of Stripe, by this extract ·
    failure: why the exit code is not 0, where no error was raised · is_published: readers have what this command did;
    None if it did nothing yet that they would see · to_tell: what doctor has to tell ALERT_URLS · found: what `--json`
    prints · so_far: how far the stage is · is_noted: the command is among the runs, or will be · on_news: called when
    an extract has found something new.
    """

    run_id: str = ""
    push: PushReport | None = None
    objects_read: int | None = None
    failure: str | None = None
    is_published: bool | None = None
    to_tell: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    so_far: Callable[[], str] = str
    is_noted: bool = False
    on_news: Callable[[], object] = str


Stage = Callable[[Settings, StageResults], int]

DOCUMENTS_SHOWN = 5
"""Documents that a trace shows in full; of more it lists all."""

NO_MARTS = "there are no marts of this version yet; run `make run`, or `make transform` after an upgrade"


def extract(settings: Settings, results: StageResults) -> int:
    """Reads Stripe and NetSuite into the raw tables."""
    from extract import run
    from mapping_files.reader import read_mappings
    from progress import Progress

    fetch_journal(settings)  # what was posted since, also from another machine
    read_mappings(settings.mappings_dir)  # a file to mend stops the command before Stripe is read for hours
    report = run(settings, Progress(), results.on_news)
    results.objects_read = report.stripe.objects_read
    for line in report.lines():
        say(line)
    return DONE


def push(settings: Settings, results: StageResults) -> int:
    """Posts to NetSuite what is ready. REFUSED: NetSuite refused rows; FAILED: the effect of a write is unknown."""
    from load_netsuite.push import push
    from progress import Progress

    require_own_database(settings)
    with readers_told(settings, results), Progress().stage("push", unit="records", has_summary=False) as stage:
        results.so_far = stage.so_far
        report = results.push = push(settings, plan=settings.plan, run_id=results.run_id, watcher=stage)
        _note_netsuite(settings)
        if report.counts:
            _note_numbers(settings, report.run_id)
    say(f"push: {_sentence(report)}")
    for line in _plan_lines(settings, report):
        say(line)
    for record_type, external_id, reason in report.refused[:ROWS_SHOWN]:
        say(f"  {record_type} {external_id}: {reason}")
    if len(report.refused) > ROWS_SHOWN:
        say(f"  and {len(report.refused) - ROWS_SHOWN} more, in marts.netsuite_load_log")
    if report.unresolved:
        say(
            f"push: the effect of {report.unresolved} writes is not known yet; the next run asks NetSuite before "
            "it sends anything again"
        )
        results.failure = f"push: the effect of {report.unresolved} writes is not known yet"
        return FAILED
    if report.is_refused:
        results.failure = "push: NetSuite refused rows, or does not show records as they were posted"
    return REFUSED if report.is_refused else DONE


def plan(settings: Settings, results: StageResults) -> int:
    """Shows what a push would post, as tables and as a file: PLAN, or plan.json."""
    from load_netsuite.plan import plan
    from pipeline.plan_json import plan_as_json
    from progress import Progress

    def watch() -> AbstractContextManager[Watcher]:
        return Progress().stage("plan", unit="records", has_summary=False)

    require_own_database(settings)
    path = plan(settings, settings.plan or ROOT / "plan.json", console(), watch)
    results.found |= plan_as_json(settings, path)
    say(f"plan: nothing was written to NetSuite; `make push PLAN={shown_path(path)}` posts exactly this")
    return DONE


def reconcile(settings: Settings, results: StageResults) -> int:
    """Compares NetSuite with the journal. REFUSED: NetSuite does not show every record as it was posted."""
    from load_netsuite.reconcile import reconcile

    require_own_database(settings)
    with readers_told(settings, results):
        drifts = reconcile(settings, console(), run_id=results.run_id)
        _note_netsuite(settings)
    results.found["differences"] = [asdict(drift) for drift in drifts]
    if drifts:
        results.failure = f"reconcile: {len(drifts)} differences; marts.netsuite_drift has them"
    return REFUSED if drifts else DONE


def report(settings: Settings, results: StageResults) -> int:
    """Prints the summary and writes the page and the files of the month, from the published marts.

    Raises StageFailed when there are no marts, or a file cannot be written.
    """
    import duckdb

    from pipeline.mapping_rows import unmatched_rows
    from pipeline.summary import print_summary
    from report.figures import as_json
    from report.files import write_files
    from report.new_file import ReportError

    with open_for_reading(settings, is_published=results.is_published is not False) as marts:
        try:
            marts.execute("select 1 from marts.runs limit 0")  # earlier versions lack it, and columns of other marts
            print_summary(marts, console(), results.push, unmatched_rows(marts, settings))
            paths, found = write_files(marts, settings, _links(settings))
        except (duckdb.CatalogException, duckdb.BinderException):
            raise StageFailed(f"report: {NO_MARTS}") from None
        except ReportError as error:
            raise StageFailed(f"report: {error}") from None
    for path in paths:
        say(f"report: wrote {shown_path(path)}")
    if not results.found:  # `make plan JSON=1` asks for the plan
        results.found |= json.loads(as_json(found))
    return DONE


def _links(settings: Settings) -> Links:
    """The accounts whose pages are linked: none in the sandbox, whose accounts have no pages."""
    from report.links import Links

    is_sandbox = settings.target == "sandbox"
    return Links() if is_sandbox else Links(settings.netsuite_account_id, settings.stripe_is_live)


def export(settings: Settings, results: StageResults, *, folder: Path | None = None) -> int:
    """Writes every mart as a Parquet file. folder: None = data/export/<target>. Raises StageFailed, NotExported."""
    import duckdb

    from publish.parquet import export

    folder = ROOT / folder.expanduser() if folder else ROOT / "data" / "export" / settings.target
    with open_for_reading(settings) as marts:
        try:
            names = export(marts, folder)
        except duckdb.CatalogException:
            raise StageFailed(f"export: {NO_MARTS}") from None
    say(f"export: {len(names)} tables are in {folder}")
    return DONE


def trace(settings: Settings, results: StageResults, *, id: str) -> int:
    """Shows the documents that an id leads to; reads the warehouse only.

    Raises StageFailed where nothing has that id, and as `open_for_reading`.
    """
    import duckdb

    from report.find import find, nearest
    from report.trace import traces
    from report.trace_text import as_json, print_hits, print_trace

    id = id.strip()
    with open_for_reading(settings) as warehouse:
        try:
            hits = find(warehouse, id)
            if not hits:
                raise StageFailed(_unknown_id(id, nearest(warehouse, id)))
            documents = traces(warehouse, list(dict.fromkeys(hit.document_id for hit in hits)), _links(settings))
        except duckdb.CatalogException:
            raise StageFailed(f"trace: {NO_MARTS}") from None
    results.found |= json.loads(as_json(id, hits, documents))
    shown = console()
    if len(documents) > 1:
        print_hits(shown, id, hits, documents)
    if len(documents) <= DOCUMENTS_SHOWN:
        for document in documents:
            print_trace(shown, document)
    return DONE


def _unknown_id(id: str, known: Sequence[str]) -> str:
    near = f"; the nearest are {', '.join(known)}" if known else ""
    return (
        f"trace: no credit document has anything to do with {id!r}{near}. ID is a document id, the id of a Stripe "
        "credit note, invoice, refund or ledger row, its number, an external id, or an internal id of NetSuite"
    )


def compact(settings: Settings, results: StageResults) -> int:
    """Removes superseded versions of Stripe's objects."""
    from extract.compact import compact
    from extract.raw_tables import declare_all
    from warehouse.connection import open_warehouse

    with open_warehouse(settings.warehouse_path) as warehouse:
        declare_all(warehouse)
        for line in compact(warehouse, settings.warehouse_path).lines():
            say(line)
    return DONE


def doctor(settings: Settings, results: StageResults) -> int:
    """Checks settings, credentials, permissions and mappings. Raises StageFailed when a check finds an error:
    without one, a run can post."""
    import doctor.netsuite
    import doctor.postgres
    import doctor.stripe
    from extract.stripe.account import require_own_account
    from pipeline.last_run import check_last_run
    from text_tables import print_table

    require_own_account(settings)
    findings = [*doctor.stripe.check(settings), *doctor.netsuite.check(settings), *_unmatched_mapping_rows(settings)]
    findings += [*doctor.postgres.check(settings), *check_last_run(settings)]
    rows = [(finding.level, finding.subject, finding.message) for finding in findings]
    print_table(console(), "", ("", "checked", "finding"), rows)
    results.found["findings"] = [asdict(finding) for finding in findings]
    results.to_tell += [
        f"{finding.subject}: {finding.message}"
        for finding in findings
        if finding.level == "error" or (finding.level == "warning" and finding.subject == doctor.netsuite.CERTIFICATE)
    ]
    unknown = [finding.subject for finding in findings if finding.level == "not checked"]
    if unknown:
        say(f"doctor: not checked, for the reasons above: {'; '.join(unknown)}")
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise StageFailed(f"doctor: {errors} of {len(findings)} checks show something to fix")
    warnings = sum(finding.level == "warning" for finding in findings)
    looked_at = f", {warnings} to look at" if warnings else ""
    say(f"doctor: {len(findings)} checks, nothing that stops a run{looked_at}")
    return DONE


def _unmatched_mapping_rows(settings: Settings) -> list[Finding]:
    """What the last transform found. Nothing before it."""
    from doctor.finding import Finding
    from doctor.rows import check_decisions
    from pipeline.mapping_rows import unmatched_rows
    from warehouse.connection import WarehouseError

    subject = "rows of mapping files that match nothing"
    if not settings.warehouse_path.exists():
        return [Finding("not checked", subject, "there is no warehouse yet; run `make plan`, then `make doctor` again")]
    try:
        with open_for_reading(settings) as marts:
            found = [Finding("warning", subject, sentence) for sentence in unmatched_rows(marts, settings)]
            return [*found, *check_decisions(_documents(marts), settings.mappings_dir)]
    except WarehouseError as error:
        return [Finding("not checked", subject, str(error))]


def _documents(marts: duckdb.DuckDBPyConnection) -> set[str]:
    """The documents of the last transform; none before it."""
    import duckdb

    try:
        return {id for (id,) in marts.execute("select document_id from marts.credit_outcomes").fetchall()}
    except duckdb.CatalogException:
        return set()


def _note_netsuite(settings: Settings) -> None:
    """Note whose records the warehouse holds, if no extract of this version has (rule I1)."""
    from pipeline.books import note_netsuite_account

    note_netsuite_account(settings)


def _note_numbers(settings: Settings, run_id: str) -> None:
    """Asks NetSuite for the document numbers of what was posted. People read them; nothing else needs them, so what
    goes wrong is left to the next extract."""
    import duckdb

    from extract.netsuite.record_names import posted_without_number, store_numbers
    from netsuite.api import NetSuite
    from netsuite.errors import NetSuiteError
    from netsuite.names import find_names
    from warehouse.connection import WarehouseError, open_warehouse

    try:
        fetch_journal(settings)
        with open_warehouse(settings.warehouse_path) as warehouse:
            posted = posted_without_number(warehouse, run_id)
            if posted:
                with NetSuite(settings) as client:
                    store_numbers(warehouse, find_names(client, "transaction", posted))
    except (NetSuiteError, WarehouseError, duckdb.Error) as error:
        logging.getLogger("pipeline.numbers").debug("numbers of posted records: %s", error)


def _plan_lines(settings: Settings, report: PushReport) -> list[str]:
    """What an earlier push did of the plan of this push."""
    if report.plan is None or settings.plan is None:
        return []
    done, refused, name = report.plan.posted, report.plan.refused, settings.plan.name
    lines = []
    if done and not report.posted and not report.unresolved:
        lines.append(f"push: {name} was posted already: {done} of its records are in NetSuite, nothing is left to post")
    elif done:
        lines.append(f"push: {done} records of {name} were posted already; this push went on from there")
    shown = [f"  {record_type} {external_id}: {words}" for record_type, external_id, words in refused[:ROWS_SHOWN]]
    if refused:
        lines.append(
            f"push: {len(refused)} records of {name} were refused by an earlier push of it and not tried again; "
            "correct them, then make a new plan with `make plan`"
        )
    return lines + shown


def _sentence(report: PushReport) -> str:
    counts = [f"{number} {record_type} {status}" for (record_type, status), number in sorted(report.counts.items())]
    return f"{', '.join(counts) or 'nothing to post'} ({report.requests} requests, {report.seconds:.1f} s)"
