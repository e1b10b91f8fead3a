"""The page of a report: one HTML file that asks for nothing, for people, printers and screen readers.

Text from outside is escaped by Jinja2, everywhere; a policy in the page lets no script run but its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from report import summary_figures, trace_text
from report.figures import LEDGER_ROWS_SHOWN, RECORDS_SHOWN, Figures
from report.links import Links
from report.new_file import new_file
from report.trace import Row, Trace, traces
from text_tables import major_units
from warehouse.query import ask

TEMPLATES = Path(__file__).with_name("templates")

DOCUMENTS_SHOWN = 1_000
"""Documents that have a place in the page: all, or the first of those that are not done."""

LARGEST = 1_000_000
"""Bytes of the page. Places of documents hold less where they would not fit."""

PLACES = f"""
select document_id from marts.credit_outcomes
order by
    list_position(['blocked', 'waiting', 'ready', 'posted', 'skipped'], state), created_at desc nulls last, document_id
limit {DOCUMENTS_SHOWN}
"""

SENTENCE_ONLY, WITHOUT_LINES, WHOLE = range(3)
"""What a place holds."""

DONE = ("posted", "skipped")

CONTROLS = {code: "\ufffd" for code in (*range(9), *range(11, 32), *range(127, 160))}
"""Control characters, which HTML lacks or a browser would obey."""

BY_HAND = {
    "tax_not_reversed": ("tax of used balances that NetSuite does not reverse", "book it with a journal entry", "B5"),
    "ledger_rows_without_invoice": ("rows of balance ledgers that belong to no invoice", "look at them", "O2, B9"),
    "refunds_to_match": ("refunds that no memo stands for", "match them with the bank by hand", "G3"),
}
"""What a person must book or match → what it is, what to do, the rule."""

KINDS = dict(summary_figures.DOCUMENT_TYPES)
CHECKED = ("stripe", "became")
POSITIONS: dict[str, dict[tuple[str, str], str]] = {
    "documents": {
        ("stripe", "total"): "in Stripe",
        **{("became", position): label for position, label, _ in summary_figures.BECAME},
    },
    "records": {
        ("dated", "documents_of_the_month"): "of documents of the month",
        ("dated", "documents_of_other_months"): "of documents of other months",
        **{("netsuite", position): label for position, label in summary_figures.SNAPSHOT},
        ("not_ours", "in_snapshot"): "not ours",
    },
    "tax": {("tax", "reversed"): "reversed", ("tax", "not_reversed"): "not reversed"},
}
"""Table of the month → line and position of `month_end_tie_out` → what the column is called, in order."""


class MonthTable(NamedTuple):
    """A table of the month: its columns (line and position), their headings, its rows (`at`: column → minor units)."""

    positions: list[tuple[str, str]]
    headings: list[str]
    rows: list[Row]


def write_page(warehouse: duckdb.DuckDBPyConnection, path: Path, found: Figures, links: Links) -> None:
    """Writes the page, for its owner alone, and puts it in its place by one rename.

    found: of `report.figures` · links: the accounts whose pages are linked.
    Raises ReportError; duckdb.CatalogException when the marts do not exist.
    """
    text = page(found, documents(warehouse, links), links)
    with new_file(path, "the page") as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def documents(warehouse: duckdb.DuckDBPyConnection, links: Links) -> list[Trace]:
    """The documents that get a place: those that are not done first, then the newest."""
    return traces(warehouse, [id for (id,) in ask(warehouse, PLACES)], links)


def page(found: Figures, shown: Sequence[Trace], links: Links) -> str:
    """The page as text."""
    from report.charts import charts  # the libraries that draw are large

    environment = _environment({trace.document["document_id"] for trace in shown}, links)
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = environment.get_template("page.html")
    values = {
        "found": found,
        "charts": charts(found),
        "script": Markup(script),
        "script_hash": Markup(digest),
        "tables": _month_tables(found["month_end"]["rows"]),
    }
    left = LARGEST - len(template.render(values, places="").encode())
    places = _places(environment.get_template("place.html").render, shown, left)
    return template.render(values, places=Markup("".join(places))).lstrip()


def _places(render: Callable[..., str], shown: Sequence[Trace], left: int) -> list[str]:
    """The documents' places, each as whole as the bytes that are left allow.

    Those that are not done get half of the bytes, to be whole; then all get what is there in Stripe and NetSuite, then
    the rest, the first ones first.
    """
    places = [(SENTENCE_ONLY, render(trace=trace, holds=SENTENCE_ONLY, WHOLE=WHOLE)) for trace in shown]
    left -= sum(len(place.encode()) for _, place in places)

    def fill(holds: int, budget: int, is_wanted: Callable[[Trace], bool] = lambda trace: True) -> int:
        """What is left of the budget."""
        for number, trace in enumerate(shown):
            held, place = places[number]
            if held < holds and is_wanted(trace):
                more = render(trace=trace, holds=holds, WHOLE=WHOLE)
                cost = len(more.encode()) - len(place.encode())
                if cost <= budget:
                    places[number], budget = (holds, more), budget - cost
        return budget

    left -= left // 2 - fill(WHOLE, left // 2, lambda trace: trace.document["state"] not in DONE)
    fill(WHOLE, fill(WITHOUT_LINES, left))
    return [place for _, place in places]


def _environment(known: set[str], links: Links) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_controls,
    )
    environment.filters |= {
        "money": money,
        "time": time,
        "anchor": anchor,
        "code": lambda currency: (currency or "?").upper(),
        "words": lambda name: str(name).replace("_", " "),
    }
    environment.globals |= {
        "known": known,
        "links": links,
        "text": trace_text,
        "used_ages": _used_ages,
        "BY_HAND": BY_HAND,
        "OPENED": 3,  # causes of so few documents show them at once
        "RECORDS_SHOWN": RECORDS_SHOWN,
        "LEDGER_ROWS_SHOWN": LEDGER_ROWS_SHOWN,
    }
    return environment


def money(minor: int | None, decimals: int | None) -> str:
    """An amount in the major unit with all its decimals; of an unknown currency in minor units."""
    return "" if minor is None else major_units(minor, decimals)


def time(at: datetime | date | None) -> Markup:
    """A time (UTC, to the minute) or a day, for people and for programs."""
    if at is None:
        return Markup("")
    if not isinstance(at, datetime):
        return Markup('<time datetime="{0}">{0}</time>').format(at.isoformat())
    at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    return Markup('<time datetime="{}Z">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%S}", f"{at:%Y-%m-%d %H:%M}")


def anchor(document_id: str) -> str | None:
    """The address of a document's place within the page; None for an id that cannot be one in HTML, or is ours."""
    if re.search(r"\s", document_id) or document_id.startswith("page-"):
        return None
    return "#" + quote(document_id, safe="")


