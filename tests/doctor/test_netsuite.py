"""The checks of a set-up against the stand-in over loopback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doctor import netsuite as doctor
from netsuite import lookup
from sandbox.netsuite import errors
from sandbox.netsuite.service import Request
from tests.support.company import Company


def write_mappings(company: Company, folder: Path) -> None:
    """Mapping files that need no mending."""
    from proposals.needs import needed_roles

    rows = {
        "default_items": ["role,netsuite_item_id", *(f"{role},{company.item}" for role in needed_roles({}))],
        "item_map": ["stripe_id,netsuite_item_id", f"price_1,{company.item}"],
        "tax_map": ["stripe_tax_rate_id,netsuite_item_id", f"txr_1,{company.item}"],
        "account_map": ["purpose,currency,netsuite_account_id", f"refund,,{company.bank}"],
        "customer_map": ["stripe_customer_id,netsuite_customer_id", f"cus_1,{company.customer}"],
        "invoice_map": ["stripe_invoice_id,netsuite_invoice_id", f"in_1,{company.invoice}"],
    }
    for file, lines in rows.items():
        folder.joinpath(f"{file}.csv").write_text("\n".join(lines) + "\n")


def test_doctor_is_green_only_with_mappings(company: Company, tmp_path: Path) -> None:
    errors = [f.subject for f in doctor.check(company.settings(), tmp_path) if f.level == "error"]
    assert {"default_items.csv, role credit_note", "account_map.csv, purpose refund"} <= set(errors)
    write_mappings(company, tmp_path)
    assert not [f for f in doctor.check(company.settings(), tmp_path) if f.level == "error"]


def test_doctor_is_not_green_without_an_open_period(company: Company, tmp_path: Path) -> None:
    write_mappings(company, tmp_path)
    company.books.set_period(company.period, closed=True)
    (finding,) = [f for f in doctor.check(company.settings(), tmp_path) if f.level == "error"]
    assert finding.subject == "accounting periods" and "none is open" in finding.message


def test_names_stand_beside_ids(company: Company, tmp_path: Path) -> None:
    """A wrong id of the right kind shows by its name."""
    write_mappings(company, tmp_path)
    rows = "".join(f"price_{number},{company.item}\n" for number in range(25))
    tmp_path.joinpath("item_map.csv").write_text("stripe_id,netsuite_item_id\n" + rows)
    found = {f.subject: f.message for f in doctor.check(company.settings(), tmp_path) if f.level == "ok"}
    assert f"; shipping = Service ({company.item})" in found["default_items.csv"]
    assert found["account_map.csv"] == f"1 ids found in NetSuite: refund = 1000 ({company.bank})"
    assert found["customer_map.csv"] == f"1 ids found in NetSuite: cus_1 = One ({company.customer})"
    assert found["invoice_map.csv"] == f"1 ids found in NetSuite: in_1 = INV{company.invoice} ({company.invoice})"
    assert found["item_map.csv"].startswith(f"1 ids found in NetSuite: price_0 = Service ({company.item}); price_1")
    assert found["item_map.csv"].endswith("; and 5 more")


def test_customers_and_invoices_that_netsuite_lacks_are_warnings(company: Company, tmp_path: Path) -> None:
    """As a transform says it: their documents wait (rule X1). A memo is no invoice."""
    memo = company.books.create("creditMemo", company.sale("cn_1", "5.00"))
    write_mappings(company, tmp_path)
    tmp_path.joinpath("invoice_map.csv").write_text(f"stripe_invoice_id,netsuite_invoice_id\nin_1,{memo}\nin_2,999\n")
    tmp_path.joinpath("customer_map.csv").write_text("stripe_customer_id,netsuite_customer_id\ncus_1,998\n")
    found = doctor.check(company.settings(), tmp_path)
    wrong = [(f.level, f.subject, f.message) for f in found if f.level in ("error", "warning")]
    line, words = "{}.csv, line {}, netsuite_{}_id", '"{}" is the internal id of no {} in NetSuite (row of {})'
    assert wrong == [
        ("warning", line.format("customer_map", 2, "customer"), words.format(998, "customer", "cus_1")),
        ("warning", line.format("invoice_map", 2, "invoice"), words.format(memo, "invoice", "in_1")),
        ("warning", line.format("invoice_map", 3, "invoice"), words.format(999, "invoice", "in_2")),
    ]


def test_an_inactive_customer_is_an_error(company: Company, tmp_path: Path) -> None:
    """Rule X1 finds it by the map, and NetSuite refuses its records."""
    write_mappings(company, tmp_path)
    company.books.change("customer", company.customer, isInactive=True)
    (wrong,) = [f for f in doctor.check(company.settings(), tmp_path) if f.subject.startswith("customer_map.csv, line")]
    assert (wrong.level, wrong.message) == (
        "error",
        f"customer {company.customer} is inactive in NetSuite (row of cus_1)",
    )


def test_what_cannot_be_known_is_said(company: Company, tmp_path: Path) -> None:
    write_mappings(company, tmp_path)
    tmp_path.joinpath("tax_map.csv").write_text(
        f"stripe_tax_rate_id,netsuite_item_id,netsuite_tax_code_id\ntxr_1,{company.item},5\n"
    )
    company.release()
    company.warehouse_path.unlink()
    unknown = {f.subject: f.message for f in doctor.check(company.settings(), tmp_path) if f.level == "not checked"}
    assert unknown.keys() == {
        "NetSuite certificate",
        "coverage of the mapping files",
        "tax_map.csv, tax codes and types",
        "writing creditMemo",
        "writing customerRefund",
        "writing invoice",
    }
    assert "run `make plan`" in unknown["coverage of the mapping files"]
    assert not company.warehouse_path.exists()


def test_doctor_names_file_line_and_cell(company: Company, tmp_path: Path) -> None:
    write_mappings(company, tmp_path)
    inactive = company.books.add("item", itemid="Old", itemtype="Service", isinactive=True)
    tmp_path.joinpath("item_map.csv").write_text(
        f"stripe_id,netsuite_item_id\nprice_1,{company.item}\nprice_2,{inactive}\nprice_3,999\nprice_4,x\n"
    )
    findings = doctor.check(company.settings(), tmp_path)
    wrong = [(finding.subject, finding.message) for finding in findings if finding.level == "error"]
    assert wrong == [
        (
            "mapping files",
            'item_map.csv, line 5, column netsuite_item_id: "x" is no internal id of NetSuite, which is a number '
            "(row of price_4).",
        ),
        ("item_map.csv, line 3, netsuite_item_id", f"item {inactive} is inactive in NetSuite (row of price_2)"),
        ("item_map.csv, line 4, netsuite_item_id", "item 999 is not there in NetSuite (row of price_3)"),
    ]
    assert company.writes() == 0


def test_doctor_and_docs_cover_every_table_and_record_type() -> None:
    root = Path(doctor.__file__).parents[1]
    sources = [path for room in ("netsuite", "load_netsuite", "extract") for path in (root / room).rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    asked = set(re.findall(r"\bFROM ([a-z]+)", text)) | set(re.findall(r'_(?:table|select)\(\s*"(\w+)"', text))
    assert asked == {*doctor.TABLES, doctor.LINKS}
    permissions = (root / "docs" / "permissions.md").read_text()
    assert not [table for table in asked if f"`{table}`" not in permissions]
    for record_type in lookup.SUITEQL_TYPES:
        name = re.sub("(?=[A-Z])", " ", record_type).title().replace("Service Sale Item", "Lists: Items")
        assert name in permissions, name


def test_doctor_checks_each_table_and_names_the_permission(company: Company, tmp_path: Path) -> None:
    lacking = "transactionline"

    def refuse(request: Request) -> None:
        if f"FROM {lacking} ".encode() in request.body:
            raise errors.bad_query("Record was not found")

    company.fault = refuse
    findings = {finding.subject: finding for finding in doctor.check(company.settings(), tmp_path)}
    assert {f"SuiteQL {table}" for table in (*doctor.TABLES, doctor.LINKS)} <= findings.keys()
    refused = findings.pop(f"SuiteQL {lacking}")
    assert refused.level == "error" and "Find Transaction" in refused.message
    assert not [f for f in findings.values() if f.subject.startswith("SuiteQL") and f.level != "ok"]


def test_doctor_reports_a_refused_login(company: Company, tmp_path: Path) -> None:
    write_mappings(company, tmp_path)
    (finding,) = [
        f for f in doctor.check(company.settings(netsuite_certificate_id="x"), tmp_path) if f.level == "error"
    ]
    assert "NETSUITE_CERTIFICATE_ID" in finding.message


# ---------------------------------------------------------------- currencies of accounts (rule R1)


def currencies(company: Company, folder: Path, rows: str) -> list[tuple[str, str, str]]:
    """(level, subject, message) of the findings about the currencies of account_map.csv."""
    folder.joinpath("account_map.csv").write_text("purpose,currency,netsuite_account_id\n" + rows)
    findings = doctor.check(company.settings(), folder)
    return [
        (f.level, f.subject, f.message) for f in findings if re.match("account_map.csv, (line|currencies)", f.subject)
    ]


def test_an_account_in_another_currency_is_named(company: Company, tmp_path: Path) -> None:
    books = company.books
    euro = books.add("currency", symbol="EUR", name="Euro")
    books.change("currency", company.currency, isbasecurrency=True)
    in_euro = books.add("account", acctnumber="1001", accttype="Bank", currency=euro)
    in_dollar = books.add("account", acctnumber="1002", accttype="Bank", currency=company.currency)
    rows = [
        f"refund,,{company.bank}",
        f"refund,gbp,{in_dollar}",
        f"refund,eur,{in_euro}",
        f"refund,usd,{in_euro}",
        f"item_income,,{in_euro}",
    ]
    found = currencies(company, tmp_path, "\n".join(rows))
    assert [(level, subject) for level, subject, _ in found] == [
        ("warning", "account_map.csv, line 5, netsuite_account_id"),
        ("warning", "account_map.csv, line 6, netsuite_account_id"),
    ]
    assert found[0][2] == (
        f"account {in_euro} is in EUR, but the row is for USD: "
        "choose an account in that currency or in the base currency, USD"
    )
    assert "the row is for every currency" in found[1][2]
    assert currencies(company, tmp_path, "\n".join(rows[:3])) == [
        ("ok", "account_map.csv, currencies", "3 accounts fit")
    ]


def test_the_base_currency_is_the_subsidiarys(company: Company, tmp_path: Path) -> None:
    books = company.books
    euro = books.add("currency", symbol="EUR", name="Euro", isbasecurrency=False)
    books.change("currency", company.currency, isbasecurrency=True)
    in_euro = books.add("account", acctnumber="1001", accttype="Bank", currency=euro)
    assert currencies(company, tmp_path, f"refund,usd,{in_euro}")[0][0] == "warning"
    books.change("subsidiary", company.subsidiary, currency=euro)
    assert currencies(company, tmp_path, f"refund,usd,{in_euro}")[0][0] == "ok"


def test_hidden_currencies_are_not_checked_and_said(company: Company, tmp_path: Path) -> None:
    company.books.configure(hidden_columns=["account.currency"])
    assert currencies(company, tmp_path, f"refund,,{company.bank}") == [
        (
            "not checked",
            "account_map.csv, currencies",
            "NetSuite does not show account.currency to this role",
        )
    ]


# ---------------------------------------------------------------- subsidiaries of items


def subsidiaries(company: Company, folder: Path, *items: str) -> list[tuple[str, str, str]]:
    rows = "".join(f"price_{number},{item}\n" for number, item in enumerate(items))
    folder.joinpath("item_map.csv").write_text("stripe_id,netsuite_item_id\n" + rows)
    findings = doctor.check(company.settings(), folder)
    return [
        (f.level, f.subject, f.message) for f in findings if "item_map.csv, line" in f.subject or "subsid" in f.subject
    ]


@pytest.mark.parametrize("hidden", [[], ["item.subsidiary"]])
def test_an_item_of_another_subsidiary_is_named(company: Company, tmp_path: Path, hidden: list[str]) -> None:
    books = company.books
    other = books.add("subsidiary", name="Other")
    third = books.add("subsidiary", name="Nobody's")
    foreign = books.add("item", itemid="Foreign", itemtype="Service", subsidiary=[other])
    both = books.add("item", itemid="Both", itemtype="Service", subsidiary=[company.subsidiary, other])
    nobodys = books.add("item", itemid="Nobody's", itemtype="Service", subsidiary=[third])
    books.configure(hidden_columns=hidden)
    found = [f for f in subsidiaries(company, tmp_path, company.item, both, foreign) if f[1].startswith("item_map")]
    assert found == [
        (
            "error",
            "item_map.csv, line 4, netsuite_item_id",
            f"item {foreign} does not belong to subsidiary {company.subsidiary}, which has customers: "
            "NetSuite refuses their memos with it; add the subsidiary to the item or map another one",
        )
    ]
    books.add("customer", companyname="Two", subsidiary=other, currency=company.currency)
    found = subsidiaries(company, tmp_path, company.item, both, foreign, nobodys)
    assert [(level, subject.split(",")[1]) for level, subject, _ in found if subject.startswith("item_map")] == [
        ("warning", " line 4"),
        ("error", " line 5"),
    ]
    assert [f[0] for f in subsidiaries(company, tmp_path, company.item, both) if "subsidiaries" in f[1]] == ["ok"]


def test_subsidiaries_that_netsuite_hides_are_not_checked_and_said(company: Company, tmp_path: Path) -> None:
    company.books.configure(hidden_columns=["item.subsidiary", "itemsubsidiarymap.subsidiary"])
    (found,) = [f for f in subsidiaries(company, tmp_path, company.item) if "items of the mapping" in f[1]]
    assert found[0] == "not checked" and found[2].startswith("NetSuite shows neither item.subsidiary nor")
