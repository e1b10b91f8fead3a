"""Checks that the mapping files have what documents need: roles and purposes by the settings, the rest by what the last
transform derived. Mapping files are read as they are now, so a row that was added since counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from doctor.finding import Finding, Level
from proposals.needs import (
    FILES,
    Coverage,
    find_coverage,
    money,
    needed_cells,
    needed_purposes,
    needed_roles,
    unnamed,
    what_follows,
)

EXAMPLES = 3

# What documents that lack a thing of this kind make of it: they are blocked, or something serves otherwise.
_LEVELS: Mapping[str, Level] = {"roles": "error", "purposes": "error", "coupons": "ok"}


def check_needed(settings: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """An error for each role without an item, and for each purpose without an account."""
    for kind, column, needed, reason in (
        ("roles", "role", needed_roles(settings), "item_unmapped"),
        ("purposes", "purpose", needed_purposes(settings), "account_unmapped"),
    ):
        file = FILES[kind]
        missing = unnamed(settings, folder, kind)
        for name in missing:
            (cell,) = needed_cells(file, settings)
            message = f"is missing: documents that need it are blocked, {reason}; add a row with its {cell}"
            yield Finding("error", f"{file}.csv, {column} {name}", message)
        if not missing:
            message = f"all {len(needed)} that the settings can need have a row"
            yield Finding("ok", f"{file}.csv, {column}s", message)


def check_coverage(warehouse: Path, settings: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    """For each mapping file: how much of what documents need it covers, and what is held up, by currency.

    Documents are those of the last transform that are not skipped; held up are those that are not posted either. The
    warehouse is only read.
    """
    subject = "coverage of the mapping files"
    if not warehouse.is_file():
        why = f"there is no warehouse at {warehouse} yet; run `make plan`, then `make doctor` again"
        yield Finding("not checked", subject, why)
        return
    try:
        with closing(duckdb.connect(warehouse, read_only=True)) as connection:
            for coverage in find_coverage(connection, settings, folder, EXAMPLES):
                yield _judge(coverage, settings)
    except duckdb.CatalogException:
        yield Finding("not checked", subject, "no transform of this version has ended yet; run `make plan`")
    except duckdb.Error as error:
        words = str(error).splitlines()[0][:200]
        yield Finding("not checked", subject, f"{warehouse} cannot be read now ({words}); try again after the run")


def _judge(coverage: Coverage, settings: Mapping[str, Any]) -> Finding:
    kind, missing = coverage.kind, coverage.missing
    subject = f"{FILES[kind]}.csv, coverage{' of coupons' if kind == 'coupons' else ''}"
    if not missing:
        said = f"all {coverage.total} {kind} that documents need" if coverage.total else f"no document needs {kind}"
        return Finding("ok", subject, f"{said}{' are covered' if coverage.total else ' yet'}")
    documents = sum(number for _, number, _, _ in coverage.waiting)
    amounts = ", ".join(money(minor, digits, currency) for currency, _, minor, digits in coverage.waiting)
    named = f"{', '.join(coverage.examples)}{', ...' if missing > len(coverage.examples) else ''}"
    words = f"{missing} of {coverage.total} {kind} unmapped: {documents} document{'' if documents == 1 else 's'}"
    message = f"{words}, {amounts}; {what_follows(kind, settings)}: {named}"
    level = _level(coverage, settings)
    return Finding(level, subject, message if level == "ok" else f"{message}; `make mappings` proposes rows")


def _level(coverage: Coverage, settings: Mapping[str, Any]) -> Level:
    """An error where documents cannot do without, or where nothing is mapped at all; else a warning."""
    missing_item = settings.get("missing_item", "unallocated")
    if coverage.kind == "prices" and missing_item != "block":
        return "ok" if missing_item == "create" else "warning"
    if coverage.missing == coverage.total and coverage.kind != "coupons":
        return "error"
    return _LEVELS.get(coverage.kind, "warning")
