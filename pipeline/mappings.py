"""The stage of `make mappings`: what the mapping files lack, as rows and as a workbook, and back into the files.

A file that is missing is created with its header, since every run needs it. No other file changes without WRITE=1 or
APPLY.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.console import ROWS_SHOWN, console, say
from pipeline.exit_codes import DONE, AnotherRun, StageFailed
from pipeline.logs import warn
from settings import Settings, SettingsError, load_settings, shown_path

if TYPE_CHECKING:
    from mapping_files.writing import NewRow
    from pipeline.stages import StageResults
    from proposals.rows import Named, ProposedRow

WORKBOOK = "mappings-todo.xlsx"
NEXT = "next: `make plan` derives everything anew with these rows"


def propose_mappings(settings: Settings, results: StageResults) -> int:
    """Shows what the mapping files lack and writes the workbook. Raises StageFailed, MappingsRefused, SettingsError,
    NetSuiteError, WarehouseError, WrongBooks, AnotherRun."""
    from mapping_files.reader import read_mappings
    from proposals.rows import what_no_row_can_name

    if settings.write and settings.apply:
        raise SettingsError(["WRITE and APPLY: set one of them, WRITE=1 or APPLY=file.xlsx"])
    _create_missing_files(settings)
    for warning in read_mappings(settings.mappings_dir).warnings:
        warn(f"mappings: {warning}")
    if settings.apply:
        _take_over(settings, settings.apply)
        return DONE
    own = _with_warehouse(settings)
    named = _missing(own) if own else None
    if own is None or named is None:
        say("mappings: what documents need is known after the first `make plan`; then run `make mappings` again")
        return DONE
    _show_and_write(own, _proposed(own, named))
    for sentence in what_no_row_can_name(named):
        say(f"mappings: {sentence}")
    return DONE


def _create_missing_files(settings: Settings) -> None:
    from mapping_files.reader import create_missing

    try:
        created = create_missing(settings.mappings_dir)
    except OSError as error:
        raise StageFailed(
            f"mappings: {error.filename} cannot be created ({error.strerror}); set MAPPINGS_DIR to a folder of yours"
        ) from None
    for path in created:
        say(f"mappings: created {path} with its header; docs/mappings.md says how to fill it in")
    if not created and not settings.write and not settings.apply:
        say(f"mappings: all files are in {settings.mappings_dir} already; nothing was written there")


def _with_warehouse(settings: Settings) -> Settings | None:
    """The settings with their warehouse, which belongs to their accounts (rule I1); None if there is none yet."""
    from pipeline.books import require_own_books, with_warehouse
    from warehouse.connection import WarehouseLocked

    try:
        settings = with_warehouse(settings)
        require_own_books(settings)
    except WarehouseLocked as locked:
        raise AnotherRun(str(locked)) from None
    except SettingsError:  # no account is named yet, so none was read
        return None
    return settings if settings.warehouse_path.is_file() else None


def _missing(settings: Settings) -> list[Named] | None:
    """What the files lack; None before the first transform of this version."""
    import duckdb

    from proposals.needs import find_missing
    from proposals.rows import name_missing
    from publish.reading import open_for_reading

    # `books` is not published
    with closing(open_for_reading(settings.warehouse_path, is_published=False)) as connection:
        try:
            return name_missing(connection, find_missing(connection, settings.vars, settings.mappings_dir))
        except duckdb.CatalogException:
            return None


def _proposed(settings: Settings, named: Sequence[Named]) -> list[ProposedRow]:
    """The rows to add. NetSuite is asked only if there are any."""
    from netsuite.api import NetSuite
    from pipeline.sandbox_process import connected
    from proposals.records import read_accounts, read_items
    from proposals.rows import propose

    if not named:
        return []
    load_settings(["netsuite"])  # names what is missing to ask NetSuite
    with connected(settings, wanted=True) as own, NetSuite(own) as client:
        items, accounts = read_items(client), read_accounts(client)
    for table, records in (("item", items), ("account", accounts)):
        if records.is_hidden:
            say(f"mappings: NetSuite does not show the table {table} to this role, so there are no candidates of it")
    return propose(named, settings.vars, items, accounts)


def _show_and_write(settings: Settings, rows: list[ProposedRow]) -> None:
    from proposals.workbook import write_workbook

    path = settings.report_dir / WORKBOOK
    _require_nothing_unsaved(settings, path, rows)
    complete = [row for row in rows if row.is_complete]
    if settings.write and complete:
        _append(settings, [row.new_row() for row in complete])
        rows = [row for row in rows if not row.is_complete]
    _show(settings, rows)
    if not rows:
        say("mappings: every row that documents need is there")
    else:
        write_workbook(path, rows, settings.vars, f"make mappings APPLY={shown_path(path)}")
        say(f"mappings: {_rows(rows)} to fill in {'is' if len(rows) == 1 else 'are'} in {shown_path(path)}")
        say(f"mappings: `make mappings APPLY={shown_path(path)}` takes over those that are complete then")
        if complete and not settings.write:
            say(f"mappings: {len(complete)} rows are complete already: `make mappings WRITE=1` appends them")
    if settings.write:
        say(f"mappings: {NEXT}" if complete else "mappings: no row is complete, so none was appended")


def _rows(rows: Sequence[ProposedRow]) -> str:
    return "1 row" if len(rows) == 1 else f"{len(rows)} rows"


def _show(settings: Settings, rows: Sequence[ProposedRow]) -> None:
    """Per file a table and the rows as CSV."""
    from mapping_files.schema import SCHEMAS, USED
    from proposals.needs import what_follows
    from proposals.workbook import MOST_ROWS, waiting_amounts
    from text_tables import print_table

    for name in USED:
        own = [row for row in rows if row.file == name]
        if not own:
            continue
        shown = []
        for row in own[:ROWS_SHOWN]:
            key = " ".join(filter(None, (row.cells[column] for column in SCHEMAS[name].key_columns)))
            candidates = ", ".join(f"{record.name} ({record.id})" for record in row.candidates[:3])
            shown.append((key or "(none)", row.name, row.missing.documents, waiting_amounts(row), candidates))
        headings = ("for", "what it is", "documents", "waiting", "candidates in NetSuite")
        print_table(console(), f"{name}.csv: {_rows(own)}", headings, shown)
        for kind in dict.fromkeys(row.missing.kind for row in own):
            say(f"Without a row for {kind}: {what_follows(kind, settings.vars)}.")
        if len(own) > ROWS_SHOWN:
            say(f"{min(len(own), MOST_ROWS) - ROWS_SHOWN} more are in the workbook.")
        say(f"\n{_csv(SCHEMAS[name].columns, own[:ROWS_SHOWN])}")


def _csv(columns: Sequence[str], rows: Sequence[ProposedRow]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.cells[column] for column in columns] for row in rows)
    return out.getvalue()


def _require_nothing_unsaved(settings: Settings, path: Path, rows: Sequence[ProposedRow]) -> None:
    """Raise StageFailed if the workbook holds rows that somebody filled in and nobody took over."""
    from mapping_files.writing import open_rows
    from proposals.workbook import NoWorkbook, read_workbook

    if not path.exists():
        return
    try:
        held = read_workbook(path, settings.vars)
    except NoWorkbook as error:
        raise StageFailed(f"mappings: {error}; move it away, then run `make mappings` again") from None
    known = [(row.file, row.cells) for row in (each.new_row() for each in rows)]
    left = [row for row in open_rows(settings.mappings_dir, held.rows) if (row.file, row.cells) not in known]
    number = len(left) + len(held.problems) + held.begun
    if number:
        raise StageFailed(
            f"mappings: nothing was written: {shown_path(path)} holds {number} rows that were filled in and not taken "
            f"over; `make mappings APPLY={shown_path(path)}` takes them over, or move the file away"
        )


def _take_over(settings: Settings, path: Path) -> None:
    """Appends the complete rows of a workbook. Raises StageFailed, and writes nothing, if one is refused."""
    from proposals.workbook import NoWorkbook, read_workbook

    try:
        filled_in = read_workbook(path, settings.vars)
    except NoWorkbook as error:
        raise StageFailed(f"mappings: APPLY: {error}; name the workbook that `make mappings` wrote") from None
    for warning in filled_in.warnings:
        warn(f"mappings: {warning}")
    if filled_in.problems:
        raise StageFailed("\n".join(["mappings: nothing was written. Cells to mend:", *_listed(filled_in.problems)]))
    added = _append(settings, filled_in.rows)
    if filled_in.to_do:
        say(f"mappings: {filled_in.to_do} rows of {shown_path(path)} lack an id and stay behind")
    if added:
        say(f"mappings: {NEXT}")


def _append(settings: Settings, rows: Sequence[NewRow]) -> int:
    """Appends rows to the files and says how many; returns that number. Raises StageFailed."""
    from mapping_files.writing import RowsRefused, add_rows

    try:
        added = add_rows(settings.mappings_dir, rows)
    except RowsRefused as refused:
        raise StageFailed(
            "\n".join(["mappings: nothing was written. Rows to mend:", *_listed(refused.problems)])
        ) from None
    except OSError as error:
        raise StageFailed(f"mappings: {error.filename} cannot be written ({error.strerror})") from None
    number = sum(len(own) for own in added.values())
    counts = ", ".join(f"{len(own)} to {name}.csv" for name, own in added.items() if own)
    say(f"mappings: added {counts}" if number else "mappings: every complete row is in the files already")
    return number


def _listed(problems: Sequence[str]) -> list[str]:
    more = [f"  and {len(problems) - ROWS_SHOWN} more"] if len(problems) > ROWS_SHOWN else []
    return [*(f"  - {problem}" for problem in problems[:ROWS_SHOWN]), *more]
