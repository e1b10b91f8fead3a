"""Field names against the stand-in's metadata catalog (rule M1)."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from doctor import fields
from doctor import netsuite as doctor
from doctor.finding import Finding
from load_netsuite.push import push
from sandbox.netsuite import errors
from sandbox.netsuite.schema import LEVELS
from sandbox.netsuite.service import Request
from settings import check_vars
from tests.support.company import Company

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
BODIES = Path(__file__).parents[2] / "load_netsuite" / "bodies.py"
EVERYTHING = {
    "pre_go_live_credit_notes": "income_account",
    "missing_item": "create",
    "revenue_start_field": "revRecStartDate",
    "revenue_end_field": "revRecEndDate",
}


SOURCES = "field_map.csv, sources and constants"  # a transform checks them


def checked(company: Company, folder: Path, field_map: str = "", **settings: Any) -> dict[str, Finding]:
    """subject → finding about fields, with these rows of field_map.csv."""
    header = "target,netsuite_field,value_type,source,constant\n"
    folder.joinpath("field_map.csv").write_text(header + field_map)
    findings = doctor.check(company.settings(vars=settings), folder)
    return {f.subject: f for f in findings if "field" in f.subject}


def test_a_misspelt_field_of_field_map_names_its_row(company: Company, tmp_path: Path) -> None:
    company.books.configure(custom_fields={"custbody_note": "text", "custcol_line": "text"})
    rows = [
        "memo,custbody_note,text,credit_note.number,",
        "memo,custbody_nope,text,credit_note.number,",
        "memo,custcol_line,text,credit_note.number,",
        "memo_row,custcol_line,text,,x",
        "customer_refund,paymentOption,reference,,8",
        "customer_refund,paymentMethod,reference,,8",
        "customer_refund,otherRefNum,text,refund.id,",
        "customer_refund,paymentoption,reference,,8",
        "journal_row,departement,reference,,1",
        "item,taxSchedule,reference,,1",
        "zero_invoice_row,department,reference,,1",
    ]
    found = checked(company, tmp_path, "\n".join(rows))
    wrong = {subject: f.message for subject, f in found.items() if f.level == "error"}
    place = "field_map.csv, line {}, netsuite_field"
    assert wrong.keys() == {place.format(n) for n in (3, 4, 7, 8, 10)}
    assert wrong[place.format(3)] == (
        "NetSuite knows no field custbody_nope on creditMemo and would refuse each record with it: correct the name"
    )
    assert "departement on a row of line of journalEntry" in wrong[place.format(10)]
    case = found[place.format(9)]
    assert case.level == "warning" and "spells paymentoption on customerRefund paymentOption" in case.message
    assert found["fields of invoice"].level == found["fields of serviceSaleItem"].level == "ok"
    assert company.writes() == 0


@pytest.mark.parametrize("tax_strategy", ["tax_lines", "suitetax_override", "none"])
@pytest.mark.parametrize("line_amount_basis", ["net", "gross"])
@pytest.mark.parametrize("untaxed_tax_code", [None, "5"])
def test_the_stand_in_knows_every_field_that_is_sent(
    company: Company, tmp_path: Path, tax_strategy: str, line_amount_basis: str, untaxed_tax_code: str | None
) -> None:
    given = {
        "tax_strategy": tax_strategy,
        "line_amount_basis": line_amount_basis,
        "untaxed_tax_code": untaxed_tax_code,
    }
    found = checked(company, tmp_path, **EVERYTHING, **given)
    assert {subject: f.level for subject, f in found.items()} == {
        f"fields of {record_type}": "ok"
        for record_type in ("creditMemo", "customerRefund", "invoice", "journalEntry", "serviceSaleItem")
    }


def test_records_that_no_setting_asks_for_are_not_checked(company: Company, tmp_path: Path) -> None:
    assert checked(company, tmp_path).keys() == {
        f"fields of {name}" for name in ("creditMemo", "customerRefund", "invoice")
    }


def test_fields_named_by_settings_are_checked(company: Company, tmp_path: Path) -> None:
    found = checked(company, tmp_path, out_of_band_field="custbody_oob", revenue_start_field="revStart")
    assert {name for name, f in found.items() if f.level == "error"} == {"out_of_band_field", "revenue_start_field"}
    company.books.configure(custom_fields=["custbody_oob"])
    found = checked(company, tmp_path, out_of_band_field="custbody_oob", revenue_start_field="revRecStartDate")
    assert {f.level for f in found.values()} == {"ok"}


def test_a_field_that_the_account_hides_is_named(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = {name: field for name, field in LEVELS["creditMemo.item"].items() if name != "istaxable"}
    monkeypatch.setattr("sandbox.netsuite.catalog.LEVELS", {**LEVELS, "creditMemo.item": without})
    found = checked(company, tmp_path)["fields of creditMemo"]
    assert found.level == "error"
    assert "no field isTaxable on a row of item of creditMemo, which the loader sends" in found.message


def test_what_could_not_be_checked_is_said(company: Company, tmp_path: Path) -> None:
    def refuse(request: Request) -> None:
        if "metadata-catalog?select=customerRefund" in request.target:
            raise errors.unknown_record_type("customerRefund")

    company.fault = refuse
    found = checked(company, tmp_path, "customer_refund,nope,text,,x")
    refund = found.pop("fields of customerRefund")
    assert refund.level == "not checked" and refund.message.startswith("HTTP 404")
    assert found.pop(SOURCES).level == "not checked"
    assert {f.level for f in found.values()} == {"ok"}


def test_a_catalog_of_another_form_is_not_believed(company: Company, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("sandbox.netsuite.catalog.catalog", lambda books, names: {"items": []})
    found = checked(company, tmp_path)
    assert {f.level for f in found.values()} == {"not checked"}
    assert all("NetSuite's metadata catalog has another form" in f.message for f in found.values())


@pytest.mark.parametrize(
    ("paths", "level", "words"),
    [
        ({"/creditMemo": {"post": {}}, "/creditMemo/{id}": {"patch": {}}}, "not checked", "offers POST and PATCH, but"),
        ({"/creditMemo": {"get": {}}, "/creditMemo/{id}": {"patch": {}}}, "error", "offers no POST of it to this role"),
        ({"/invoice": {"post": {}}}, "not checked", "only the first record shows"),
        (None, "not checked", "only the first record shows"),
    ],
)
def test_what_the_catalog_says_of_writing(paths: dict[str, Any] | None, level: str, words: str) -> None:
    found = fields.check_writing({"paths": paths}, "creditMemo")
    assert found.level == level and words in found.message and "Create and Edit" in found.message


def test_writing_is_said_of_every_record_type(company: Company, tmp_path: Path) -> None:
    found = doctor.check(company.settings(vars=EVERYTHING), tmp_path)
    written = {f.subject.removeprefix("writing "): f.message for f in found if f.subject.startswith("writing")}
    assert written.keys() == {"creditMemo", "customerRefund", "invoice", "journalEntry", "serviceSaleItem"}
    assert all("catalog offers POST" in message for message in written.values())


def test_the_demos_mappings_pass(company: Company) -> None:
    from sandbox.demo.netsuite import CUSTOM_FIELDS

    company.books.configure(custom_fields=CUSTOM_FIELDS)
    findings = doctor.check(company.settings(vars=check_vars({})[0]), SEEDS)
    assert [f.subject for f in findings if "field" in f.subject and f.level != "ok"] == [SOURCES]


# ---------------------------------------------------------------- the list is the loader's


def test_every_field_that_the_loader_names_is_in_the_list() -> None:
    """Names in bodies.py: keyword arguments, keys of dicts, and keys that are assigned."""
    tree, named = ast.parse(BODIES.read_text()), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            named |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_without_null":
            named |= {keyword.arg for keyword in node.keywords if keyword.arg}
        elif (
            isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.ctx, ast.Store)
        ):
            named.add(node.slice.value)
    named = {name for name in named if isinstance(name, str) and re.fullmatch(r"[a-z]+([A-Z][A-Za-z]*)?", name)}
    listed: set[str] = {"grossAmt"}
    for given in ({"tax_strategy": "suitetax_override"}, {"untaxed_tax_code": "5"}, {}):
        for names in fields.sent_fields({**EVERYTHING, **given}, has_subsidiaries=True).values():
            listed |= names
    inside = {"id", "items", "true", "t", "yes", "false", "f", "no"}  # of references, sublists and booleans
    assert named - inside - listed == set()
    assert {"tranDate", "arAcct", "incomeAccount", "debit", "taxBasis"} <= named


def test_what_a_push_sends_is_in_the_list(company: Company) -> None:
    sent: list[tuple[str, Mapping[str, Any]]] = []

    def note(request: Request) -> None:
        if request.is_write:
            sent.append((request.path.rpartition("/")[2], request.json()))

    company.fault = note
    company.want_memo("cn_1", "12.30", company.invoice)
    company.want_refund("re_1", "5.00")
    company.want_memo("cn_2", "5.00")
    company.want_application("cn_2", "customer_refund", "re_1", "5.00")
    push(company.settings())
    listed = fields.sent_fields({}, has_subsidiaries=True)
    assert {record_type for record_type, _ in sent} == {"creditMemo", "customerRefund"}
    for record_type, body in sent:
        assert body.keys() <= listed[record_type, ""], record_type
        for sublist in ("item", "apply"):
            for row in body.get(sublist, {}).get("items", ()):
                assert row.keys() <= listed[record_type, sublist]