def _used_ages(causes: Sequence[Row]) -> list[str]:
    """The ages that any open document has, the youngest first."""
    used = {age["age"] for cause in causes for currency in cause["currencies"] for age in currency["ages"]}
    return [age for age in summary_figures.AGES if age in used]


def _without_controls(value: Any) -> Any:
    if value is None:
        return ""
    return value.translate(CONTROLS) if isinstance(value, str) and not isinstance(value, Markup) else value


def _month_tables(rows: Sequence[Row]) -> dict[str, MonthTable]:
    """The rows of a month as three tables: a row per type and currency, a column per position that has an amount.

    documents: what Stripe shows and what became of it · records: in NetSuite · tax: reversed or not.
    """
    is_about = {"stripe": "documents", "became": "documents", "tax": "tax"}
    of: dict[str, list[Row]] = {"documents": [], "records": [], "tax": []}
    for row in rows:
        of[is_about.get(row["line"], "records")].append(row)
    return {name: _month_table(of[name], POSITIONS[name]) for name in of}


def _month_table(rows: Sequence[Row], labels: Mapping[tuple[str, str], str]) -> MonthTable:
    columns = [place for place in labels if any((row["line"], row["position"]) == place for row in rows)]
    columns += sorted({(row["line"], row["position"]) for row in rows} - set(labels))
    table: dict[tuple[str, str], Row] = {}
    for row in rows:
        kind = row["document_type" if labels is POSITIONS["documents"] else "record_type"] or ""
        name = KINDS.get(kind, kind)
        sums = table.setdefault((name, row["currency"]), {"name": name, "at": dict.fromkeys(columns, 0)} | row)
        sums["at"][row["line"], row["position"]] += row["amount_minor"]
    for sums in table.values():
        sums["difference_minor"] = sum(
            minor if line == "stripe" else -minor for (line, _), minor in sums["at"].items() if line in CHECKED
        )
    return MonthTable(columns, [f"#{labels.get(place, ' '.join(place))}" for place in columns], list(table.values()))
