"""The page, parsed as a browser does: its figures are those of the marts, and no text of theirs becomes markup."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from report.figures import as_json, figures
from report.links import Links
from report.month import Month
from report.new_file import ReportError
from report.page import LARGEST, TEMPLATES, anchor, documents, money, page, write_page
from tests.report.conftest import MARKUP
from tests.report.html_page import Page, assert_well_formed
from tests.report.marts import fill_march, insert, with_marts

MARCH = Month.named("2026-03")
HOSTILE = (
    "</script></style></title><b onclick=alert(1)>b</b><img src=https://x.example/a>\"'{{ 7 * 7 }}\x1b[31m\x00&lt;"
)
USD = {"currency": "usd", "currency_decimals": 2}


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        with_marts(connection)
        yield connection


def html_of(marts: duckdb.DuckDBPyConnection, links: Links | None = None) -> str:
    links = links or Links()
    return page(figures(marts, MARCH, "sandbox"), documents(marts, links), links)


def page_of(marts: duckdb.DuckDBPyConnection, links: Links | None = None) -> Page:
    return Page(html_of(marts, links))


def test_a_page_of_empty_marts_says_so(marts):
    found = assert_well_formed(html_of(marts))
    for words in ("There are no credit documents yet", "Nothing waits", "Nothing is ready", "Nothing was posted yet"):
        assert words in found.text
    assert "run make reconcile" in found.text and "No document was created and no record is dated" in found.text


def test_a_page_shows_documents_with_all_that_is_known_of_them(warehouse):
    found = assert_well_formed(html_of(warehouse))
    assert {"cn_1", "cn_2", "in_2", "cn_old"} <= set(found.ids())
    assert MARKUP.replace("\x1b", "\ufffd") in found.text
    for words in ("A-1-CN-01", "22.21 USD", "item 101 by item_map.csv price_1 (L1)", "-700 minor units", "USER_ERROR"):
        assert words in found.text
    for words in ("external id), account 11", "debit account 12, credit account 13", "scaled from 91.50 to 22.21 (S1)"):
        assert words in found.text  # as `make trace` says them


def test_no_text_of_any_mart_becomes_markup(marts):
    """A row in each mart whose every text is markup, so that all of them meet."""
    values = {"VARCHAR": HOSTILE, "BOOLEAN": True, "DATE": "2026-03-01"}
    for (mart,) in marts.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall():
        types = marts.execute("select column_name, data_type from duckdb_columns() where table_name = ?", [mart])
        insert(
            marts,
            mart,
            {name: values.get(kind, "2026-03-01" if "TIME" in kind else 1) for name, kind in types.fetchall()},
        )
    for column, value in (("document_type", "credit_note"), ("state", "blocked")):
        marts.execute(f"update marts.open_documents_aging set {column} = '{value}'")
    marts.execute("update marts.month_end_tie_out set line = 'became'")
    marts.execute("update marts.netsuite_load_log set status = 'created', position = 2, error_code = null")
    plain = assert_well_formed(html_of(marts, Links("1234567_SB1", stripe_is_live=True)))
    assert not plain.tags("b", "img") and "49" not in plain.text.replace("7 * 7", "")
    shown = HOSTILE.replace("\x1b", "\ufffd").replace("\x00", "\ufffd")
    assert plain.text.count(shown) > 30
    addresses = [link["href"] or "" for link in plain.tags("a")]
    assert all(
        address.startswith(("#", "https://dashboard.stripe.com/", "https://1234567-sb1.app.netsuite.com/"))
        for address in addresses
    )


def test_links_lead_to_the_accounts_of_production_and_nowhere_in_the_sandbox(warehouse):
    hrefs = [link["href"] for link in page_of(warehouse, Links("1234567_SB1", stripe_is_live=False)).tags("a")]
    assert "https://dashboard.stripe.com/test/credit_notes/cn_1" in hrefs
    assert "https://dashboard.stripe.com/test/customers/cus_1" in hrefs
    assert "https://1234567-sb1.app.netsuite.com/app/accounting/transactions/custcred.nl?id=61" in hrefs
    live = [link["href"] for link in page_of(warehouse, Links("1234567", stripe_is_live=True)).tags("a")]
    assert "https://dashboard.stripe.com/invoices/in_1" in live
    assert all((link["href"] or "").startswith("#") for link in page_of(warehouse).tags("a"))


def test_figures_are_those_of_the_marts(marts):
    fill_march(marts)
    note = {"document_type": "credit_note", "currency": "usd"}
    unmapped = {"state": "blocked", "reason": "item_unmapped"}
    insert(
        marts,
        "credit_outcomes",
        note | {"document_id": "cn_1", "amount_minor": 1000, "state": "posted", "reason": "created"},
        note | {"document_id": "cn_2", "amount_minor": 50} | unmapped,
        note | {"document_id": "cn_3", "amount_minor": 2**62} | unmapped,
    )
    insert(marts, "outcome_reasons", unmapped | {"who_acts": "accountant", "next_step": "Fill in item_map.csv."})
    insert(
        marts,
        "posting_plan",
        {"operation": "create", "record_type": "creditMemo", "currency": "jpy", "amount_minor": 1234567},
    )
    insert(marts, "credit_document_parts", {"document_id": "cn_9", "currency": "jpy", "currency_decimals": 0})
    found = page_of(marts)
    assert found.rows["page-states-table"][1:] == [
        ["USD", "posted", "1", "10.00"],
        ["USD", "blocked", "2", "46,116,860,184,273,879.54"],
    ]
    assert found.rows["page-open-table"][1:] == [
        ["blocked", "item_unmapped", "USD", "1", "0.50", "0.50", "33"],
    ]
    assert "Next step (accountant): Fill in item_map.csv." in found.text
    assert found.rows["page-first-1"][1][:4] == ["cn_2", "", "0.50", "USD"]
    assert found.rows["page-plan-table"][1:] == [["creditMemo", "create", "JPY", "1", "1,234,567"]]
    assert [row[:3] for row in found.rows["page-month-documents"][1:]] == [
        ["Uses of customer balance", "JPY", "700"],
        ["Credit notes", "USD", "15.50"],
    ]
    assert all(row[-1] in ("0", "0.00") for row in found.rows["page-month-documents"][1:])
    assert ["customerRefund", "account 21", "USD", "0.00", "3.00"] in found.rows["page-month-ledger"]
    assert ["2026-02", "USD", "0.09", "0.00", "0.09"] in found.rows["page-months-table"]
    assert "0.05 USD: refunds that no memo stands for (1)" in found.text


def test_balance_credit_that_is_left_counts_customers_without_rows_in_the_month(marts):
    fill_march(marts)
    months = figures(marts, MARCH, "sandbox")["balance_credit"]["months"]
    columns = ("opening_minor", "granted_minor", "other_minor", "used_minor", "left_minor")
    assert [(f"{row['accounting_month']:%m}", *(row[name] for name in columns)) for row in months] == [
        ("01", 5, 0, 8, -5, 8),  # what an incomplete ledger had before its first row is opening
        ("02", 8, 0, 40, 0, 48),
        ("03", 48, 500, 0, -10, 538),
        ("04", 538, 0, 6, 0, 544),
    ]


@pytest.mark.parametrize(
    ("minor", "decimals", "shown"),
    [
        (1, 2, "0.01"),
        (-123456, 2, "-1,234.56"),
        (9400, 0, "9,400"),
        (1666, 3, "1.666"),
        (0, 2, "0.00"),
        (2**63 - 1, 2, "92,233,720,368,547,758.07"),
        (5, None, "5 minor units"),
        (None, 2, ""),
    ],
)
def test_amounts_are_exact(minor, decimals, shown):
    assert money(minor, decimals) == shown


def log(position: int, run: str, external_id: str, status: str, **fields: Any) -> dict[str, Any]:
    row = {"record_type": "creditMemo", "external_id": external_id, "operation": "create", "status": status}
    return {"position": position, "run_id": run, **row, **fields}


def test_a_push_that_posted_nothing_leaves_the_one_before_it_in_sight(marts):
    insert(
        marts,
        "runs",
        {"run_id": "r1", "command": "run", "position": 1, "started_at": datetime(2026, 3, 1, tzinfo=UTC)},
        {"run_id": "r2", "command": "push", "position": 2, "started_at": datetime(2026, 3, 2, tzinfo=UTC)},
    )
    insert(
        marts,
        "netsuite_load_log",
        # rule P3: refused for its applications, created without them
        log(1, "r1", "cn_1", "rejected", error_code="USER_ERROR"),
        log(2, "r1", "cn_1", "created", internal_id="61"),
        log(3, "r1", "cn_2", "rejected", error_code="NO_EFFECT_SEEN"),
        log(4, "r1", "cn_3", "rejected", error_detail="Period closed."),
        log(5, "r1", "cn_1", "verified"),
    )
    insert(
        marts, "credit_memos", {"external_id": "cn_1", "document_id": "cn_1", "currency": "usd", "amount_minor": 2221}
    )
    insert(marts, "credit_document_parts", {"document_id": "cn_1", **USD})
    posted = figures(marts, MARCH, "sandbox")["posted"]
    assert posted["by"]["run_id"] == "r1" and posted["is_last"] is False
    assert [(row["status"], row["records"], row["amount_minor"]) for row in posted["sums"]] == [
        ("created", 1, 2221),
        ("rejected", 1, None),
    ]
    assert "The last run or push posted nothing." in page_of(marts).text
    insert(marts, "netsuite_load_log", log(6, "r2", "cn_3", "created"))
    assert figures(marts, MARCH, "sandbox")["posted"]["is_last"] is True


def test_drift_is_what_the_last_comparison_found(marts):
    def compare(position: int, differences: int) -> None:
        insert(
            marts,
            "runs",
            {"run_id": f"r{position}", "command": "reconcile", "position": position, "records_compared": 7}
            | {"differences_found": differences, "started_at": datetime(2026, 3, position, 1, tzinfo=UTC)}
            | {"ended_at": datetime(2026, 3, position, 2, tzinfo=UTC)},
        )

    compare(1, 1)
    difference = {"record_type": "creditMemo", "external_id": "cn_1", "difference": "total", "currency": "usd"}
    amounts = {"expected_minor": 5, "found_minor": 4}
    insert(marts, "netsuite_drift", difference | amounts | {"reconciled_at": datetime(2026, 3, 1, 1, 30, tzinfo=UTC)})
    insert(marts, "credit_document_parts", {"document_id": "cn_1", **USD})
    assert page_of(marts).rows["page-drift-table"][1][5:9] == ["total", "0.05", "0.04", "USD"]
    compare(2, 0)
    found = page_of(marts)
    assert "page-drift-table" not in found.rows and "all 7 records were as they were posted" in found.text


def test_numbers_and_names_stand_beside_the_ids(marts):
    fill_march(marts)
    insert(marts, "netsuite_load_log", log(1, "r1", "cn_1", "created", internal_id="1"))
    insert(
        marts,
        "netsuite_names",
        {"record_kind": "transaction", "netsuite_id": "1", "record_number": "<b>CM7"},
        {"record_kind": "account", "netsuite_id": "11", "shown_as": "1100 <i>Receivable"},
    )
    page = page_of(marts)
    assert page.rows["page-records-table"][1][4:6] == ["1", "<b>CM7"]
    assert "account 11 1100 <i>Receivable" in [row[1] for row in page.rows["page-month-ledger"]]


def test_json_has_whole_minor_units_and_utc_times(warehouse):
    found = json.loads(as_json(figures(warehouse, MARCH, "sandbox")))
    assert found["documents"] == 4 and found["target"] == "sandbox" and found["month_end"]["month"] == "2026-03"
    usd = [row for row in found["states"] if row["currency"] == "usd" and row["state"] == "posted"]
    assert usd == [{"currency": "usd", "currency_decimals": 2, "state": "posted", "documents": 2, "amount_minor": 9450}]


def fill_many(marts: duckdb.DuckDBPyConnection, number: int) -> None:
    """Documents with all that a posted one has, and sentences as long as real ones."""
    marts.execute(
        f"""
        create temp table ids as
            select 'cn_1Qx8YzLkdIwHu7ix' || lpad(i::varchar, 8, '0') as id, i from range({number}) t(i);
        insert into marts.credit_outcomes by name select id as document_id, 'credit_note' as document_type,
            'cus_' || id as stripe_customer_id, 'in_' || id as stripe_invoice_id, 'usd' as currency,
            1000 + i as amount_minor, timestamp '2026-03-01' + i * interval 1 minute as created_at,
            case when i % 100 = 0 then 'blocked' else 'posted' end as state,
            case when i % 100 = 0 then 'item_unmapped' else 'created' end as reason,
            'Credit memo ' || i || ' in NetSuite stands for ' || id || '.' as detail, id as external_id,
            i::varchar as netsuite_internal_id from ids;
        insert into marts.credit_document_objects by name select id as document_id, kind as object_type,
            case kind when 'credit_note' then id else kind || id end as stripe_id, 'D0000041-' || i as stripe_number,
            'paid' as status, 'usd' as currency, 2 as currency_decimals, 1000 as amount_minor
            from ids, unnest(['credit_note', 'invoice', 'refund']) as kinds(kind);
        insert into marts.credit_document_parts by name select id as document_id, 1 as part_number, 'refund' as part,
            'usd' as currency, 2 as currency_decimals, 1000 as amount_minor, 'memo_applied_to_refund' as becomes,
            're_' || id as target_external_id from ids;
        insert into marts.credit_memos by name select id as document_id, id as external_id, 'usd' as currency,
            1000 as amount_minor, date '2026-03-01' as tran_date, 'posted' as state, 'created' as reason,
            i::varchar as netsuite_internal_id, 'Stripe: ' || id as memo_text, '12' as netsuite_customer_id from ids;
        insert into marts.credit_memo_lines by name select id as document_id, id as external_id, n as line_number,
            'item' as line_kind, 500 as amount_minor, '101' as netsuite_item_id, repeat('seats ', 20) as description,
            'item_map.csv price_1' as item_found_by, false as is_gross from ids, range(1, 4) t(n);
        insert into marts.netsuite_load_log by name select 'r1' as run_id, 'creditMemo' as record_type,
            id as external_id, 'create' as operation, 'created' as status, i as position, i::varchar as internal_id,
            timestamptz '2026-03-01' as "at" from ids;
        drop table ids;
        """
    )


def test_a_thousand_documents_stay_below_a_megabyte_and_keep_their_places(marts):
    fill_many(marts, 1_000)
    html = html_of(marts, Links("1234567", stripe_is_live=True))
    found = assert_well_formed(html)
    assert len(html.encode()) <= LARGEST
    assert len([id for id in found.ids() if id.startswith("cn_")]) == 1_000
    first = html[html.index('<details class="doc"') :].split("</details>")[0]
    assert "blocked" in first and "Lines" in first and "Requests and answers" in first  # what is open is whole


def test_more_documents_than_fit_are_left_to_trace(marts):
    fill_many(marts, 1_201)
    html = html_of(marts)
    found = assert_well_formed(html)
    places = [id for id in found.ids() if id.startswith("cn_")]
    assert len(html.encode()) <= LARGEST and len(places) == 1_000
    assert "1,000 of 1,201 documents stand here" in found.text
    blocked = marts.execute("select document_id from marts.credit_outcomes where state = 'blocked'").fetchall()
    assert {id for (id,) in blocked} <= set(places)


@pytest.mark.parametrize(
    ("id", "address"),
    [("cn_1", "#cn_1"), ("in_1/ä?", "#in_1%2F%C3%A4%3F"), ("a b", None), ("a\u2028b", None), ("page-main", None)],
)
def test_an_id_that_html_cannot_hold_or_that_is_ours_is_no_anchor(id, address):
    assert anchor(id) == address


def test_the_page_is_for_its_owner_alone_and_the_same_warehouse_gives_the_same(warehouse, tmp_path):
    path = tmp_path / "reports" / "sandbox.html"
    for _ in range(2):
        write_page(warehouse, path, figures(warehouse, MARCH, "sandbox"), Links())
    assert path.read_text() == html_of(warehouse)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_page_that_cannot_be_written_is_named(marts, tmp_path: Path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(ReportError, match=r"the page .*sandbox\.html cannot be written \(.*set REPORT_DIR to a folder"):
        write_page(marts, tmp_path / "reports" / "sandbox.html", figures(marts, MARCH, "sandbox"), Links())


def test_colours_can_be_read_in_light_and_dark():
    """WCAG 2: 4.5 to 1 for text, against the paper, in each scheme."""
    style = (TEMPLATES / "page.css").read_text()
    light, dark = style.split(":root {")[1].split("}")[0], style.split(":root {")[2].split("}")[0]
    for scheme in (light, dark):
        colors = dict(part.strip().removeprefix("--").split(": ") for part in scheme.split(";") if "--" in part)
        for name, color in colors.items():
            if name not in ("paper", "line", "band"):
                assert contrast(color, colors["paper"]) >= 4.5, name


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    digits = color.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
