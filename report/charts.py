"""The charts of the page, as figures of HTML with SVG. Each shows figures that a table beside it holds exactly.

A chart is a specification of Vega-Lite as a dict: a library that writes such dicts takes longer to import than all
charts take to draw.

No text from outside reaches the library that draws, which ends the whole process over a control character.
Colours are the page's own (CSS variables), so they follow light and dark. Charts are narrow enough for a phone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import vl_convert
from markupsafe import Markup

from report.figures import Figures
from report.summary_figures import AGES
from report.trace import Row

Spec = dict[str, Any]

WIDTH = 230
CURRENCIES_SHOWN, BALANCES_SHOWN = 12, 4
STATES = ("posted", "ready", "waiting", "blocked", "skipped")
MOVEMENTS = (("granted", "granted_minor"), ("other", "other_minor"), ("used", "used_minor"))
LOOK = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "gridColor": "var(--line)",
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "orient": "bottom", "columns": 3},
}


def charts(found: Figures) -> dict[str, list[Markup]]:
    """The charts of each section of the page; none where there is nothing to draw."""
    return {
        "states": _states(found["states"]),
        "open": _open(found["open"]),
        "balances": [chart for rows in _balances(found["balance_credit"]["months"]) for chart in _balance(rows)],
    }


def _states(rows: Sequence[Row]) -> list[Markup]:
    documents: Counter[str] = Counter()
    for row in rows:
        documents[_code(row)] += row["documents"]
    shown = [currency for currency, _ in documents.most_common(CURRENCIES_SHOWN)]
    values = [
        {
            "currency": _code(row),
            "state": row["state"],
            "documents": row["documents"],
            "turn": STATES.index(row["state"]),
        }
        for row in rows
        if _code(row) in shown and row["state"] in STATES
    ]
    said = "; ".join(f"{value['currency']} {value['state']}: {value['documents']}" for value in values)
    title = "Documents by currency and state"
    if len(documents) > len(shown):
        title += f" ({len(shown)} of {len(documents)} currencies)"
    chart = _bars(values, _nominal("currency", sort=shown), STATES)
    return _drawn(chart, values, title, said)


def _open(causes: Sequence[Row]) -> list[Markup]:
    number: Counter[tuple[str, str]] = Counter()
    for cause in causes:
        for row in (age for currency in cause["currencies"] for age in currency["ages"]):
            number[row["age"], cause["state"]] += row["documents"]
    values = [
        {"age": age, "state": state, "documents": documents, "turn": STATES.index(state)}
        for (age, state), documents in number.items()
        if age in AGES and state in STATES
    ]
    said = "; ".join(f"{value['age']} days, {value['state']}: {value['documents']}" for value in values)
    states = [state for state in STATES if any(value["state"] == state for value in values)]
    chart = _bars(values, _nominal("age", sort=AGES), states)
    return _drawn(chart, values, "Open documents by age in days", said)


def _balances(rows: Sequence[Row]) -> list[list[Row]]:
    """The months of each currency that has a chart: those with the most months."""
    currencies = Counter(row["currency"] for row in rows if row["currency_decimals"] is not None)
    return [
        [row for row in rows if row["currency"] == currency] for currency, _ in currencies.most_common(BALANCES_SHOWN)
    ]


def _balance(rows: Sequence[Row]) -> list[Markup]:
    """One currency. Amounts stay whole minor units; only the labels of the axis are in the major unit."""
    code = _code(rows[0])
    values = [
        {"month": f"{row['accounting_month']:%Y-%m}", "what": name, "amount": row[column]}
        for row in rows
        for name, column in MOVEMENTS
        if row[column]
    ]
    left = [{"month": f"{row['accounting_month']:%Y-%m}", "what": "left", "amount": row["left_minor"]} for row in rows]
    names = (*(name for name, _ in MOVEMENTS), "left")
    label = f"format(datum.value / 1e{rows[0]['currency_decimals']}, '~s')"
    axis = {"labelAngle": -45, "labelOverlap": True}
    encoding = {
        "x": {"field": "month", "type": "ordinal", "title": None, "axis": axis},
        "y": _quantity("amount", title=code, axis={"labelExpr": label, "tickCount": 5}),
        "color": _color("what", names),
    }
    bars = {"data": {"values": values}, "mark": "bar", "encoding": encoding}
    line = {"data": {"values": left}, "mark": {"type": "line", "point": True, "strokeWidth": 2}, "encoding": encoding}
    said = "; ".join(f"{value['month']} {value['what']}: {value['amount']}" for value in left)
    title = f"Balance credit granted, used and left per month, {code}"
    return _drawn({"layer": [bars, line], "height": 150}, left, title, f"In minor units: {said}")


def _bars(values: Sequence[Row], y: Spec, states: Iterable[str]) -> Spec:
    axis = {"tickMinStep": 1, "tickCount": 5, "format": "~s"}
    return {
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "x": _quantity("documents", title="documents", axis=axis),
            "y": y,
            "color": _color("state", states),
            "order": _quantity("turn"),
        },
        "height": {"step": 22},
    }


def _quantity(field: str, **options: Any) -> Spec:
    return {"field": field, "type": "quantitative", **options}


def _nominal(field: str, **options: Any) -> Spec:
    return {"field": field, "type": "nominal", "title": None, **options}


def _color(field: str, names: Iterable[str]) -> Spec:
    domain = list(names)
    return _nominal(field, scale={"domain": domain, "range": [f"var(--{name})" for name in domain]})


def _drawn(chart: Spec, values: Sequence[Row], title: str, said: str) -> list[Markup]:
    """The chart with its title and what it says, for those who cannot see it. None without values."""
    if not values:
        return []
    svg = vl_convert.vegalite_to_svg({**chart, "width": WIDTH, "config": LOOK})
    found = re.match(r"<svg [^>]*viewBox=\"([\d. -]+)\"[^>]*>", svg)
    if not found:
        raise ValueError("vl-convert made an SVG without a viewBox")
    box = found[1]
    width = box.split()[2]
    head = Markup(
        "<figure><figcaption>{}</figcaption>"
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="{}" width="{}"><title>{}</title><desc>{}</desc>'
    ).format(title, box, width, title, said[:1_000])
    body = re.sub(r' (?:aria-[a-z]+|role|pointer-events|class)="[^"]*"', "", svg[found.end() :])
    return [head + Markup(f"{body}</figure>")]


def _code(row: Row) -> str:
    """The code of a currency; `?` for a text that is none."""
    code = str(row["currency"]).upper()
    return code if re.fullmatch("[A-Z]{3}", code) else "?"
