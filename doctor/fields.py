"""Checks field names: NetSuite must know each field of field_map.csv and each one that the loader sends (rule M1).
Checks too whether its catalog offers the requests that write these records.

An unknown field is never dropped: NetSuite refuses each record with it. Its metadata catalog tells before that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from doctor.finding import Finding
from doctor.mappings import read_rows
from netsuite.api import NetSuite
from netsuite.errors import Refused

Place = tuple[str, str]
"""(record type, sublist; '' for the body)"""

# Targets of field_map.csv (rules M1, M2).
TARGETS: Mapping[str, Place] = {
    "memo": ("creditMemo", ""),
    "memo_line": ("creditMemo", "item"),
    "memo_row": ("creditMemo", "item"),
    "customer_refund": ("customerRefund", ""),
    "zero_invoice": ("invoice", ""),
    "zero_invoice_row": ("invoice", "item"),
    "journal_entry": ("journalEntry", ""),
    "journal_row": ("journalEntry", "line"),
    "item": ("serviceSaleItem", ""),
}
_COMMON = "currency tranDate postingPeriod memo externalId"
# What every record has, whatever the settings. `subsidiary` is missing: an account without subsidiaries gets none.
_ALWAYS: Mapping[Place, str] = {
    ("creditMemo", ""): f"{_COMMON} entity account autoApply toBeEmailed item apply",
    ("creditMemo", "item"): "item quantity rate amount description",
    ("creditMemo", "apply"): "doc apply amount",
    ("customerRefund", ""): f"{_COMMON} customer account arAcct apply",
    ("customerRefund", "apply"): "doc apply amount",
    ("invoice", ""): f"{_COMMON} entity account toBeEmailed item",
    ("invoice", "item"): "item quantity rate amount description",
    ("journalEntry", ""): f"{_COMMON} line",
    ("journalEntry", "line"): "account debit credit memo",
    ("serviceSaleItem", ""): "externalId itemId incomeAccount",
}
# How the loader writes a record, and the level that the role needs on it (docs/permissions.md).
_WRITTEN_BY: Mapping[str, tuple[str, str]] = {
    "creditMemo": ("post patch", "Create and Edit"),
    "customerRefund": ("post patch", "Create and Edit"),
    "invoice": ("post", "Create, when Stripe has negative invoices"),
    "journalEntry": ("post", "Create"),
    "serviceSaleItem": ("post", "Create"),
}
_TAX_DETAILS = "taxDetailsReference taxType taxCode taxBasis taxRate taxAmount"


def sent_fields(settings: Mapping[str, Any], has_subsidiaries: bool) -> dict[Place, set[str]]:
    """Record type and sublist → the fields that the loader sends under these dbt vars, without field_map.csv."""
    sent = {place: set(names.split()) for place, names in _ALWAYS.items()}
    if settings.get("pre_go_live_credit_notes") != "income_account":
        del sent["journalEntry", ""], sent["journalEntry", "line"]
    if settings.get("missing_item") != "create":
        del sent["serviceSaleItem", ""]
    rows = [sent["creditMemo", "item"], sent["invoice", "item"]]
    if settings.get("tax_strategy") == "suitetax_override":
        for record_type in ("creditMemo", "invoice"):
            sent[record_type, ""].add("taxDetailsOverride")
        sent["creditMemo", ""].add("taxDetails")
        sent["creditMemo", "item"].add("taxDetailsReference")
        sent["creditMemo", "taxDetails"] = set(_TAX_DETAILS.split())
    else:
        for row in rows:
            row.add("taxCode" if settings.get("untaxed_tax_code") else "isTaxable")
    if settings.get("line_amount_basis") == "gross":
        sent["creditMemo", "item"] |= {"grossAmt", "taxCode"}
    if has_subsidiaries:
        for place, names in sent.items():
            if not place[1]:
                names.add("subsidiary")
    return sent


def check_fields(client: NetSuite, settings: Mapping[str, Any], seeds: Path) -> Iterator[Finding]:
    """A finding for each unknown field, and one for each record type. `settings` are the dbt vars.

    Raises NetSuiteError.
    """
    wanted = _wanted(client, settings, seeds)
    for record_type in dict.fromkeys(place[0] for _, place, _ in wanted):
        fields = [entry for entry in wanted if entry[1][0] == record_type]
        subject = f"fields of {record_type}"
        try:
            catalog = client.metadata(record_type)
            known = known_fields(catalog, record_type)
        except (Refused, KeyError, TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, Refused) else "NetSuite's metadata catalog has another form"
            yield Finding("not checked", subject, f"{why}; NetSuite refuses a wrong name only with the record")
            continue
        wrong = [finding for entry in fields if (finding := _judge(*entry, known.get(entry[1][1])))]
        yield from wrong
        if not wrong:
            yield Finding("ok", subject, f"NetSuite knows all {len({(p, n) for _, p, n in fields})} fields")
        yield check_writing(catalog, record_type)


def check_writing(catalog: Mapping[str, Any], record_type: str) -> Finding:
    """Whether the catalog, which is made for the role, offers the requests that write the record.

    That the role's level allows them is known only from NetSuite's answer to a record.
    """
    needed, level = _WRITTEN_BY[record_type]
    paths = catalog.get("paths")
    own = {path: methods for path, methods in (paths or {}).items() if path.strip("/").split("/")[0] == record_type}
    offered = {method.lower() for methods in own.values() for method in methods}
    missing = [method.upper() for method in needed.split() if method not in offered]
    subject = f"writing {record_type}"
    if own and missing:
        words = f"NetSuite's catalog offers no {' and no '.join(missing)} of it to this role: give it {level}"
        return Finding("error", subject, words)
    offers = f"NetSuite's catalog offers {needed.upper().replace(' ', ' and ')}, but " if own else ""
    words = f"{offers}only the first record shows whether the role's level allows it; it needs {level}"
    return Finding("not checked", subject, words)


def known_fields(catalog: Mapping[str, Any], record_type: str) -> dict[str, set[str]]:
    """Sublist ('' for the body) → names of its fields, from a record type's OpenAPI document.

    Raises KeyError, TypeError or AttributeError for a document of another form.
    """
    schemas = catalog["components"]["schemas"]
    known = {"": set(schemas[record_type]["properties"])}
    for name, schema in schemas.items():
        if found := re.fullmatch(rf"{re.escape(record_type)}-(\w+)Element", name):
            known[found[1]] = set(schema["properties"])
    return known


def _wanted(client: NetSuite, settings: Mapping[str, Any], seeds: Path) -> list[tuple[str, Place, str]]:
    """(where it comes from, place, field) of all fields to check."""
    sent = sent_fields(settings, _has_subsidiaries(client))
    wanted = [("", place, name) for place, names in sent.items() for name in sorted(names)]
    for var in ("revenue_start_field", "revenue_end_field"):
        if name := settings.get(var):
            wanted.append((var, ("creditMemo", "item"), name))
    if name := settings.get("out_of_band_field"):
        wanted.append(("out_of_band_field", ("creditMemo", ""), name))
    for number, row in read_rows(seeds / "field_map.csv"):
        place = TARGETS.get(row.get("target", ""))
        if place and row.get("netsuite_field"):
            wanted.append((f"field_map.csv, line {number}, netsuite_field", place, row["netsuite_field"]))
    return wanted


def _has_subsidiaries(client: NetSuite) -> bool:
    try:
        return bool(client.suiteql("SELECT id FROM subsidiary FETCH FIRST 1 ROWS ONLY"))
    except Refused:
        return False  # an account of one company; `_permissions` reports the refusal


def _judge(origin: str, place: Place, name: str, known: set[str] | None) -> Finding | None:
    """A finding if NetSuite does not know the field; None if it does. `known` None: the sublist is not there."""
    record_type, sublist = place
    where = f"a row of {sublist} of {record_type}" if sublist else record_type
    if known and name in known:
        return None
    other = next((field for field in known or () if field.lower() == name.lower()), None)
    if other:
        message = f"NetSuite spells {name} on {where} {other}: write it so, because some accounts take no other case"
        return Finding("warning", origin or f"fields of {record_type}", message)
    if origin:
        message = f"NetSuite knows no field {name} on {where} and would refuse each record with it: correct the name"
        return Finding("error", origin, message)
    message = (
        f"NetSuite shows no field {name} on {where}, which the loader sends: "
        "let the form show it, give the role its permission, or switch its feature on"
    )
    return Finding("error", f"fields of {record_type}", message)
